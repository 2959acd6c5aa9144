/* A CSR as one binary file, for benchmarks of sizes that no text file should have. Little-endian, offsets in
 * bytes:
 *    0  "AISLECSR"
 *    8  u32 version = 1
 *   12  u32 flags: 1 = values present, others 0
 *   16  i64 n_rows, i64 n_cols, i64 nnz
 *   40  24 bytes zero
 *   64  i64 row_ptr[n_rows + 1] | i32 col[nnz] | f32 val[nnz] if flagged
 * Each of the three parts starts at the next multiple of 64 and the file ends with the last entry. Big-endian
 * machines are not supported. */
#ifndef AISLE_MATRIX_FILE_H
#define AISLE_MATRIX_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/file.h"
#include "aisle/matrix.h"

/* Streams rows in order into PATH (by rename): open, then row by row, then commit. Memory is constant: 3 MiB
 * of buffers. AISLE_EINVAL for a negative or too large size. */
typedef struct aisle_matrix_writer aisle_matrix_writer;
aisle_status aisle_matrix_writer_open(const char *path, int32_t n_rows, int32_t n_cols, int64_t nnz,
                                      bool values, aisle_matrix_writer **out, aisle_error *err);
/* n entries, columns strictly ascending (else AISLE_EINVAL); val is not read unless the writer takes values,
 * and must then not be NULL. After a failure only abort is allowed. */
aisle_status aisle_matrix_writer_row(aisle_matrix_writer *w, const int32_t *col, const float *val, int32_t n,
                                     aisle_error *err);
/* Fails with AISLE_EINVAL unless exactly n_rows rows and nnz entries came. Releases w in every case. */
aisle_status aisle_matrix_writer_commit(aisle_matrix_writer *w, aisle_error *err);
/* Removes what was written and releases w; NULL is allowed. */
void aisle_matrix_writer_abort(aisle_matrix_writer *w);

/* Maps and checks the file wholly (O(nnz): sizes, offsets, columns, values): AISLE_EFORMAT when it is
 * truncated or damaged, AISLE_EUNSUPPORTED for another version. val is NULL when the file has none. m borrows
 * from map: release with aisle_file_unmap(map), not aisle_csr_deinit. */
aisle_status aisle_matrix_file_open(const char *path, aisle_mapping *map, aisle_csr *m, aisle_error *err);

#endif
