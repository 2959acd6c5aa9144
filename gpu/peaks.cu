/* What a GPU can do at most, measured: copies, gathers of rows, matrix products of cuBLAS. Timed by events on the
 * part's own stream. Nothing else may use the GPU meanwhile. */
#include <algorithm>
#include <cmath>

#include "gpu/device.cuh"

namespace aisle
{

namespace
{

enum {
    TRIES = 5,
    THREADS = 256,
    WARPS = THREADS / 32,
    ROW = 32,                /* float4s of a gathered row: 512 bytes, one a lane */
    ROWS_AT_ONCE = 8,        /* loads under way in a warp */
    GROUPS = 32,             /* of so many rows, a warp */
    WARPS_EACH = 16 * WARPS, /* warps a multiprocessor gets in all */
    SIDE_EACH = 64 /* rows and columns of the product a multiprocessor: some tiles for each of them */
};
const int64_t BYTES_EACH = 16 << 20; /* of the arrays, a multiprocessor: 2 GiB on 132 of them */

__device__ __forceinline__ uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* Random floats in [-1, 1). */
__global__ void fill(float *x, int64_t n)
{
    int64_t step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < n; i += step)
        x[i] = (float)(int32_t)mix((uint32_t)i) * 0x1p-31f;
}

/* Random bf16 of either sign from 1/2 to 2: all bits of the mantissa differ, as data's do. */
__global__ void fill_bf16(uint16_t *x, int64_t n)
{
    int64_t step = (int64_t)gridDim.x * THREADS;
    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < n; i += step) {
        uint32_t u = mix((uint32_t)i);
        x[i] = (uint16_t)((u & 0x80ffu) + 0x3f00u);
    }
}

/* Each warp adds up rows from random places; the sums keep the loads alive. */
__global__ void gather(const float4 *x, uint32_t rows, uint32_t salt, float *sums)
{
    uint32_t warp = blockIdx.x * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32;
    float sum = 0;
    for (uint32_t group = 0; group < GROUPS; group++) {
        float4 v[ROWS_AT_ONCE];
#pragma unroll
        for (uint32_t i = 0; i < ROWS_AT_ONCE; i++) {
            uint32_t row = mix(salt + (warp * GROUPS + group) * ROWS_AT_ONCE + i) % rows;
            v[i] = x[(int64_t)row * ROW + lane];
        }
#pragma unroll
        for (uint32_t i = 0; i < ROWS_AT_ONCE; i++) sum += v[i].x + v[i].y + v[i].z + v[i].w;
    }
    sums[(int64_t)blockIdx.x * THREADS + threadIdx.x] = sum;
}

struct stopwatch {
    cudaEvent_t from = nullptr, to = nullptr;
    ~stopwatch()
    {
        if (from) cudaEventDestroy(from);
        if (to) cudaEventDestroy(to);
    }
};

struct blas_handle {
    cublasHandle_t h = nullptr;
    ~blas_handle()
    {
        if (h) cublasDestroy(h);
    }
};

/* The best of TRIES of `work(try)`, in seconds; try 0 warms up. */
template <class F> aisle_status best_of(gpu &g, F work, double *seconds, aisle_error *err)
{
    stopwatch w;
    AISLE_CUDA(cudaEventCreate(&w.from), "make an event");
    AISLE_CUDA(cudaEventCreate(&w.to), "make an event");
    *seconds = INFINITY;
    for (int t = 0; t <= TRIES; t++) {
        float ms = 0;
        AISLE_CUDA(cudaEventRecord(w.from, g.stream), "start a measurement");
        AISLE_TRY(work(t));
        AISLE_CUDA(cudaEventRecord(w.to, g.stream), "end a measurement");
        AISLE_CUDA(cudaEventSynchronize(w.to), "end a measurement");
        AISLE_CUDA(cudaEventElapsedTime(&ms, w.from, w.to), "read a measurement");
        if (t)
            *seconds =
                std::min(*seconds, std::max((double)ms, 1e-3) * 1e-3); /* events tell half a microsecond */
    }
    return AISLE_OK;
}

