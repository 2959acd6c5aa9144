/* Exact rows by full f x f systems in device memory, in batches that fit. */
#include <algorithm>

#include "gpu/als.cuh"

namespace
{

using namespace aisle;

/* One block a row: the lower triangle of the system, row-major, and the right-hand side into x. */
__global__ void build_systems(const als_rows a, int32_t from, float *systems, float **system_ptr,
                              float **rhs_ptr)
{
    int32_t row = a.block.order[from + blockIdx.x];
    int64_t begin = a.block.row_ptr[row] - a.block.base, end = a.block.row_ptr[row + 1] - a.block.base;
    float *s = systems + (int64_t)blockIdx.x * a.ld * a.ld, *x = a.x + (int64_t)row * a.ld,
          l = regularisation(a, end - begin);
    for (int64_t cell = threadIdx.x; cell < (int64_t)a.ld * a.ld; cell += blockDim.x) {
        int i = (int)(cell / a.ld), j = (int)(cell % a.ld);
        if (j > i) continue;
        float sum = i == j ? a.lambda[i] + l : 0;
        for (int64_t e = begin; e < end; e++) {
            const float *y = a.y + (int64_t)a.block.col[e] * a.ld;
            sum += (a.block.val ? a.block.val[e] : 1.0f) * y[i] * y[j];
        }
        s[cell] = sum;
    }
    for (int i = threadIdx.x; i < a.ld; i += blockDim.x) {
        float sum = 0;
        for (int64_t e = begin; e < end; e++)
            sum += (a.block.val ? a.block.val[e] : 1.0f) * a.y[(int64_t)a.block.col[e] * a.ld + i];
        x[i] = sum;
    }
    if (threadIdx.x == 0) {
        system_ptr[blockIdx.x] = s;
        rhs_ptr[blockIdx.x] = x;
    }
}

__global__ void report_bad(const als_rows a, int32_t from, int32_t n, const int *info)
{
    int32_t i = (int32_t)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n && info[i] != 0) atomicMin(a.bad, a.block.first + a.block.order[from + i]);
}

} // namespace

aisle_status aisle::als_systems(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    int64_t cells = (int64_t)a.ld * a.ld;
    int32_t batch = (int32_t)std::max<int64_t>(
        1, std::min<int64_t>(to - from, std::min<int64_t>(scratch_bytes(g) / 2 / (cells * 4), 65535)));
    buffer<float> matrices;
    buffer<float *> system_ptr, rhs_ptr;
    buffer<int> info;
    AISLE_TRY(matrices.make(g, batch * cells, "systems of a batch of rows", err));
    AISLE_TRY(system_ptr.make(g, batch, "batch pointers", err));
    AISLE_TRY(rhs_ptr.make(g, batch, "batch pointers", err));
    AISLE_TRY(info.make(g, batch + 1, "batch results", err));
    for (int32_t first = from; first < to; first += batch) {
        int32_t n = std::min(batch, to - first);
        build_systems<<<(unsigned)n, 256, 0, g.stream>>>(a, first, matrices.p, system_ptr.p, rhs_ptr.p);
        AISLE_TRY(launched(g, "build the systems", false, err));
        /* a row-major lower triangle is a column-major upper one */
        AISLE_CUDA(
            cusolverDnSpotrfBatched(g.solver, CUBLAS_FILL_MODE_UPPER, a.ld, system_ptr.p, a.ld, info.p, n),
            "Cholesky");
        report_bad<<<(unsigned)(n + 255) / 256, 256, 0, g.stream>>>(a, first, n, info.p);
        AISLE_TRY(launched(g, "Cholesky", false, err));
        AISLE_CUDA(cusolverDnSpotrsBatched(g.solver, CUBLAS_FILL_MODE_UPPER, a.ld, 1, system_ptr.p, a.ld,
                                           rhs_ptr.p, a.ld, info.p + batch, n),
                   "solve");
    }
    return check(cudaStreamSynchronize(g.stream), "solve", err);
}
