/* Batched Cholesky, one block a system: small ones whole in shared memory, larger ones in panels of 64
 * columns. Not a library for few systems: with fewer of them than the GPU has multiprocessors some stand
 * idle.
 *
 * Both are left-looking in tiles (tile.cuh): a tile is read once, takes all earlier columns in registers,
 * by tensor cores in three tf32 products, is solved, and written once. The right-hand side is substituted
 * forward on the way. Every sum has a fixed order, so that the bytes depend on the system alone. */
#include "gpu/cholesky.cuh"

#include <algorithm>

#include "gpu/tile.cuh"

namespace
{

using namespace aisle;

enum { PANEL = 64, BAND = 128, PANEL_THREADS = 256, STAGES = 3, STAGE_FLOATS = 6 * TILE_FLOATS };

/* --- whole in shared memory --- */

/* Element (r, c) of the lower triangle, the identity past the order, 0 above the diagonal, which is not
 * read. */
__device__ __forceinline__ float lower(const float *a, int32_t ld, int32_t m, int32_t r, int32_t c)
{
    return c > r ? 0 : r < m ? a[(int64_t)r * ld + c] : r == c ? 1 : 0;
}

/* Tiles of the lower triangle, packed; 64 floats of b and more follow. Systems of another size class
 * return. */
__global__ void __launch_bounds__(256, 2) solve_small(const systems s, int32_t above, int32_t upto)
{
    extern __shared__ __align__(16) unsigned char shared[];
    __shared__ int failed;
    const int32_t m = s.order[blockIdx.x];
    if (m <= above || m > upto) return;
    const int n = (m + TILE - 1) / TILE, n_tiles = n * (n + 1) / 2;
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32, warps = (int)blockDim.x / 32;
    float *tiles = (float *)shared, *b = tiles + n_tiles * TILE_FLOATS;
    const float *a = s.a + blockIdx.x * s.stride;
    float *x = s.b + blockIdx.x * s.b_stride;
    if (threadIdx.x == 0) failed = 0;
    for (int i = 0, at = 0; i < n; i++)
        for (int j = 0; j <= i; j++, at++) {
            if (at % warps != warp) continue;
            float *t = tiles + at * TILE_FLOATS;
            if (i == j) {
#pragma unroll 8
                for (int r = 0; r < TILE; r++)
                    t[tile_at(r, lane)] = lower(a, s.ld, m, TILE * i + r, TILE * j + lane);
                continue;
            }
            for (int r = lane / 8; r < TILE; r += 4) {
                bool valid = TILE * i + r < m;
                copy_async16(&tile_quad(t, r, lane % 8),
                             valid ? a + (int64_t)(TILE * i + r) * s.ld + TILE * j + lane % 8 * 4 : a, valid);
            }
        }
    for (int i = threadIdx.x; i < TILE * n; i += blockDim.x) b[i] = i < m ? x[i] : 0;
    copy_async_commit();
    copy_async_wait<0>();
    __syncthreads();
    tiles_solve(tiles, n, b, &failed);
    for (int i = threadIdx.x; i < m; i += blockDim.x) x[i] = b[i];
    if (threadIdx.x == 0 && failed) s.failed[blockIdx.x] = 1;
}

/* --- in panels --- */

/* One system. A band is 128 rows of a panel, 4 x 2 tiles. */
struct panels {
    float *a;
    int32_t ld, m;
};

/* What lies in dynamic shared memory, in floats: stages, or a band's tiles; the panel's three diagonal
 * tiles; the right-hand side, with room for a whole last band. */
enum { DIAGONAL = STAGES * STAGE_FLOATS, FAILED = DIAGONAL + 3 * TILE_FLOATS, RIGHT_SIDE = FAILED + 4 };

/* Starts the copies of 32 finished columns from `col` on: four tiles of the band, then two of the panel's
 * own rows. Thread t copies quad t % 8 of row t / 8 of each. */
__device__ __forceinline__ void stage_columns(const panels &p, float *stage, int32_t r0, int32_t k0,
                                              int32_t col)
{
    const unsigned thread = here(threadIdx.x), quad = thread % 8;
    const int32_t row = (int32_t)(thread / 8);
    float *to = stage + tile_at(row, 4 * (int)quad);
#pragma unroll
    for (int i = 0; i < (BAND + PANEL) / TILE; i++) {
        int32_t r = (i < BAND / TILE ? r0 + TILE * i : k0 + TILE * i - BAND) + row;
        bool valid = r < p.m;
        copy_async16(to + i * TILE_FLOATS, p.a + (valid ? (int64_t)r * p.ld + col + quad * 4 : 0), valid);
    }
}

/* The band less the products of all earlier columns, into 4 x 2 tiles at base. Each warp sums one. Not inlined:
 * beside the loops of its caller its registers would not suffice. */
__device__ __noinline__ void band_sum(const panels p, int32_t r0, int32_t k0)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *base = (float *)shared;
    const int warp = (int)(here(threadIdx.x) / 32), i = warp % 4, j = warp / 4, n = k0 / TILE;
    fragments<TILE> sum;
    fragments_each(sum, [&](int r, int c, float &v) {
        v = lower(p.a, p.ld, p.m, r0 + TILE * i + r, k0 + TILE * j + c);
    });
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
        if (s < n) stage_columns(p, base + s * STAGE_FLOATS, r0, k0, s * TILE);
        copy_async_commit();
    }
    for (int c = 0; c < n; c++) {
        copy_async_wait<STAGES - 2>();
        __syncthreads();
        int next = c + STAGES - 1;
        if (next < n) stage_columns(p, base + next % STAGES * STAGE_FLOATS, r0, k0, next * TILE);
        copy_async_commit();
        const float *stage = base + c % STAGES * STAGE_FLOATS;
        tile_product(sum, -1, stage + i * TILE_FLOATS, stage + (4 + j) * TILE_FLOATS);
    }
    __syncthreads();
    float *t = base + (2 * i + j) * TILE_FLOATS;
    fragments_each(sum, [&](int r, int c, float v) { t[tile_at(r, c)] = v; });
    __syncthreads();
}

