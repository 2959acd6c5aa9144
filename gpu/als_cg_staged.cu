/* Conjugate gradient for rows whose part of Y fits in the registers of one block: it is read once and serves all
 * steps. Longer rows are als_cg_long.cu's.
 *
 * The floor is therefore one gather, n_entries * ld * 4 bytes a half-step. A row of at most one tile is a warp's,
 * which never waits for another; a longer one is a block's, each of whose warps keeps one tile and a copy of the
 * recurrence's vectors: the products of all warps meet in shared memory, where every warp adds them up in the same
 * order, so that one barrier a step is enough. Only rows of more than 512 columns, cut into slices, need more:
 * their dots and sums meet there too. How many warps a row gets depends on its length alone, and so do its
 * bytes. */
#include <algorithm>
#include <cmath>

#include "gpu/cg_tile.cuh"

namespace
{

using namespace aisle;

enum { LONE_WARPS = 4 };

/* Warps of the largest block: as many as the register file has room for. */
template <class T> constexpr int most_warps()
{
    constexpr int registers = T::ROWS * T::WIDE; /* a lane's, of rows */
    return registers <= 32                                   ? 24
           : registers <= 64                                 ? 16
           : registers <= 96 && !T::SLICED || T::LANES == 16 ? 12
                                                             : 8;
}

/* The next smaller block: halves, but for six warps, since three blocks of four fill what two of six do. */
inline int32_t fewer_teams(int32_t teams)
{
    return teams == 6 ? 4 : teams / 2;
}

/* What the warps of a block share, and where this one stands. A warp on its own uses none of it. What can be had
 * from the built-in variables is not held, for want of registers. */
template <class T> struct block_place {
    float *parts; /* [2][teams][slices][OWN][32]: products, alternating; then dots and scalars */
    int32_t turn; /* which half of parts is next */
    int32_t n_slices;

    __device__ int32_t slices() const
    {
        return T::SLICED ? n_slices : 1;
    }
    __device__ int32_t teams() const
    {
        return (int32_t)blockDim.x / 32 / slices();
    }
    __device__ int32_t team() const
    {
        return (int32_t)threadIdx.x / 32 / slices();
    }
    __device__ float *dots() const /* [teams][slices][32] */
    {
        return parts + 2 * teams() * slices() * T::OWN * 32;
    }
    __device__ float *scalars() const /* [2][slices] */
    {
        return dots() + teams() * slices() * 32;
    }
};

/* The sum over a vector's lanes and slices. Two uses of the same `which` have a barrier of another between
 * them. */
template <class T, bool ALONE>
__device__ float across(const block_place<T> &m, const lane_place &at, int which, float v)
{
    v = warp_sum(v);
    if (ALONE || !T::SLICED || m.slices() == 1) return v;
    float *sum = m.scalars() + which * m.slices();
    if (m.team() == 0 && at.lane == 0) sum[at.slice] = v;
    __syncthreads();
    v = 0;
    for (int32_t s = 0; s < m.slices(); s++) v += sum[s];
    return v;
}

/* The sum over the slices of each lane's dot. */
template <class T> __device__ float across_slices(const block_place<T> &m, const lane_place &at, float dot)
{
    float *own = m.dots() + m.team() * m.slices() * 32 + at.lane;
    own[at.slice * 32] = dot;
    __syncthreads();
    dot = 0;
    for (int32_t s = 0; s < m.slices(); s++) dot += own[s * 32];
    return dot;
}

/* The sum over the teams of an own vector. The other half of parts is free: whoever writes it has passed the
 * barrier here, and before that read it. */
template <class T> __device__ void across_teams(block_place<T> &m, const lane_place &at, float (&v)[T::OWN])
{
    int32_t step = m.slices() * T::OWN * 32;
    float *part = m.parts + m.turn * m.teams() * step + at.slice * T::OWN * 32 + at.lane * T::VECTOR;
    m.turn ^= 1;
#pragma unroll
    for (int j = 0; j < T::OWN; j += T::VECTOR) {
        float *to = part + m.team() * step + j * 32;
        if (T::VECTOR == 4)
            *(float4 *)to = make_float4(v[j], v[j + 1], v[j + 2], v[j + 3]);
        else
            *to = v[j];
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < T::OWN; j++) v[j] = 0;
#pragma unroll 1 /* for want of registers */
    for (int32_t t = 0; t < m.teams(); t++)
#pragma unroll
        for (int j = 0; j < T::OWN; j += T::VECTOR) {
            const float *from = part + t * step + j * 32;
            if (T::VECTOR == 4) {
                float4 four = *(const float4 *)from;
                v[j] += four.x, v[j + 1] += four.y, v[j + 2] += four.z, v[j + 3] += four.w;
            } else {
                v[j] += *from;
            }
        }
}

/* out = B'W (target - B v), the same in all teams. */
template <class T, bool ALONE>
__device__ void product(const staged_tile<T> &rows, block_place<T> &m, const lane_place &at, float target,
                        const float (&v)[T::OWN], float (&out)[T::OWN])
{
    float wide[T::WIDE];
    spread<T>(at, v, wide);
    float dot = rows.dots(at, wide);
    if (!ALONE && T::SLICED && m.slices() > 1) dot = across_slices(m, at, dot);
#pragma unroll
    for (int k = 0; k < T::WIDE; k++) wide[k] = 0;
    rows.accumulate(rows.weight * (target - dot), wide);
    fold<T>(at, wide, out);
    if (!ALONE) across_teams<T>(m, at, out);
}

/* What a lane puts away in shared memory while it multiplies, because the tile wants the registers: own vectors
 * X, R, D and 1 / D. Nobody else reads it. */
enum { X, R, D, INVERSE, KEPT };

template <class T> __device__ void keep(float *kept, int which, const float (&v)[T::OWN])
{
#pragma unroll
    for (int j = 0; j < T::OWN; j += T::VECTOR) {
        float *to = kept + (which * T::OWN + j) * 32;
        if (T::VECTOR == 4)
            *(float4 *)to = make_float4(v[j], v[j + 1], v[j + 2], v[j + 3]);
        else
            *to = v[j];
    }
}

template <class T> __device__ void recall(const float *kept, int which, float (&v)[T::OWN])
{
#pragma unroll
    for (int j = 0; j < T::OWN; j += T::VECTOR) {
        const float *from = kept + (which * T::OWN + j) * 32;
        if (T::VECTOR == 4) {
            float4 four = *(const float4 *)from;
            v[j] = four.x, v[j + 1] = four.y, v[j + 2] = four.z, v[j + 3] = four.w;
        } else {
            v[j] = *from;
        }
    }
}

/* r = B'w - A x, p = r / D; keeps all vectors but p. Returns r.p. */
template <class T, bool ALONE>
__device__ float begin_at(const als_rows &a, const staged_tile<T> &rows, block_place<T> &m,
                          const lane_place &at, const float *from_x, float l, float *kept, float (&p)[T::OWN])
{
    float x[T::OWN], r[T::OWN], d[T::OWN], inverse[T::OWN], rz = 0;
    load_own<T>(from_x, a.ld, at, x);
    product<T, ALONE>(rows, m, at, 1, x, r);
    load_own<T>(a.lambda, a.ld, at, d);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) {
        d[j] += l;
        r[j] -= d[j] * x[j];
        inverse[j] = 1 / d[j];
        p[j] = inverse[j] * r[j];
        rz += r[j] * p[j];
    }
    keep<T>(kept, X, x);
    keep<T>(kept, R, r);
    keep<T>(kept, D, d);
    keep<T>(kept, INVERSE, inverse);
    return across<T, ALONE>(m, at, 0, rz);
}

