/* Conjugate gradient for rows whose part of Y fits in one block, in registers and, where those do not suffice, in
 * shared memory: it is read once and serves all steps. Longer rows are als_cg_long.cu's.
 *
 * The floor is therefore one gather, n_entries * ld * 4 bytes a half-step. A row of at most one tile is a warp's,
 * which never waits for another; a longer one is a block's, with a tile of registers a warp; the longest have more
 * tiles in shared memory. What a row gets depends on its length alone, and so do its bytes. */
#include <algorithm>
#include <cmath>

#include "gpu/cg_block.cuh"

namespace
{

using namespace aisle;

enum { LONE_WARPS = 4, DEEP_WARPS = 8 };

/* Warps of the largest block: as many as the register file has room for. */
template <class T> constexpr int most_warps()
{
    constexpr int registers = T::ROWS * T::WIDE; /* a lane's, of rows */
    return registers <= 32                                     ? 24
           : registers <= 64                                   ? 16
           : (registers <= 96 && !T::SLICED) || T::LANES == 16 ? 12
                                                               : 8;
}

/* The next smaller block: halves, but for six warps, since three blocks of four fill what two of six do. */
inline int32_t fewer_teams(int32_t teams)
{
    return teams == 6 ? 4 : teams / 2;
}

/* out = B'W (target - B v), the same in all teams. */
template <class T, cg_mode MODE>
__device__ void product(const staged_tile<T> &rows, cg_block<T, MODE> &m, const lane_place &at, float target,
                        const float (&v)[T::OWN], float (&out)[T::OWN])
{
    float wide[T::WIDE], sum[T::WIDE];
    spread<T>(at, v, wide);
#pragma unroll
    for (int k = 0; k < T::WIDE; k++) sum[k] = 0;
    if constexpr (MODE == DEEP) {
#pragma unroll 1 /* for want of registers */
        for (int32_t i = 0; i < m.n_deep; i++) {
            staged_tile<deep_tile<T>> more;
            more.load(m.deep(i), at);
            float dot = across_slices(m, at, more.dots(at, wide));
            more.accumulate(more.miss(target, dot), sum);
        }
    }
    float dot = across_slices(m, at, rows.dots(at, wide));
    rows.accumulate(rows.miss(target, dot), sum);
    fold<T>(at, sum, out);
    across_teams(m, at, out);
}

/* r = B'w - A x, p = r / D; keeps all vectors but p. Returns r.p. */
template <class T, cg_mode MODE>
__device__ float begin_at(const als_rows &a, const staged_tile<T> &rows, cg_block<T, MODE> &m,
                          const lane_place &at, const float *from_x, float l, float (&p)[T::OWN])
{
    float x[T::OWN], r[T::OWN], d[T::OWN], inverse[T::OWN], rz = 0;
    load_own<T>(from_x, a.ld, at, x);
    product(rows, m, at, 1, x, r);
    load_own<T>(a.lambda, a.ld, at, d);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) {
        d[j] += l;
        r[j] -= d[j] * x[j];
        inverse[j] = 1 / preconditioner(a, d[j]);
        p[j] = inverse[j] * r[j];
        rz += r[j] * p[j];
    }
    if (m.team() == 0) {
        put<T>(m.kept(X), x);
        put<T>(m.kept(D), d);
        put<T>(m.kept(INVERSE), inverse);
        put<T>(m.kept(R), r);
    }
    return across(m, at, 0, rz);
}

/* One step (Golub and Van Loan 2013, alg. 11.5.1, with M = D): q = -A p; the residual is kept at R + `turn`. Returns
 * r.z after it, or 0 when the residual has reached rounding, or what is not finite. */
template <class T, cg_mode MODE>
__device__ float advance(const staged_tile<T> &rows, cg_block<T, MODE> &m, const lane_place &at, float rz,
                         int32_t turn, float (&p)[T::OWN])
{
    float q[T::OWN], v[T::OWN], next = 0;
    product(rows, m, at, 0, p, q); /* its barrier is also that of what team 0 has kept */
    get<T>(m.kept(D), v);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) q[j] -= v[j] * p[j];
    float pq = -across(m, at, 1, dot_own<T>(p, q));
    if (!(pq > 0)) return std::isfinite(pq) ? 0 : pq;
    float alpha = rz / pq;
    if (m.team() == 0) {
        get<T>(m.kept(X), v);
#pragma unroll
        for (int j = 0; j < T::OWN; j++) v[j] += alpha * p[j];
        put<T>(m.kept(X), v);
    }
    get<T>(m.kept(R + turn), v);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) v[j] += alpha * q[j];
    if (m.team() == 0) put<T>(m.kept(R + (turn ^ 1)), v);
    get<T>(m.kept(INVERSE), q);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) next += v[j] * v[j] * q[j];
    next = across(m, at, 0, next);
    float beta = next / rz;
#pragma unroll
    for (int j = 0; j < T::OWN; j++) p[j] = q[j] * v[j] + beta * p[j];
    return next;
}

/* Starts to read all of a row: entries begin .. end - 1, first a tile of registers a team, then the deep ones. */
template <class T, cg_mode MODE>
__device__ void gather_row(const als_rows &a, cg_block<T, MODE> &m, const lane_place &at, int64_t begin,
                           int64_t end, staged_tile<T> &rows)
{
    if constexpr (MODE == DEEP) {
        using S = deep_tile<T>;
        int64_t first = begin + m.teams() * T::ENTRIES, step = m.teams() * S::ENTRIES;
        m.n_deep = (int32_t)((end - first + step - 1) / step);
        for (int32_t i = 0; i < m.n_deep; i++)
            staged_tile<S>::copy(a, at, first + i * step + m.team() * S::ENTRIES, end, m.deep(i));
        copy_async_commit();
    }
    rows.gather(a, at, begin + m.team() * T::ENTRIES, end);
    if constexpr (MODE == DEEP) copy_async_wait<0>(); /* a lane reads only what it has copied itself */
}

