/* Conjugate gradient for rows of any length, one block a row. */
#include <algorithm>

#include "gpu/als.cuh"

namespace
{

using namespace aisle;

__device__ float weight(const als_rows &a, int64_t e)
{
    return a.block.val ? a.block.val[e - a.block.base] : 1.0f;
}

/* The sum over the block of v, the same for every thread; `scratch` holds 32 floats. */
__device__ float block_sum(float v, float *scratch)
{
    for (int k = 16; k > 0; k >>= 1) v += __shfl_xor_sync(~0u, v, k);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
    __syncthreads();
    float sum = 0;
    for (unsigned w = 0; w < blockDim.x / 32; w++) sum += scratch[w];
    return sum;
}

/* out = (D + B'WB) in: one dot a row, then one axpy, both over the block. */
__device__ void apply(const als_rows &a, int64_t begin, int64_t end, float l, const float *in, float *out,
                      float *scratch)
{
    for (int i = threadIdx.x; i < a.ld; i += blockDim.x) out[i] = (a.lambda[i] + l) * in[i];
    for (int64_t e = begin; e < end; e++) {
        const float *y = a.y + (int64_t)a.block.col[e - a.block.base] * a.ld;
        float dot = 0;
        for (int i = threadIdx.x; i < a.ld; i += blockDim.x) dot += y[i] * in[i];
        dot = block_sum(dot, scratch) * weight(a, e);
        for (int i = threadIdx.x; i < a.ld; i += blockDim.x) out[i] += dot * y[i];
    }
}

/* From the present x (Golub and Van Loan 2013, alg. 11.5.1) with M = D. Shared memory: residual, direction and
 * product, ld floats each, and 32 for sums. */
__global__ void cg_rows(const als_rows a, int32_t from)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *r = (float *)shared, *p = r + a.ld, *q = p + a.ld, *scratch = q + a.ld;
    int32_t row = a.block.order[from + blockIdx.x];
    int64_t begin = a.block.row_ptr[row], end = a.block.row_ptr[row + 1];
    float *x = a.x + (int64_t)row * a.ld, l = regularisation(a, end - begin);
    apply(a, begin, end, l, x, q, scratch);
    for (int i = threadIdx.x; i < a.ld; i += blockDim.x) r[i] = -q[i];
    for (int64_t e = begin; e < end; e++)
        for (int i = threadIdx.x; i < a.ld; i += blockDim.x)
            r[i] += weight(a, e) * a.y[(int64_t)a.block.col[e - a.block.base] * a.ld + i];
    float rz = 0;
    for (int i = threadIdx.x; i < a.ld; i += blockDim.x) {
        p[i] = r[i] / (a.lambda[i] + l);
        rz += r[i] * p[i];
    }
    rz = block_sum(rz, scratch);
    for (int step = 0; step < a.steps && rz > 0; step++) {
        apply(a, begin, end, l, p, q, scratch);
        float pq = 0;
        for (int i = threadIdx.x; i < a.ld; i += blockDim.x) pq += p[i] * q[i];
        pq = block_sum(pq, scratch);
        if (!(pq > 0)) break; /* the residual has reached rounding */
        float alpha = rz / pq, next = 0;
        for (int i = threadIdx.x; i < a.ld; i += blockDim.x) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
            next += r[i] * r[i] / (a.lambda[i] + l);
        }
        next = block_sum(next, scratch);
        for (int i = threadIdx.x; i < a.ld; i += blockDim.x)
            p[i] = r[i] / (a.lambda[i] + l) + next / rz * p[i];
        rz = next;
    }
    bool whole = true;
    for (int i = threadIdx.x; i < a.ld; i += blockDim.x) whole = whole && isfinite(x[i]);
    if (!whole) atomicMin(a.bad, a.block.first + row);
}

} // namespace

aisle_status aisle::als_cg(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    size_t shared = ((size_t)a.ld * 3 + 32) * sizeof(float);
    if (from >= to) return AISLE_OK;
    AISLE_CUDA(cudaFuncSetAttribute(cg_rows, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared),
               "conjugate gradient");
    cg_rows<<<(unsigned)(to - from), (unsigned)std::min(256, a.ld), shared, g.stream>>>(a, from);
    return launched(g, "conjugate gradient", false, err);
}
