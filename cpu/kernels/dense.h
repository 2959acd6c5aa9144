/* Dense algebra of one thread, made of the tile kernel: SYRK, Cholesky, matrix products. Deterministic in the
 * sizes alone, which a threaded BLAS is not. Eigenvectors are in eigen.h. */
#ifndef AISLE_DENSE_H
#define AISLE_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/kernels/kernels.h"

enum { AISLE_DEPTH = 512, AISLE_ROW_BLOCK = 48 /* a multiple of every mr */ };

/* Leading dimension for rows of n floats: a multiple of 16 (one cache line, one widest vector), and never of
 * 512, where neighbouring rows would fall into the same few sets of the first-level cache. */
static inline int64_t aisle_ld(int64_t n)
{
    int64_t ld = (n + 15) / 16 * 16;
    return ld % 512 == 0 && ld > 0 ? ld + 16 : ld;
}

/* Upper triangle of c [n x n] += A'A with a [depth x n]. Sums of at most AISLE_DEPTH products are added up.
 */
void aisle_syrk(const aisle_kernels *k, int32_t n, int64_t depth, const float *a, int64_t lda, float *c,
                int64_t ldc);

/* Upper triangle of a [n x n] -> U with A = U'U, in place; lda from aisle_ld. Returns false when a is not
 * positive definite. */
bool aisle_cholesky(const aisle_kernels *k, int32_t n, float *a, int64_t lda);

/* The right factor of a product, cut into panels of nr columns that lie one after another. */
int64_t aisle_panels_floats(const aisle_kernels *k, int32_t depth, int32_t n);
void aisle_panels_pack(const aisle_kernels *k, int32_t depth, int32_t n, const float *b, int64_t ldb,
                       float *panels);

/* dst [m x n] = src [m x depth] * B, m <= AISLE_ROW_BLOCK; dst may be src. work: depth * AISLE_ROW_BLOCK +
 * AISLE_KERNEL_SLACK floats. */
typedef struct aisle_right {
    int32_t depth, n;
    const float *panels;
    float *work;
} aisle_right;
void aisle_multiply(const aisle_kernels *k, const aisle_right *b, int32_t m, const float *src, int64_t lds,
                    float *dst, int64_t ldd);

#endif
