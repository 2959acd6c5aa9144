/* Exact rows by systems in device memory: batches, the way back from a system's solution to the row. Not how
 * systems are built (als_build.cu) or solved (cholesky.cu).
 *
 * With C = W^(1/2) B D^(-1/2) and x = D^(-1/2) z a row solves
 *   primal, f x f:  (I + C'C) z = C' w^(1/2)
 *   dual,   n x n:  (I + CC') v = w^(1/2), z = C' v   (push-through identity)
 * by the smaller system. No eigenvalue is under 1, so that f32 is safe. */
#include <algorithm>

#include "gpu/als_build.cuh"

namespace
{

using namespace aisle;

enum { MAX_BATCH = 65536, LIST = 256 };
constexpr int64_t SCRATCH_MAX = INT64_C(4) << 30; /* more would no longer fill the GPU any better */

__global__ void start_batch(const system_batch b, int32_t *order)
{
    int32_t i = (int32_t)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= b.s.n) return;
    const csr_block &block = b.a.block;
    int32_t row = block.order[b.from + i];
    order[i] = b.dual ? (int32_t)(block.row_ptr[row + 1] - block.row_ptr[row]) : b.a.f;
    b.s.failed[i] = 0;
}

__device__ void report(const als_rows &a, int32_t row)
{
    atomicMin(a.bad, a.block.first + row);
}

/* x = D^(-1/2) z; one block a row. */
__global__ void finish_primal(const system_batch b)
{
    const als_rows &a = b.a;
    int32_t i = (int32_t)blockIdx.x, row = a.block.order[b.from + i];
    float l = regularisation(a, a.block.row_ptr[row + 1] - a.block.row_ptr[row]);
    for (int32_t j = threadIdx.x; j < a.ld; j += blockDim.x) {
        float x = j < a.f ? root_scale(a, l, j) * b.s.b[i * b.s.b_stride + j] : 0;
        a.x[(int64_t)row * a.ld + j] = x;
        if (!isfinite(x)) report(a, row);
    }
    if (threadIdx.x == 0 && b.s.failed[i]) report(a, row);
}

/* x = D^(-1) B' W^(1/2) v; one block a row, four columns a thread. Sums of LIST terms, which are then added. */
__global__ void finish_dual(const system_batch b)
{
    __shared__ float factor[LIST];
    __shared__ int32_t column[LIST];
    const als_rows &a = b.a;
    int32_t i = (int32_t)blockIdx.x, row = a.block.order[b.from + i];
    int64_t begin = a.block.row_ptr[row] - a.block.base;
    int32_t n = (int32_t)(a.block.row_ptr[row + 1] - a.block.row_ptr[row]);
    float l = regularisation(a, n);
    for (int32_t first = 0; first < a.ld; first += 4 * blockDim.x) {
        int32_t j = first + 4 * (int32_t)threadIdx.x;
        float4 x = make_float4(0, 0, 0, 0);
        for (int32_t at = 0; at < n; at += LIST) {
            int32_t count = n - at < LIST ? n - at : LIST;
            __syncthreads();
            for (int32_t t = threadIdx.x; t < count; t += blockDim.x) {
                int64_t e = begin + at + t;
                column[t] = a.block.col[e];
                factor[t] =
                    (a.block.val ? sqrtf(fabsf(a.block.val[e])) : 1) * b.s.b[i * b.s.b_stride + at + t];
            }
            __syncthreads();
            float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll 8
            for (int32_t t = 0; t < count && j < a.ld; t++) {
                float4 y = *(const float4 *)(a.y + (int64_t)column[t] * a.ld + j);
                float v = factor[t];
                sum = make_float4(sum.x + v * y.x, sum.y + v * y.y, sum.z + v * y.z, sum.w + v * y.w);
            }
            x = make_float4(x.x + sum.x, x.y + sum.y, x.z + sum.z, x.w + sum.w);
        }
        if (j >= a.ld) continue;
        /* the padding of y is zero, and so is that of x */
        x = make_float4(x.x / (a.lambda[j] + l), x.y / (a.lambda[j + 1] + l), x.z / (a.lambda[j + 2] + l),
                        x.w / (a.lambda[j + 3] + l));
        *(float4 *)(a.x + (int64_t)row * a.ld + j) = x;
        if (!isfinite(x.x) || !isfinite(x.y) || !isfinite(x.z) || !isfinite(x.w)) report(a, row);
    }
    if (threadIdx.x == 0 && b.s.failed[i]) report(a, row);
}

int64_t length_of(const csr_block &b, int32_t i)
{
    int32_t row = b.h_order[i];
    return b.h_row_ptr[row + 1] - b.h_row_ptr[row];
}

/* Device memory of a range of rows, all primal or all dual; batches take it in turn, in the stream's order. */
struct workspace {
    buffer<float> cells, part_cells;
    buffer<int32_t> order, failed, first_part;
    std::vector<int32_t> h_first_part; /* pageable, so that a copy has read it when it returns */
    int64_t n_cells;                   /* of the systems of a batch and their right-hand sides */
    int32_t n_long;                    /* rows with several parts: the first of the range */
    int32_t n_parts;                   /* room for so many */
};

