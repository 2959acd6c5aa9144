/* First pass of the top-N on compute 9.0: what topn_first.cu does, by products of whole warpgroups. A block has two tiles
 * of users, a warpgroup each, that stay in shared memory, and a warp that brings the items, a panel at a time. The
 * warpgroups take turns: while the tensor cores work for one, the other looks at its scores, which are all in its
 * registers. */
#include <algorithm>

#include "gpu/mma.cuh"
#include "gpu/topn_lists.cuh"

namespace aisle
{

enum {
    PANEL_BYTES = TOPN_TILE * TOPN_DEPTH * 2,
    GROUP = 128,         /* threads of a warpgroup */
    THREADS = 3 * GROUP, /* two that look, one that copies */
    LOOK_REGISTERS = 240,
    COPY_REGISTERS = 24,
    MOST_CHUNKS = 3, /* of a row: users and enough panels of items fit */
    MOST_STAGES = 8,
    TURN = 1,
    TOGETHER = 3 /* barriers: two of the warpgroups' turns, one within each */
};

/* In dynamic shared memory: users' panels, the ring of items' panels, then this. */
struct hopper_shared {
    tile_lists lists[2];
    phase_barrier users, full[MOST_STAGES], empty[MOST_STAGES];
};

static int32_t stages_of(const gpu &g, int32_t n_chunks)
{
    int64_t room = (int64_t)g.properties.sharedMemPerBlockOptin - 1024 - (int64_t)sizeof(hopper_shared);
    return (int32_t)std::min<int64_t>(MOST_STAGES, room / PANEL_BYTES - 2 * n_chunks);
}

bool topn_has_hopper(const gpu &g, int32_t ld)
{
#ifdef AISLE_HOPPER
    int32_t n_chunks = ld / TOPN_DEPTH;
    return g.properties.major == 9 && g.properties.minor == 0 && n_chunks <= MOST_CHUNKS &&
           stages_of(g, n_chunks) > n_chunks;
#else
    (void)g, (void)ld;
    return false;
#endif
}

#ifdef AISLE_WARPGROUPS

/* One thread's tiles of scores: users 64 m + 16 w + 8 h + lane / 4 of its warpgroup's, w its warp, items 8 i + 2 (lane %
 * 4) + c, at score[m][4 i + 2 h + c]. */
struct tile_scores {
    float score[2][64];
};

/* Scores of the row (m, h) by their number n = 2 i + c. */
__device__ __forceinline__ float row_score(const float (&score)[64], int h, int n)
{
    return score[n / 2 * 4 + 2 * h + n % 2];
}

/* The largest of a row's 32: by a tree, as comparisons with the floor one after the other would wait for each other. */
__device__ __forceinline__ float row_largest(const float (&score)[64], int h)
{
    float v[16];
#    pragma unroll
    for (int n = 0; n < 16; n++) v[n] = fmaxf(row_score(score, h, n), row_score(score, h, n + 16));
#    pragma unroll
    for (int n = 0; n < 8; n++) v[n] = fmaxf(v[n], v[n + 8]);
#    pragma unroll
    for (int n = 0; n < 4; n++) v[n] = fmaxf(v[n], v[n + 4]);
    return fmaxf(fmaxf(v[0], v[1]), fmaxf(v[2], v[3]));
}

/* By value: a choice between two elements of an array would be one of addresses, and the array no longer in registers. */
__device__ __forceinline__ float choose(bool first, float a, float b)
{
    return first ? a : b;
}

/* Number n of a row: registers have no index, so by halving. */
__device__ __forceinline__ float pick(const float (&score)[64], int h, int n)
{
    float v[16];
#    pragma unroll
    for (int i = 0; i < 16; i++) v[i] = choose(n & 16, row_score(score, h, i + 16), row_score(score, h, i));
#    pragma unroll
    for (int i = 0; i < 8; i++) v[i] = choose(n & 8, v[i + 8], v[i]);
#    pragma unroll
    for (int i = 0; i < 4; i++) v[i] = choose(n & 4, v[i + 4], v[i]);
    return choose(n & 1, choose(n & 2, v[3], v[1]), choose(n & 2, v[2], v[0]));
}

/* Adds the scores of a row that are above the floor to its list. */
__device__ __forceinline__ void add_row(const topn_job &j, tile_lists *s, const float (&score)[64], int h,
                                        int32_t row, float floor, int32_t first_user,
                                        const unsigned long long (&valid)[2], int32_t item, int32_t *full)
{
    int32_t lane = (int32_t)threadIdx.x % 32;
    unsigned hits = 0;
#    pragma unroll
    for (int n = 0; n < 32; n++) hits |= (unsigned)!(row_score(score, h, n) <= floor) << n;
    topn_key *list = list_of(j, first_user + row);
    while (hits) {
        int n = __ffs((int)hits) - 1;
        hits &= hits - 1;
        int32_t column = n / 2 * 8 + lane % 4 * 2 + n % 2;
        if ((n & 16 ? valid[1] : valid[0]) >> column % 64 & 1)
            lists_add(j, s, row, list, pick(score, h, n), item + column, full);
    }
}

/* Compares the tile's scores with their floors, and adds those above to the lists. Few are, after the first tiles. A score
 * that is not a number, which no tree finds, has a floor that is none either: only bounds that are not known let it be. */
__device__ __forceinline__ void look(const topn_job &j, tile_lists *s, int32_t first_user,
                                     const tile_scores &t, float2 top, const unsigned long long (&valid)[2],
                                     int32_t item, int32_t *full)
{
    int32_t lane = (int32_t)threadIdx.x % 32, warp = (int32_t)threadIdx.x / 32 % LIST_WARPS;
    int32_t row = warp * 16 + lane / 4;
    float floor[4], largest[4];
#    pragma unroll
    for (int q = 0; q < 4; q++) {
        const user_limit &l = s->limit[row + q / 2 * 64 + q % 2 * 8];
        floor[q] = l.floor - topn_bound(l.error, top);
        largest[q] = row_largest(t.score[q / 2], q % 2);
    }
#    pragma unroll
    for (int q = 0; q < 4; q++)
        if (!(largest[q] <= floor[q]))
            add_row(j, s, t.score[q / 2], q % 2, row + q / 2 * 64 + q % 2 * 8, floor[q], first_user, valid,
                    item, full);
}

/* What a block scans: tiles tile .. tile + n_tiles - 1 of the items for one or two tiles of users. */
struct hopper_scan {
    unsigned char *users, *ring;
    hopper_shared *s;
    int32_t first_user, tile, n_tiles, n_chunks, stages, groups;
};

/* Where one is in the ring. */
struct ring_place {
    int32_t stage = 0;
    unsigned turn = 0;

