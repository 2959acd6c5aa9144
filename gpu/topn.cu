/* Batched top-N on the device: a GEMM a block of users, a mask, a block-wide select. Scores of a block stay
 * on the device. */

#include <algorithm>
#include <cmath>
#include <vector>

#include "gpu/matrix.cuh"
#include "gpu/select.cuh"

namespace
{

using aisle::buffer;
using aisle::gpu;

__global__ void mask_items(float *scores, int32_t n_items, const uint64_t *allowed)
{
    float *row = scores + (int64_t)blockIdx.x * n_items;
    for (int32_t i = threadIdx.x; i < n_items; i += blockDim.x)
        if (!(allowed[i / 64] >> (i % 64) & 1)) row[i] = -INFINITY;
}

__global__ void mask_seen(float *scores, int32_t n_items, const int64_t *row_ptr, const int32_t *col,
                          int64_t base)
{
    float *row = scores + (int64_t)blockIdx.x * n_items;
    for (int64_t e = row_ptr[blockIdx.x] + threadIdx.x; e < row_ptr[blockIdx.x + 1]; e += blockDim.x)
        row[col[e - base]] = -INFINITY;
}

__global__ void select_rows(const float *scores, int32_t n_items, int32_t k, int32_t *ids, float *out)
{
    __shared__ aisle::select_shared shared;
    int64_t r = blockIdx.x;
    aisle::block_topk(scores + r * n_items, n_items, k, -INFINITY, ids + r * k, out + r * k, &shared);
}

struct work {
    buffer<float> scores, out;
    buffer<int32_t> ids, col;
    buffer<int64_t> row_ptr;
    buffer<uint64_t> allowed;
};

int64_t largest_block_nnz(const aisle_csr *seen, int32_t first, int32_t n_rows, int32_t block)
{
    int64_t most = 0;
    for (int32_t r = 0; r < n_rows; r += block)
        most = std::max(most, seen->row_ptr[first + std::min(n_rows, r + block)] - seen->row_ptr[first + r]);
    return most;
}

aisle_status prepare(gpu &g, work *w, int32_t n_rows, int32_t n_items, int32_t block,
                     const aisle_topn_params *p, aisle_error *err)
{
    AISLE_TRY(w->scores.make(g, (int64_t)block * n_items, "scores of a block of users", err));
    AISLE_TRY(w->ids.make(g, (int64_t)block * p->n, "results of a block of users", err));
    AISLE_TRY(w->out.make(g, (int64_t)block * p->n, "results of a block of users", err));
    if (p->seen) {
        AISLE_TRY(w->row_ptr.make(g, (int64_t)block + 1, "seen rows", err));
        AISLE_TRY(w->col.make(g, largest_block_nnz(p->seen, 0, n_rows, block), "seen items", err));
    }
    if (p->allowed) {
        int64_t words = ((int64_t)n_items + 63) / 64;
        AISLE_TRY(w->allowed.make(g, words, "item filter", err));
        AISLE_CUDA(cudaMemcpy(w->allowed.p, p->allowed, (size_t)words * 8, cudaMemcpyHostToDevice),
                   "item filter");
    }
    return AISLE_OK;
}

aisle_status apply_masks(gpu &g, work *w, int32_t row, int32_t n, int32_t n_items, const aisle_topn_params *p,
                         aisle_error *err)
{
    if (p->allowed) mask_items<<<(unsigned)n, 256, 0, g.stream>>>(w->scores.p, n_items, w->allowed.p);
    if (p->seen) {
        const int64_t *ptr = p->seen->row_ptr + row;
        AISLE_CUDA(cudaMemcpyAsync(w->row_ptr.p, ptr, ((size_t)n + 1) * 8, cudaMemcpyHostToDevice, g.stream),
                   "seen rows");
        AISLE_CUDA(cudaMemcpyAsync(w->col.p, p->seen->col + ptr[0], (size_t)(ptr[n] - ptr[0]) * 4,
                                   cudaMemcpyHostToDevice, g.stream),
                   "seen items");
        mask_seen<<<(unsigned)n, 128, 0, g.stream>>>(w->scores.p, n_items, w->row_ptr.p, w->col.p, ptr[0]);
    }
    return aisle::launched(g, "mask the scores", false, err);
}

} // namespace

aisle_status aisle_cuda_topn(aisle_device *d, const aisle_dev_mat *users, int32_t first, int32_t n_rows,
                             const aisle_dev_mat *items, const aisle_topn_params *p, int32_t *ids,
                             float *scores, aisle_error *err)
{
    gpu &g = d->part[0];
    const float one = 1, zero = 0;
    int32_t f = users->n_cols, ld = users->ld, n_items = items->n_rows;
    if (p->n < 1 || p->n > aisle::SELECT_MAX)
        return aisle_fail(err, AISLE_EINVAL, "cuda: top-%d: must be 1 to %d", p->n, aisle::SELECT_MAX);
    if (items->n_cols != f || first < 0 || n_rows < 0 || first > users->n_rows - n_rows)
        return aisle_fail(err, AISLE_EINVAL,
                          "cuda: rows %d to %d of %d x %d with items %d x %d: shapes must agree", first,
                          first + n_rows, users->n_rows, f, n_items, items->n_cols);
    if (p->seen && (p->seen->n_rows != n_rows || p->seen->n_cols != n_items))
        return aisle_fail(err, AISLE_EINVAL, "cuda: top-N of %d rows and %d items with seen items of %d x %d",
                          n_rows, n_items, p->seen->n_rows, p->seen->n_cols);
    if (n_rows == 0) return AISLE_OK;
    AISLE_CUDA(cudaSetDevice(g.ordinal), "select the device");
    int32_t block = (int32_t)std::max<int64_t>(
        1, std::min<int64_t>(std::min(n_rows, 4096), aisle::scratch_bytes(g) / 2 / std::max(1, n_items) / 4));
    work w;
    AISLE_TRY(prepare(g, &w, n_rows, n_items, block, p, err));
    for (int32_t r = 0; r < n_rows; r += block) {
        int32_t n = std::min(block, n_rows - r);
        const float *x = users->data[0] + (int64_t)(first + r) * ld;
        if (n_items > 0)
            AISLE_CUDA(cublasSgemm(g.blas, CUBLAS_OP_T, CUBLAS_OP_N, n_items, n, f, &one, items->data[0], ld,
                                   x, ld, &zero, w.scores.p, n_items),
                       "scores");
        AISLE_TRY(apply_masks(g, &w, r, n, n_items, p, err));
        select_rows<<<(unsigned)n, aisle::SELECT_THREADS, 0, g.stream>>>(w.scores.p, n_items, p->n, w.ids.p,
                                                                         w.out.p);
        AISLE_TRY(aisle::launched(g, "select", true, err));
        size_t cells = (size_t)n * (size_t)p->n;
        AISLE_CUDA(cudaMemcpy(ids + (int64_t)r * p->n, w.ids.p, cells * 4, cudaMemcpyDeviceToHost),
                   "copy results");
        AISLE_CUDA(cudaMemcpy(scores + (int64_t)r * p->n, w.out.p, cells * 4, cudaMemcpyDeviceToHost),
                   "copy results");
    }
    return AISLE_OK;
}
