/* Exact rows by the n x n dual system in shared memory, gathered, solved and written in one kernel. Not
 * for long rows (als_systems.cu).
 *
 * With C = W^(1/2) B D^(-1/2), n x ld, and x = D^(-1/2) z the row's system is (I + C'C) z = C' w^(1/2),
 * and by the push-through identity z = C'v with (I + C C') v = w^(1/2). Neither matrix has an eigenvalue
 * under 1, so that f32 Cholesky is safe. Rows of up to 32 entries take a warp each and sums of 8, 16 or
 * 32; longer ones a block with a warp for each tile of the lower triangle of I + CC'. C is gathered in
 * groups of 32 columns; where all of it fits, it stays for C'v, else that reads the rows of Y again, now
 * from the cache. The order of every sum depends on the row's length and ld alone. */
#include "gpu/als.cuh"

#include <algorithm>

#include "gpu/tile.cuh"

namespace
{

using namespace aisle;

enum { ROWS = 4, MOST_TILES = 5 }; /* short rows a block; tiles a side of the longest dual system */

struct entries {
    int32_t row, n; /* of the block */
    int64_t at;     /* of its first entry, in col and val */
    float l;
};

__device__ __forceinline__ entries entries_of(const als_rows &a, int32_t place)
{
    int32_t row = a.block.order[place];
    int64_t begin = a.block.row_ptr[row], n = a.block.row_ptr[row + 1] - begin;
    return {row, (int32_t)n, begin - a.block.base, regularisation(a, n)};
}

__device__ __forceinline__ float root_weight(const als_rows &a, const entries &e, int32_t i)
{
    return a.block.val ? sqrtf(fabsf(a.block.val[e.at + i])) : 1.0f;
}

/* The entry's part of the right-hand side, of its root: a dislike has none. */
__device__ __forceinline__ float preferred(const als_rows &a, const entries &e, int32_t i, float root)
{
    return a.block.val && a.block.val[e.at + i] < 0 ? 0 : root;
}

/* D^(-1/2) of four columns; rsqrtf is good to two units, as a change of D that is within the bound of x. */
__device__ __forceinline__ float4 root_scale(const float *lambda, int32_t column, float l)
{
    float4 v = *(const float4 *)(lambda + column);
    return make_float4(rsqrtf(v.x + l), rsqrtf(v.y + l), rsqrtf(v.z + l), rsqrtf(v.w + l));
}

/* s y d, element by element. */
__device__ __forceinline__ float4 scaled(float s, float4 y, float4 d)
{
    return make_float4(s * y.x * d.x, s * y.y * d.y, s * y.z * d.z, s * y.w * d.w);
}

__device__ __forceinline__ void add_scaled(float4 &sum, float s, float4 y)
{
    sum.x += s * y.x, sum.y += s * y.y, sum.z += s * y.z, sum.w += s * y.w;
}

__device__ __forceinline__ bool finite(float4 v)
{
    return isfinite(v.x) && isfinite(v.y) && isfinite(v.z) && isfinite(v.w);
}

/* --- a warp a row --- */

/* Columns `column` .. + 31 of C: N rows of a tile. Lane i holds the entry's column and root of weight, 0
 * past n. */
template <int N>
__device__ __forceinline__ void gather_short(const als_rows &a, const entries &e, int32_t col, float w,
                                             int32_t column, float *t)
{
    const int lane = (int)threadIdx.x % 32, quad = lane % 8;
    float4 d = root_scale(a.lambda, column + 4 * quad, e.l);
#pragma unroll
    for (int i = 0; i < N / 4; i++) {
        int r = 4 * i + lane / 8;
        int32_t c = __shfl_sync(~0u, col, r);
        float s = __shfl_sync(~0u, w, r);
        float4 y = make_float4(0, 0, 0, 0);
        if (r < e.n) y = *(const float4 *)(a.y + (int64_t)c * a.ld + column + 4 * quad);
        tile_quad(t, r, quad) = scaled(s, y, d);
    }
}

/* Rows of at most N entries, ROWS a block. Shared memory, a warp: N x 32 floats for the system, then
 * `group` times as many for C. */
template <int N>
__global__ void __launch_bounds__(32 * ROWS)
    dual_short(const als_rows a, int32_t from, int32_t to, int32_t group)
{
    extern __shared__ __align__(16) unsigned char shared[];
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    const int32_t place = from + (int32_t)blockIdx.x * ROWS + warp, n_groups = a.ld / TILE;
    if (place >= to) return;
    float *s = (float *)shared + (size_t)warp * N * TILE * (group + 1), *c = s + N * TILE;
    const entries e = entries_of(a, place);
    const int32_t col = lane < e.n ? a.block.col[e.at + lane] : 0;
    const float w = lane < e.n ? root_weight(a, e, lane) : 0;
    fragments<N> sum = {};
    for (int32_t g = 0; g < n_groups; g += group) {
        const int32_t n = min(group, n_groups - g);
        __syncwarp();
#pragma unroll(N == 8 ? 4 : 1)
        for (int32_t i = 0; i < n; i++) gather_short<N>(a, e, col, w, TILE * (g + i), c + i * N * TILE);
        __syncwarp();
        for (int32_t i = 0; i < n; i++) tile_product(sum, 1, c + i * N * TILE, c + i * N * TILE);
    }
    fragments_each(sum, [&](int r, int k, float v) { s[tile_at(r, k)] = v + (r == k ? 1.0f : 0.0f); });
    __syncwarp();
    float v = lane < e.n ? preferred(a, e, lane, w) : 0;
    bool good = tile_factor<N>(s, v);
    v = tile_back<N>(s, v);
    float *x = a.x + (int64_t)e.row * a.ld;
    if (group >= n_groups) {
        for (int32_t g = 0; g < n_groups; g++) {
            float z = 0;
#pragma unroll
            for (int i = 0; i < N; i++) z += c[g * N * TILE + tile_at(i, lane)] * __shfl_sync(~0u, v, i);
            z *= rsqrtf(a.lambda[TILE * g + lane] + e.l);
            good = good && isfinite(z);
            x[TILE * g + lane] = z;
        }
    } else {
        v *= w;
        for (int32_t first = 0; first < a.ld; first += 128) {
            const int32_t column = first + 4 * lane;
            float4 z = make_float4(0, 0, 0, 0);
#pragma unroll 4
            for (int i = 0; i < e.n; i++) {
                int32_t k = __shfl_sync(~0u, col, i);
                float f = __shfl_sync(~0u, v, i);
                if (column < a.ld) add_scaled(z, f, *(const float4 *)(a.y + (int64_t)k * a.ld + column));
            }
            if (column >= a.ld) continue;
            float4 d = root_scale(a.lambda, column, e.l);
            z = scaled(1, scaled(1, z, d), d);
            good = good && finite(z);
            *(float4 *)(x + column) = z;
        }
    }
    if (!good) atomicMin(a.bad, a.block.first + e.row);
}

/* --- a block a row --- */

/* Columns 32 g .. 32 (g + n) - 1 of C, 32 at a time: n x tiles tiles. */
__device__ __forceinline__ void gather_long(const als_rows &a, const entries &e, const int32_t *col,
                                            const float *w, int32_t g, int32_t n, int32_t tiles, float *c)
{
    const int quad = (int)threadIdx.x % 8;
#pragma unroll 2
    for (int32_t i = 0; i < n; i++) {
        const int32_t column = TILE * (g + i) + 4 * quad;
        const float4 d = root_scale(a.lambda, column, e.l);
#pragma unroll 4
        for (int32_t r = (int32_t)threadIdx.x / 8; r < TILE * tiles; r += (int32_t)blockDim.x / 8) {
            float4 y = make_float4(0, 0, 0, 0);
            if (r < e.n) y = *(const float4 *)(a.y + (int64_t)col[r] * a.ld + column);
            tile_quad(c + (i * tiles + r / TILE) * TILE_FLOATS, r % TILE, quad) = scaled(w[r], y, d);
        }
    }
}

/* x = D^(-1/2) C'v with C in shared memory, 32 columns a warp and turn. False where one is not finite. */
__device__ __forceinline__ bool finish_kept(const als_rows &a, const entries &e, int32_t tiles,
                                            const float *c, const float *v)
{
    const int lane = (int)threadIdx.x % 32;
    bool good = true;
    for (int32_t g = (int32_t)threadIdx.x / 32; g < a.ld / TILE; g += (int32_t)blockDim.x / 32) {
        float z = 0;
        for (int32_t t = 0; t < tiles; t++)
            z = -tile_take(c + (g * tiles + t) * TILE_FLOATS, v + TILE * t, -z);
        z *= rsqrtf(a.lambda[TILE * g + lane] + e.l);
        good = good && isfinite(z);
        a.x[(int64_t)e.row * a.ld + TILE * g + lane] = z;
    }
    return good;
}

/* The same from the rows of Y; v holds w^(1/2) v. */
__device__ __forceinline__ bool finish_again(const als_rows &a, const entries &e, const int32_t *col,
                                             const float *v)
{
    bool good = true;
    for (int32_t column = 4 * (int32_t)threadIdx.x; column < a.ld; column += 4 * (int32_t)blockDim.x) {
        float4 z = make_float4(0, 0, 0, 0), d = root_scale(a.lambda, column, e.l);
#pragma unroll 8
        for (int32_t i = 0; i < e.n; i++)
            add_scaled(z, v[i], *(const float4 *)(a.y + (int64_t)col[i] * a.ld + column));
        z = scaled(1, scaled(1, z, d), d);
        good = good && finite(z);
        *(float4 *)(a.x + (int64_t)e.row * a.ld + column) = z;
    }
    return good;
}

/* Rows of at most 32 `tiles` entries. Shared memory: the packed triangle of tiles, v, roots of weights,
 * columns, and `group` times `tiles` tiles of C. */
__global__ void __launch_bounds__(16 * MOST_TILES * (MOST_TILES + 1))
    dual_long(const als_rows a, int32_t from, int32_t tiles, int32_t group)
{
    extern __shared__ __align__(16) unsigned char shared[];
    __shared__ int failed;
    const int warp = (int)threadIdx.x / 32;
    const int32_t n_groups = a.ld / TILE, most = TILE * tiles;
    float *s = (float *)shared, *v = s + triangle(tiles, 0), *w = v + most, *c = w + 2 * most;
    int32_t *col = (int32_t *)(w + most);
    const entries e = entries_of(a, from + (int32_t)blockIdx.x);
    int row = 0; /* of the tile of this warp */
    while ((row + 1) * (row + 2) / 2 <= warp) row++;
    const int column = warp - row * (row + 1) / 2;
    if (threadIdx.x == 0) failed = 0;
    for (int32_t i = (int32_t)threadIdx.x; i < most; i += (int32_t)blockDim.x) {
        w[i] = i < e.n ? root_weight(a, e, i) : 0;
        v[i] = i < e.n ? preferred(a, e, i, w[i]) : 0;
        col[i] = i < e.n ? a.block.col[e.at + i] : 0;
    }
    fragments<TILE> sum = {};
    for (int32_t g = 0; g < n_groups; g += group) {
        const int32_t n = min(group, n_groups - g);
        __syncthreads();
        gather_long(a, e, col, w, g, n, tiles, c);
        __syncthreads();
        for (int32_t i = 0; i < n; i++)
            tile_product(sum, 1, c + (i * tiles + row) * TILE_FLOATS, c + (i * tiles + column) * TILE_FLOATS);
    }
    float *t = s + triangle(row, column);
    fragments_each(
        sum, [&](int r, int k, float x) { t[tile_at(r, k)] = x + (row == column && r == k ? 1.0f : 0.0f); });
    __syncthreads();
    tiles_solve(s, tiles, v, &failed);
    bool good = !failed;
    if (group >= n_groups)
        good = finish_kept(a, e, tiles, c, v) && good;
    else {
        for (int32_t i = (int32_t)threadIdx.x; i < most; i += (int32_t)blockDim.x) v[i] *= w[i];
        __syncthreads();
        good = finish_again(a, e, col, v) && good;
    }
    if (!good) atomicMin(a.bad, a.block.first + e.row);
}

/* Groups of 32 columns of C, `bytes` each, beside `fixed` bytes: all of them if that leaves room for
 * `blocks` blocks on a multiprocessor, else what a quarter of the memory holds, so that others compute
 * while one gathers. */
int32_t groups(const gpu &g, int32_t ld, size_t bytes, size_t fixed, size_t blocks)
{
    const size_t all = (size_t)ld / TILE, most = g.properties.sharedMemPerBlockOptin;
    if ((fixed + all * bytes) * blocks <= most) return (int32_t)all;
    return (int32_t)std::max<size_t>(1, std::min(all - 1, most / 4 > fixed ? (most / 4 - fixed) / bytes : 0));
}

size_t long_bytes(int32_t tiles)
{
    return ((size_t)triangle(tiles, 0) + 3 * TILE * (size_t)tiles) * sizeof(float);
}

template <int N>
aisle_status solve_short(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    const size_t tile = N * TILE * sizeof(float);
    const int32_t group = groups(g, a.ld, ROWS * tile, ROWS * tile, 3);
    const size_t bytes = ROWS * tile * (size_t)(group + 1);
    AISLE_TRY(allow_shared(g, dual_short<N>, "dual systems", err));
    dual_short<N>
        <<<(unsigned)(to - from + ROWS - 1) / ROWS, 32 * ROWS, bytes, g.stream>>>(a, from, to, group);
    return launched(g, "dual systems of short rows", false, err);
}

aisle_status solve_long(gpu &g, const als_rows &a, int32_t from, int32_t to, int32_t tiles, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    const size_t tile = (size_t)tiles * TILE_FLOATS * sizeof(float);
    const int32_t group = groups(g, a.ld, tile, long_bytes(tiles), tiles == 2 ? 4 : 2);
    const size_t bytes = long_bytes(tiles) + tile * (size_t)group;
    AISLE_TRY(allow_shared(g, dual_long, "dual systems", err));
    dual_long<<<(unsigned)(to - from), (unsigned)(16 * tiles * (tiles + 1)), bytes, g.stream>>>(a, from,
                                                                                                tiles, group);
    return launched(g, "dual systems", false, err);
}

} // namespace

int32_t aisle::als_dual_longest(const gpu &g, int32_t)
{
    int32_t tiles = 1;
    while (tiles < MOST_TILES && long_bytes(tiles + 1) + (size_t)(tiles + 1) * TILE_FLOATS * sizeof(float) <=
                                     g.properties.sharedMemPerBlockOptin)
        tiles++;
    return TILE * tiles;
}

aisle_status aisle::als_dual(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    /* rows are ordered by length, longest first: those of a size class lie together */
    const auto class_from = [&](int64_t longest) {
        return std::min(to, std::max(from, rows_longer(a.block, longest)));
    };
    for (int32_t tiles = MOST_TILES; tiles > 1; tiles--)
        AISLE_TRY(solve_long(g, a, class_from(TILE * tiles), class_from(TILE * (tiles - 1)), tiles, err));
    AISLE_TRY(solve_short<32>(g, a, class_from(32), class_from(16), err));
    AISLE_TRY(solve_short<16>(g, a, class_from(16), class_from(8), err));
    return solve_short<8>(g, a, class_from(8), to, err);
}
