/* Second pass of the top-N: f32 scores, in one order of sums wherever they are computed, and the n best of them.
 * Also the way without a first pass: all items of a user. No bounds and no bf16 here.
 *
 * Scores are ordered by value, infinite ones too; one that is not a number (infinity less infinity) is never an
 * answer. */

#include <algorithm>
#include <cmath>

#include "gpu/topn.cuh"

namespace aisle
{

enum { GROUPS = BEST_THREADS / 8 }; /* eight lanes a score */

/* x.y by eight neighbouring lanes, the same bits in each: lane l sums columns 4 l .. 4 l + 3 of every 32. By a
 * whole warp. */
__device__ __forceinline__ float dot(const float *x, const float *y, int32_t ld)
{
    float sum = 0;
#pragma unroll 4
    for (int32_t c = (int32_t)threadIdx.x % 8 * 4; c < ld; c += 32) {
        float4 a = *(const float4 *)(x + c), b = *(const float4 *)(y + c);
        sum = fmaf(a.x, b.x, sum);
        sum = fmaf(a.y, b.y, sum);
        sum = fmaf(a.z, b.z, sum);
        sum = fmaf(a.w, b.w, sum);
    }
    for (int by = 4; by > 0; by /= 2) sum += __shfl_xor_sync(~0u, sum, by);
    return sum;
}

__device__ inline topn_key rank_key(float score, int32_t id)
{
    return score == score ? key_of(score, id) : 0;
}

__device__ inline bool may_answer(const topn_job &j, int32_t u, int32_t id)
{
    if (j.allowed && !(j.allowed[id / 64] >> (id % 64) & 1)) return false;
    return !topn_seen(j, u, id);
}

/* The n best of items [item, end) for user u, sorted, into keys[n]; 0 fills. By the whole block. */
__device__ inline void exact_list(const topn_job &j, int32_t u, int64_t item, int64_t end, topn_key *keys,
                                  best_keys *best)
{
    const float *x = j.users + (int64_t)u * j.ld;
    int32_t group = (int32_t)threadIdx.x / 8, first_group = group / 4 * 4;
    best_init(best);
    for (; item < end; item += BEST_ROUND) {
        int64_t stop = min(end, item + BEST_ROUND);
        for (int64_t i = item; i + first_group < stop; i += GROUPS) { /* a warp leaves together */
            int32_t id = (int32_t)min(i + group, stop - 1);
            topn_key key = rank_key(dot(x, j.items + (int64_t)id * j.ld, j.ld), id);
            if (threadIdx.x % 8 == 0 && i + group < stop && key > best->floor && may_answer(j, u, id))
                best_offer(best, key);
        }
        best_settle(best, j.n);
    }
    int32_t found = best_finish(best, j.n);
    for (int32_t i = (int32_t)threadIdx.x; i < j.n; i += BEST_THREADS) keys[i] = i < found ? best->key[i] : 0;
}

__global__ void __launch_bounds__(BEST_THREADS) topn_all_items(const __grid_constant__ topn_job j)
{
    __shared__ best_keys best;
    int64_t work = (int64_t)(j.over ? *j.n_over : j.n_users) * j.n_exact;
    int64_t step = (j.n_items + (int64_t)j.n_exact - 1) / j.n_exact;
    for (int64_t w = blockIdx.x; w < work; w += gridDim.x) {
        int32_t slice = (int32_t)(w % j.n_exact), u = (int32_t)(w / j.n_exact);
        if (j.over) u = j.over[u];
        topn_key *keys = j.lists + (int64_t)u * j.n_lists * j.cap + (int64_t)slice * j.n;
        exact_list(j, u, slice * step, min(slice * step + step, (int64_t)j.n_items), keys, &best);
    }
}

aisle_status topn_exact(gpu &g, const topn_job &j, aisle_error *err)
{
    int64_t most = (int64_t)j.n_users * j.n_exact, blocks = (int64_t)g.properties.multiProcessorCount * 8;
    topn_all_items<<<(unsigned)std::min(most, blocks), BEST_THREADS, 0, g.stream>>>(j);
    return launched(g, "score all items", false, err);
}

/* Offers the exact keys of a user's n_exact lists. */
__device__ inline void offer_exact(const topn_job &j, const topn_key *keys, best_keys *best)
{
    int64_t all = (int64_t)j.n_exact * j.n;
    for (int64_t from = 0; from < all; from += BEST_ROUND) {
        int64_t stop = min(all, from + BEST_ROUND);
        for (int64_t i = from + threadIdx.x; i < stop; i += BEST_THREADS) best_offer(best, keys[i]);
        best_settle(best, j.n);
    }
}

/* The n-th largest lower bound of a user's candidates: each list knows only its own. -infinity when there are
 * fewer. */
__device__ inline float common_floor(const topn_job &j, const int32_t *counts, const topn_key *lists,
                                     int32_t width, best_keys *best)
{
    int64_t all = (int64_t)j.n_lists * width;
    for (int64_t from = 0; from < all; from += BEST_ROUND) {
        int64_t stop = min(all, from + BEST_ROUND);
        for (int64_t p = from + threadIdx.x; p < stop; p += BEST_THREADS) {
            int32_t list = (int32_t)(p / width), at = (int32_t)(p % width);
            if (at < counts[list]) best_offer(best, lists[(int64_t)list * j.cap + at]);
        }
        best_settle(best, j.n);
    }
    int32_t found = best_finish(best, j.n);
    float floor = found == j.n ? score_of(best->key[j.n - 1]) : -INFINITY;
    best_init(best);
    return floor;
}

/* Scores a user's candidates and offers them. Place p is candidate p % width of list p / width, if it has so
 * many. */
__device__ inline void offer_candidates(const topn_job &j, int32_t u, const topn_key *lists, int32_t width,
                                        best_keys *best)
{
    const float *x = j.users + (int64_t)u * j.ld;
    const int32_t *counts = j.counts + (int64_t)u * j.n_lists;
    float2 error = topn_error(j, u);
    float floor = j.n_lists > 1 ? common_floor(j, counts, lists, width, best) : -INFINITY;
    int32_t group = (int32_t)threadIdx.x / 8, first_group = group / 4 * 4;
    int64_t all = (int64_t)j.n_lists * width;
    for (int64_t from = 0; from < all; from += BEST_ROUND) {
        int64_t stop = min(all, from + BEST_ROUND);
        for (int64_t p = from; p + first_group < stop; p += GROUPS) {
            int64_t place = min(p + group, stop - 1);
            int32_t list = (int32_t)(place / width), at = (int32_t)(place % width);
            bool there = p + group < stop && at < counts[list];
            topn_key key = there ? lists[(int64_t)list * j.cap + at] : 0;
            int32_t id = there ? id_of(key) : 0;
            if (there && score_of(key) + 2 * topn_bound(error, j.item_copy.norm[id]) < floor) there = false;
            if (!__any_sync(~0u, there)) continue;
            float score = dot(x, j.items + (int64_t)id * j.ld, j.ld);
            if (threadIdx.x % 8 == 0 && there) best_offer(best, rank_key(score, id));
        }
        best_settle(best, j.n);
    }
}

__global__ void __launch_bounds__(BEST_THREADS) topn_best(const __grid_constant__ topn_job j)
{
    __shared__ best_keys best;
    __shared__ int32_t width; /* of the longest list */
    int32_t u = (int32_t)blockIdx.x;
    const topn_key *lists = j.lists + (int64_t)u * j.n_lists * j.cap;
    if (threadIdx.x == 0) width = 0;
    best_init(&best);
    if (!j.over || j.is_over[u]) {
        offer_exact(j, lists, &best);
    } else {
        for (int32_t s = (int32_t)threadIdx.x; s < j.n_lists; s += BEST_THREADS)
            atomicMax(&width, j.counts[(int64_t)u * j.n_lists + s]);
        __syncthreads();
        offer_candidates(j, u, lists, width, &best);
    }
    int32_t found = best_finish(&best, j.n);
    for (int32_t i = (int32_t)threadIdx.x; i < j.n; i += BEST_THREADS) {
        j.ids[(int64_t)u * j.n + i] = i < found ? id_of(best.key[i]) : -1;
        j.scores[(int64_t)u * j.n + i] = i < found ? score_of(best.key[i]) : 0;
    }
}

aisle_status topn_rank(gpu &g, const topn_job &j, aisle_error *err)
{
    topn_best<<<(unsigned)j.n_users, BEST_THREADS, 0, g.stream>>>(j);
    return launched(g, "rank the candidates", false, err);
}

} // namespace aisle
