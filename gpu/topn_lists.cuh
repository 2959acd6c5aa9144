/* Lists of candidates while items are scanned, a tile of users at a time: whoever scores (topn_first.cu, topn_hopper.cu)
 * adds to them, and every now and then they are compacted, which raises the floors. New candidates hold t, those before
 * compacted[row] t - e; what these are, and why it is exact, is in topn_first.cu. */
#ifndef AISLE_GPU_TOPN_LISTS_CUH
#define AISLE_GPU_TOPN_LISTS_CUH

#include <cmath>

#include "gpu/topn.cuh"

namespace aisle
{

enum { LIST_WARPS = TOPN_TILE / 32 }; /* that look after the lists of a tile of users: one thread a user */

struct user_limit {
    float2 error; /* topn_error */
    float floor;  /* L less its rounding, or NaN: none yet */
    float unused;
};

/* In shared memory: the lists of one tile of users and one slice of the items. */
struct tile_lists {
    user_limit limit[TOPN_TILE];
    int32_t count[TOPN_TILE], compacted[TOPN_TILE]; /* count > cap: the list was too short */
    unsigned histogram[LIST_WARPS][256];
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

/* Of this slice of the items. */
__device__ inline topn_key *list_of(const topn_job &j, int32_t u)
{
    return j.lists + ((int64_t)u * j.n_lists + blockIdx.y) * j.cap;
}

/* Floors are raised after so many tiles: after 1, 2, 4, 8 ..., so that they lag behind by no more than half of the
 * items. */
__device__ inline bool lists_due(int32_t done)
{
    return (done & (done - 1)) == 0;
}

/* All rows of the tile whose first user this is, one warp a row. Between barriers. */
static __device__ __noinline__ void lists_compact(const topn_job &j, tile_lists *s, int32_t first_user,
                                                  bool last)
{
    int32_t warp = (int32_t)threadIdx.x / 32 % LIST_WARPS, lane = (int32_t)threadIdx.x % 32;
    for (int32_t row = warp; row < TOPN_TILE; row += LIST_WARPS) {
        int32_t m = s->count[row], u = first_user + row, from = s->compacted[row];
        if (m == from || (uint32_t)m > (uint32_t)j.cap) continue; /* nothing new, or given up */
        topn_key *list = list_of(j, u);
        user_limit l = s->limit[row];
        m = settle_new(j, l, u, list, from, m);
        if (m >= j.n) {
            topn_key nth = warp_nth(list, m, j.n, s->histogram[warp]);
            float floor = score_of(nth);
            m = drop_beaten(j, l, list, m, nth);
            /* 2^-22: floor - e below rounds by less; -infinity and NaN say nothing */
            l.floor = floor > -INFINITY ? floor - fabsf(floor) * 0x1p-22f : NAN;
        }
        __syncwarp();
        if (lane == 0) {
            if (m > j.cap - TOPN_TILE && !last) { /* too many are too close: exact lists for this user */
                m = j.cap + 1;
                l.floor = INFINITY, l.error = make_float2(0, 0);
            }
            s->count[row] = s->compacted[row] = m;
            s->limit[row] = l;
        }
    }
}

/* Adds an item with the score t to the list of a row. */
__device__ __forceinline__ void lists_add(const topn_job &j, tile_lists *s, int32_t row, topn_key *list,
                                          float t, int32_t id, int32_t *full)
{
    uint32_t place = (uint32_t)atomicAdd(&s->count[row], 1);
    if (place >= (uint32_t)j.cap) return; /* given up before */
    list[place] = key_of(t, id);
    if ((int32_t)place >= j.cap - TOPN_TILE) *full = 1;
}

/* Which of the 64 items from `item` on exist and are allowed. */
__device__ __forceinline__ unsigned long long valid_items(const topn_job &j, int64_t item)
{
    int64_t left = j.n_items - item;
    unsigned long long bits = left >= 64 ? ~0ull : left > 0 ? (1ull << left) - 1 : 0;
    return j.allowed && left > 0 ? bits & j.allowed[item / 64] : bits;
}

__device__ inline void lists_begin(const topn_job &j, tile_lists *s, int32_t first_user)
{
    int32_t row = (int32_t)threadIdx.x % TOPN_TILE, u = first_user + row;
    user_limit l = {{0, 0}, INFINITY, 0}; /* no such user: nothing is above the floor */
    if (u < j.n_users) l = {topn_error(j, u), NAN, 0};
    s->limit[row] = l;
    s->count[row] = u < j.n_users ? 0 : j.cap + 1; /* and no list */
    s->compacted[row] = 0;
    if (row < 2) s->full[row] = 0;
}

__device__ inline void lists_end(const topn_job &j, tile_lists *s, int32_t first_user)
{
    int32_t row = (int32_t)threadIdx.x % TOPN_TILE, u = first_user + row;
    if (u >= j.n_users) return;
    int32_t m = s->count[row];
    bool over = (uint32_t)m > (uint32_t)j.cap;
    j.counts[(int64_t)u * j.n_lists + blockIdx.y] = over ? 0 : m;
    if (over && atomicExch(&j.is_over[u], 1) == 0) j.over[atomicAdd(j.n_over, 1)] = u;
}

} // namespace aisle
#endif