    __device__ __forceinline__ void next(int32_t stages)
    {
        if (++stage == stages) stage = 0, turn++;
    }
};

/* By one thread. */
__device__ inline void feed(const topn_job &j, const hopper_scan &k)
{
    int64_t row_bytes = (int64_t)k.n_chunks * TOPN_DEPTH * 2;
    const unsigned char *items = (const unsigned char *)j.item_copy.bf16 + k.tile * TOPN_TILE * row_bytes;
    copy_bulk(k.users, (const unsigned char *)j.user_copy.bf16 + k.first_user * row_bytes,
              (unsigned)(k.groups * k.n_chunks * PANEL_BYTES), &k.s->users);
    ring_place at;
    for (int32_t i = 0; i < k.n_tiles * k.n_chunks; i++, at.next(k.stages)) {
        if (at.turn > 0) phase_wait(&k.s->empty[at.stage], (at.turn - 1) & 1);
        copy_bulk(k.ring + at.stage * PANEL_BYTES, items + (int64_t)i * PANEL_BYTES, PANEL_BYTES,
                  &k.s->full[at.stage]);
    }
}

/* By a warpgroup. CHUNKS = k.n_chunks: what products are under way must be plain to the compiler. */
template <int CHUNKS>
__device__ __forceinline__ void scan_tiles(const topn_job &j, const hopper_scan &k, int32_t group)
{
    tile_lists *s = &k.s->lists[group];
    const unsigned char *users = k.users + group * CHUNKS * PANEL_BYTES;
    const int32_t first_user = k.first_user + group * TOPN_TILE;
    const bool turns = k.groups == 2;
    ring_place at;
    tile_scores t = {};
    phase_wait(&k.s->users, 0);
    if (turns && group == 1 && k.n_tiles > 0)
        some_arrive(TURN, 2 * GROUP); /* the first turn is the other's */
    for (int32_t done = 0; done < k.n_tiles; done++) {
        int32_t *full = &s->full[(done + 1) % 2], tile = k.tile + done, item = tile * TOPN_TILE;
        some_sync(TOGETHER + group, GROUP);
        if (*full || lists_due(done)) {
            some_sync(TOGETHER + group, GROUP); /* all have read it */
            if (threadIdx.x % GROUP == 0) *full = 0;
            lists_compact(j, s, first_user, false);
            some_sync(TOGETHER + group, GROUP);
        }
        float2 top = j.item_copy.top[tile];
        const unsigned long long valid[2] = {valid_items(j, item), valid_items(j, item + 64)};
        const unsigned char *items[CHUNKS];
        phase_barrier *empty[CHUNKS];
#    pragma unroll
        for (int chunk = 0; chunk < CHUNKS; chunk++, at.next(k.stages)) {
            items[chunk] = k.ring + at.stage * PANEL_BYTES, empty[chunk] = &k.s->empty[at.stage];
            phase_wait(&k.s->full[at.stage], at.turn & 1);
        }
        if (turns) some_sync(TURN + group, 2 * GROUP);
        products_begin();
#    pragma unroll
        for (int step = 0; step < CHUNKS * (TOPN_DEPTH / 16); step++)
#    pragma unroll
            for (int m = 0; m < 2; m++)
                panel_product(t.score[m], users + step / 4 * PANEL_BYTES + m * (PANEL_BYTES / 2),
                              items[step / 4], step % 4, step > 0);
        products_commit();
        if (turns && (group == 0 || done + 1 < k.n_tiles)) some_arrive(TURN + 1 - group, 2 * GROUP);
        products_wait();
        products_end(t.score[0]);
        products_end(t.score[1]);
        if (threadIdx.x % 32 == 0)
#    pragma unroll
            for (int chunk = 0; chunk < CHUNKS; chunk++) phase_arrive(empty[chunk]);
        look(j, s, first_user, t, top, valid, item, &s->full[done % 2]);
    }
    some_sync(TOGETHER + group, GROUP);
    lists_compact(j, s, first_user, true);
    some_sync(TOGETHER + group, GROUP);
    lists_end(j, s, first_user);
}
#endif

template <int CHUNKS>
__global__ void __launch_bounds__(THREADS, 1)
    topn_scan_hopper(const __grid_constant__ topn_job j, int32_t tiles_a_slice, int32_t stages)
{
#ifdef AISLE_WARPGROUPS
    extern __shared__ __align__(16) unsigned char shared[];
    hopper_scan k;
    int32_t n_tiles = (j.n_items - 1) / TOPN_TILE + 1, group = (int32_t)threadIdx.x / GROUP;
    k.n_chunks = CHUNKS, k.stages = stages;
    k.users = shared + (1024 - shared_address(shared) % 1024) % 1024; /* panels are aligned */
    k.ring = k.users + 2 * k.n_chunks * PANEL_BYTES;
    k.s = (hopper_shared *)(k.ring + stages * PANEL_BYTES);
    k.first_user = (int32_t)blockIdx.x * 2 * TOPN_TILE;
    k.groups = j.n_users - k.first_user > TOPN_TILE ? 2 : 1;
    k.tile = (int32_t)blockIdx.y * tiles_a_slice;
    k.n_tiles = max(min(n_tiles - k.tile, tiles_a_slice), 0);
    if (threadIdx.x == 0) {
        phase_init(&k.s->users, 1);
        for (int32_t i = 0; i < stages; i++) {
            phase_init(&k.s->full[i], 1);
            phase_init(&k.s->empty[i], (unsigned)(k.groups * GROUP / 32));
        }
        phase_init_end();
    }
    if (group < k.groups) lists_begin(j, &k.s->lists[group], k.first_user + group * TOPN_TILE);
    __syncthreads();
    if (group == 2) {
        registers_down<COPY_REGISTERS>();
        if (threadIdx.x == 2 * GROUP) feed(j, k);
    } else {
        registers_up<LOOK_REGISTERS>();
        if (group < k.groups) scan_tiles<CHUNKS>(j, k, group);
    }
#endif
}

template <int CHUNKS> static aisle_status scan(gpu &g, const topn_job &j, aisle_error *err)
{
    int32_t stages = stages_of(g, CHUNKS), n_tiles = (j.n_items - 1) / TOPN_TILE + 1;
    size_t bytes = 1024 + (size_t)(2 * CHUNKS + stages) * PANEL_BYTES + sizeof(hopper_shared);
    dim3 grid((unsigned)((j.n_users - 1) / (2 * TOPN_TILE) + 1), (unsigned)j.n_lists);
    AISLE_TRY(allow_shared(g, topn_scan_hopper<CHUNKS>, "find candidates", err));
    topn_scan_hopper<CHUNKS><<<grid, THREADS, bytes, g.stream>>>(j, (n_tiles - 1) / j.n_lists + 1, stages);
    return launched(g, "find candidates", false, err);
}

aisle_status topn_first_hopper(gpu &g, const topn_job &j, aisle_error *err)
{
    switch (j.item_copy.ld / TOPN_DEPTH) {
    case 1: return scan<1>(g, j, err);
    case 2: return scan<2>(g, j, err);
    default: return scan<3>(g, j, err);
    }
}

} // namespace aisle
