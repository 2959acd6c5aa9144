/* 32 x 32 tiles of f32 in shared memory, and what a warp does with them: products on tensor cores, Cholesky,
 * triangular solves; and a whole small system by a block. Not a matrix type: the caller places the tiles. */
#ifndef AISLE_GPU_TILE_CUH
#define AISLE_GPU_TILE_CUH

#include <cfloat>

#include "gpu/mma.cuh"

namespace aisle
{

enum { TILE = 32, TILE_FLOATS = TILE * TILE };

/* v, but the compiler does not know so: what is computed from it stays where it stands, instead of being
 * computed before the loops around it and kept in registers that are wanted for sums. No instruction. */
__device__ __forceinline__ unsigned here(unsigned v)
{
    asm volatile("" : "+r"(v));
    return v;
}

/* Where element (r, c) lies. The eight float4 of a row are permuted by its number, so that eight rows at one
 * column, one row at all columns and an mma fragment each meet 32 different banks, without padding. */
__host__ __device__ __forceinline__ int tile_at(int r, int c)
{
    return r * TILE + (((c >> 2) ^ (r & 7)) << 2 | (c & 3));
}

/* Of a packed lower triangle of tiles, the place of tile (i, j). */
__host__ __device__ __forceinline__ int triangle(int i, int j)
{
    return (i * (i + 1) / 2 + j) * TILE_FLOATS;
}

__device__ __forceinline__ float4 &tile_quad(float *t, int r, int quad)
{
    return *(float4 *)(t + r * TILE + ((quad ^ (r & 7)) << 2));
}

__device__ __forceinline__ float4 tile_quad(const float *t, int r, int quad)
{
    return *(const float4 *)(t + r * TILE + ((quad ^ (r & 7)) << 2));
}

/* A warp's N x N sums (N 8, 16 or 32), as mma leaves them: value i of fragment (m, n) is element
 * (fragment_row, fragment_col). Rows from N on, which N = 8 has, mean nothing. */
template <int N> struct fragments {
    enum { M = (N + 15) / 16, K = N / 8 };
    float v[M][K][4];
};

__device__ __forceinline__ int fragment_row(int m, int i)
{
    return 16 * m + (i & 2) * 4 + (int)threadIdx.x % 32 / 4;
}

__device__ __forceinline__ int fragment_col(int n, int i)
{
    return 8 * n + (int)threadIdx.x % 4 * 2 + (i & 1);
}

__device__ __forceinline__ void split(uint32_t v, uint32_t &high, uint32_t &low)
{
    high = to_tf32(__uint_as_float(v));
    low = to_tf32(__uint_as_float(v) - __uint_as_float(high));
}

/* Row and quad that this lane names to ldmatrix_x4 for columns 8 k .. of rows r0 .. of a tile: as the 16 x
 * 8 left operand, or as the two 8 x 8 right ones. */
template <int N> __device__ __forceinline__ const void *left_quad(const float *t, int lane, int r0, int k)
{
    return t + tile_at((r0 + lane / 8 % 2 * 8 + lane % 8) & (N - 1), 8 * k + lane / 16 * 4);
}

template <int N> __device__ __forceinline__ const void *right_quad(const float *t, int lane, int r0, int k)
{
    return t + tile_at((r0 + lane / 16 * 8 + lane % 8) & (N - 1), 8 * k + lane / 8 % 2 * 4);
}

/* sum += sign a b', the first N rows of two tiles, 32 terms an element, by a warp. Operands are split into
 * two tf32 numbers and the product of the low ones is left out (Ootomo and Yokota 2022, eq. 8): each a_ik
 * b_jk is off by at most 3 2^-22 of itself. Tensor cores round their sums towards zero, which would add up
 * over a long sum; so 32 terms are summed there and added to `sum` in f32, rounded to nearest (ibid.,
 * section 3.3). 16 rows at a time: one more splitting of b, and 16 registers less. */
template <int N>
__device__ __forceinline__ void tile_product(fragments<N> &sum, float sign, const float *a, const float *b)
{
    enum { K = fragments<N>::K };
    const int lane = (int)(here(threadIdx.x) % 32);
#pragma unroll
    for (int m = 0; m < fragments<N>::M; m++) {
        float part[K][4] = {};
#pragma unroll
        for (int k = 0; k < 4; k++) {
            uint32_t r[4], high[4], low[4], b_high[2], b_low[2];
            ldmatrix_x4(r, left_quad<N>(a, lane, 16 * m, k));
#pragma unroll
            for (int i = 0; i < 4; i++) split(r[i], high[i], low[i]);
#pragma unroll
            for (int n = 0; n < K; n++) {
                if (n % 2 == 0) ldmatrix_x4(r, right_quad<N>(b, lane, 8 * n, k));
                split(r[n % 2 * 2], b_high[0], b_low[0]);
                split(r[n % 2 * 2 + 1], b_high[1], b_low[1]);
                mma_tf32(part[n], low, b_high);
                mma_tf32(part[n], high, b_low);
                mma_tf32(part[n], high, b_high);
            }
        }
#pragma unroll
        for (int n = 0; n < K; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) sum.v[m][n][i] += sign * part[n][i];
    }
}

/* Calls f(row, col, value&) for the elements of this lane that mean something. */
template <int N, class F> __device__ __forceinline__ void fragments_each(fragments<N> &d, F f)
{
#pragma unroll
    for (int m = 0; m < fragments<N>::M; m++)
#pragma unroll
        for (int n = 0; n < fragments<N>::K; n++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                if (N >= 16 || i < 2) f(fragment_row(m, i), fragment_col(n, i), d.v[m][n][i]);
}

/* Tile t less a_0 b_0' + .. + a_{n-1} b_{n-1}', by a warp; a and b are n tiles in a row each. Not inlined:
 * beside the loops of a caller its registers would not suffice. */
template <int N> __device__ __noinline__ void tile_update(float *t, const float *a, const float *b, int n)
{
    fragments<N> sum = {};
    for (int k = 0; k < n; k++) tile_product(sum, 1, a + k * TILE_FLOATS, b + k * TILE_FLOATS);
    fragments_each(sum, [&](int r, int c, float v) { t[tile_at(r, c)] -= v; });
    __syncwarp();
}

/* Cholesky of the first N rows by a warp, lane r holding row r in registers (Golub and Van Loan 2013, alg.
 * 4.2.2), and one step of forward substitution: lane r passes b_r and gets y_r. On the diagonal is left 1
 * / l_jj, which is all that the solves need; above it, nothing that means anything. False, for every lane,
 * when a pivot is not > 0 or not finite. */
template <int N> __device__ __forceinline__ bool tile_factor(float *t, float &b)
{
    const int lane = (int)(here(threadIdx.x) % 32);
    bool good = true;
    float a[N];
#pragma unroll
    for (int q = 0; q < N / 4; q++) {
        float4 v = lane < N ? tile_quad(t, lane, q) : make_float4(0, 0, 0, 0);
        a[4 * q] = v.x, a[4 * q + 1] = v.y, a[4 * q + 2] = v.z, a[4 * q + 3] = v.w;
    }
#pragma unroll
    for (int j = 0; j < N; j++) {
        float pivot = __shfl_sync(~0u, a[j], j), root = rsqrtf(pivot);
        good = good && pivot > 0 && pivot <= FLT_MAX;
        root +=
            .5f * root * fmaf(-pivot * root, root, 1.0f); /* Newton: the last bit that rsqrtf leaves open */
        float l = a[j] * root, y = __shfl_sync(~0u, b * root, j);
        a[j] = lane == j ? root : l;
        b = lane == j ? y : lane > j ? b - l * y : b;
#pragma unroll
        for (int c = j + 1; c < N; c++) a[c] -= l * __shfl_sync(~0u, l, c);
    }
    if (lane < N)
#pragma unroll
        for (int q = 0; q < N / 4; q++)
            tile_quad(t, lane, q) = make_float4(a[4 * q], a[4 * q + 1], a[4 * q + 2], a[4 * q + 3]);
    __syncwarp();
    return good;
}

/* Row r = lane of tile t becomes t_r L'^-1, L the factored tile d; returns the new row times y. By a warp.
 * Four columns at a time: their sums are independent and d is read by quads that all lanes share. */
__device__ __forceinline__ float tile_solve(float *t, const float *d, const float *y)
{
    const int lane = (int)(here(threadIdx.x) % 32);
    float a[TILE], dot = 0;
#pragma unroll
    for (int q = 0; q < TILE / 4; q++) {
        float4 v = tile_quad(t, lane, q);
        a[4 * q] = v.x, a[4 * q + 1] = v.y, a[4 * q + 2] = v.z, a[4 * q + 3] = v.w;
    }
#pragma unroll
    for (int g = 0; g < TILE / 4; g++) {
#pragma unroll
        for (int q = 0; q < g; q++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float4 l = tile_quad(d, 4 * g + i, q);
                a[4 * g + i] -= a[4 * q] * l.x;
                a[4 * g + i] -= a[4 * q + 1] * l.y;
                a[4 * g + i] -= a[4 * q + 2] * l.z;
                a[4 * g + i] -= a[4 * q + 3] * l.w;
            }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float4 l = tile_quad(d, 4 * g + i, g);
            if (i > 0) a[4 * g + i] -= a[4 * g] * l.x;
            if (i > 1) a[4 * g + i] -= a[4 * g + 1] * l.y;
            if (i > 2) a[4 * g + i] -= a[4 * g + 2] * l.z;
            a[4 * g + i] *= i == 0 ? l.x : i == 1 ? l.y : i == 2 ? l.z : l.w;
        }
        float4 v = *(const float4 *)(y + 4 * g);
        dot += a[4 * g] * v.x + a[4 * g + 1] * v.y + a[4 * g + 2] * v.z + a[4 * g + 3] * v.w;
        tile_quad(t, lane, g) = make_float4(a[4 * g], a[4 * g + 1], a[4 * g + 2], a[4 * g + 3]);
    }
    __syncwarp();
    return dot;
}

/* Backward substitution with the first N rows of a factored tile, by a warp: lane r passes y_r, gets x_r. */
template <int N> __device__ __forceinline__ float tile_back(const float *t, float y)
{
    const int lane = (int)(here(threadIdx.x) % 32);
#pragma unroll 8
    for (int i = N - 1; i >= 0; i--) {
        float l = t[tile_at(i, lane)], x = __shfl_sync(~0u, y * l, i);
        y = lane == i ? x : lane < i ? y - l * x : y;
    }
    return y;
}

/* b_r for lane r, less column r of tile t times x: a step of backward substitution past the diagonal. */
__device__ __forceinline__ float tile_take(const float *t, const float *x, float b)
{
    const int lane = (int)(here(threadIdx.x) % 32);
#pragma unroll
    for (int i = 0; i < TILE; i++) b -= t[tile_at(i, lane)] * x[i];
    return b;
}

/* Solves a system of n x n tiles, packed by triangle(), by a whole block: b (32 n floats, shared, aligned
 * to 16) becomes the solution. Rows past the order are those of the identity, and 0 in b. *failed (shared)
 * is set to 1 where tile_factor() fails. Left-looking: a tile is summed over all earlier columns in
 * registers and touched once. */
__device__ __forceinline__ void tiles_solve(float *tiles, int n, float *b, int *failed)
{
    const int lane = (int)(here(threadIdx.x) % 32), warp = (int)threadIdx.x / 32,
              warps = (int)blockDim.x / 32;
    for (int j = 0; j < n; j++) {
        float *d = tiles + triangle(j, j), *bj = b + TILE * j;
        for (int i = j + warp; i < n; i += warps) {
            if (j > 0)
                tile_update<TILE>(tiles + triangle(i, j), tiles + triangle(i, 0), tiles + triangle(j, 0), j);
            if (i == j) { /* the first warp's first tile: the others are summed meanwhile */
                float y = bj[lane];
                bool good = tile_factor<TILE>(d, y);
                bj[lane] = y;
                if (!good && lane == 0) *failed = 1;
            }
        }
        __syncthreads();
        for (int i = j + 1 + warp; i < n; i += warps)
            b[TILE * i + lane] -= tile_solve(tiles + triangle(i, j), d, bj);
        __syncthreads();
    }
    for (int j = n - 1; j >= 0; j--) { /* a part of b belongs to one warp: one barrier a step */
        if (j % warps == warp)
            b[TILE * j + lane] = tile_back<TILE>(tiles + triangle(j, j), b[TILE * j + lane]);
        __syncthreads();
        for (int i = warp; i < j; i += warps)
            b[TILE * i + lane] = tile_take(tiles + triangle(j, i), b + TILE * j, b[TILE * i + lane]);
    }
    __syncthreads();
}

} // namespace aisle
#endif