/* The band's tiles times the inverse of the panel's diagonal block, a row of tiles a warp; the first band
 * of a panel holds and factors that block. What each row takes from its right-hand side is taken here. */
__device__ __forceinline__ void band_solve(int32_t r0, int32_t k0)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *base = (float *)shared, *corner = base + DIAGONAL + TILE_FLOATS;
    const unsigned thread = here(threadIdx.x);
    const int lane = (int)(thread % 32), warp = (int)(thread / 32);
    const bool first = r0 == k0;
#pragma unroll 1
    for (int half = 0; half < 2; half++) {
        float *t = base + (2 * warp + half) * TILE_FLOATS, *d = base + DIAGONAL + 2 * half * TILE_FLOATS;
        float *y = base + RIGHT_SIDE + k0 + TILE * half, *b = base + RIGHT_SIDE + r0 + TILE * warp + lane;
        if (half == 1 && warp < 4 && !(first && warp == 0)) tile_update<TILE>(t, t - TILE_FLOATS, corner, 1);
        if (first && warp == half) {
            float v = *b;
            bool good = tile_factor<TILE>(t, v);
            *b = v;
            if (!good && lane == 0) *(int *)(base + FAILED) = 1;
#pragma unroll 4
            for (int i = lane; i < TILE_FLOATS; i += 32) d[i] = t[i];
        }
        if (first) __syncthreads();
        if (warp < 4 && !(first && warp <= half)) *b -= tile_solve(t, d, y);
        if (first && half == 0) {
            if (warp == 1)
#pragma unroll 4
                for (int i = lane; i < TILE_FLOATS; i += 32) corner[i] = t[i];
            __syncthreads();
        }
    }
    __syncthreads();
}

__device__ __forceinline__ void band_store(const panels p, int32_t r0, int32_t k0)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *base = (float *)shared;
#pragma unroll 4
    for (int at = (int)here(threadIdx.x); at < BAND * PANEL; at += PANEL_THREADS) {
        int32_t r = at / PANEL, c = at % PANEL;
        if (r0 + r < p.m && k0 + c <= r0 + r)
            p.a[(int64_t)(r0 + r) * p.ld + k0 + c] =
                base[(r / TILE * 2 + c / TILE) * TILE_FLOATS + tile_at(r % TILE, c % TILE)];
    }
    __syncthreads();
}

__global__ void __launch_bounds__(PANEL_THREADS, 2) solve_panels(const systems s, int32_t above)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *base = (float *)shared, *b = base + RIGHT_SIDE, *x = s.b + blockIdx.x * s.b_stride;
    const panels p = {s.a + blockIdx.x * s.stride, s.ld, s.order[blockIdx.x]};
    if (p.m <= above) return;
    if (threadIdx.x == 0) *(int *)(base + FAILED) = 0;
    for (int i = threadIdx.x; i < p.m + BAND; i += PANEL_THREADS) b[i] = i < p.m ? x[i] : 0;
    __syncthreads();
    for (int32_t k0 = 0; k0 < p.m; k0 += PANEL)
        for (int32_t r0 = k0; r0 < p.m; r0 += BAND) {
            band_sum(p, r0, k0);
            band_solve(r0, k0);
            band_store(p, r0, k0);
        }
    for (int i = threadIdx.x; i < p.m; i += PANEL_THREADS) x[i] = b[i];
    if (threadIdx.x == 0 && *(int *)(base + FAILED)) s.failed[blockIdx.x] = 1;
}

