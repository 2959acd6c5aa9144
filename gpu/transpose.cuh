/* The transpose of a device matrix, whole on one part, and the rows of any part brought within another's reach.
 * Lists are not sorted: whoever uses them must not depend on the order inside a list. */
#ifndef AISLE_GPU_TRANSPOSE_CUH
#define AISLE_GPU_TRANSPOSE_CUH

#include "gpu/matrix.cuh"

namespace aisle
{

/* Where rows lie that had to be copied. */
struct rows_copied {
    buffer<int64_t> row_ptr;
    buffer<int32_t> col;
    buffer<float> val;
};

/* Rows from .. to - 1 of a part's shard. */
struct rows_of {
    int32_t part, from, to;
};

/* Whether part g can read shard s, which is part `owner`'s, where it lies. */
bool reachable(const gpu &g, const gpu &owner, const shard &s);
aisle_status rows_copied_make(gpu &g, int64_t entries, int32_t rows, bool with_values, rows_copied *s,
                              aisle_error *err);
/* The rows where they lie, or copied into s, for work on `stream` of g. The block has no order. */
aisle_status rows_within_reach(aisle_device *d, gpu &g, const aisle_dev_csr *a, const rows_of &which,
                               cudaStream_t stream, rows_copied *s, csr_block *out, aisle_error *err);

/* For feature c and rows tile * tile_rows .. (tile + 1) * tile_rows - 1 the entries ptr[i] .. ptr[i + 1] - 1 with
 * i = c * n_tiles + tile: so the whole list of a feature lies together, and what falls into one tile of rows
 * does too. */
struct transposed {
    int32_t tile_rows, n_tiles;
    double longest;      /* largest length (2-norm) of a row */
    buffer<int64_t> ptr; /* n_cols * n_tiles + 1 */
    buffer<int32_t> row; /* nnz, ids of the whole matrix */
    buffer<float> val;   /* nnz; val.p NULL = every value is 1 */
};

/* Reads all shards of `a`, of any part, twice. Waits for its work. */
aisle_status transpose(aisle_device *d, gpu &g, const aisle_dev_csr *a, int32_t tile_rows, transposed *t,
                       aisle_error *err);

} // namespace aisle
#endif
