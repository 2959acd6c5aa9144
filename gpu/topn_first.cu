/* First pass of the top-N: bf16 scores on tensor cores, never written, compared with a rising floor a user; what
 * may be among the best becomes a candidate. The second pass (topn_rank.cu) decides.
 *
 * The bound. x a user, y an item, x' and y' their bf16 copies, t the computed score, s the f32 score of the
 * second pass. x.y - x'.y' = (x - x').y + x'.(y - y'), so by Cauchy and Schwarz it is at most
 *     |x - x'| |y| + |x'| |y - y'|,
 * from the actual rounding errors, which are about .4 of the worst case 2^-9 |v|, and 0 for whole numbers up to
 * 256. A tensor core multiplies exactly and adds 8 or 16 products and the sum so far, each cut by no more than
 * 2^-23 of the largest of them, and cuts the result (Fasi, Higham, Mikaitis, Pranesh 2021, "Numerical behavior
 * of NVIDIA tensor cores", on Volta to Ampere; assumed of later ones): at most 20 2^-23 |x'||y'| a step of 16
 * columns, 1.25 ld 2^-23 in all; an f32 fma adds at most 2^-24 for each column of s. Together, with
 * |v'| <= (1 + 2^-8) |v|, less than .89 ld 2^-22 |x||y|. So
 *     |t - s| <= e(x, y) = a |y| + b |y - y'|,  a = |x - x'| + ld 2^-22 |x|,  b = |x| + |x - x'| >= |x'|,
 * where the rest of ld 2^-22 |x||y|, at least 3.5 2^-22 |x||y|, covers the roundings of t - e and t + e; a factor
 * 1 + 2^-20 covers those of e. Norms are rounded up, and are at least 2^-50 unless the row is zero: that covers
 * underflow. A norm that is not below 2^62 is NaN, and then so is every bound made of it.
 *
 * The floor of a user: L, the n-th largest t - e of the candidates so far. An item of the tiles that follow has
 * a larger id than all of them; if t + e <= L, n items with smaller ids score as much or more, and it is no
 * answer. A NaN in the comparison keeps the item.
 *
 * Seen items are dropped when a list is compacted, before L is taken, not when they are found: there a warp
 * looks up 32 at once, here it would wait for one. */

#include <algorithm>
#include <cmath>

#include "gpu/mma.cuh"
#include "gpu/topn.cuh"

