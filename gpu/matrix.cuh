/* Matrices of a device: factors whole on every part, sparse rows split over the parts, in device memory or
 * streamed through it block by block. */
#ifndef AISLE_GPU_MATRIX_CUH
#define AISLE_GPU_MATRIX_CUH

#include <functional>
#include <vector>

#include "gpu/device.cuh"

/* Row-major, leading dimension ld = n_cols rounded up to 32; the padding is zero and stays so: kernels may read
 * and multiply it, and must write zeros there. */
struct aisle_dev_mat {
    int32_t n_rows, n_cols, ld;
    float *data[aisle::MAX_PARTS]; /* the whole matrix on each part */
};

namespace aisle
{

/* Columns of a factor matrix as stored. */
inline int32_t padded(int32_t n_cols)
{
    return (n_cols + 31) / 32 * 32;
}

/* Rows first .. first + n_rows - 1 of a matrix, in device memory. Rows are counted from 0 inside a block. Row
 * r holds entries e = row_ptr[r] .. row_ptr[r + 1] - 1, at col[e - base] and val[e - base]. */
struct csr_block {
    int32_t first, n_rows;
    int64_t base, nnz;
    const int64_t *row_ptr; /* n_rows + 1 offsets of the whole matrix */
    const int32_t *col;
    const float *val;         /* NULL = every value is 1 */
    const int32_t *order;     /* the block's rows, longest first, then by id */
    const int64_t *h_row_ptr; /* the same two on the host */
    const int32_t *h_order;
};

/* How many rows have more than n entries: they are order[0 .. that). O(log n_rows). */
int32_t rows_longer(const csr_block &b, int64_t n);

/* The rows of one part. */
struct shard {
    int32_t first, n_rows;
    bool resident;               /* col and val are in device memory; else in host memory */
    bool pinned_col, pinned_val; /* that is pinned, so that copies overlap work; ordinary memory is slower */
    std::vector<int64_t> h_row_ptr;
    std::vector<int32_t> h_order;     /* block by block */
    std::vector<int32_t> block_first; /* rows of the shard where blocks begin, and n_rows at the end */
    int64_t *row_ptr;                 /* device */
    int32_t *order;                   /* device */
    int32_t *col;
    float *val; /* NULL = every value is 1 */
};

/* Calls work(block) for the shard's blocks in order of rows. Work queues on g.stream and need not wait for it:
 * the next block's copy runs meanwhile on g.copy, into the other of two buffers. A block's col and val are gone
 * when work on the next but one begins. An empty shard has no blocks. Takes up to two blocks of device memory.
 */
using block_work = std::function<aisle_status(const csr_block &)>;
aisle_status each_block(gpu &g, const shard &s, const block_work &work, aisle_error *err);

} // namespace aisle

struct aisle_dev_csr {
    int32_t n_rows, n_cols;
    int64_t nnz;
    bool dislikes; /* some values are below 0 */
    aisle::shard shard[aisle::MAX_PARTS];
};

namespace aisle
{

/* After each part has recomputed its own rows of m (those of c's shards): gives every part the rows of the
 * others. Outside each_part. */
aisle_status exchange_rows(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *m, aisle_error *err);

} // namespace aisle
#endif
