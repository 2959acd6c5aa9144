/* Held-out pairs from a file of their own, matched to users and items that are known already. */
#ifndef AISLE_SERVER_TEST_PAIRS_H
#define AISLE_SERVER_TEST_PAIRS_H

#include "aisle/dataset.h"
#include "aisle/import.h"
#include "aisle/model.h"

/* Who knows the ids: a dataset, or when model is not NULL a model. */
typedef struct aisle_test_ids {
    const aisle_dataset *dataset;
    const aisle_model *model;
} aisle_test_ids;

typedef struct aisle_test_pairs {
    aisle_csr pairs;                    /* users x items, without values; the caller's to release */
    int64_t events;                     /* read from the file, of a type with a positive weight */
    int64_t unknown_user, unknown_item; /* events left out; one with both counts as unknown_user */
} aisle_test_pairs;

/* Reads p's files. Ratings under the floor of w and event types without weight are no test pairs. */
aisle_status aisle_test_pairs_read(const aisle_import_params *p, const aisle_test_ids *ids,
                                   const aisle_weights *w, aisle_test_pairs *out, aisle_error *err);

#endif
