/* Conjugate gradient's inner product with the rows of Y that a row has: some of them held in the registers of a
 * warp. Not the recurrence: als_cg_staged.cu and als_cg_long.cu.
 *
 * A warp holds a tile: ROWS rows of Y for each of GROUPS groups of LANES lanes. A row, or of a very wide one a
 * slice of COLUMNS, lies spread over the lanes of its group, CHUNKS float4 a lane, so that one load of a warp
 * reads GROUPS whole segments of 16 LANES bytes. A vector of f factors takes two forms:
 *   wide  every group has it all, WIDE floats a lane, beside the rows: dots and updates need no exchange
 *   own   every lane of the warp has OWN floats of its own: what x, r and D are kept in
 * Few lanes a row make dots cheap (ROWS dots of a group take ROWS - 1 exchanges, and all groups work at once)
 * and wide vectors large; the shapes below balance the two within 128 registers of rows. */
#ifndef AISLE_GPU_CG_TILE_CUH
#define AISLE_GPU_CG_TILE_CUH

#include "gpu/als.cuh"
#include "gpu/mma.cuh"

namespace aisle
{

/* of als_cg: rows staged once (no longer than cg_staged_longest), and rows of any length, in batches that fit */
aisle_status cg_staged(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err);
aisle_status cg_long(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err);

template <int LANES_, int CHUNKS_, int ROWS_> struct tile {
    enum {
        LANES = LANES_,
        CHUNKS = CHUNKS_,
        ROWS = ROWS_, /* <= LANES */
        GROUPS = 32 / LANES,
        ENTRIES = ROWS * GROUPS,
        WIDE = 4 * CHUNKS,
        OWN = WIDE / GROUPS,
        COLUMNS = 4 * LANES * CHUNKS,
        SHARE = LANES / ROWS, /* neighbouring lanes that end up with the same dot */
        VECTOR = OWN % 4 == 0 ? 4 : 1,
        SLICED = LANES == 32 && CHUNKS >= 3 /* rows may have more columns than one slice */
    };
    template <int N> using of_rows = tile<LANES, CHUNKS, (N > 0 ? N : 1)>;
};

/* Calls work(tile) with the shape for ld. Beyond 512 columns a row is cut into slices, a warp each. */
template <class Work> aisle_status with_tile(int32_t ld, Work work)
{
    if (ld <= 32) return work(tile<8, 1, 8>());
    if (ld <= 64) return work(tile<8, 2, 8>());
    if (ld <= 96) return work(tile<8, 3, 8>());
    if (ld <= 128) return work(tile<16, 2, 16>());
    if (ld <= 192) return work(tile<16, 3, 8>());
    if (ld <= 256) return work(tile<32, 2, 16>());
    if (ld <= 384 || (ld > 512 && ld <= 768)) return work(tile<32, 3, 8>());
    return work(tile<32, 4, 8>());
}

inline int32_t slices_of(int32_t ld, int32_t columns)
{
    return (ld + columns - 1) / columns;
}

/* Where a lane stands. */
struct lane_place {
    int32_t lane, group, inner; /* lane = group * LANES + inner */
    int32_t slice;              /* of the row's columns */
};

template <class T> __device__ lane_place place_of(int32_t slice)
{
    int32_t lane = (int32_t)threadIdx.x % 32;
    return {lane, lane / T::LANES, lane % T::LANES, slice};
}

/* The column of element k of a wide vector; element j of an own one is element group * OWN + j of the wide. */
template <class T> __device__ int32_t column_of(const lane_place &at, int32_t k)
{
    return at.slice * T::COLUMNS + (k / 4 * T::LANES + at.inner) * 4 + k % 4;
}

/* An own vector from memory and back; columns from ld on read as zero and are not written. */
template <class T>
__device__ void load_own(const float *from, int32_t ld, const lane_place &at, float (&v)[T::OWN])
{
#pragma unroll
    for (int j = 0; j < T::OWN; j += T::VECTOR) {
        int32_t column = column_of<T>(at, at.group * T::OWN + j);
        if (T::VECTOR == 4) {
            float4 four = column < ld ? *(const float4 *)(from + column) : make_float4(0, 0, 0, 0);
            v[j] = four.x, v[j + 1] = four.y, v[j + 2] = four.z, v[j + 3] = four.w;
        } else {
            v[j] = column < ld ? from[column] : 0;
        }
    }
}

template <class T>
__device__ void store_own(float *to, int32_t ld, const lane_place &at, const float (&v)[T::OWN])
{
#pragma unroll
    for (int j = 0; j < T::OWN; j += T::VECTOR) {
        int32_t column = column_of<T>(at, at.group * T::OWN + j);
        if (column >= ld) continue;
        if (T::VECTOR == 4)
            *(float4 *)(to + column) = make_float4(v[j], v[j + 1], v[j + 2], v[j + 3]);
        else
            to[column] = v[j];
    }
}

/* Own to wide. */
template <class T>
__device__ void spread(const lane_place &at, const float (&own)[T::OWN], float (&wide)[T::WIDE])
{
#pragma unroll
    for (int k = 0; k < T::WIDE; k++)
        wide[k] =
            T::GROUPS == 1 ? own[k] : __shfl_sync(~0u, own[k % T::OWN], at.inner + k / T::OWN * T::LANES);
}

/* The sum over the groups of their wide vectors, as an own one: each exchange halves what a lane has. */
template <class T> __device__ void fold(const lane_place &at, float (&wide)[T::WIDE], float (&own)[T::OWN])
{
    int n = T::WIDE;
#pragma unroll
    for (int mask = 16; mask >= T::LANES; mask /= 2) {
        n /= 2;
        bool upper = at.lane & mask;
#pragma unroll
        for (int k = 0; k < n; k++) {
            float send = upper ? wide[k] : wide[k + n], keep = upper ? wide[k + n] : wide[k];
            wide[k] = keep + __shfl_xor_sync(~0u, send, mask);
        }
    }
#pragma unroll
    for (int j = 0; j < T::OWN; j++) own[j] = wide[j];
}

__device__ inline float warp_sum(float v)
{
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) v += __shfl_xor_sync(~0u, v, mask);
    return v;
}