/* One step (Golub and Van Loan 2013, alg. 11.5.1, with M = D): q = -A p. Returns r.z after it, or 0 when the
 * residual has reached rounding, or what is not finite. */
template <class T, bool ALONE>
__device__ float advance(const staged_tile<T> &rows, block_place<T> &m, const lane_place &at, float rz,
                         float *kept, float (&p)[T::OWN])
{
    float q[T::OWN], v[T::OWN], next = 0;
    product<T, ALONE>(rows, m, at, 0, p, q);
    recall<T>(kept, D, v);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) q[j] -= v[j] * p[j];
    float pq = -across<T, ALONE>(m, at, 1, dot_own<T>(p, q));
    if (!(pq > 0)) return std::isfinite(pq) ? 0 : pq;
    float alpha = rz / pq;
    recall<T>(kept, X, v);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) v[j] += alpha * p[j];
    keep<T>(kept, X, v);
    recall<T>(kept, R, v);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) v[j] += alpha * q[j];
    keep<T>(kept, R, v);
    recall<T>(kept, INVERSE, q);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) next += v[j] * v[j] * q[j];
    next = across<T, ALONE>(m, at, 0, next);
    float beta = next / rz;
#pragma unroll
    for (int j = 0; j < T::OWN; j++) p[j] = q[j] * v[j] + beta * p[j];
    return next;
}

/* ALONE: a warp a row. Otherwise a block a row, warp by warp slice after slice of team after team. Dynamic shared
 * memory: what each warp keeps, then what the block shares. */
