/* Sums of scaled outer products, sum_e p_e Y_e' Y_e, in tiles by tensor cores at f32 accuracy: staging of
 * operands in shared memory, fragments and their split, products. No kernels (als_build.cu).
 *
 * A product of f32 numbers is the sum of three of their tf32 halves, hi lo + lo hi + hi hi; the fourth and what
 * the halves leave over are below 2^-21 of it. Tensor cores truncate their sums, so a slice of DEPTH terms is
 * summed by them from zero and then added, rounded, to f32 sums in registers: 12 truncated additions at most. */
#ifndef AISLE_GPU_SYRK_CUH
#define AISLE_GPU_SYRK_CUH

#include "gpu/als_build.cuh"
#include "gpu/mma.cuh"

namespace aisle
{

enum {
    TILE = 128, /* indices of an operand at most; always a multiple of 32 are staged */
    DEPTH = 32, /* terms of a slice */
    RING = 4,   /* slices whose weights and columns are known */
    BAND = 16,  /* indices of a fragment */
    BANDS = TILE / BAND,
    DUAL_ROW = 36,  /* floats between rows of a dual slice */
    PRIMAL_PAD = 8, /* floats after a row of a primal slice */
};

/* Staged rows of a slice: a primal one has DEPTH rows (entries) of `width` floats, a dual one `width` rows
 * (entries) of DEPTH floats. A thread reads two neighbours at once, and the 16 lanes of a phase, group g = 0..3
 * or 4..7 and t = 0..3 within it, must meet 32 different banks.
 *   primal: bank (t row + 2 g) mod 32, row = width + 8 = 8 mod 32: 8 t + 2 g
 *   dual:   bank (2 g row + 2 t) mod 32, row = 36:                 8 g + 2 t */
__host__ __device__ inline int32_t operand_floats(bool dual, int32_t width)
{
    return dual ? width * DUAL_ROW : DEPTH * (width + PRIMAL_PAD);
}

/* Shared memory of a block with this many operands of this width: slices, then the ring of weights, columns and
 * the scales. */
inline size_t tile_shared(bool dual, int operands, int32_t width, int stages)
{
    return sizeof(float) * (size_t)(stages * operands * operand_floats(dual, width) + RING * DEPTH +
                                    (dual ? operands * TILE : RING * DEPTH) + operands * TILE);
}

/* What one block sums: entries begin .. end - 1 of a row (as stored), for a tile of its system. */
struct tile_source {
    int64_t begin, end;
    float l;       /* l_u of the row, however many parts it has */
    int32_t order; /* of the system */
    bool part;     /* only a part: neither scaled nor complete */
};

/* Brings the operands of a tile into shared memory, slice by slice; STAGES of them at once, one in use and the
 * others under way: three, or two on GPUs with little shared memory. */
template <bool DUAL, int OPERANDS, int STAGES> struct tile_feed {
    const float *y, *lambda, *val;
    const int32_t *entry_col;
    int32_t ld;
    tile_source u;
    int32_t at[OPERANDS], width[OPERANDS]; /* the operand's indices */
    int32_t n_slices;
    float *slices, *weight, *scale; /* weight[slice % RING * DEPTH + term], scale[operand * TILE + index] */
    int32_t *col;      /* of the terms (primal, by slice as weight) or indices (dual, as scale) */
    int32_t row, room; /* floats of a row and of an operand's slice */
    int32_t next_col;  /* of the slice to be posted next, still on their way from memory */
    float next_weight;

    __device__ tile_feed(const als_rows &a, const tile_source &source, unsigned char *shared, int32_t widest)
        : y(a.y), lambda(a.lambda), val(a.block.val), entry_col(a.block.col), ld(a.ld), u(source),
          row(DUAL ? DUAL_ROW : widest + PRIMAL_PAD), room(operand_floats(DUAL, widest)), next_col(0),
          next_weight(0)
    {
        slices = (float *)shared;
        weight = slices + STAGES * OPERANDS * room;
        scale = weight + RING * DEPTH;
        col = (int32_t *)(scale + OPERANDS * TILE);
        n_slices = DUAL ? ld / DEPTH : (int32_t)((u.end - u.begin + DEPTH - 1) / DEPTH);
    }

    /* With these operands, at[] a multiple of TILE. */
    __device__ void start()
    {
#pragma unroll
        for (int o = 0; o < OPERANDS; o++) {
            int32_t left = (u.order - at[o] + 31) / 32 * 32;
            width[o] = left < TILE ? left : TILE;
            for (int i = threadIdx.x; i < TILE; i += blockDim.x) {
                int32_t index = at[o] + i;
                bool inside = index < u.order;
                if (DUAL) col[o * TILE + i] = inside ? entry_col[u.begin + index] : 0;
                scale[o * TILE + i] = u.part    ? 1
                                      : !inside ? 0
                                      : DUAL    ? sqrtf(fabsf(entry_weight(u.begin + index)))
                                                : 1 / sqrtf(lambda[index] + u.l);
            }
        }
#pragma unroll
        for (int k = 0; k < STAGES; k++) {
            fetch(k);
            post(k);
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < STAGES - 1; k++) copy(k);
        fetch(STAGES);
    }

    /* Slice k is there for all, and what slice k - 1 lay in may be filled. */
    __device__ void advance(int32_t k)
    {
        copy_async_wait<STAGES - 2>();
        __syncthreads();
        copy(k + STAGES - 1);
        post(k + STAGES);
        fetch(k + STAGES + 1);
    }

    __device__ const float *slice(int32_t k, int operand) const
    {
        return slices + (k % STAGES * OPERANDS + operand) * room;
    }

    __device__ const float *weights(int32_t k) const
    {
        return weight + k % RING * DEPTH;
    }

    /* Dual: whether that index of the system is no dislike. */
    __device__ bool preferred(int32_t index) const
    {
        return index >= u.order || entry_weight(u.begin + index) > 0;
    }

  private:
    __device__ float entry_weight(int64_t e) const
    {
        return val ? val[e] : 1.0f;
    }

    __device__ void fetch(int32_t k)
    {
        if (threadIdx.x >= DEPTH) return;
        int32_t term = k * DEPTH + (int32_t)threadIdx.x;
        if (DUAL) {
            next_weight = k < n_slices ? 1 / (lambda[term] + u.l) : 0;
        } else {
            bool inside = term < u.end - u.begin;
            next_col = inside ? entry_col[u.begin + term] : 0;
            next_weight = inside ? entry_weight(u.begin + term) : 0;
        }
    }

    __device__ void post(int32_t k)
    {
        if (threadIdx.x >= DEPTH) return;
        int32_t i = k % RING * DEPTH + (int32_t)threadIdx.x;
        weight[i] = next_weight;
        if (!DUAL) col[i] = next_col;
    }

    /* One group of copies a slice, an empty one past the end. What lies outside becomes zero. */
    __device__ void copy(int32_t k)
    {
        if (k < n_slices && DUAL) copy_dual(k);
        if (k < n_slices && !DUAL) copy_primal(k);
        copy_async_commit();
    }

    __device__ void copy_primal(int32_t k)
    {
        float *to = slices + k % STAGES * OPERANDS * room;
        const int32_t *slice_col = col + k % RING * DEPTH;
        int32_t left = (int32_t)(u.end - u.begin) - k * DEPTH, lanes = OPERANDS > 1 || width[0] > 64 ? 5
                                                                       : width[0] > 32
                                                                           ? 4
                                                                           : 3; /* of a row, as log2 */
        for (int i = threadIdx.x; i < DEPTH << lanes; i += blockDim.x) {
            int r = i >> lanes, c = (i & ((1 << lanes) - 1)) * 4;
            const float *from = y + (int64_t)slice_col[r] * ld + c;
#pragma unroll
            for (int o = 0; o < OPERANDS; o++)
                if (c < width[o]) copy_async16(to + o * room + r * row + c, from + at[o], r < left);
        }
    }

    __device__ void copy_dual(int32_t k)
    {
        float *to = slices + k % STAGES * OPERANDS * room;
#pragma unroll
        for (int o = 0; o < OPERANDS; o++)
            for (int i = threadIdx.x; i < width[o] * (DEPTH / 4); i += blockDim.x) {
                int r = i / (DEPTH / 4), c = i % (DEPTH / 4) * 4;
                copy_async16(to + o * room + r * DUAL_ROW + c,
                             y + (int64_t)col[o * TILE + r] * ld + k * DEPTH + c, at[o] + r < u.order);
            }
    }
};

/* A band of 16 indices at 8 terms, one fragment of either side. Lane 4 g + t has the indices 2 g and 2 g + 1 at
 * two terms: v[0], v[1] at the first, v[2], v[3] at the second. As rows: index 2 g is fragment row g, 2 g + 1 is
 * row g + 8. As columns: the even indices are those of one product 8 wide, the odd ones of another; so a lane
 * ends up with four neighbours of a row of the result. */
struct fragment {
    uint32_t hi[4], lo[4];
};

/* What lane adds to the address of a slice. */
template <bool DUAL> __device__ __forceinline__ int lane_offset(int lane, int row)
{
    int g = lane / 4, t = lane % 4;
    return DUAL ? 2 * g * row + 2 * t : t * row + 2 * g;
}

template <bool DUAL>
__device__ __forceinline__ void load_band(const float *lane_slice, int row, int step, int band, float (&v)[4])
{
    const float *p = lane_slice + (DUAL ? band * BAND * row + 8 * step : 8 * step * row + band * BAND);
    float2 first = *(const float2 *)p, second = *(const float2 *)(p + (DUAL ? row : 4 * row));
    v[0] = first.x;
    v[1] = DUAL ? second.x : first.y;
    v[2] = DUAL ? first.y : second.x;
    v[3] = second.y;
}

/* The weights of this lane's two terms, below 0 of dislikes. */
template <bool DUAL> __device__ __forceinline__ float2 load_weights(const float *weights, int lane, int step)
{
    const float *p = weights + 8 * step + (DUAL ? 2 : 1) * (lane % 4);
    return make_float2(p[0], p[DUAL ? 1 : 4]);
}

/* lo keeps bits that the product will not read; leaving them costs no more than rounding them away: lo has at
 * most one bit too many. */
__device__ __forceinline__ void split(const float (&v)[4], fragment &f)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        f.hi[i] = to_tf32(v[i]);
        f.lo[i] = __float_as_uint(v[i] - __uint_as_float(f.hi[i]));
    }
}