template <class T> __device__ float dot_own(const float (&u)[T::OWN], const float (&v)[T::OWN])
{
    float sum = 0;
#pragma unroll
    for (int j = 0; j < T::OWN; j++) sum += u[j] * v[j];
    return sum;
}

template <class T> struct staged_tile {
    float y[T::ROWS][T::WIDE];
    float weight; /* of this lane's dot; 0 past the end, below 0 of a dislike */

    /* Entries first .. end - 1 of the matrix, as many as fit. Row k of group g is entry first + k GROUPS + g. */
    __device__ void gather(const als_rows &a, const lane_place &at, int64_t first, int64_t end)
    {
        int32_t column = entry_of(a, at, first, end, &weight);
#pragma unroll
        for (int k = 0; k < T::ROWS; k++) {
            const float *from = row_of(a, column, k);
            bool valid = first + k * T::GROUPS + at.group < end;
#pragma unroll
            for (int c = 0; c < T::CHUNKS; c++) {
                int32_t at_column = column_of<T>(at, 4 * c);
                float4 four =
                    valid && at_column < a.ld ? *(const float4 *)(from + at_column) : make_float4(0, 0, 0, 0);
                set(k, c, four);
            }
        }
    }

    /* The same, but into shared memory [ROWS][CHUNKS][32][4] and the weights [32]; see copy_async16. */
    __device__ static void copy(const als_rows &a, const lane_place &at, int64_t first, int64_t end,
                                float *to)
    {
        int32_t column = entry_of(a, at, first, end, to + T::ROWS * T::WIDE * 32 + at.lane);
#pragma unroll
        for (int k = 0; k < T::ROWS; k++) {
            const float *from = row_of(a, column, k);
            bool valid = first + k * T::GROUPS + at.group < end;
#pragma unroll
            for (int c = 0; c < T::CHUNKS; c++) {
                int32_t at_column = column_of<T>(at, 4 * c);
                copy_async16(to + ((k * T::CHUNKS + c) * 32 + at.lane) * 4, from + at_column,
                             valid && at_column < a.ld);
            }
        }
    }

    __device__ void load(const float *from, const lane_place &at)
    {
        weight = from[T::ROWS * T::WIDE * 32 + at.lane];
#pragma unroll
        for (int k = 0; k < T::ROWS; k++)
#pragma unroll
            for (int c = 0; c < T::CHUNKS; c++)
                set(k, c, *(const float4 *)(from + ((k * T::CHUNKS + c) * 32 + at.lane) * 4));
    }

    /* The lane's dot, that of row inner / SHARE of its group: a tree of exchanges in which each lane keeps
     * half of the rows, written depth first so that few partial dots are alive at a time. */
    __device__ float dots(const lane_place &at, const float (&v)[T::WIDE]) const
    {
        float sum = subtree<0, T::ROWS>(at, v);
#pragma unroll
        for (int mask = T::SHARE / 2; mask > 0; mask /= 2) sum += __shfl_xor_sync(~0u, sum, mask);
        return sum;
    }

    /* |w| (p - dot) of the lane's entry, p = target, or 0 of a dislike. */
    __device__ float miss(float target, float dot) const
    {
        return weight * (weight > 0 ? target - dot : dot);
    }

    /* out += sum over the rows of (the coefficient that row's lane has) row. */
    __device__ void accumulate(float coefficient, float (&out)[T::WIDE]) const
    {
#pragma unroll
        for (int k = 0; k < T::ROWS; k++) {
            float c = __shfl_sync(~0u, coefficient, k * T::SHARE, T::LANES);
#pragma unroll
            for (int i = 0; i < T::WIDE; i++) out[i] += c * y[k][i];
        }
    }

  private:
    /* Column and weight of the entry whose dot the lane will have. */
    __device__ static int32_t entry_of(const als_rows &a, const lane_place &at, int64_t first, int64_t end,
                                       float *weight_of)
    {
        int64_t mine = first + at.inner / T::SHARE * T::GROUPS + at.group;
        *weight_of = 0;
        if (mine >= end) return 0;
        *weight_of = a.block.val ? a.block.val[mine - a.block.base] : 1.0f;
        return a.block.col[mine - a.block.base];
    }

    __device__ static const float *row_of(const als_rows &a, int32_t column, int k)
    {
        return a.y + (int64_t)__shfl_sync(~0u, column, k * T::SHARE, T::LANES) * a.ld;
    }

    __device__ void set(int k, int c, float4 v)
    {
        y[k][4 * c] = v.x, y[k][4 * c + 1] = v.y, y[k][4 * c + 2] = v.z, y[k][4 * c + 3] = v.w;
    }

    template <int FIRST, int N>
    __device__ __forceinline__ float subtree(const lane_place &at, const float (&v)[T::WIDE]) const
    {
        if constexpr (N == 1) {
            float sum = 0;
#pragma unroll
            for (int i = 0; i < T::WIDE; i++) sum += y[FIRST][i] * v[i];
            return sum;
        } else {
            constexpr int MASK = N / 2 * T::SHARE;
            float low = subtree<FIRST, N / 2>(at, v), high = subtree<FIRST + N / 2, N / 2>(at, v);
            bool upper = at.inner & MASK;
            return (upper ? high : low) + __shfl_xor_sync(~0u, upper ? low : high, MASK);
        }
    }
};

} // namespace aisle
#endif
