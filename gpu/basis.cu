/* Gramian, its eigenvectors (cuSOLVER), and the turn of factor rows into their basis and back. */
#include "gpu/basis.cuh"

#include <algorithm>
#include <vector>

#include "gpu/matrix.cuh"

namespace aisle
{

enum : int64_t {
    GRAM_ROWS = 2048, /* summed in f32; more only in double */
    GRAM_BYTES =
        64 << 20, /* of partial products; their number must not depend on free memory: cuBLAS may choose
                               * another kernel, and another order of sums, for another number */
    SCRATCH_BYTES = 256 << 20 /* of rows that turn in place */
};

/* sum += the n partial f x f products, in order. */
__global__ void add_partials(const float *partial, int32_t n, int64_t cells, double *sum)
{
    int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
    if (i >= cells) return;
    double s = sum[i];
    for (int32_t b = 0; b < n; b++) s += (double)partial[b * cells + i];
    sum[i] = s;
}

aisle_status gramian(gpu &g, const float *y, int32_t n, int32_t f, int32_t ld, double *out, aisle_error *err)
{
    const float one = 1, zero = 0;
    int64_t cells = (int64_t)f * f, blocks = ((int64_t)n + GRAM_ROWS - 1) / GRAM_ROWS;
    int32_t batch = (int32_t)std::max<int64_t>(1, std::min<int64_t>(blocks, GRAM_BYTES / (cells * 4)));
    unsigned grid = (unsigned)((cells + 255) / 256);
    buffer<float> partial;
    AISLE_TRY(partial.make(g, batch * cells, "partial Gramians", err));
    AISLE_CUDA(cudaMemsetAsync(out, 0, (size_t)cells * sizeof *out, g.stream), "Gramian");
    for (int64_t b = 0; b < blocks; b += batch) {
        /* Row-major [rows x ld] is column-major [ld x rows]: Y'Y is A A'. The last block may be short. */
        int32_t whole = (int32_t)std::min<int64_t>(batch, (n - b * GRAM_ROWS) / GRAM_ROWS);
        int32_t rest = (int32_t)std::min<int64_t>(batch, blocks - b) - whole;
        const float *from = y + b * GRAM_ROWS * ld, *tail = from + (int64_t)whole * GRAM_ROWS * ld;
        if (whole)
            AISLE_CUDA(cublasSgemmStridedBatched(g.blas, CUBLAS_OP_N, CUBLAS_OP_T, f, f, GRAM_ROWS, &one,
                                                 from, ld, (int64_t)GRAM_ROWS * ld, from, ld,
                                                 (int64_t)GRAM_ROWS * ld, &zero, partial.p, f, cells, whole),
                       "Gramian");
        if (rest)
            AISLE_CUDA(cublasSgemm(g.blas, CUBLAS_OP_N, CUBLAS_OP_T, f, f, (int)(n - (b + whole) * GRAM_ROWS),
                                   &one, tail, ld, tail, ld, &zero, partial.p + whole * cells, f),
                       "Gramian");
        add_partials<<<grid, 256, 0, g.stream>>>(partial.p, whole + rest, cells, out);
        AISLE_TRY(launched(g, "Gramian", false, err));
    }
    return AISLE_OK;
}

__global__ void scale_gramian(double *a, int32_t f, double a0)
{
    int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
    if (i < (int64_t)f * f) a[i] *= a0;
}

/* q[j][k] = component j of eigenvector k: row k of the column-major result, padded with zeros. */
__global__ void copy_basis(const double *vectors, const double *values, int32_t f, int32_t ld, float *q,
                           float *lambda)
{
    int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
    if (i >= (int64_t)ld * ld) return;
    int32_t j = (int32_t)(i / ld), k = (int32_t)(i % ld);
    q[i] = j < f && k < f ? (float)vectors[(int64_t)k * f + j] : 0;
    /* a Gramian has none below 0; rounding may */
    if (j == 0) lambda[k] = k < f ? fmaxf((float)values[k], 0.0f) : 0;
}

aisle_status basis_make(gpu &g, const float *y, int32_t n, int32_t f, float a0, basis *b, aisle_error *err)
{
    int lwork = 0, info = 0;
    buffer<double> a, w, work;
    buffer<int> d_info;
    b->f = f;
    b->ld = (f + 31) / 32 * 32;
    int64_t cells = (int64_t)b->ld * b->ld;
    AISLE_TRY(b->q.make(g, cells, "eigenvectors", err));
    AISLE_TRY(b->lambda.make(g, b->ld, "eigenvalues", err));
    AISLE_TRY(a.make(g, (int64_t)f * f, "Gramian", err));
    AISLE_TRY(w.make(g, f, "eigenvalues", err));
    AISLE_TRY(d_info.make(g, 1, "eigenvectors", err));
    AISLE_TRY(gramian(g, y, n, f, b->ld, a.p, err));
    scale_gramian<<<(unsigned)(((int64_t)f * f + 255) / 256), 256, 0, g.stream>>>(a.p, f, (double)a0);
    AISLE_TRY(launched(g, "Gramian", false, err));
    AISLE_CUDA(cusolverDnDsyevd_bufferSize(g.solver, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, f, a.p,
                                           f, w.p, &lwork),
               "eigenvectors");
    AISLE_TRY(work.make(g, lwork, "eigenvectors", err));
    AISLE_CUDA(cusolverDnDsyevd(g.solver, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, f, a.p, f, w.p,
                                work.p, lwork, d_info.p),
               "eigenvectors");
    copy_basis<<<(unsigned)((cells + 255) / 256), 256, 0, g.stream>>>(a.p, w.p, f, b->ld, b->q.p,
                                                                      b->lambda.p);
    AISLE_TRY(launched(g, "eigenvectors", false, err));
    AISLE_CUDA(cudaMemcpyAsync(&info, d_info.p, sizeof info, cudaMemcpyDeviceToHost, g.stream),
               "eigenvectors");
    AISLE_CUDA(cudaStreamSynchronize(g.stream), "eigenvectors"); /* also before the scratch goes */
    if (info != 0)
        return aisle_fail(
            err, AISLE_ENUMERIC,
            "cuda: the %d x %d Gramian has no eigenvectors (syevd says %d); are the factors finite?", f, f,
            info);
    return AISLE_OK;
}

enum { TURN_ROWS = 128, TURN_STEP = 8, TURN_THREADS = 256 };

/* Thread t's float4 of a step: of rows row .. row + 127 of src, of which those before `rows` are there. */
__device__ float4 load_across(const float *src, int32_t ld, int64_t row, int64_t rows, int32_t k)
{
    row += threadIdx.x / 2;
    return row < rows ? *(const float4 *)(src + row * ld + k + threadIdx.x % 2 * 4) : float4{0, 0, 0, 0};
}

/* That, transposed into tile[k][row]. */
template <int WIDTH> __device__ void store_across(float (*tile)[WIDTH + 4], float4 v)
{
    int i = (int)threadIdx.x / 2, k = (int)threadIdx.x % 2 * 4;
    tile[k][i] = v.x;
    tile[k + 1][i] = v.y;
    tile[k + 2][i] = v.z;
    tile[k + 3][i] = v.w;
}

/* dst = src Q, or src Q' (BACKWARDS): a product of ours and not cuBLAS's, so that a row has the same bytes whatever
 * rows turn with it: each element is one sum over k in ascending order. Tiles of 128 rows x WIDTH columns, 8 x
 * WIDTH / 16 a thread; the next step's floats are under way while this one's are multiplied. dst may be src where
 * one tile has all columns. */
template <int WIDTH, bool BACKWARDS>
__global__ __launch_bounds__(TURN_THREADS, 2) void turn_rows(const float *src, const float *q, int32_t ld,
                                                             int32_t n, int32_t across, float *dst)
{
    enum { COLUMNS = WIDTH / 16 };
    __shared__ __align__(16) float a[2][TURN_STEP][TURN_ROWS + 4];
    __shared__ __align__(16) float b[2][TURN_STEP][WIDTH + 4];
    int64_t row = (int64_t)(blockIdx.x / across) * TURN_ROWS;
    int32_t column = (int32_t)(blockIdx.x % across) * WIDTH;
    int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
    int q_row = (int)threadIdx.x / (WIDTH / 4), q_column = (int)threadIdx.x % (WIDTH / 4) * 4;
    bool has_q = threadIdx.x < WIDTH * 2;
    float4 next_a, next_b = {0, 0, 0, 0};
    float sum[8][COLUMNS] = {};

    auto load = [&](int32_t k) {
        next_a = load_across(src, ld, row, n, k);
        if (has_q && BACKWARDS) next_b = load_across(q, ld, column, ld, k);
        if (has_q && !BACKWARDS && column + q_column < ld)
            next_b = *(const float4 *)(q + (int64_t)(k + q_row) * ld + column + q_column);
    };
    load(0);
    for (int32_t k = 0, half = 0; k < ld; k += TURN_STEP, half ^= 1) {
        store_across<TURN_ROWS>(a[half], next_a);
        if (has_q && BACKWARDS) store_across<WIDTH>(b[half], next_b);
        if (has_q && !BACKWARDS) *(float4 *)&b[half][q_row][q_column] = next_b;
        __syncthreads(); /* one a step: whoever stores into this half again has passed the next one */
        if (k + TURN_STEP < ld) load(k + TURN_STEP);
#pragma unroll
        for (int j = 0; j < TURN_STEP; j++) {
            __align__(16) float x[8], y[COLUMNS];
            *(float4 *)x = *(const float4 *)&a[half][j][ty * 8];
            *(float4 *)(x + 4) = *(const float4 *)&a[half][j][ty * 8 + 4];
#pragma unroll
            for (int c = 0; c < COLUMNS; c += 4)
                *(float4 *)(y + c) = *(const float4 *)&b[half][j][c * 16 + tx * 4];
#pragma unroll
            for (int r = 0; r < 8; r++)
#pragma unroll
                for (int c = 0; c < COLUMNS; c++) sum[r][c] += x[r] * y[c];
        }
    }
#pragma unroll
    for (int r = 0; r < 8; r++)
#pragma unroll
        for (int c = 0; c < COLUMNS; c += 4) {
            int32_t to = column + c * 16 + tx * 4;
            if (row + ty * 8 + r < n && to < ld)
                *(float4 *)(dst + (row + ty * 8 + r) * ld + to) = {sum[r][c], sum[r][c + 1], sum[r][c + 2],
                                                                   sum[r][c + 3]};
        }
}

template <int WIDTH>
static void queue_turn(gpu &g, const basis &b, turn which, const float *src, int32_t n, float *dst)
{
    int32_t across = (b.ld + WIDTH - 1) / WIDTH;
    unsigned grid = (unsigned)(((int64_t)n + TURN_ROWS - 1) / TURN_ROWS * across);
    if (which == INTO)
        turn_rows<WIDTH, false><<<grid, TURN_THREADS, 0, g.stream>>>(src, b.q.p, b.ld, n, across, dst);
    else
        turn_rows<WIDTH, true><<<grid, TURN_THREADS, 0, g.stream>>>(src, b.q.p, b.ld, n, across, dst);
}

aisle_status rotate(gpu &g, const basis &b, turn which, const float *src, int32_t n, float *dst,
                    aisle_error *err)
{
    int32_t ld = b.ld, step = n;
    bool by_parts = dst == src && ld > 128;
    buffer<float> scratch;
    if (n == 0) return AISLE_OK;
    if (by_parts) {
        int64_t fit = std::min<int64_t>(scratch_bytes(g) / 4, SCRATCH_BYTES) / (ld * 4);
        step = (int32_t)std::max<int64_t>(1, std::min<int64_t>(n, fit));
        AISLE_TRY(scratch.make(g, (int64_t)step * ld, "rotation", err));
    }
    for (int32_t rows, r = 0; r < n; r += rows) {
        rows = std::min(step, n - r);
        const float *from = src + (int64_t)r * ld;
        float *to = by_parts ? scratch.p : dst + (int64_t)r * ld;
        if (ld <= 64)
            queue_turn<64>(g, b, which, from, rows, to);
        else
            queue_turn<128>(g, b, which, from, rows, to);
        AISLE_TRY(launched(g, "rotation", false, err));
        if (by_parts)
            AISLE_CUDA(cudaMemcpyAsync(dst + (int64_t)r * ld, to, (size_t)rows * (size_t)ld * 4,
                                       cudaMemcpyDeviceToDevice, g.stream),
                       "rotation");
    }
    return AISLE_OK;
}

} // namespace aisle