template <class T, bool ALONE>
__global__ void __launch_bounds__(ALONE ? LONE_WARPS * 32 : most_warps<T>() * 32,
                                  T::LANES == 16 && ALONE ? 3 : 1)
    cg_staged_rows(const als_rows a, int32_t from, int32_t to, int32_t slices)
{
    extern __shared__ __align__(16) unsigned char shared[];
    int32_t warp = (int32_t)threadIdx.x / 32, kept_floats = KEPT * T::OWN * 32;
    int32_t i = ALONE ? from + (int32_t)blockIdx.x * LONE_WARPS + warp : from + (int32_t)blockIdx.x;
    if (i >= to) return;
    if (!T::SLICED) slices = 1;
    lane_place at = place_of<T>(ALONE ? 0 : warp % slices);
    float *kept = (float *)shared + warp * kept_floats + at.lane * T::VECTOR;
    block_place<T> m = {(float *)shared + (int32_t)blockDim.x / 32 * kept_floats, 0, slices};
    int32_t row = a.block.order[i];
    int64_t begin = a.block.row_ptr[row], end = a.block.row_ptr[row + 1];
    staged_tile<T> rows;
    rows.gather(a, at, begin + (ALONE ? 0 : m.team() * T::ENTRIES), end);
    float p[T::OWN], x[T::OWN], l = regularisation(a, end - begin);
    float rz = begin_at<T, ALONE>(a, rows, m, at, a.x + (int64_t)row * a.ld, l, kept, p);
    for (int32_t step = 0; step < a.steps && rz > 0; step++) rz = advance<T, ALONE>(rows, m, at, rz, kept, p);
    bool whole = std::isfinite(rz);
    recall<T>(kept, X, x);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) whole = whole && std::isfinite(x[j]);
    if (ALONE || m.team() == 0) store_own<T>(a.x + (int64_t)row * a.ld, a.ld, at, x);
    if (!whole) atomicMin(a.bad, a.block.first + row);
}

template <class T> size_t block_bytes(int32_t teams, int32_t slices)
{
    return sizeof(float) * (size_t)slices * (size_t)((KEPT + 2) * T::OWN * 32 * teams + 32 * teams + 2);
}

/* A warp a row; from .. to have at most T::ENTRIES entries and T::COLUMNS columns. */
template <class T>
aisle_status by_warps(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    unsigned blocks = (unsigned)((to - from - 1) / LONE_WARPS + 1);
    size_t shared = sizeof(float) * LONE_WARPS * KEPT * T::OWN * 32;
    cg_staged_rows<T, true><<<blocks, LONE_WARPS * 32, shared, g.stream>>>(a, from, to, 1);
    return launched(g, "conjugate gradient", false, err);
}

template <class T>
aisle_status by_blocks(gpu &g, const als_rows &a, int32_t from, int32_t to, int32_t teams, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    int32_t slices = slices_of(a.ld, T::COLUMNS);
    size_t shared = block_bytes<T>(teams, slices);
    AISLE_CUDA(cudaFuncSetAttribute(cg_staged_rows<T, false>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    (int)shared),
               "conjugate gradient");
    cg_staged_rows<T, false>
        <<<(unsigned)(to - from), (unsigned)(teams * slices * 32), shared, g.stream>>>(a, from, to, slices);
    return launched(g, "conjugate gradient", false, err);
}

/* Rows from .. to of at most `teams` tiles: each by the smallest block that holds it. */
template <class T>
aisle_status by_length(gpu &g, const als_rows &a, int32_t from, int32_t to, int32_t teams, aisle_error *err)
{
    auto longer = [&](int64_t n) { return std::min(to, std::max(from, rows_longer(a.block, n))); };
    bool sliced = a.ld > T::COLUMNS;
    for (; teams > (sliced ? 0 : 1); teams = fewer_teams(teams)) {
        int32_t next = longer(fewer_teams(teams) * T::ENTRIES);
        AISLE_TRY(by_blocks<T>(g, a, from, next, teams, err));
        from = next;
    }
    if (sliced) return AISLE_OK;
    using half = typename T::template of_rows<T::ROWS / 2>;
    using quarter = typename T::template of_rows<T::ROWS / 4>;
    int32_t halves = longer(half::ENTRIES), quarters = longer(quarter::ENTRIES);
    AISLE_TRY(by_warps<T>(g, a, from, halves, err));
    AISLE_TRY(by_warps<half>(g, a, halves, quarters, err));
    return by_warps<quarter>(g, a, quarters, to, err);
}

template <class T> int32_t most_teams(int32_t ld)
{
    return most_warps<T>() / slices_of(ld, T::COLUMNS);
}

} // namespace

int32_t aisle::cg_staged_longest(int32_t ld)
{
    int32_t longest = 0;
    (void)with_tile(ld, [&](auto shape) {
        using T = decltype(shape);
        longest = most_teams<T>(ld) * T::ENTRIES;
        return AISLE_OK;
    });
    return longest;
}

aisle_status aisle::cg_staged(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    return with_tile(a.ld, [&](auto shape) {
        using T = decltype(shape);
        return by_length<T>(g, a, from, to, most_teams<T>(a.ld), err);
    });
}