aisle_status memory_rates(gpu &g, float *x, int64_t floats, aisle_peaks *p, aisle_error *err)
{
    double s = 0;
    int64_t half = floats / 2;
    AISLE_TRY(best_of(
        g,
        [&](int) {
            return check(
                cudaMemcpyAsync(x + half, x, (size_t)half * sizeof *x, cudaMemcpyDeviceToDevice, g.stream),
                "copy on the device", err);
        },
        &s, err));
    p->copy_bytes_s = 2.0 * (double)half * sizeof *x / s;
    unsigned blocks = (unsigned)g.properties.multiProcessorCount * (WARPS_EACH / WARPS);
    uint32_t rows = (uint32_t)(floats / (4 * ROW)), per_warp = GROUPS * ROWS_AT_ONCE;
    buffer<float> sums;
    AISLE_TRY(sums.make(g, (int64_t)blocks * THREADS, "sums of gathered rows", err));
    AISLE_TRY(best_of(
        g,
        [&](int t) {
            gather<<<blocks, THREADS, 0, g.stream>>>((const float4 *)x, rows, (uint32_t)t * 0x9e3779b9u,
                                                     sums.p);
            return launched(g, "gather rows", false, err);
        },
        &s, err));
    p->gather_bytes_s = (double)blocks * WARPS * per_warp * ROW * sizeof(float4) / s;
    return AISLE_OK;
}

/* A handle of our own, in the mode that cuBLAS starts with: the part's is pedantic, and this is the roof. Sgemm
 * stays f32 in it. */
aisle_status default_handle(gpu &g, blas_handle *own, aisle_error *err)
{
    AISLE_CUDA(cublasCreate(&own->h), "start cuBLAS");
    return check(cublasSetStream(own->h, g.stream), "start cuBLAS", err);
}

aisle_status f32_rate(gpu &g, cublasHandle_t blas, float *x, int n, aisle_peaks *p, aisle_error *err)
{
    const float one = 1, zero = 0;
    double s = 0;
    int64_t each = (int64_t)n * n;
    AISLE_TRY(best_of(
        g,
        [&](int) {
            return check(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one, x, n, x + each, n, &zero,
                                     x + 2 * each, n),
                         "multiply in f32", err);
        },
        &s, err));
    p->f32_flops_s = 2.0 * (double)n * n * n / s;
    return AISLE_OK;
}

aisle_status bf16_rate(gpu &g, cublasHandle_t blas, uint16_t *x, int n, aisle_peaks *p, aisle_error *err)
{
    const float one = 1, zero = 0;
    double s = 0;
    int64_t each = (int64_t)n * n;
    uint16_t *a = x, *b = x + each;
    float *c = (float *)(x + 2 * each);
    AISLE_TRY(best_of(
        g,
        [&](int) {
            return check(cublasGemmEx(blas, CUBLAS_OP_T, CUBLAS_OP_N, n, n, n, &one, a, CUDA_R_16BF, n, b,
                                      CUDA_R_16BF, n, &zero, c, CUDA_R_32F, n, CUBLAS_COMPUTE_32F,
                                      CUBLAS_GEMM_DEFAULT),
                         "multiply in bf16", err);
        },
        &s, err));
    p->low_flops_s = std::max(2.0 * (double)n * n * n / s, p->f32_flops_s);
    return AISLE_OK;
}

aisle_status measure(gpu &g, aisle_peaks *p, aisle_error *err)
{
    int sms = g.properties.multiProcessorCount, side = SIDE_EACH * sms;
    int64_t left = scratch_bytes(g) / 2, bytes = std::min(sms * BYTES_EACH, left);
    while (side > 2 * SIDE_EACH && 12LL * side * side > bytes) side /= 2;
    side = side / 64 * 64; /* tensor cores want their rows aligned */
    bytes = std::max(bytes, (int64_t)12 * side * side) / 512 * 512;
    buffer<float> x;
    AISLE_TRY(x.make(g, bytes / 4, "measuring the device", err));
    unsigned blocks = (unsigned)sms * 8;
    fill<<<blocks, THREADS, 0, g.stream>>>(x.p, bytes / 4);
    AISLE_TRY(launched(g, "fill with random numbers", false, err));
    AISLE_TRY(memory_rates(g, x.p, bytes / 4, p, err));
    blas_handle own;
    AISLE_TRY(default_handle(g, &own, err));
    AISLE_TRY(f32_rate(g, own.h, x.p, side, p, err));
    fill_bf16<<<blocks, THREADS, 0, g.stream>>>((uint16_t *)x.p, 2LL * side * side);
    AISLE_TRY(launched(g, "fill with random numbers", false, err));
    return bf16_rate(g, own.h, (uint16_t *)x.p, side, p, err);
}

} // namespace

} // namespace aisle

/* Of the first part: parts are alike, and a part is what one process's kernels see. */
aisle_status aisle_cuda_peaks(aisle_device *d, aisle_peaks *out, aisle_error *err)
{
    aisle_peaks p = {};
    aisle_status st = aisle::each_part(
        d, [&](aisle::gpu &g, int32_t i, aisle_error *e) { return i ? AISLE_OK : aisle::measure(g, &p, e); },
        err);
    if (st == AISLE_OK) *out = p;
    return st;
}
