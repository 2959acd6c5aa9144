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
#include "gpu/topn_lists.cuh"

namespace aisle
{

enum {
    TILE = TOPN_TILE,
    DEPTH = TOPN_DEPTH,
    THREADS = 128,                      /* 2 x 2 warps, 64 x 64 scores each */
    PANEL_BYTES = TILE * DEPTH * 2,     /* a chunk of a tile of users or items */
    COPIES = PANEL_BYTES / 16 / THREADS /* of 16 bytes, a thread and panel */
};

/* In shared memory. */
struct scan_shared {
    tile_lists lists;
    float score[THREADS / 32][16][32]; /* each warp's own; a column a lane: no two in one bank */
};

/* --- scores of a tile */

struct fragment_place {
    int32_t lane, row, column; /* of the warp's 64 x 64 scores in the tile */
};

/* acc += users x items of one chunk, a panel of each (topn.cuh). */
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
    float *mine = &s->score[threadIdx.x / 32][0][at.lane]; /* 32 apart */
    while (rows) {
        int32_t q = __ffs((int)rows) - 1;
        rows &= rows - 1;
#pragma unroll
        for (int i = 0; i < 8; i++) /* registers have no index: copy the row to where there is one */
            if (i == q)
#pragma unroll
                for (int n = 0; n < 16; n++) mine[32 * n] = acc[i / 2][n / 2][i % 2 * 2 + n % 2];
        int32_t row = score_row(at, q);
        user_limit l = s->lists.limit[row];
        float floor = l.floor - topn_bound(l.error, top);
        topn_key *list = list_of(j, (int32_t)blockIdx.x * TILE + row);
        for (int32_t n = 0; n < 16; n++) {
            int32_t column = n / 2 * 8 + at.lane % 4 * 2 + n % 2;
            if (mine[32 * n] <= floor || !(valid >> column & 1)) continue;
            lists_add(j, &s->lists, row, list, mine[32 * n], item + column, full);
        }
    }
}

/* The largest of row q: by a tree, as comparisons with the floor one after the other would wait for each other. */
__device__ __forceinline__ float row_largest(const float (&acc)[4][8][4], int q)
{
    float v[8];
#pragma unroll
    for (int n = 0; n < 8; n++) v[n] = fmaxf(acc[q / 2][n][q % 2 * 2], acc[q / 2][n][q % 2 * 2 + 1]);
#pragma unroll
    for (int n = 0; n < 4; n++) v[n] = fmaxf(v[n], v[n + 4]);
    return fmaxf(fmaxf(v[0], v[1]), fmaxf(v[2], v[3]));
}

/* Compares the tile's scores with their floors. A score that is not a number, which no tree finds, has a floor that is none
 * either: only bounds that are not known let it be. */
__device__ __forceinline__ void look(const topn_job &j, scan_shared *s, const fragment_place &at,
                                     const float (&acc)[4][8][4], float2 top, unsigned long long valid,
                                     int32_t item, int32_t *full)
{
    unsigned rows = 0;
#pragma unroll
    for (int q = 0; q < 8; q++) {
        const user_limit &l = s->lists.limit[score_row(at, q)];
        float floor = l.floor - topn_bound(l.error, top);
        rows |= (unsigned)!(row_largest(acc, q) <= floor) << q;
    }
    if (rows) append(j, s, at, acc, rows, top, valid, item, full);
}

/* --- the kernel: a tile of users, a slice of the items */

/* Copies one panel, which lies together, to shared memory; `from` is this thread's first piece. */
__device__ __forceinline__ void copy_panel(unsigned char *to, const uint16_t *from)
{
#pragma unroll
    for (int i = 0; i < COPIES; i++)
        copy_async16(to + (i * THREADS + (int)threadIdx.x) * 16, from + i * THREADS * 8, true);
}

/* Chunks of the tiles of a slice, one after the other: copies run ahead of products across tiles. */
struct chunk_source {
    const uint16_t *users, *items; /* this thread's next pieces */
    int32_t chunk, n_chunks, left;

    __device__ __forceinline__ void next(unsigned char *user_panel, unsigned char *item_panel)
    {
        if (left > 0) {
            if (user_panel) copy_panel(user_panel, users + chunk * TILE * DEPTH);
            copy_panel(item_panel, items);
            items += TILE * DEPTH;
            if (++chunk == n_chunks) chunk = 0;
            left--;
        }
        copy_async_commit(); /* also an empty group, so that counting them stays right */
    }
};

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
    const int32_t first_user = (int32_t)blockIdx.x * TILE;
    chunk_source source = {j.user_copy.bf16 + (int64_t)first_user * ld + threadIdx.x * 8,
                           j.item_copy.bf16 + (int64_t)tile * TILE * ld + threadIdx.x * 8, 0, n_chunks,
                           max(end - tile, 0) * n_chunks};
    lists_begin(j, &s.lists, first_user);
    if (RESIDENT)
        for (int32_t c = 0; c < n_chunks; c++)
            copy_panel(shared + c * PANEL_BYTES, source.users + c * TILE * DEPTH);
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
            int32_t *full = &s.lists.full[(done + 1) % 2];
            if (*full || lists_due(done)) {
                __syncthreads(); /* all have read it */
                if (threadIdx.x == 0) *full = 0;
                lists_compact(j, &s.lists, first_user, false);
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
            look(j, &s, at, acc, top, valid, tile * TILE + at.column, &s.lists.full[done % 2]);
            chunk = 0, tile++, done++;
        }
    }
    copy_async_wait<0>();
    __syncthreads();
    lists_compact(j, &s.lists, first_user, true);
    __syncthreads();
    lists_end(j, &s.lists, first_user);
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
