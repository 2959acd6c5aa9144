/* What the shop can offer from one model: the model, and the products that were listed after it was trained; of each which
 * product of the catalogue it is. What that costs, and whether it is for sale, the catalogue knows (recommend/offer.h). A
 * snapshot; answers are made wholly from one. */
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
    int64_t model_version;
    int64_t since_ms;           /* when the model was made; 0 = unknown */
    aisle_weights weights;      /* what it was trained with: newer events weigh the same */
    aisle_newcomers *newcomers; /* products that the catalogue has and the model has not */
    int32_t n_items;            /* of the model and newcomers: newcomer j is item aisle_model_n_items + j */
    int32_t *row;               /* [n_items]: products.id of its record, -1 = the catalogue has none */
    int32_t n_known;            /* of the model's items; 0: the shop keeps no catalogue */
    int64_t cap;                /* items that `row` has room for */
    struct aisle_filter_cache *filters; /* what filters pass of it */
    int32_t refs;                       /* the keeper's */
} aisle_shelf;

/* Keeps the newest shelf. Thread-safe. */
typedef struct aisle_shelf_keeper aisle_shelf_keeper;
/* version: 0 = always that which the registry serves, else this one. */
aisle_status aisle_shelf_keeper_open(aisle_store *store, aisle_registry *registry, int64_t version,
                                     aisle_shelf_keeper **out, aisle_error *err);
void aisle_shelf_keeper_close(aisle_shelf_keeper *k);
/* Builds and swaps in a new shelf when the registry's model has changed, or products came, went or have other texts. After a few
 * changes it reads what changed; after many, or with another model, the whole catalogue. Not for a loop. */
aisle_status aisle_shelf_refresh(aisle_shelf_keeper *k, aisle_error *err);
aisle_shelf *aisle_shelf_get(aisle_shelf_keeper *k); /* a reference of the caller's; NULL without a model */
void aisle_shelf_unref(aisle_shelf *s);              /* NULL is fine */
/* Item numbers of the shelf, of the model's items and of newcomers. */
int32_t aisle_shelf_find(const aisle_shelf *s, aisle_str id); /* -1: neither */
void aisle_shelf_find_all(const aisle_shelf *s, const aisle_str *ids, int64_t n, int32_t *items);
aisle_str aisle_shelf_id(const aisle_shelf *s, int32_t item); /* borrowed */

int64_t aisle_shelf_words(const aisle_shelf *s); /* uint64_t words of a bitmap over the items */

#endif
