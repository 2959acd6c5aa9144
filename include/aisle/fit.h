/* The kinds of model, one table: each is fitted to a part of the data and then scores users for all items. */
#ifndef AISLE_FIT_H
#define AISLE_FIT_H

#include "aisle/eval.h"
#include "aisle/part.h"
#include "aisle/train.h"

typedef struct aisle_fit_input {
    const aisle_part *part; /* outlives the fitted model */
    const aisle_train_params *params;
    const aisle_trainer *trainer;
} aisle_fit_input;

typedef struct aisle_fit_kind {
    const char *name;  /* "als", "item-knn", ...: as users name it */
    const char *about; /* one line for --help */
    bool stars;        /* its scores are stars (aisle_evaluate_stars measures them) */
    /* *out is released with aisle_eval_source_free. The same input gives the same scores for any number of threads.
     * AISLE_EINVAL names what the data lack (texts, stars, times). */
    aisle_status (*fit)(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
} aisle_fit_kind;

const aisle_fit_kind *aisle_fit_kind_at(int32_t i);        /* NULL past the end */
const aisle_fit_kind *aisle_fit_kind_find(aisle_str name); /* NULL when unknown */

#endif