__device__ __forceinline__ void scale_band(float (&v)[4], float2 w)
{
    v[0] *= w.x;
    v[1] *= w.x;
    v[2] *= w.y;
    v[3] *= w.y;
}

/* d += the 16 x 16 product of two bands, small terms first. d[j] has the columns of parity j. */
__device__ __forceinline__ void multiply(float (&d)[2][4], const fragment &a, const fragment &b)
{
    const uint32_t hi[2][2] = {{b.hi[0], b.hi[2]}, {b.hi[1], b.hi[3]}},
                   lo[2][2] = {{b.lo[0], b.lo[2]}, {b.lo[1], b.lo[3]}};
#pragma unroll
    for (int j = 0; j < 2; j++) mma_tf32(d[j], a.hi, lo[j]);
#pragma unroll
    for (int j = 0; j < 2; j++) mma_tf32(d[j], a.lo, hi[j]);
#pragma unroll
    for (int j = 0; j < 2; j++) mma_tf32(d[j], a.hi, hi[j]);
}

/* Two such products of one `a` or one `b`: the four sums take turns, as each waits for its last term. */
__device__ __forceinline__ void multiply_both(float (&d)[2][4], float (&e)[2][4], const fragment &a_d,
                                              const fragment &a_e, const fragment &b_d, const fragment &b_e)
{
    const uint32_t d_hi[2][2] = {{b_d.hi[0], b_d.hi[2]}, {b_d.hi[1], b_d.hi[3]}},
                   d_lo[2][2] = {{b_d.lo[0], b_d.lo[2]}, {b_d.lo[1], b_d.lo[3]}},
                   e_hi[2][2] = {{b_e.hi[0], b_e.hi[2]}, {b_e.hi[1], b_e.hi[3]}},
                   e_lo[2][2] = {{b_e.lo[0], b_e.lo[2]}, {b_e.lo[1], b_e.lo[3]}};
#pragma unroll
    for (int j = 0; j < 2; j++) mma_tf32(d[j], a_d.hi, d_lo[j]), mma_tf32(e[j], a_e.hi, e_lo[j]);
#pragma unroll
    for (int j = 0; j < 2; j++) mma_tf32(d[j], a_d.lo, d_hi[j]), mma_tf32(e[j], a_e.lo, e_hi[j]);
#pragma unroll
    for (int j = 0; j < 2; j++) mma_tf32(d[j], a_d.hi, d_hi[j]), mma_tf32(e[j], a_e.hi, e_hi[j]);
}

/* Writes this lane's part of a 16 x 16 result whose first row and column are given: scaled by the 16 row and 16
 * column scales, plus `one` on the diagonal of the system. */
__device__ __forceinline__ void store_bands(float *system, int32_t ld, int32_t row, int32_t column,
                                            const float *row_scale, const float *column_scale, float one,
                                            const float (&d)[2][4])
{
    int lane = threadIdx.x % 32, r = lane / 4 * 2, c = lane % 4 * 4;
    float4 s = *(const float4 *)(column_scale + c);
#pragma unroll
    for (int h = 0; h < 2; h++) {
        float q = row_scale[r + h];
        int32_t diagonal = row + r + h - column - c;
        float4 v = make_float4(d[0][2 * h] * q * s.x, d[1][2 * h] * q * s.y, d[0][2 * h + 1] * q * s.z,
                               d[1][2 * h + 1] * q * s.w);
        v.x += diagonal == 0 ? one : 0;
        v.y += diagonal == 1 ? one : 0;
        v.z += diagonal == 2 ? one : 0;
        v.w += diagonal == 3 ? one : 0;
        *(float4 *)(system + (int64_t)(row + r + h) * ld + column + c) = v;
    }
}

} // namespace aisle
#endif
