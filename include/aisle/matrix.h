/* Dense and sparse matrices in host memory: plain structs, the contract between readers, trainers and
 * back-ends. */
#ifndef AISLE_MATRIX_H
#define AISLE_MATRIX_H

#include <stdint.h>

#include "aisle/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Row-major float matrix; row i starts at data + i * ld; ld >= n_cols. */
typedef struct aisle_mat {
    int32_t n_rows, n_cols;
    int64_t ld;
    float *data;
} aisle_mat;

static inline float *aisle_mat_row(const aisle_mat *m, int32_t i)
{
    return m->data + (int64_t)i * m->ld;
}

/* Compressed sparse rows: row r holds entries row_ptr[r] .. row_ptr[r+1]-1; col[] is strictly ascending
 * within a row; row_ptr[0] = 0; val may be NULL, meaning every stored value is 1. Offsets are 64-bit: more
 * than 2^31 entries work. */
typedef struct aisle_csr {
    int32_t n_rows, n_cols;
    int64_t *row_ptr; /* n_rows + 1 */
    int32_t *col;     /* nnz */
    float *val;       /* nnz or NULL */
} aisle_csr;

static inline int64_t aisle_csr_nnz(const aisle_csr *m)
{
    return m->row_ptr ? m->row_ptr[m->n_rows] : 0;
}

/* Zeroed storage with ld = n_cols, 64-byte aligned. Release with aisle_mat_deinit (no-op on a zeroed struct).
 */
aisle_status aisle_mat_init(aisle_mat *m, int32_t n_rows, int32_t n_cols, aisle_error *err);
void aisle_mat_deinit(aisle_mat *m);

/* aisle_csr_from_coo builds m from n triplets in any order; equal (row, col) pairs are summed, in f32 and in
 * their order. val NULL = every value 1 and duplicates collapse to one. Returns AISLE_EINVAL for an id out of
 * range, AISLE_ENUMERIC for a sum of equal pairs that is not finite. The inputs are borrowed and unchanged.
 * Memory beside the result: up to 16 bytes a row for each of OpenMP's threads, and the longest row. These three
 * run on all threads that OpenMP gives, and their results are the same for any number of them. */
aisle_status aisle_csr_from_coo(int32_t n_rows, int32_t n_cols, int64_t n, const int32_t *row,
                                const int32_t *col, const float *val, aisle_csr *m, aisle_error *err);
/* out: n_cols x n_rows. Memory beside the result: 8 bytes a column for each thread, never more than an entry
 * takes. */
aisle_status aisle_csr_transpose(const aisle_csr *m, aisle_csr *out, aisle_error *err);
/* aisle_csr_check verifies every invariant above and that all values are finite. O(nnz). */
aisle_status aisle_csr_check(const aisle_csr *m, aisle_error *err);
void aisle_csr_deinit(aisle_csr *m);

#ifdef __cplusplus
}
#endif
#endif
