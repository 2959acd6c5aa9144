/* Conjugate gradient for rows of any length: many blocks a row, which read its part of Y again each pass. Rows that
 * fit in a block's registers are als_cg_staged.cu's.
 *
 * A pass multiplies: a row is cut into equal chunks, a block each, which leave partial sums in scratch; then one
 * block a row adds them in order and does the step. The longest row thus spreads over the whole GPU as the
 * shortest do. How a row is cut depends on its length alone: into 2^k chunks, with the smallest k <= 10 that
 * makes them no longer than CHUNK. Rows come longest first, so those of one k stand together, and which row and
 * chunk a block has follows from the few places where k changes.
 *
 * Scratch, in floats: ld a chunk, 2 ld + 1 a row (residual, direction, r.z); at 20 M entries and 128 factors
 * about 40,000 to 80,000 chunks and 40 MB at most. */
#include <algorithm>
#include <cmath>

#include "gpu/cg_tile.cuh"

namespace
{

using namespace aisle;

enum { CHUNK = 512, CLASSES = 11, PASS_WARPS = 8, STEP_THREADS = 256 };

/* A batch: the rows order[from .. from + n). Class k stands at row[k] .. row[k] + n_of[k] of it, its chunks from
 * chunk[k]. */
struct long_rows {
    int32_t from, n;
    int32_t row[CLASSES], n_of[CLASSES], chunk[CLASSES];
    int32_t n_chunks;
    float *partial, *residual, *direction, *rz;
};

struct long_row {
    int32_t i, row; /* of the batch; of the block */
    int32_t first, n_chunks;
    int32_t log2_chunks;
};

__device__ long_row row_of_chunk(const als_rows &a, const long_rows &b, int32_t chunk)
{
    int k = CLASSES - 1;
    while (k > 0 && chunk >= b.chunk[k] + (b.n_of[k] << k)) k--;
    int32_t i = b.row[k] + ((chunk - b.chunk[k]) >> k);
    return {i, a.block.order[b.from + i], b.chunk[k] + ((i - b.row[k]) << k), 1 << k, k};
}

/* The partial sum of B'W (target - B v) over chunk blockIdx.x, v = x at first and the direction later. Dynamic
 * shared memory: [teams][columns of all slices], and for slices their dots. */
template <class T>
__global__ void __launch_bounds__(PASS_WARPS * 32)
    multiply_chunks(const als_rows a, const long_rows b, bool first_pass, int32_t slices)
{
    extern __shared__ __align__(16) unsigned char shared[];
    if (!T::SLICED) slices = 1;
    int32_t warp = (int32_t)threadIdx.x / 32, teams = (int32_t)blockDim.x / 32 / slices, team = warp / slices;
    float *sums = (float *)shared, *dots = sums + teams * slices * T::COLUMNS;
    long_row at_row = row_of_chunk(a, b, (int32_t)blockIdx.x);
    if (!first_pass && !(b.rz[at_row.i] > 0)) return;
    lane_place at = place_of<T>(warp % slices);
    int64_t begin = a.block.row_ptr[at_row.row], n = a.block.row_ptr[at_row.row + 1] - begin;
    int64_t which = (int32_t)blockIdx.x - at_row.first;
    int64_t end = begin + (n * (which + 1) >> at_row.log2_chunks);
    begin += n * which >> at_row.log2_chunks;

    float own[T::OWN], v[T::WIDE], sum[T::WIDE];
    load_own<T>(first_pass ? a.x + (int64_t)at_row.row * a.ld : b.direction + (int64_t)at_row.i * a.ld, a.ld,
                at, own);
    spread<T>(at, own, v);
#pragma unroll
    for (int k = 0; k < T::WIDE; k++) sum[k] = 0;
    for (int64_t e = begin; e < end; e += teams * T::ENTRIES) { /* every team as often: slices meet inside */
        staged_tile<T> rows;
        rows.gather(a, at, e + team * T::ENTRIES, end);
        float dot = rows.dots(at, v);
        if (T::SLICED && slices > 1) {
            float *mine = dots + team * slices * 32 + at.lane;
            mine[at.slice * 32] = dot;
            __syncthreads();
            dot = 0;
            for (int32_t s = 0; s < slices; s++) dot += mine[s * 32];
            __syncthreads();
        }
        rows.accumulate(rows.miss(first_pass ? 1.0f : 0.0f, dot), sum);
    }
    fold<T>(at, sum, own);
    store_own<T>(sums + team * slices * T::COLUMNS, slices * T::COLUMNS, at, own);
    __syncthreads();
    float *out = b.partial + (int64_t)blockIdx.x * a.ld;
    for (int32_t j = (int32_t)threadIdx.x; j < a.ld; j += (int32_t)blockDim.x) {
        float total = 0;
        for (int32_t t = 0; t < teams; t++) total += sums[t * slices * T::COLUMNS + j];
        out[j] = total;
    }
}

/* The same for every thread; scratch holds a float a warp. */
__device__ float block_sum(float v, float *scratch)
{
    v = warp_sum(v);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
    __syncthreads();
    v = 0;
    for (int w = 0; w < STEP_THREADS / 32; w++) v += scratch[w];
    return v;
}

/* q[ld] = the sum of a row's partial sums: as many threads a column as there are, each every so-manieth chunk. */
__device__ void add_chunks(const als_rows &a, const long_rows &b, const long_row &row, float *q, float *parts)
{
    int32_t fours = a.ld / 4, ways = max(1, STEP_THREADS / fours), me = (int32_t)threadIdx.x;
    const float4 *from = (const float4 *)b.partial + (int64_t)row.first * fours;
    for (int32_t j = me; j < fours * ways; j += STEP_THREADS) {
        float4 sum = make_float4(0, 0, 0, 0);
        for (int32_t c = j / fours; c < row.n_chunks; c += ways) {
            float4 v = from[(int64_t)c * fours + j % fours];
            sum.x += v.x, sum.y += v.y, sum.z += v.z, sum.w += v.w;
        }
        ((float4 *)parts)[j] = sum;
    }
    __syncthreads();
    for (int32_t j = me; j < a.ld; j += STEP_THREADS) {
        float sum = 0;
        for (int32_t w = 0; w < ways; w++) sum += parts[w * a.ld + j];
        q[j] = sum; /* read only by this thread */
    }
}

/* After the first pass: r = q - D x, p = r / D (or r). Returns r.p. */
__device__ float begin_row(const als_rows &a, float l, const float *x, const float *q, float *r, float *p,
                           float *scratch)
{
    float rz = 0;
    for (int32_t j = (int32_t)threadIdx.x; j < a.ld; j += STEP_THREADS) {
        float d = a.lambda[j] + l;
        r[j] = q[j] - d * x[j];
        p[j] = r[j] / preconditioner(a, d);
        rz += r[j] * p[j];
    }
    return block_sum(rz, scratch);
}

/* The step (Golub and Van Loan 2013, alg. 11.5.1), -q = A p - D p given. Returns r.z, or 0 when the residual has
 * reached rounding, or what is not finite. */
__device__ float step_row(const als_rows &a, float l, float rz, float *x, float *q, float *r, float *p,
                          float *scratch)
{
    float pq = 0, next = 0;
    for (int32_t j = (int32_t)threadIdx.x; j < a.ld; j += STEP_THREADS) {
        q[j] -= (a.lambda[j] + l) * p[j];
        pq -= p[j] * q[j];
    }
    pq = block_sum(pq, scratch);
    if (!(pq > 0)) return std::isfinite(pq) ? 0 : pq;
    float alpha = rz / pq;
    for (int32_t j = (int32_t)threadIdx.x; j < a.ld; j += STEP_THREADS) {
        x[j] += alpha * p[j];
        r[j] += alpha * q[j];
        next += r[j] * r[j] / preconditioner(a, a.lambda[j] + l);
    }
    next = block_sum(next, scratch);
    for (int32_t j = (int32_t)threadIdx.x; j < a.ld; j += STEP_THREADS)
        p[j] = r[j] / preconditioner(a, a.lambda[j] + l) + next / rz * p[j];
    return next;
}

/* One block a row. Dynamic shared memory: q, the parts of its sum, a float a warp. */
__global__ void __launch_bounds__(STEP_THREADS)
    step_rows(const als_rows a, const long_rows b, bool first_pass)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *scratch = (float *)shared, *q = scratch + STEP_THREADS / 32, *parts = q + a.ld;
    int32_t i = (int32_t)blockIdx.x;
    float rz = first_pass ? 0 : b.rz[i];
    if (!first_pass && !(rz > 0)) return; /* at the minimum, to rounding */
    int k = CLASSES - 1;
    while (k > 0 && i >= b.row[k] + b.n_of[k]) k--;
    long_row row = {i, a.block.order[b.from + i], b.chunk[k] + ((i - b.row[k]) << k), 1 << k, k};
    int64_t n = a.block.row_ptr[row.row + 1] - a.block.row_ptr[row.row];
    float *x = a.x + (int64_t)row.row * a.ld, *r = b.residual + (int64_t)i * a.ld;
    float *p = b.direction + (int64_t)i * a.ld, l = regularisation(a, n);
    add_chunks(a, b, row, q, parts);
    rz = first_pass ? begin_row(a, l, x, q, r, p, scratch) : step_row(a, l, rz, x, q, r, p, scratch);
    bool whole = std::isfinite(rz);
    for (int32_t j = (int32_t)threadIdx.x; j < a.ld; j += STEP_THREADS) whole = whole && std::isfinite(x[j]);
    if (threadIdx.x == 0) b.rz[i] = rz;
    if (!whole) atomicMin(a.bad, a.block.first + row.row);
}

