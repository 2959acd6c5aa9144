/* Sparse similarity A A' on the device, top-k of every row, without the product matrix: one block a row
 * scatters into a dense accumulator of its own, then selects. Features are taken one after the other, so sums
 * have one order. */

#include <algorithm>
#include <vector>

#include "gpu/matrix.cuh"
#include "gpu/select.cuh"

namespace
{

using aisle::buffer;
using aisle::gpu;

struct similar_args {
    const int64_t *row_ptr, *t_ptr;
    const int32_t *col, *t_col;
    const float *val, *t_val;
    float *accumulators;
    int32_t n_rows, k;
};

__global__ void similar_rows(const similar_args a, int32_t first, int32_t n, int32_t *ids, float *scores)
{
    __shared__ aisle::select_shared shared;
    float *acc = a.accumulators + (int64_t)blockIdx.x * a.n_rows;
    for (int32_t at = blockIdx.x; at < n; at += gridDim.x) {
        int32_t row = first + at;
        for (int32_t i = threadIdx.x; i < a.n_rows; i += blockDim.x) acc[i] = 0;
        __syncthreads();
        for (int64_t e = a.row_ptr[row]; e < a.row_ptr[row + 1]; e++) {
            int32_t feature = a.col[e];
            for (int64_t s = a.t_ptr[feature] + threadIdx.x; s < a.t_ptr[feature + 1]; s += blockDim.x)
                acc[a.t_col[s]] += (a.val ? a.val[e] : 1.0f) * a.t_val[s];
            __syncthreads();
        }
        if (threadIdx.x == 0) acc[row] = 0; /* never its own neighbour */
        __syncthreads();
        aisle::block_topk(acc, a.n_rows, a.k, 0, ids + (int64_t)at * a.k, scores + (int64_t)at * a.k,
                          &shared);
    }
}

/* The transpose of a device matrix, by a counting sort on the host: done once a call. */
aisle_status transpose(gpu &g, const aisle_dev_csr *m, buffer<int64_t> *ptr, buffer<int32_t> *col,
                       buffer<float> *val, aisle_error *err)
{
    size_t nnz = (size_t)m->nnz, rows = (size_t)m->n_rows, cols = (size_t)m->n_cols;
    std::vector<int64_t> row_ptr(rows + 1), t_ptr(cols + 1, 0);
    std::vector<int32_t> in_col(nnz), t_col(nnz);
    std::vector<float> in_val(nnz), t_val(nnz);
    AISLE_CUDA(cudaMemcpy(row_ptr.data(), m->shard[0].row_ptr, (rows + 1) * 8, cudaMemcpyDeviceToHost),
               "transpose");
    AISLE_CUDA(cudaMemcpy(in_col.data(), m->shard[0].col, nnz * 4, cudaMemcpyDeviceToHost), "transpose");
    if (!m->shard[0].val)
        std::fill(in_val.begin(), in_val.end(), 1.0f);
    else
        AISLE_CUDA(cudaMemcpy(in_val.data(), m->shard[0].val, nnz * 4, cudaMemcpyDeviceToHost), "transpose");
    for (int32_t c : in_col) t_ptr[(size_t)c + 1]++;
    for (size_t c = 0; c < cols; c++) t_ptr[c + 1] += t_ptr[c];
    std::vector<int64_t> at(t_ptr.begin(), t_ptr.end() - 1);
    for (size_t r = 0; r < rows; r++)
        for (int64_t e = row_ptr[r]; e < row_ptr[r + 1]; e++) {
            size_t to = (size_t)at[(size_t)in_col[(size_t)e]]++;
            t_col[to] = (int32_t)r;
            t_val[to] = in_val[(size_t)e];
        }
    AISLE_TRY(ptr->make(g, (int64_t)cols + 1, "transpose", err));
    AISLE_TRY(col->make(g, m->nnz, "transpose", err));
    AISLE_TRY(val->make(g, m->nnz, "transpose", err));
    AISLE_CUDA(cudaMemcpy(ptr->p, t_ptr.data(), (cols + 1) * 8, cudaMemcpyHostToDevice), "transpose");
    AISLE_CUDA(cudaMemcpy(col->p, t_col.data(), nnz * 4, cudaMemcpyHostToDevice), "transpose");
    return aisle::check(cudaMemcpy(val->p, t_val.data(), nnz * 4, cudaMemcpyHostToDevice), "transpose", err);
}

aisle_status similar(gpu &g, const aisle_dev_csr *a, int32_t k, int32_t *ids, float *scores,
                     const aisle_progress *progress, aisle_error *err)
{
    buffer<int64_t> t_ptr;
    buffer<int32_t> t_col, d_ids;
    buffer<float> t_val, accumulators, d_scores;
    AISLE_TRY(transpose(g, a, &t_ptr, &t_col, &t_val, err));
    int64_t fit = aisle::scratch_bytes(g) / 2 / 4 / std::max(1, a->n_rows);
    int32_t blocks =
        (int32_t)std::max<int64_t>(1, std::min<int64_t>(fit, (int64_t)g.properties.multiProcessorCount * 8));
    int32_t chunk = std::min(a->n_rows, blocks * 16);
    AISLE_TRY(accumulators.make(g, (int64_t)blocks * a->n_rows, "similarity accumulators", err));
    AISLE_TRY(d_ids.make(g, (int64_t)chunk * k, "neighbours", err));
    AISLE_TRY(d_scores.make(g, (int64_t)chunk * k, "neighbours", err));
    similar_args args = {
        a->shard[0].row_ptr, t_ptr.p, a->shard[0].col, t_col.p, a->shard[0].val, t_val.p, accumulators.p,
        a->n_rows,           k};
    for (int32_t first = 0; first < a->n_rows; first += chunk) {
        if (aisle_canceled(progress)) return aisle_fail(err, AISLE_ECANCELED, "canceled");
        int32_t n = std::min(chunk, a->n_rows - first);
        similar_rows<<<(unsigned)std::min(blocks, n), aisle::SELECT_THREADS, 0, g.stream>>>(
            args, first, n, d_ids.p, d_scores.p);
        AISLE_TRY(aisle::launched(g, "similarity", true, err));
        size_t cells = (size_t)n * (size_t)k;
        AISLE_CUDA(cudaMemcpy(ids + (int64_t)first * k, d_ids.p, cells * 4, cudaMemcpyDeviceToHost),
                   "copy neighbours");
        AISLE_CUDA(cudaMemcpy(scores + (int64_t)first * k, d_scores.p, cells * 4, cudaMemcpyDeviceToHost),
                   "copy neighbours");
        aisle_progress_report(progress, "similar", first + n, a->n_rows, "");
    }
    return AISLE_OK;
}

} // namespace

aisle_status aisle_cuda_similar_topk(aisle_device *d, const aisle_dev_csr *a, int32_t k, int32_t *ids,
                                     float *scores, const aisle_progress *progress, aisle_error *err)
{
    if (k < 1 || k > aisle::SELECT_MAX)
        return aisle_fail(err, AISLE_EINVAL, "cuda: %d neighbours: must be 1 to %d", k, aisle::SELECT_MAX);
    if (a->n_rows == 0) return AISLE_OK;
    try {
        return similar(d->part[0], a, k, ids, scores, progress, err);
    } catch (const std::bad_alloc &) {
        return aisle_fail(err, AISLE_ENOMEM, "cuda: out of host memory for the transpose of %lld entries",
                          (long long)a->nnz);
    }
}
