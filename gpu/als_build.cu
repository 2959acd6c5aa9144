/* The kernels that build the systems of als_build.cuh: tiles on the diagonal, tiles below it, and the sum of a
 * long row's parts. */
#include "gpu/als_build.cuh"

#include <algorithm>

#include "gpu/syrk.cuh"

namespace
{

using namespace aisle;

/* Blocks of a launch: unit by unit, of `tiles` tiles each. A unit is a system of the batch or a part of one. */
struct launch {
    system_batch b;
    int32_t unit;   /* the first: a system; or a part, numbered as in parts.first */
    int32_t tiles;  /* a unit */
    int32_t widest; /* indices of an operand */
    part_list parts;
    int32_t j, n; /* parts are those of rows j .. j + n - 1 of parts.first; n = 0: units are systems */
};

/* One block's work. */
struct place {
    tile_source source;
    int32_t tile;
    float *a, *b; /* where its unit is built */
};

/* The row, counted from k.j, that has this part. */
__device__ int32_t row_of_part(const launch &k, int32_t part)
{
    int32_t low = 0, high = k.n;
    while (high - low > 1) {
        int32_t middle = (low + high) / 2;
        if (k.parts.first[k.j + middle] <= part)
            low = middle;
        else
            high = middle;
    }
    return low;
}

__device__ place locate(const launch &k)
{
    place p;
    int32_t at = (int32_t)(blockIdx.x / (unsigned)k.tiles), unit = k.unit + at, i = unit, part = 0;
    const csr_block &block = k.b.a.block;
    tile_source &u = p.source;
    p.tile = (int32_t)(blockIdx.x % (unsigned)k.tiles);
    p.a = k.b.s.a + unit * k.b.s.stride;
    p.b = k.b.s.b + unit * k.b.s.b_stride;
    u.part = k.n > 0;
    if (u.part) {
        i = row_of_part(k, unit);
        part = unit - k.parts.first[k.j + i];
        p.a = k.parts.a + at * k.b.s.stride;
        p.b = k.parts.b + at * k.b.s.b_stride;
    }
    int32_t row = block.order[k.b.from + i];
    int64_t n = block.row_ptr[row + 1] - block.row_ptr[row];
    u.begin = block.row_ptr[row] - block.base;
    u.end = u.begin + n;
    u.l = regularisation(k.b.a, n);
    u.order = k.b.dual ? (int32_t)n : k.b.a.f;
    if (u.part) {
        u.begin += (int64_t)part * PART_ENTRIES;
        u.end = u.end - u.begin < PART_ENTRIES ? u.end : u.begin + PART_ENTRIES;
    }
    return p;
}

/* A tile on the diagonal has up to 8 bands. Only the 36 products of a band with itself or an earlier one are
 * wanted: warp w takes the bands w and (last - w), which together have 9 for every w, so that the four warps,
 * one a scheduler, are equally busy. Product q of the upper band is sum[q], of the lower one sum[8 - q]. */
template <bool DUAL>
__device__ __forceinline__ void diagonal_slice(const float *slice, const float *weights, int row, int low,
                                               int high, float (&sum)[9][2][4], float (&rhs)[2][2])
{
    int lane = threadIdx.x % 32;
    float part[9][2][4] = {}, part_rhs[2][4] = {};
    slice += lane_offset<DUAL>(lane, row);
#pragma unroll
    for (int step = 0; step < DEPTH / 8; step++) {
        float2 w = load_weights<DUAL>(weights, lane, step);
        const uint32_t preferred[2] = {__float_as_uint(w.x > 0 ? 1.0f : 0.0f),
                                       __float_as_uint(w.y > 0 ? 1.0f : 0.0f)};
        w = make_float2(fabsf(w.x), fabsf(w.y));
        float v[4];
        fragment a[2], b;
#pragma unroll
        for (int h = 0; h < 2; h++) {
            load_band<DUAL>(slice, row, step, h ? high : low, v);
            scale_band(v, w);
            split(v, a[h]);
            if (!DUAL) {
                mma_tf32(part_rhs[h], a[h].lo, preferred);
                mma_tf32(part_rhs[h], a[h].hi, preferred);
            }
        }
#pragma unroll
        for (int q = 0; q < BANDS; q++)
            if (q <= high) {
                load_band<DUAL>(slice, row, step, q, v);
                split(v, b);
                if (q < BANDS / 2 && q <= low)
                    multiply_both(part[q], part[8 - q], a[1], a[0], b, b);
                else
                    multiply(part[q], a[1], b);
            }
    }
#pragma unroll
    for (int i = 0; i < 72; i++) sum[i / 8][i / 4 % 2][i % 4] += part[i / 8][i / 4 % 2][i % 4];
#pragma unroll
    for (int i = 0; i < 4; i++) rhs[i / 2][i % 2] += part_rhs[i / 2][i % 2 * 2];
}

template <bool DUAL, int STAGES> __global__ void __launch_bounds__(TILE, 2) diagonal_tiles(const launch k)
{
    extern __shared__ __align__(16) unsigned char shared[];
    place p = locate(k);
    if (p.tile * TILE >= p.source.order) return;
    tile_feed<DUAL, 1, STAGES> feed(k.b.a, p.source, shared, k.widest);
    int32_t at = p.tile * TILE;
    feed.at[0] = at;
    feed.start();
    int low = threadIdx.x / 32, high = feed.width[0] / BAND - 1 - low, lane = threadIdx.x % 32;
    float sum[9][2][4] = {}, rhs[2][2] = {};
    for (int32_t s = 0; s < feed.n_slices; s++) {
        feed.advance(s);
        if (low < high)
            diagonal_slice<DUAL>(feed.slice(s, 0), feed.weights(s), feed.row, low, high, sum, rhs);
    }
    if (DUAL && (int)threadIdx.x < feed.width[0])
        p.b[at + threadIdx.x] = feed.preferred(at + (int32_t)threadIdx.x) ? feed.scale[threadIdx.x] : 0;
    if (low >= high) return;
    float one = p.source.part ? 0 : 1;
#pragma unroll
    for (int q = 0; q < BANDS; q++) {
        int32_t column = q * BAND;
        if (q <= high)
            store_bands(p.a, k.b.s.ld, at + high * BAND, at + column, feed.scale + high * BAND,
                        feed.scale + column, one, sum[q]);
        if (q <= low)
            store_bands(p.a, k.b.s.ld, at + low * BAND, at + column, feed.scale + low * BAND,
                        feed.scale + column, one, sum[8 - q]);
    }
    if (!DUAL && lane % 4 == 0) /* all columns of the product with the preferences are equal */
        for (int i = 0; i < 4; i++) {
            int32_t index = (i / 2 ? high : low) * BAND + lane / 4 * 2 + i % 2;
            p.b[at + index] = rhs[i / 2][i % 2] * feed.scale[index];
        }
}

/* A tile below the diagonal: 8 warps of 64 x 32, in two rows of four. */
template <bool DUAL>
__device__ __forceinline__ void square_slice(const float *rows, const float *columns, const float *weights,
                                             int row, float (&sum)[4][2][2][4])
{
    int lane = threadIdx.x % 32, first_row = threadIdx.x / 128 * 4, first_column = threadIdx.x / 32 % 4 * 2;
    float part[4][2][2][4] = {};
    rows += lane_offset<DUAL>(lane, row);
    columns += lane_offset<DUAL>(lane, row);
#pragma unroll
    for (int step = 0; step < DEPTH / 8; step++) {
        float2 w = load_weights<DUAL>(weights, lane, step);
        w = make_float2(fabsf(w.x), fabsf(w.y));
        float v[4];
        fragment a, b[2];
#pragma unroll
        for (int q = 0; q < 2; q++) {
            load_band<DUAL>(columns, row, step, first_column + q, v);
            split(v, b[q]);
        }
#pragma unroll
        for (int t = 0; t < 4; t++) {
            load_band<DUAL>(rows, row, step, first_row + t, v);
            scale_band(v, w);
            split(v, a);
            multiply_both(part[t][0], part[t][1], a, a, b[0], b[1]);
        }
    }
#pragma unroll
    for (int i = 0; i < 64; i++)
        sum[i / 16][i / 8 % 2][i / 4 % 2][i % 4] += part[i / 16][i / 8 % 2][i / 4 % 2][i % 4];
}

template <bool DUAL, int STAGES> __global__ void __launch_bounds__(256, 1) square_tiles(const launch k)
{
    extern __shared__ __align__(16) unsigned char shared[];
    place p = locate(k);
    int32_t i = 1, j = p.tile; /* tile (i, j), j < i, row by row */
    while (j >= i) j -= i++;
    if (i * TILE >= p.source.order) return;
    tile_feed<DUAL, 2, STAGES> feed(k.b.a, p.source, shared, TILE);
    feed.at[0] = i * TILE;
    feed.at[1] = j * TILE;
    feed.start();
    int first_row = threadIdx.x / 128 * 64, first_column = threadIdx.x / 32 % 4 * 32;
    bool busy = first_row < feed.width[0];
    float sum[4][2][2][4] = {};
    for (int32_t s = 0; s < feed.n_slices; s++) {
        feed.advance(s);
        if (busy)
            square_slice<DUAL>(feed.slice(s, 0), feed.slice(s, 1), feed.weights(s),
                               DUAL ? DUAL_ROW : TILE + PRIMAL_PAD, sum);
    }
#pragma unroll
    for (int t = 0; t < 4; t++)
#pragma unroll
        for (int q = 0; q < 2; q++) {
            int row = first_row + t * BAND, column = first_column + q * BAND;
            if (row < feed.width[0])
                store_bands(p.a, k.b.s.ld, feed.at[0] + row, feed.at[1] + column, feed.scale + row,
                            feed.scale + TILE + column, 0, sum[t][q]);
        }
}

/* Adds the parts k.unit .. k.unit + n - 1 to the systems that they are of, from the first `system` on; eight
 * rows of a system a block, a row a warp. The first part of a system starts it, the last one completes it. */
__global__ void add_parts(const launch k, int32_t n, int32_t system, int32_t blocks)
{
    const systems &s = k.b.s;
    const als_rows &a = k.b.a;
    int32_t i = system + (int32_t)blockIdx.x / blocks, lane = threadIdx.x % 32,
            r = (int32_t)blockIdx.x % blocks * 8 + (int32_t)threadIdx.x / 32, begin = k.parts.first[k.j + i],
            end = k.parts.first[k.j + i + 1];
    bool starts = begin >= k.unit, completes = end <= k.unit + n;
    int32_t row = a.block.order[k.b.from + i];
    if (r >= a.f) return;
    float l = regularisation(a, a.block.row_ptr[row + 1] - a.block.row_ptr[row]),
          scale = completes ? root_scale(a, l, r) : 1;
    int64_t first = starts ? begin - k.unit : 0, last = (completes ? end : k.unit + n) - k.unit;
    for (int32_t c = lane * 4; c <= r; c += 128) {
        float4 *to = (float4 *)(s.a + i * s.stride + (int64_t)r * s.ld + c),
               v = starts ? make_float4(0, 0, 0, 0) : *to;
        for (int64_t p = first; p < last; p++) {
            float4 w = *(const float4 *)(k.parts.a + p * s.stride + (int64_t)r * s.ld + c);
            v = make_float4(v.x + w.x, v.y + w.y, v.z + w.z, v.w + w.w);
        }
        if (completes) {
            v.x = v.x * scale * root_scale(a, l, c) + (c == r);
            v.y = v.y * scale * root_scale(a, l, c + 1) + (c + 1 == r);
            v.z = v.z * scale * root_scale(a, l, c + 2) + (c + 2 == r);
            v.w = v.w * scale * root_scale(a, l, c + 3) + (c + 3 == r);
        }
        *to = v;
    }
    if (lane > 0) return;
    float *to = s.b + i * s.b_stride + r, sum = starts ? 0 : *to;
    for (int64_t p = first; p < last; p++) sum += k.parts.b[p * s.b_stride + r];
    *to = sum * scale;
}

typedef void (*tile_kernel)(launch);

aisle_status build_tiles(gpu &g, const launch &k, tile_kernel kernel, unsigned threads, size_t shared,
                         int64_t units, aisle_error *err)
{
    AISLE_TRY(allow_shared(g, kernel, "build the systems", err));
    kernel<<<(unsigned)(units * k.tiles), threads, shared, g.stream>>>(k);
    return launched(g, "build the systems", false, err);
}

/* All tiles of n units. */
template <bool DUAL, int STAGES> aisle_status build_units(gpu &g, launch k, int32_t n, aisle_error *err)
{
    int32_t side = (k.b.s.max_order + TILE - 1) / TILE;
    k.widest = std::min(k.b.s.ld, (int32_t)TILE);
    k.tiles = side;
    AISLE_TRY(build_tiles(g, k, diagonal_tiles<DUAL, STAGES>, (unsigned)k.widest,
                          tile_shared(DUAL, 1, k.widest, STAGES), n, err));
    k.tiles = side * (side - 1) / 2;
    if (k.tiles == 0) return AISLE_OK;
    return build_tiles(g, k, square_tiles<DUAL, STAGES>, 256, tile_shared(DUAL, 2, TILE, STAGES), n, err);
}

aisle_status build_units(gpu &g, const launch &k, int32_t n, aisle_error *err)
{
    if (g.properties.sharedMemPerBlockOptin >= tile_shared(k.b.dual, 2, TILE, 3))
        return k.b.dual ? build_units<true, 3>(g, k, n, err) : build_units<false, 3>(g, k, n, err);
    return k.b.dual ? build_units<true, 2>(g, k, n, err) : build_units<false, 2>(g, k, n, err);
}

} // namespace

aisle_status aisle::build_systems(gpu &g, const system_batch &b, int32_t from, int32_t to, aisle_error *err)
{
    return from < to ? build_units(g, {b, from, 0, 0, {}, 0, 0}, to - from, err) : AISLE_OK;
}

aisle_status aisle::build_systems_in_parts(gpu &g, const system_batch &b, const part_list &parts, int32_t j,
                                           int32_t n, aisle_error *err)
{
    const int32_t *first = parts.h_first + j;
    int32_t blocks = (b.a.f + 7) / 8;
    for (int32_t from = n ? first[0] : 0; n && from < first[n]; from += parts.n) {
        int32_t count = std::min(parts.n, first[n] - from);
        int32_t system = (int32_t)(std::upper_bound(first, first + n, from) - first) - 1,
                end = (int32_t)(std::lower_bound(first, first + n, from + count) - first);
        launch k = {b, from, 0, 0, parts, j, n};
        AISLE_TRY(build_units(g, k, count, err));
        add_parts<<<(unsigned)(end - system) * (unsigned)blocks, 256, 0, g.stream>>>(k, count, system,
                                                                                     blocks);
        AISLE_TRY(launched(g, "add the parts of systems", false, err));
    }
    return AISLE_OK;
}