namespace aisle
{

enum {
    TILE = TOPN_TILE,
    DEPTH = TOPN_DEPTH,
    THREADS = 128,                     /* 2 x 2 warps, 64 x 64 scores each */
    PANEL_BYTES = TILE * DEPTH * 2,    /* a chunk of a tile of users or items */
    COLUMN_COPIES = TILE * 8 / THREADS /* copies of 16 bytes, a thread and panel */
};

/* --- bf16 copies */

__device__ inline float norm_bound(float squares, bool any, int32_t ld)
{
    float v = sqrtf(squares) * (1 + (float)(ld + 16) * 0x1p-24f) + (any ? 0x1p-50f : 0);
    return v < 0x1p62f ? v : NAN;
}

/* To nearest, ties to even; what overflows becomes infinite, and its error with it. */
__device__ inline unsigned to_bf16(float v)
{
    unsigned u = __float_as_uint(v);
    return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

/* One block a tile, one warp a row. */
__global__ void convert_rows(const float *src, int32_t n, int32_t ld, topn_copy to)
{
    __shared__ int top[2]; /* not negative, so ordered as integers, NaN last */
    int32_t lane = (int32_t)threadIdx.x % 32, warp = (int32_t)threadIdx.x / 32;
    if (threadIdx.x < 2) top[threadIdx.x] = 0;
    __syncthreads();
    for (int32_t i = warp; i < TILE; i += (int32_t)blockDim.x / 32) {
        int64_t r = (int64_t)blockIdx.x * TILE + i;
        float squares = 0, errors = 0;
        bool any = false, any_error = false;
        for (int32_t c = 4 * lane; c < to.ld; c += 128) {
            float4 q = make_float4(0, 0, 0, 0);
            if (r < n && c < ld) q = *(const float4 *)(src + r * ld + c);
            float v[4] = {q.x, q.y, q.z, q.w};
            unsigned short h[4];
            for (int k = 0; k < 4; k++) {
                unsigned b = to_bf16(v[k]);
                float d = v[k] - __uint_as_float(b << 16);
                h[k] = (unsigned short)b;
                squares += v[k] * v[k];
                errors += d * d;
                any |= v[k] != 0;
                any_error |= d != 0;
            }
            *(ushort4 *)(to.bf16 + r * to.ld + c) = make_ushort4(h[0], h[1], h[2], h[3]);
        }
        for (int by = 16; by > 0; by /= 2) {
            squares += __shfl_xor_sync(~0u, squares, by);
            errors += __shfl_xor_sync(~0u, errors, by);
        }
        any = __any_sync(~0u, any), any_error = __any_sync(~0u, any_error);
        float2 norm = make_float2(norm_bound(squares, any, ld), norm_bound(errors, any_error, ld));
        if (lane == 0) {
            to.norm[r] = norm;
            atomicMax(&top[0], __float_as_int(norm.x));
            atomicMax(&top[1], __float_as_int(norm.y));
        }
    }
    __syncthreads();
    if (threadIdx.x == 0 && to.top)
        to.top[blockIdx.x] = make_float2(__int_as_float(top[0]), __int_as_float(top[1]));
}

aisle_status topn_convert(gpu &g, const float *src, int32_t n, int32_t ld, const topn_copy &to,
                          aisle_error *err)
{
    if (n == 0) return AISLE_OK;
    convert_rows<<<(unsigned)((n - 1) / TILE + 1), 256, 0, g.stream>>>(src, n, ld, to);
    return launched(g, "round the factors", false, err);
}

/* --- lists of candidates. New ones hold t, those before compacted[row] t - e */

struct user_limit {
    float2 error; /* topn_error */
    float floor;  /* L less its rounding, or NaN: none yet */
    float unused;
};

struct scan_shared {
    user_limit limit[TILE];
    int32_t count[TILE], compacted[TILE]; /* count > cap: the list was too short */
    union {                               /* each warp's own */
        float score[16][32];              /* a column a lane: no two in one bank */
        unsigned histogram[256];
    } scratch[THREADS / 32];
    int32_t full[2]; /* some list has no room for one more tile: after odd and even tiles, as the next one is
                      * begun by some warps while others end this one */
};

/* By a warp: drops the seen ones of the new candidates, takes t - e of the others. Returns how many there are. */
__device__ inline int32_t settle_new(const topn_job &j, const user_limit &l, int32_t u, topn_key *list,
                                     int32_t from, int32_t to)
{
    int32_t lane = (int32_t)threadIdx.x % 32, out = from;
    for (int32_t base = from; base < to; base += 32) {
        bool keep = base + lane < to;
        topn_key key = 0;
        if (keep) {
            key = list[base + lane];
            int32_t id = id_of(key);
            float low = score_of(key) - topn_bound(l.error, j.item_copy.norm[id]);
            key = key_of(low > -INFINITY ? low : -INFINITY, id);
            keep = !topn_seen(j, u, id);
        }
        unsigned all = __ballot_sync(~0u, keep);
        __syncwarp(); /* all have read; a vote orders no memory */
        if (keep) list[out + __popc(all & ((1u << lane) - 1))] = key;
        out += __popc(all);
        __syncwarp();
    }
    return out;
}

/* By a warp: keeps the n with the largest t - e, and those whose t + e is not below the n-th of them. */
__device__ inline int32_t drop_beaten(const topn_job &j, const user_limit &l, topn_key *list, int32_t m,
                                      topn_key nth)
{
    int32_t lane = (int32_t)threadIdx.x % 32, out = 0;
    for (int32_t base = 0; base < m; base += 32) {
        bool keep = base + lane < m;
        topn_key key = keep ? list[base + lane] : 0;
        if (keep && key < nth) {
            float low = score_of(key), high = low + 2 * topn_bound(l.error, j.item_copy.norm[id_of(key)]);
            /* an exact score at the floor has lost to n, by value or by id */
            keep = !(high < score_of(nth)) && !(high == low);
        }
        unsigned all = __ballot_sync(~0u, keep);
        __syncwarp();
        if (keep) list[out + __popc(all & ((1u << lane) - 1))] = key;
        out += __popc(all);
        __syncwarp();
    }
    return out;
}

__device__ inline topn_key *list_of(const topn_job &j, int32_t u)
{
    return j.lists + ((int64_t)u * j.n_lists + blockIdx.y) * j.cap;
}

/* One warp a row, all rows of the tile. Between barriers. */
__device__ __noinline__ void compact(const topn_job &j, scan_shared *s, bool last)
{
    int32_t warp = (int32_t)threadIdx.x / 32, lane = (int32_t)threadIdx.x % 32;
    for (int32_t row = warp; row < TILE; row += THREADS / 32) {
        int32_t m = s->count[row], u = (int32_t)blockIdx.x * TILE + row, from = s->compacted[row];
        if (m == from || (uint32_t)m > (uint32_t)j.cap) continue; /* nothing new, or given up */
        topn_key *list = list_of(j, u);
        user_limit l = s->limit[row];
        m = settle_new(j, l, u, list, from, m);
        if (m >= j.n) {
            topn_key nth = warp_nth(list, m, j.n, s->scratch[warp].histogram);
            float floor = score_of(nth);
            m = drop_beaten(j, l, list, m, nth);
            /* 2^-22: floor - e below rounds by less; -infinity and NaN say nothing */
            l.floor = floor > -INFINITY ? floor - fabsf(floor) * 0x1p-22f : NAN;
        }
        __syncwarp();
        if (lane == 0) {
            if (m > j.cap - TILE && !last) { /* too many are too close: exact lists for this user */
                m = j.cap + 1;
                l.floor = INFINITY, l.error = make_float2(0, 0);
            }
            s->count[row] = s->compacted[row] = m;
            s->limit[row] = l;
        }
    }
}

/* --- scores of a tile */

struct fragment_place {
    int32_t lane, row, column; /* of the warp's 64 x 64 scores in the tile */
};

/* acc += users x items of one chunk. A panel has rows of 128 bytes in 8 pieces of 16; piece p of row r lies at
 * p ^ r % 8: the 8 rows of one matrix that ldmatrix reads together then cover all 32 banks, and so do the 8
 * pieces of one row that 8 lanes write. */
__device__ __forceinline__ void multiply(const unsigned char *users, const unsigned char *items,
                                         const fragment_place &at, float (&acc)[4][8][4])
{
    const unsigned char *a_row = users + (at.row + at.lane % 16) * 128;
    const unsigned char *b_row = items + (at.column + at.lane / 16 * 8 + at.lane % 8) * 128;
    int32_t a_piece = at.lane / 16, b_piece = at.lane / 8 % 2, turn = at.lane % 8;
#pragma unroll
    for (int k = 0; k < DEPTH / 16; k++) {
        uint32_t a[4][4], b[8][2];
#pragma unroll
        for (int i = 0; i < 4; i++) ldmatrix_x4(a[i], a_row + i * 16 * 128 + ((2 * k + a_piece) ^ turn) * 16);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            uint32_t two[4];
            ldmatrix_x4(two, b_row + i * 16 * 128 + ((2 * k + b_piece) ^ turn) * 16);
            b[2 * i][0] = two[0], b[2 * i][1] = two[1], b[2 * i + 1][0] = two[2], b[2 * i + 1][1] = two[3];
        }
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int n = 0; n < 8; n++) mma_bf16(acc[i][n], a[i], b[n]);
    }
}