template <class T, cg_mode MODE> constexpr int most_threads()
{
    return 32 * (MODE == ALONE ? (int)LONE_WARPS : MODE == DEEP ? (int)DEEP_WARPS : most_warps<T>());
}

/* Dynamic shared memory: as cg_block has it. */
template <class T, cg_mode MODE>
__global__ void __launch_bounds__(most_threads<T, MODE>(), T::LANES == 16 && MODE == ALONE ? 3 : 1)
    cg_staged_rows(const als_rows a, int32_t from, int32_t to, int32_t slices)
{
    extern __shared__ __align__(16) unsigned char shared[];
    int32_t i = from + (int32_t)blockIdx.x;
    if (MODE == ALONE) i = from + (int32_t)(blockIdx.x * LONE_WARPS + threadIdx.x / 32);
    if (i >= to) return; /* a whole warp that waits for none */
    cg_block<T, MODE> m = {(float *)shared, slices, 0, 0, 0};
    lane_place at = place_of<T>(m.slice());
    int32_t row = a.block.order[i];
    int64_t begin = a.block.row_ptr[row], end = a.block.row_ptr[row + 1];
    staged_tile<T> rows;
    gather_row(a, m, at, begin, end, rows);
    float p[T::OWN], x[T::OWN], l = regularisation(a, end - begin);
    float rz = begin_at(a, rows, m, at, a.x + (int64_t)row * a.ld, l, p);
    for (int32_t step = 0; step < a.steps && rz > 0; step++) rz = advance(rows, m, at, rz, step & 1, p);
    if (m.team() != 0) return;
    bool whole = std::isfinite(rz);
    get<T>(m.kept(X), x);
#pragma unroll
    for (int j = 0; j < T::OWN; j++) whole = whole && std::isfinite(x[j]);
    store_own<T>(a.x + (int64_t)row * a.ld, a.ld, at, x);
    if (!whole) atomicMin(a.bad, a.block.first + row);
}

/* A warp a row; from .. to have at most T::ENTRIES entries and T::COLUMNS columns. */
template <class T>
aisle_status by_warps(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    unsigned blocks = (unsigned)((to - from - 1) / LONE_WARPS + 1);
    size_t shared = sizeof(float) * LONE_WARPS * KEPT * T::OWN * 32;
    cg_staged_rows<T, ALONE><<<blocks, LONE_WARPS * 32, shared, g.stream>>>(a, from, to, 1);
    return launched(g, "conjugate gradient", false, err);
}

/* n_deep: the deep tiles that there is room for. */
template <class T, cg_mode MODE>
aisle_status by_blocks(gpu &g, const als_rows &a, int32_t from, int32_t to, int32_t teams, int32_t n_deep,
                       aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    int32_t slices = slices_of(a.ld, T::COLUMNS), warps = teams * slices;
    int32_t floats = shared_floats<T>(teams, slices) + n_deep * warps * deep_floats<T>;
    size_t shared = sizeof(float) * (size_t)floats;
    AISLE_TRY(allow_shared(g, cg_staged_rows<T, MODE>, "conjugate gradient", err));
    cg_staged_rows<T, MODE>
        <<<(unsigned)(to - from), (unsigned)(warps * 32), shared, g.stream>>>(a, from, to, slices);
    return launched(g, "conjugate gradient", false, err);
}

/* The largest blocks: how many teams they have, deep tiles a warp, entries in all. */
struct block_sizes {
    int32_t teams, longest, deep_teams, n_deep, deep_longest;
};

template <class T> block_sizes sizes_of(const gpu &g, int32_t ld)
{
    block_sizes s;
    int32_t slices = slices_of(ld, T::COLUMNS);
    int32_t room = (int32_t)(g.properties.sharedMemPerBlockOptin / sizeof(float));
    s.teams = most_warps<T>() / slices;
    s.longest = s.teams * T::ENTRIES;
    s.deep_teams = DEEP_WARPS / slices;
    room -= shared_floats<T>(s.deep_teams, slices);
    s.n_deep = std::max(0, room) / (s.deep_teams * slices * deep_floats<T>);
    s.deep_longest = s.deep_teams * (T::ENTRIES + s.n_deep * deep_tile<T>::ENTRIES);
    s.deep_longest = std::max(s.longest, s.deep_longest);
    return s;
}

/* Rows from .. to, each by the smallest block that holds it. */
template <class T>
aisle_status by_length(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    auto longer = [&](int64_t n) { return std::min(to, std::max(from, rows_longer(a.block, n))); };
    bool sliced = a.ld > T::COLUMNS;
    block_sizes s = sizes_of<T>(g, a.ld);
    int32_t next = longer(s.longest);
    AISLE_TRY((by_blocks<T, DEEP>(g, a, from, next, s.deep_teams, s.n_deep, err)));
    from = next;
    for (int32_t teams = s.teams; teams > (sliced ? 0 : 1); teams = fewer_teams(teams)) {
        next = longer(fewer_teams(teams) * T::ENTRIES);
        AISLE_TRY((by_blocks<T, BLOCK>(g, a, from, next, teams, 0, err)));
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

} // namespace

int32_t aisle::cg_staged_longest(const gpu &g, int32_t ld)
{
    int32_t longest = 0;
    (void)with_tile(ld, [&](auto shape) {
        longest = sizes_of<decltype(shape)>(g, ld).deep_longest;
        return AISLE_OK;
    });
    return longest;
}

aisle_status aisle::cg_staged(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    return with_tile(a.ld, [&](auto shape) { return by_length<decltype(shape)>(g, a, from, to, err); });
}