aisle_status aisle_cuda_gram(aisle_device *d, const aisle_dev_mat *y, float *g, aisle_error *err)
{
    int32_t f = y->n_cols;
    return aisle::each_part(
        d,
        [&](aisle::gpu &part, int32_t i, aisle_error *e) {
            if (i > 0) return AISLE_OK;
            aisle::buffer<double> sum;
            std::vector<double> host((size_t)f * (size_t)f);
            AISLE_TRY(sum.make(part, (int64_t)f * f, "Gramian", e));
            AISLE_TRY(aisle::gramian(part, y->data[0], y->n_rows, f, y->ld, sum.p, e));
            AISLE_TRY(aisle::check(
                cudaMemcpyAsync(host.data(), sum.p, host.size() * 8, cudaMemcpyDeviceToHost, part.stream),
                "Gramian", e));
            AISLE_TRY(aisle::check(cudaStreamSynchronize(part.stream), "Gramian", e));
            for (int32_t r = 0; r < f; r++) /* one triangle, so that it is symmetric to the last bit */
                for (int32_t c = 0; c <= r; c++)
                    g[(int64_t)r * f + c] = g[(int64_t)c * f + r] =
                        (float)host[(size_t)r * (size_t)f + (size_t)c];
            return AISLE_OK;
        },
        err);
}
