/* Parallel parts of building a CSR: where each part of the input writes, and putting rows in order. Private to
 * cpu/data. */
#ifndef AISLE_CPU_DATA_CSR_ROWS_H
#define AISLE_CPU_DATA_CSR_ROWS_H

#include <stdbool.h>

#include "aisle/matrix.h"

/* Offsets zeroed, entries uninitialised. */
aisle_status csr_alloc(aisle_csr *m, int32_t n_rows, int32_t n_cols, int64_t nnz, bool values,
                       aisle_error *err);

/* How many parts n entries are cut into that are scattered to n_keys places: no more than `threads`, and so few
 * that their counters (8 bytes a key and part) stay below the entries themselves. */
int64_t csr_parts(int64_t n, int32_t n_keys, int32_t threads);
/* at[parts x n_keys] holds how many entries of each part go to each key: turned into the place where that part
 * writes its first one, parts in order; row_ptr [n_keys + 1] gets the offsets. */
void csr_place(int64_t parts, int32_t n_keys, int64_t *at, int64_t *row_ptr);

/* What becomes of entries of one row with the same column. */
typedef enum csr_merge {
    CSR_SUM_IN_ORDER, /* added in f32 in the order in which they stand */
    CSR_SUM_ASCENDING, /* values > 0 added from the smallest up in double: the order they stand in is no matter */
    CSR_MAX,           /* values > 0 */
    CSR_LAST
} csr_merge;

/* Sorts the entries of every row by column, merges equal ones and closes the gaps; val may be NULL, and equal ones
 * then collapse. The arrays keep their size. *merged (may be NULL): entries that went into another one. Memory: 4
 * bytes a row, and for each thread 20 bytes an entry of its longest unsorted row. AISLE_ENUMERIC when a sum is not
 * finite, AISLE_EFORMAT for a column out of range. Same bytes for any number of threads (0 = all cores). */
aisle_status csr_sort_rows(aisle_csr *m, csr_merge merge, int32_t threads, int64_t *merged, aisle_error *err);

int32_t csr_threads(int32_t threads); /* 0 -> what OpenMP would take */

#endif