/* Row q of a lane's eight: fragment q / 2, its upper or lower half. */
__device__ __forceinline__ int32_t score_row(const fragment_place &at, int32_t q)
{
    return at.row + q / 2 * 16 + q % 2 * 8 + at.lane / 4;
}

/* Appends the lane's scores of the rows in `rows` that are above their floor. Rare after the first tiles. */
__device__ __forceinline__ void append(const topn_job &j, scan_shared *s, const fragment_place &at,
                                       const float (&acc)[4][8][4], unsigned rows, float2 top,
                                       unsigned long long valid, int32_t item, int32_t *full)
{
    float *mine = &s->scratch[threadIdx.x / 32].score[0][at.lane]; /* 32 apart */
    while (rows) {
        int32_t q = __ffs((int)rows) - 1;
        rows &= rows - 1;
#pragma unroll
        for (int i = 0; i < 8; i++) /* registers have no index: copy the row to where there is one */
            if (i == q)
#pragma unroll
                for (int n = 0; n < 16; n++) mine[32 * n] = acc[i / 2][n / 2][i % 2 * 2 + n % 2];
        int32_t row = score_row(at, q);
        user_limit l = s->limit[row];
        float floor = l.floor - topn_bound(l.error, top);
        topn_key *list = list_of(j, (int32_t)blockIdx.x * TILE + row);
        for (int32_t n = 0; n < 16; n++) {
            int32_t column = n / 2 * 8 + at.lane % 4 * 2 + n % 2;
            if (mine[32 * n] <= floor || !(valid >> column & 1)) continue;
            uint32_t place = (uint32_t)atomicAdd(&s->count[row], 1);
            if (place >= (uint32_t)j.cap) continue; /* given up before */
            list[place] = key_of(mine[32 * n], item + column);
            if ((int32_t)place >= j.cap - TILE) *full = 1;
        }
    }
}

