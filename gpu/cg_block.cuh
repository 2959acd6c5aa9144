/* What the warps of a block share that solve one row together: each has tiles of its own (cg_tile.cuh), all have the
 * same vectors. Not the recurrence (als_cg_staged.cu).
 *
 * Warps are numbered slice by slice of team after team. Products of all teams meet in shared memory, where every
 * warp adds them up in the same order: one barrier a product, and every warp then knows the same. For slices of
 * very wide rows dots and sums meet there too. */
#ifndef AISLE_GPU_CG_BLOCK_CUH
#define AISLE_GPU_CG_BLOCK_CUH

#include "gpu/cg_tile.cuh"

namespace aisle
{

/* ALONE: a warp a row. BLOCK: a block a row, a tile a warp. DEEP: and more tiles of the row in shared memory. */
enum cg_mode { ALONE, BLOCK, DEEP };

/* Own vectors that wait in shared memory while the tile wants the registers: written by team 0. R takes two
 * turns, so that nobody reads what team 0 overwrites. */
enum { X, D, INVERSE, R, KEPT = R + 2 };

/* A tile in shared memory: few enough rows to pass through registers beside the other tile. */
template <class T> using deep_tile = typename T::template of_rows<(T::WIDE <= 4 ? 8 : T::WIDE <= 8 ? 4 : 2)>;

template <class T>
constexpr int32_t deep_floats = (deep_tile<T>::ROWS * T::WIDE + 1) * 32; /* rows, weights */

/* Floats of shared memory without the deep tiles: vectors kept, parts, dots, scalars. */
template <class T> int32_t shared_floats(int32_t teams, int32_t slices)
{
    return slices * (KEPT * T::OWN + teams * (2 * T::OWN + 2) + 2) * 32;
}

/* Held is only what cannot be had from the built-in variables, for want of registers. */
template <class T, cg_mode MODE> struct cg_block {
    float *shared;
    int32_t n_slices;
    int32_t turn, dot_turn; /* which half of parts, of dots is next */
    int32_t n_deep;         /* deep tiles of each warp */

    __device__ int32_t slices() const
    {
        return MODE != ALONE && T::SLICED ? n_slices : 1;
    }
    __device__ int32_t teams() const
    {
        return (int32_t)blockDim.x / 32 / slices();
    }
    __device__ int32_t warp() const
    {
        return (int32_t)threadIdx.x / 32;
    }
    __device__ int32_t slice() const
    {
        return MODE == ALONE ? 0 : warp() % slices();
    }
    __device__ int32_t team() const
    {
        return MODE == ALONE ? 0 : warp() / slices();
    }
    __device__ float *kept(int which) const /* [slices][KEPT][OWN][32]; of warps on their own [warps][...] */
    {
        int32_t of = MODE == ALONE ? warp() : slice();
        return shared + (of * KEPT + which) * T::OWN * 32 + (int32_t)threadIdx.x % 32 * T::VECTOR;
    }
    __device__ float *parts() const /* [2][teams][slices][OWN][32] */
    {
        return shared + slices() * KEPT * T::OWN * 32;
    }
    __device__ float *dots() const /* [2][teams][slices][32] */
    {
        return parts() + 2 * teams() * slices() * T::OWN * 32;
    }
    __device__ float *scalars() const /* [2][slices][32] */
    {
        return dots() + 2 * teams() * slices() * 32;
    }
    __device__ float *deep(int32_t i) const /* [n_deep][warps][deep_floats] */
    {
        return scalars() + 2 * slices() * 32 + (i * ((int32_t)blockDim.x / 32) + warp()) * deep_floats<T>;
    }
};

/* Own vectors as they lie in shared memory: `at` is the lane's place in [OWN][32]. */
template <class T> __device__ void put(float *at, const float (&v)[T::OWN])
{
#pragma unroll
    for (int j = 0; j < T::OWN; j += T::VECTOR) {
        if (T::VECTOR == 4)
            *(float4 *)(at + j * 32) = make_float4(v[j], v[j + 1], v[j + 2], v[j + 3]);
        else
            at[j * 32] = v[j];
    }
}

template <class T> __device__ void get(const float *at, float (&v)[T::OWN])
{
#pragma unroll
    for (int j = 0; j < T::OWN; j += T::VECTOR) {
        if (T::VECTOR == 4) {
            float4 four = *(const float4 *)(at + j * 32);
            v[j] = four.x, v[j + 1] = four.y, v[j + 2] = four.z, v[j + 3] = four.w;
        } else {
            v[j] = at[j * 32];
        }
    }
}

/* The sum over a vector's lanes and slices. Two uses of the same `which` have a barrier of another between
 * them. */
template <class T, cg_mode MODE>
__device__ float across(const cg_block<T, MODE> &m, const lane_place &at, int which, float v)
{
    v = warp_sum(v);
    if (m.slices() == 1) return v;
    float *sum = m.scalars() + which * m.slices() * 32;
    if (m.team() == 0 && at.lane == 0) sum[at.slice * 32] = v;
    __syncthreads();
    v = 0;
    for (int32_t s = 0; s < m.slices(); s++) v += sum[s * 32];
    return v;
}

/* The sum over the slices of each lane's dot. */
template <class T, cg_mode MODE>
__device__ float across_slices(cg_block<T, MODE> &m, const lane_place &at, float dot)
{
    if (m.slices() == 1) return dot;
    float *team = m.dots() + (m.dot_turn * m.teams() + m.team()) * m.slices() * 32 + at.lane;
    m.dot_turn ^= 1; /* a slower warp may still read the other half */
    team[at.slice * 32] = dot;
    __syncthreads();
    dot = 0;
    for (int32_t s = 0; s < m.slices(); s++) dot += team[s * 32];
    return dot;
}

/* The sum over the teams of an own vector. Whoever writes the other half of parts next has passed the barrier
 * here, and before that has read it. */
template <class T, cg_mode MODE>
__device__ void across_teams(cg_block<T, MODE> &m, const lane_place &at, float (&v)[T::OWN])
{
    if (MODE == ALONE) return;
    int32_t step = m.slices() * T::OWN * 32;
    float *first = m.parts() + m.turn * m.teams() * step + at.slice * T::OWN * 32 + at.lane * T::VECTOR;
    m.turn ^= 1;
    put<T>(first + m.team() * step, v);
    __syncthreads();
#pragma unroll
    for (int j = 0; j < T::OWN; j++) v[j] = 0;
#pragma unroll 1 /* for want of registers */
    for (int32_t t = 0; t < m.teams(); t++) {
        float part[T::OWN];
        get<T>(first + t * step, part);
#pragma unroll
        for (int j = 0; j < T::OWN; j++) v[j] += part[j];
    }
}

} // namespace aisle
#endif
