/* Ridge regression of dense rows on sparse ones; private to cpu/fit. */
#ifndef AISLE_CPU_FIT_RIDGE_H
#define AISLE_CPU_FIT_RIDGE_H

#include "aisle/matrix.h"
#include "aisle/progress.h"

/* W [t->n_cols x y->n_cols] = argmin sum_i d_i |y_i - c - t_i W|^2 + reg |W|^2, c = sum_i d_i y_i / sum_i d_i.
 *   t  items x terms, rows of length 1 or empty
 *   y  items x factors, d[items] >= 0 (0: the row is not looked at); not all 0
 *   reg > 0
 * Then y_i becomes c + t_i W for every item with predict[i] != 0. Conjugate gradients with Jacobi's preconditioner on the
 * normal equations, 16 factors at a time, a thread each: the same bytes for any number of threads, and 16 floats for
 * each term and item, not all factors, are in memory at once for each thread. Ends when the residual, in the
 * preconditioner's norm, is 1e-2 of the right side (recommendations no longer change), or after 200 steps. */
typedef struct aisle_ridge {
    const aisle_csr *t;
    const float *d;
    const uint8_t *predict;
    double reg;
    int32_t threads; /* >= 1 */
    const aisle_progress *progress;
} aisle_ridge;

aisle_status aisle_ridge_predict(const aisle_ridge *r, aisle_mat *y, aisle_error *err);

#endif
