/* Eigenvectors of a symmetric matrix. By LAPACK, on one thread: the same bytes whatever else runs. */
#ifndef AISLE_EIGEN_H
#define AISLE_EIGEN_H

#include <stdint.h>

#include "aisle/status.h"

/* a [n x n], whole, is replaced: eigenvector j, of length 1, is row j; w[n] gets the eigenvalues, ascending. Signs are
 * LAPACK's. AISLE_ENOMEM, AISLE_ENUMERIC (a is not finite); then a and w are unspecified. Time O(n^3). */
aisle_status aisle_eigen(int32_t n, double *a, double *w, aisle_error *err);

#endif