/* Compares the tile's scores with their floors: one comparison a score. */
__device__ __forceinline__ void look(const topn_job &j, scan_shared *s, const fragment_place &at,
                                     const float (&acc)[4][8][4], float2 top, unsigned long long valid,
                                     int32_t item, int32_t *full)
{
    unsigned rows = 0;
#pragma unroll
    for (int q = 0; q < 8; q++) {
        const user_limit &l = s->limit[score_row(at, q)];
        float floor = l.floor - topn_bound(l.error, top);
        bool any = false;
#pragma unroll
        for (int n = 0; n < 16; n++) any |= !(acc[q / 2][n / 2][q % 2 * 2 + n % 2] <= floor);
        rows |= (unsigned)any << q;
    }
    if (rows) append(j, s, at, acc, rows, top, valid, item, full);
}

/* Which of the 64 items from `item` on exist and are allowed. */
__device__ __forceinline__ unsigned long long valid_items(const topn_job &j, int64_t item)
{
    int64_t left = j.n_items - item;
    unsigned long long bits = left >= 64 ? ~0ull : left > 0 ? (1ull << left) - 1 : 0;
    return j.allowed && left > 0 ? bits & j.allowed[item / 64] : bits;
}

/* --- the kernel: a tile of users, a slice of the items */

/* Copies one chunk of a tile to shared memory; `from` is this thread's piece of the first row it copies. */
__device__ __forceinline__ void copy_panel(unsigned char *to, const uint16_t *from, int64_t ld)
{
    int32_t row = (int32_t)threadIdx.x / 8, piece = (int32_t)threadIdx.x % 8;
    unsigned char *at = to + row * 128 + (piece ^ row % 8) * 16;
#pragma unroll
    for (int i = 0; i < COLUMN_COPIES; i++)
        copy_async16(at + i * (THREADS / 8) * 128, from + i * (THREADS / 8) * ld, true);
}

/* Chunks of the tiles of a slice, one after the other: copies run ahead of products across tiles. */
struct chunk_source {
    const uint16_t *users, *items; /* this thread's next pieces */
    int32_t ld, chunk, n_chunks, left;

    __device__ __forceinline__ void next(unsigned char *user_panel, unsigned char *item_panel)
    {
        if (left > 0) {
            if (user_panel) copy_panel(user_panel, users, ld);
            copy_panel(item_panel, items, ld);
            users += DEPTH, items += DEPTH;
            if (++chunk == n_chunks) {
                chunk = 0;
                users -= ld;
                items += (int64_t)(TILE - 1) * ld;
            }
            left--;
        }
        copy_async_commit(); /* also an empty group, so that counting them stays right */
    }
};

__device__ inline void scan_begin(const topn_job &j, scan_shared *s)
{
    int32_t row = (int32_t)threadIdx.x, u = (int32_t)blockIdx.x * TILE + row;
    user_limit l = {{0, 0}, INFINITY, 0}; /* no such user: nothing is above the floor */
    if (u < j.n_users) l = {topn_error(j, u), NAN, 0};
    s->limit[row] = l;
    s->count[row] = u < j.n_users ? 0 : j.cap + 1; /* and no list */
    s->compacted[row] = 0;
    if (row < 2) s->full[row] = 0;
}

__device__ inline void scan_end(const topn_job &j, scan_shared *s)
{
    int32_t row = (int32_t)threadIdx.x, u = (int32_t)blockIdx.x * TILE + row;
    if (u >= j.n_users) return;
    int32_t m = s->count[row];
    bool over = (uint32_t)m > (uint32_t)j.cap;
    j.counts[(int64_t)u * j.n_lists + blockIdx.y] = over ? 0 : m;
    if (over && atomicExch(&j.is_over[u], 1) == 0) j.over[atomicAdd(j.n_over, 1)] = u;
}

