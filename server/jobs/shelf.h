/* What the shop can offer from one model: the model, the products that were listed after it was trained, and of each the
 * price, category, brand and availability. A snapshot; answers are made wholly from one. */
#ifndef AISLE_SERVER_SHELF_H
#define AISLE_SERVER_SHELF_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/dataset.h"
#include "aisle/model.h"
#include "aisle/newcomers.h"
#include "server/jobs/registry.h"
#include "server/store/store.h"

typedef struct aisle_shelf {
    aisle_model *model;
    int64_t model_version, catalogue_version;
    int64_t since_ms;           /* when the model was made; 0 = unknown */
    aisle_weights weights;      /* what it was trained with: newer events weigh the same */
    aisle_newcomers *newcomers; /* products that the catalogue has and the model has not */
    int32_t n_items;            /* of the model and newcomers: newcomer j is item aisle_model_n_items + j */
    int64_t *price;             /* minor units, -1 = unknown */
    int32_t *category, *brand;  /* index into the names below, -1 = none */
    uint64_t
        *available; /* bitmap: in the catalogue, visible and not out of stock; every item when n_known is 0 */
    uint64_t *known; /* bitmap: the catalogue has it */
    int32_t n_known; /* of the model's items; 0: the shop keeps no catalogue */
    int64_t cap;     /* items that the arrays have room for */
    struct aisle_idmap *categories, *brands;
    int32_t refs; /* the keeper's */
} aisle_shelf;

/* Keeps the newest shelf. Thread-safe. */
typedef struct aisle_shelf_keeper aisle_shelf_keeper;
aisle_status aisle_shelf_keeper_open(aisle_store *store, aisle_registry *registry, aisle_shelf_keeper **out,
                                     aisle_error *err);
void aisle_shelf_keeper_close(aisle_shelf_keeper *k);
/* Builds and swaps in a new shelf when the registry's model or the catalogue has changed. After a few changes it copies the
 * columns and reads what changed; after many, or with another model, it reads the whole catalogue. Not for a loop. */
aisle_status aisle_shelf_refresh(aisle_shelf_keeper *k, aisle_error *err);
aisle_shelf *aisle_shelf_get(aisle_shelf_keeper *k); /* a reference of the caller's; NULL without a model */
void aisle_shelf_unref(aisle_shelf *s);              /* NULL is fine */
/* Item numbers of the shelf, of the model's items and of newcomers. */
int32_t aisle_shelf_find(const aisle_shelf *s, aisle_str id); /* -1: neither */
aisle_str aisle_shelf_id(const aisle_shelf *s, int32_t item); /* borrowed */

typedef struct aisle_shelf_filter {
    aisle_str category; /* this node and below it; absent = any */
    aisle_str brand;
    int64_t price_min, price_max; /* -1 = no bound */
} aisle_shelf_filter;
int64_t aisle_shelf_words(const aisle_shelf *s); /* uint64_t words of a bitmap over the items */
/* Writes the available items that the filter passes. One pass over the items; no allocation but for a flag a
 * category, in the arena. False: out of memory. */
bool aisle_shelf_allowed(const aisle_shelf *s, const aisle_shelf_filter *f, aisle_arena *a, uint64_t *bits);

#endif