/* L'x = y, 32 rows a step from below: their part of x by a warp, then every thread takes its columns of
 * these rows from the rest, while the last warp fetches the next tile of the diagonal. A kernel of its
 * own: it waits for memory and wants many blocks, the factorisation wants registers. */
__global__ void __launch_bounds__(PANEL_THREADS) panels_back(const systems s, int32_t above)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *tiles = (float *)shared, *b = tiles + 2 * TILE_FLOATS, *out = s.b + blockIdx.x * s.b_stride;
    const float *a = s.a + blockIdx.x * s.stride;
    const int32_t m = s.order[blockIdx.x];
    if (m <= above) return;
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32, n = (m + TILE - 1) / TILE;
    for (int i = threadIdx.x; i < TILE * n; i += PANEL_THREADS) b[i] = i < m ? out[i] : 0;
    for (int j = n; j >= 0; j--) { /* the first turn only fetches */
        float *x = b + TILE * j;
        if (j < n && warp == 0) x[lane] = tile_back<TILE>(tiles + j % 2 * TILE_FLOATS, x[lane]);
        __syncthreads();
        int32_t rows = j < n ? min((int32_t)TILE, m - TILE * j) : 0;
        for (int32_t c = 4 * (int32_t)threadIdx.x; rows > 0 && c < TILE * j; c += 4 * PANEL_THREADS) {
            float4 v = *(float4 *)(b + c);
            const float *l = a + (int64_t)TILE * j * s.ld + c;
#pragma unroll 8
            for (int32_t r = 0; r < rows; r++) {
                float4 q = *(const float4 *)(l + (int64_t)r * s.ld);
                v.x -= q.x * x[r], v.y -= q.y * x[r], v.z -= q.z * x[r], v.w -= q.w * x[r];
            }
            *(float4 *)(b + c) = v;
        }
        if (j > 0 && warp == PANEL_THREADS / 32 - 1) {
            float *next = tiles + (j - 1) % 2 * TILE_FLOATS;
#pragma unroll 8
            for (int r = 0; r < TILE; r++)
                next[tile_at(r, lane)] = lower(a, s.ld, m, TILE * (j - 1) + r, TILE * (j - 1) + lane);
        }
        __syncthreads();
    }
    for (int i = threadIdx.x; i < m; i += PANEL_THREADS) out[i] = b[i];
}

size_t small_bytes(int n)
{
    return ((size_t)n * (n + 1) / 2 * TILE_FLOATS + (size_t)n * TILE) * sizeof(float);
}

} // namespace

aisle_status aisle::cholesky_solve(gpu &g, const systems &s, aisle_error *err)
{
    if (s.n <= 0) return AISLE_OK;
    int most =
        2; /* tiles a side such that two blocks share a multiprocessor: one alone waits at its barriers */
    while (most < 8 && 2 * (small_bytes(most + 1) + 512) <= g.properties.sharedMemPerBlockOptin) most++;
    AISLE_TRY(allow_shared(g, solve_small, "Cholesky", err));
    /* Orders may be mixed: a launch a size class, so that small systems do not hold the memory of large ones. */
    int above = 0;
    for (int n = 2; above < most; above = n, n = std::min(2 * n, most)) {
        if (TILE * above >= s.max_order) return AISLE_OK;
        solve_small<<<(unsigned)s.n, (unsigned)(32 * n), small_bytes(n), g.stream>>>(s, TILE * above,
                                                                                     TILE * n);
        AISLE_TRY(launched(g, "Cholesky", false, err));
    }
    if (TILE * above >= s.max_order) return AISLE_OK;
    size_t bytes = (RIGHT_SIDE + (size_t)s.max_order + BAND) * sizeof(float);
    AISLE_TRY(allow_shared(g, solve_panels, "Cholesky", err));
    solve_panels<<<(unsigned)s.n, PANEL_THREADS, bytes, g.stream>>>(s, TILE * above);
    AISLE_TRY(launched(g, "Cholesky", false, err));
    bytes = (2 * TILE_FLOATS + (size_t)(s.max_order + TILE - 1) / TILE * TILE) * sizeof(float);
    panels_back<<<(unsigned)s.n, PANEL_THREADS, bytes, g.stream>>>(s, TILE * above);
    return launched(g, "backward substitution", false, err);
}