int64_t row_floats(int32_t ld, int k)
{
    return ((int64_t)(2 + (1 << k))) * ld + 1;
}

/* Fills in the classes of as many of the rows from .. to as n_floats hold; returns the floats they take. */
int64_t fill_batch(const als_rows &a, int32_t from, int32_t to, int64_t n_floats, long_rows *b)
{
    int64_t used = 0;
    *b = {};
    b->from = from;
    for (int k = CLASSES - 1; k >= 0; k--) {
        int32_t end = k > 0 ? std::min(to, rows_longer(a.block, (int64_t)CHUNK << (k - 1))) : to;
        int64_t size = row_floats(a.ld, k), room = (n_floats - used) / size;
        int32_t want = std::max(0, end - from - b->n);
        int32_t most = (INT32_MAX - b->n_chunks) >> k; /* chunks are counted in 32 bits */
        int32_t n = (int32_t)std::min<int64_t>(std::min(want, most), room);
        b->row[k] = b->n;
        b->chunk[k] = b->n_chunks;
        b->n_of[k] = n;
        b->n += n;
        b->n_chunks += n << k;
        used += n * size;
        if (n < want) break; /* classes after it stay empty; chunk and row of them are not reached */
    }
    return used;
}

aisle_status solve_batch(gpu &g, const als_rows &a, const long_rows &b, aisle_error *err)
{
    int32_t ways = std::max(1, STEP_THREADS / (a.ld / 4));
    size_t step_shared = (STEP_THREADS / 32 + (size_t)a.ld * (size_t)(1 + ways)) * sizeof(float);
    for (int32_t pass = 0; pass <= a.steps; pass++) {
        AISLE_TRY(with_tile(a.ld, [&](auto shape) {
            /* half of a staged tile: twice as many warps then hide each other's loads */
            using S = decltype(shape);
            using T = typename S::template of_rows<(S::ROWS * S::WIDE > 64 ? S::ROWS / 2 : S::ROWS)>;
            int32_t slices = slices_of(a.ld, T::COLUMNS), teams = PASS_WARPS / slices;
            size_t shared = sizeof(float) * (size_t)(teams * slices) * (T::COLUMNS + 32);
            multiply_chunks<T><<<(unsigned)b.n_chunks, (unsigned)(teams * slices * 32), shared, g.stream>>>(
                a, b, pass == 0, slices);
            return launched(g, "conjugate gradient, products", false, err);
        }));
        step_rows<<<(unsigned)b.n, STEP_THREADS, step_shared, g.stream>>>(a, b, pass == 0);
        AISLE_TRY(launched(g, "conjugate gradient, steps", false, err));
    }
    return AISLE_OK;
}

} // namespace

aisle_status aisle::cg_long(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    if (from >= to) return AISLE_OK;
    long_rows b;
    buffer<float> scratch;
    int64_t all = fill_batch(a, from, to, INT64_MAX, &b), one = fill_batch(a, from, from + 1, INT64_MAX, &b);
    int64_t n_floats = std::max(one, std::min(all, scratch_bytes(g) / 2 / (int64_t)sizeof(float)));
    AISLE_TRY(scratch.make(g, n_floats, "conjugate gradient of long rows", err));
    while (from < to) {
        fill_batch(a, from, to, n_floats, &b);
        b.partial = scratch.p;
        b.residual = b.partial + (int64_t)b.n_chunks * a.ld;
        b.direction = b.residual + (int64_t)b.n * a.ld;
        b.rz = b.direction + (int64_t)b.n * a.ld;
        AISLE_TRY(solve_batch(g, a, b, err));
        from += b.n;
    }
    return AISLE_OK;
}
