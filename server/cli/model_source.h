/* Where recommend and similar take their model and the products' titles from: a data folder, a model file, or
 * both. */
#ifndef AISLE_SERVER_MODEL_SOURCE_H
#define AISLE_SERVER_MODEL_SOURCE_H

#include "aisle/newcomers.h"
#include "server/jobs/registry.h"
#include "server/store/store.h"

typedef struct aisle_model_source {
    aisle_model *model;
    int64_t version;            /* of the data folder's current model; 0 with a model file */
    int64_t created_ms;         /* of the model (aisle_trained_created_ms); 0 = it does not say */
    aisle_store *store;         /* NULL without a data folder */
    aisle_view *view;           /* NULL without a data folder */
    aisle_registry *registry;   /* NULL with a model file */
    aisle_newcomers *newcomers; /* products newer than the model; NULL without a data folder */
    uint64_t *allowed; /* bitmap of the items and newcomers that can be bought; NULL without a data folder */
    aisle_arena arena; /* what the view returns */
} aisle_model_source;

/* data and model may be NULL; both: the folder "data". model wins over the data folder's current model.
 * Release with aisle_model_source_close, also after a failure. */
aisle_status aisle_model_source_open(const char *data, const char *model, aisle_model_source *out,
                                     aisle_error *err);
void aisle_model_source_close(aisle_model_source *s);

/* The number of an item or newcomer (newcomers.h); -1 = neither. */
int32_t aisle_model_source_find(const aisle_model_source *s, aisle_str id);
aisle_str aisle_model_source_id(const aisle_model_source *s, int32_t item);
/* The same; AISLE_ENOTFOUND names the id. */
aisle_status aisle_model_source_item(const aisle_model_source *s, aisle_str id, int32_t *out,
                                     aisle_error *err);

/* The product record of item i; only `id` is set, and price_minor -1, when there is none. */
aisle_status aisle_model_source_product(aisle_model_source *s, int32_t i, aisle_product *out,
                                        aisle_error *err);

#endif
