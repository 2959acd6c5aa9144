/* Explicit ALS with biases; private to cpu/fit. The objective stands in aisle/fit_params.h. */
#ifndef AISLE_CPU_FIT_STARS_H
#define AISLE_CPU_FIT_STARS_H

#include "aisle/fit_params.h"
#include "aisle/matrix.h"

/* Rows are (bias, factors): factors + 1 columns. */
typedef struct stars_model {
    double mean;
    float low, high; /* of the stars that were seen */
    aisle_mat users, items;
} stars_model;

typedef struct stars_settings {
    aisle_stars_params p;
    uint64_t seed;
} stars_settings;

/* c: users x items, stars; at least one. threads: 0 = all cores; the same bytes for any number. *out is the caller's.
 * AISLE_ENUMERIC when a system is not positive definite in doubles. */
aisle_status stars_fit(const aisle_csr *c, const stars_settings *s, int32_t threads, stars_model *out,
                       aisle_error *err);
void stars_model_deinit(stars_model *m); /* no-op on a zeroed struct */

/* mean + b_u + b_i + x_u . y_i, not kept to low .. high. */
double stars_predict(const stars_model *m, int32_t user, int32_t item);

#endif
