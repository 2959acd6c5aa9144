/* bf16 copies of factor rows for the first pass of the top-N, with bounds of what rounding did to each. */
#include <cmath>

#include "gpu/topn.cuh"

namespace aisle
{

__device__ inline float norm_bound(float squares, bool any, int32_t ld)
{
    float v = sqrtf(squares) * (1 + (float)(ld + 16) * 0x1p-24f) + (any ? 0x1p-50f : 0);
    return v < 0x1p62f ? v : NAN;
}

/* To nearest, ties to even; what overflows becomes infinite, and its error with it. */
__device__ inline unsigned to_bf16(float v)
{
    unsigned u = __float_as_uint(v);
    return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

/* Where column c of row r lies, in elements (topn.cuh). */
__device__ inline int64_t panel_place(int64_t r, int32_t c, int32_t ld)
{
    int64_t panel = r / TOPN_TILE * (ld / TOPN_DEPTH) + c / TOPN_DEPTH;
    int32_t row = (int32_t)(r % TOPN_TILE), piece = c % TOPN_DEPTH / 8;
    return (panel * TOPN_TILE + row) * TOPN_DEPTH + ((piece ^ row % 8) * 8 + c % 8);
}

/* One block a tile, one warp a row. */
__global__ void convert_rows(const float *src, int32_t n, int32_t ld, topn_copy to)
{
    __shared__ int top[2]; /* not negative, so ordered as integers, NaN last */
    int32_t lane = (int32_t)threadIdx.x % 32, warp = (int32_t)threadIdx.x / 32;
    if (threadIdx.x < 2) top[threadIdx.x] = 0;
    __syncthreads();
    for (int32_t i = warp; i < TOPN_TILE; i += (int32_t)blockDim.x / 32) {
        int64_t r = (int64_t)blockIdx.x * TOPN_TILE + i;
        float squares = 0, errors = 0;
        bool any = false, any_error = false;
        for (int32_t c = 4 * lane; c < to.ld; c += 128) {
            float4 q = make_float4(0, 0, 0, 0);
            if (r < n && c < ld) q = *(const float4 *)(src + r * ld + c);
            float v[4] = {q.x, q.y, q.z, q.w};
            unsigned short h[4];
            for (int k = 0; k < 4; k++) {
                unsigned b = to_bf16(v[k]);
                float d = v[k] - __uint_as_float(b << 16);
                h[k] = (unsigned short)b;
                squares += v[k] * v[k];
                errors += d * d;
                any |= v[k] != 0;
                any_error |= d != 0;
            }
            *(ushort4 *)(to.bf16 + panel_place(r, c, to.ld)) = make_ushort4(h[0], h[1], h[2], h[3]);
        }
        for (int by = 16; by > 0; by /= 2) {
            squares += __shfl_xor_sync(~0u, squares, by);
            errors += __shfl_xor_sync(~0u, errors, by);
        }
        any = __any_sync(~0u, any), any_error = __any_sync(~0u, any_error);
        float2 norm = make_float2(norm_bound(squares, any, ld), norm_bound(errors, any_error, ld));
        if (lane == 0) {
            to.norm[r] = norm;
            atomicMax(&top[0], __float_as_int(norm.x));
            atomicMax(&top[1], __float_as_int(norm.y));
        }
    }
    __syncthreads();
    if (threadIdx.x == 0 && to.top)
        to.top[blockIdx.x] = make_float2(__int_as_float(top[0]), __int_as_float(top[1]));
}

aisle_status topn_convert(gpu &g, const float *src, int32_t n, int32_t ld, const topn_copy &to,
                          aisle_error *err)
{
    if (n == 0) return AISLE_OK;
    convert_rows<<<(unsigned)((n - 1) / TOPN_TILE + 1), 256, 0, g.stream>>>(src, n, ld, to);
    return launched(g, "round the factors", false, err);
}

} // namespace aisle