/* RESIDENT: the tile's users stay in shared memory, only items pass. */
template <bool RESIDENT, int STAGES>
__global__ void __launch_bounds__(THREADS, 2)
    topn_scan(const __grid_constant__ topn_job j, int32_t tiles_a_slice)
{
    extern __shared__ __align__(16) unsigned char shared[];
    __shared__ scan_shared s;
    int32_t ld = j.item_copy.ld, n_chunks = ld / DEPTH, n_tiles = (j.n_items - 1) / TILE + 1;
    int32_t tile = (int32_t)blockIdx.y * tiles_a_slice, end = min(n_tiles - tile, tiles_a_slice) + tile;
    int32_t warp = (int32_t)threadIdx.x / 32;
    const fragment_place at = {(int32_t)threadIdx.x % 32, warp / 2 * 64, warp % 2 * 64};
    unsigned char *stages = shared + (RESIDENT ? n_chunks * PANEL_BYTES : 0);
    const int32_t stage_bytes = RESIDENT ? PANEL_BYTES : 2 * PANEL_BYTES;
    int64_t piece = (int64_t)(threadIdx.x / 8) * ld + threadIdx.x % 8 * 8;
    chunk_source source = {j.user_copy.bf16 + (int64_t)blockIdx.x * TILE * ld + piece,
                           j.item_copy.bf16 + (int64_t)tile * TILE * ld + piece,
                           ld,
                           0,
                           n_chunks,
                           max(end - tile, 0) * n_chunks};
    scan_begin(j, &s);
    if (RESIDENT)
        for (int32_t c = 0; c < n_chunks; c++)
            copy_panel(shared + c * PANEL_BYTES, source.users + c * DEPTH, ld);
    for (int i = 0; i < STAGES - 1; i++) {
        unsigned char *stage = stages + i * stage_bytes;
        source.next(RESIDENT ? nullptr : stage + PANEL_BYTES, stage);
    }
    int32_t using_stage = 0, chunk = 0, done = 0;
    float acc[4][8][4];
    float2 top = make_float2(0, 0);
    unsigned long long valid = 0;
    while (tile < end) {
        copy_async_wait<STAGES - 2>();
        __syncthreads(); /* this chunk is there; nobody reads the stage that is filled next */
        int32_t filled = using_stage == 0 ? STAGES - 1 : using_stage - 1;
        unsigned char *fill = stages + filled * stage_bytes, *stage = stages + using_stage * stage_bytes;
        source.next(RESIDENT ? nullptr : fill + PANEL_BYTES, fill);
        if (chunk == 0) {
            /* also after 1, 2, 4, 8 ... tiles: the floor lags behind by no more than half of the items */
            int32_t *full = &s.full[(done + 1) % 2];
            if (*full || (done & (done - 1)) == 0) {
                __syncthreads(); /* all have read it */
                if (threadIdx.x == 0) *full = 0;
                compact(j, &s, false);
                __syncthreads();
            }
            top = j.item_copy.top[tile]; /* asked for early, needed after the last chunk */
            valid = valid_items(j, (int64_t)tile * TILE + at.column);
#pragma unroll
            for (int i = 0; i < 4 * 8 * 4; i++) acc[i / 32][i / 4 % 8][i % 4] = 0;
        }
        multiply(RESIDENT ? shared + chunk * PANEL_BYTES : stage + PANEL_BYTES, stage, at, acc);
        if (++using_stage == STAGES) using_stage = 0;
        if (++chunk == n_chunks) {
            look(j, &s, at, acc, top, valid, tile * TILE + at.column, &s.full[done % 2]);
            chunk = 0, tile++, done++;
        }
    }
    copy_async_wait<0>();
    __syncthreads();
    compact(j, &s, true);
    __syncthreads();
    scan_end(j, &s);
}

template <bool RESIDENT, int STAGES> static aisle_status scan(gpu &g, const topn_job &j, aisle_error *err)
{
    int32_t panels = RESIDENT ? j.item_copy.ld / DEPTH + STAGES : 2 * STAGES;
    size_t bytes = (size_t)panels * PANEL_BYTES;
    int32_t n_tiles = (j.n_items - 1) / TILE + 1;
    dim3 grid((unsigned)((j.n_users - 1) / TILE + 1), (unsigned)j.n_lists);
    AISLE_TRY(allow_shared(g, topn_scan<RESIDENT, STAGES>, "find candidates", err));
    topn_scan<RESIDENT, STAGES><<<grid, THREADS, bytes, g.stream>>>(j, (n_tiles - 1) / j.n_lists + 1);
    return launched(g, "find candidates", false, err);
}

aisle_status topn_first(gpu &g, const topn_job &j, aisle_error *err)
{
    /* Two blocks on an SM hide each other's waits. Of 228 KiB each may have six panels, of 164 KiB four. */
    size_t half = g.properties.sharedMemPerMultiprocessor / 2 - g.properties.reservedSharedMemPerBlock;
    size_t room = std::min(half, g.properties.sharedMemPerBlockOptin) - sizeof(scan_shared);
    size_t panels = room / PANEL_BYTES, chunks = (size_t)(j.item_copy.ld / DEPTH);
    if (chunks <= 3 && chunks + 3 <= panels) return scan<true, 3>(g, j, err);
    if (panels >= 6) return scan<false, 3>(g, j, err);
    return scan<false, 2>(g, j, err);
}

} // namespace aisle