/* Floats of a system whose leading dimension is ld, with its right-hand side. */
int64_t cells_of(int64_t ld)
{
    return ld * ld + ld;
}

int32_t ld_of(const als_rows &a, int32_t i, bool dual)
{
    return dual ? padded((int32_t)length_of(a.block, i)) : a.ld;
}

aisle_status reserve(gpu &g, const als_rows &a, int32_t from, int32_t to, bool dual, workspace *w,
                     aisle_error *err)
{
    int64_t one = cells_of(ld_of(a, from, dual)), n = to - from;
    int64_t room = std::min(scratch_bytes(g) / 2, SCRATCH_MAX) / (int64_t)sizeof(float);
    w->n_long = dual ? 0 : std::max(0, std::min(rows_longer(a.block, PART_ENTRIES), to) - from);
    w->h_first_part.assign((size_t)w->n_long + 1, 0);
    for (int32_t j = 0; j < w->n_long; j++)
        w->h_first_part[j + 1] =
            w->h_first_part[j] + (int32_t)((length_of(a.block, from + j) + PART_ENTRIES - 1) / PART_ENTRIES);
    int64_t parts = w->h_first_part[w->n_long];
    w->n_parts = (int32_t)std::min(parts, std::max<int64_t>(1, room / 2 / one));
    w->n_cells = one * std::min(n, std::max<int64_t>(1, (room - w->n_parts * one) / one));
    AISLE_TRY(w->cells.make(g, w->n_cells, "systems of a batch of rows", err));
    if (w->n_long > 0) {
        AISLE_TRY(w->part_cells.make(g, w->n_parts * one, "parts of the systems of long rows", err));
        AISLE_TRY(w->first_part.make(g, w->n_long + 1, "parts of long rows", err));
        AISLE_CUDA(cudaMemcpyAsync(w->first_part.p, w->h_first_part.data(),
                                   ((size_t)w->n_long + 1) * sizeof(int32_t), cudaMemcpyHostToDevice,
                                   g.stream),
                   "parts of long rows");
    }
    AISLE_TRY(w->order.make(g, std::min<int64_t>(n, MAX_BATCH), "orders of systems", err));
    return w->failed.make(g, std::min<int64_t>(n, MAX_BATCH), "results of systems", err);
}

/* j: the batch's first row, counted from the range's. */
aisle_status solve_batch(gpu &g, const system_batch &b, const workspace &w, int32_t j, aisle_error *err)
{
    int32_t n = b.s.n, in_parts = std::max(0, std::min(n, w.n_long - j));
    const part_list parts = {w.n_parts, w.part_cells.p, w.part_cells.p + w.n_parts * b.s.stride,
                             w.first_part.p, w.h_first_part.data()};
    start_batch<<<(unsigned)(n + 255) / 256, 256, 0, g.stream>>>(b, w.order.p);
    AISLE_TRY(launched(g, "start a batch of systems", false, err));
    AISLE_TRY(build_systems_in_parts(g, b, parts, j, in_parts, err));
    AISLE_TRY(build_systems(g, b, in_parts, n, err));
    AISLE_TRY(cholesky_solve(g, b.s, err));
    if (b.dual) {
        unsigned threads = (unsigned)std::min(256, (b.a.ld / 4 + 31) / 32 * 32);
        finish_dual<<<(unsigned)n, threads, 0, g.stream>>>(b);
    } else
        finish_primal<<<(unsigned)n, (unsigned)std::min(256, b.a.ld), 0, g.stream>>>(b);
    return launched(g, "rows of solved systems", false, err);
}

aisle_status solve_range(gpu &g, const als_rows &a, int32_t from, int32_t to, bool dual, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    workspace w;
    AISLE_TRY(reserve(g, a, from, to, dual, &w, err));
    for (int32_t at = from, n; at < to; at += n) {
        int32_t ld = ld_of(a, at, dual);
        int64_t stride = (int64_t)ld * ld;
        n = (int32_t)std::min<int64_t>(std::min<int64_t>(to - at, MAX_BATCH), w.n_cells / cells_of(ld));
        int32_t largest = dual ? (int32_t)length_of(a.block, at) : a.f;
        const system_batch b = {
            a,
            at,
            dual,
            {w.cells.p, stride, ld, largest, n, w.order.p, w.cells.p + n * stride, ld, w.failed.p}};
        AISLE_TRY(solve_batch(g, b, w, at - from, err));
    }
    return AISLE_OK;
}

} // namespace

aisle_status aisle::als_primal(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    return solve_range(g, a, from, to, false, err);
}

aisle_status aisle::als_systems(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    /* n < .6 f in whole numbers */
    int32_t primal = std::max(from, std::min(to, rows_longer(a.block, (3 * (int64_t)a.f - 1) / 5)));
    AISLE_TRY(solve_range(g, a, from, primal, false, err));
    return solve_range(g, a, primal, to, true, err);
}
