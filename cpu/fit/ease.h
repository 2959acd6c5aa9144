/* EASE^R (Steck 2019), in two ways; private to cpu/fit. X is users x items, G = X'X, and the model B minimises
 * |X - X B|^2 + reg |B|^2 with a diagonal of 0: column i of B solves (G + reg I) b = G_i over the other items. */
#ifndef AISLE_CPU_FIT_EASE_H
#define AISLE_CPU_FIT_EASE_H

#include "aisle/fit.h"

/* a [n x n], row-major with ld n, symmetric positive definite, of which the upper triangle is read: becomes the upper
 * triangle of the negative inverse; what is below is scratch. Same bytes for any number of threads. AISLE_ENUMERIC when
 * it is not positive definite in f32, AISLE_ECANCELED. Memory beside it: 2 KiB a row. */
aisle_status ease_negative_inverse(int32_t n, float *a, int32_t threads, const aisle_progress *progress,
                                   aisle_error *err);

/* b [n x n], row-major = B. x and by_item: X and its transpose. */
aisle_status ease_dense(const aisle_csr *x, const aisle_csr *by_item, double reg, const aisle_trainer *t,
                        float *b, aisle_error *err);
/* lists [n x n], the caller's: row i holds the `keep` entries of column i of b that are largest in magnitude, ties by
 * smaller id, in no order of their own; zeros are left out. keep 0 = all. */
aisle_status ease_cut(int32_t n, const float *b, int32_t keep, const aisle_trainer *t, aisle_csr *lists,
                      aisle_error *err);
/* lists [n x n]: row i holds column i of B, whose support is the items of row i; values are overwritten. */
aisle_status ease_sparse(const aisle_csr *by_item, double reg, const aisle_trainer *t, aisle_csr *lists,
                         aisle_error *err);

#endif
