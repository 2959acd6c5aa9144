/* Ridge regression of dense rows on sparse ones; private to cpu/train. */
#ifndef AISLE_CPU_TRAIN_RIDGE_H
#define AISLE_CPU_TRAIN_RIDGE_H

#include "aisle/matrix.h"
#include "aisle/progress.h"

/* W [t->n_cols x y->n_cols] = argmin sum_i d_i |y_i - c - t_i W|^2 + reg |W|^2, c = sum_i d_i y_i / sum_i d_i.
 *   t  items x terms, rows of length 1 or empty
 *   y  items x factors, d[items] >= 0 (0: the row is not looked at); not all 0
 *   reg > 0
 * w: n_cols of t x n_cols of y, mean: n_cols of y; caller's storage, written whole. Conjugate gradients with Jacobi's preconditioner on the
 * normal equations, 16 factors at a time, a thread each: the same bytes for any number of threads, and 16 floats for
 * each term and item, not all factors, are in memory at once for each thread. Ends when the residual, in the
 * preconditioner's norm, is 1e-2 of the right side (recommendations no longer change), or after 200 steps. */
typedef struct aisle_ridge {
    const aisle_csr *t;
    const float *d;
    double reg;
    int32_t threads; /* >= 1 */
    const aisle_progress *progress;
} aisle_ridge;

aisle_status aisle_ridge_solve(const aisle_ridge *r, const aisle_mat *y, float *w, float *mean,
                               aisle_error *err);

#endif
