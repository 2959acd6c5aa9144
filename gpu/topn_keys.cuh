/* Keys that order candidates of a top-N, and selecting among them by a warp or a block. No scores are computed
 * here. */
#ifndef AISLE_GPU_TOPN_KEYS_CUH
#define AISLE_GPU_TOPN_KEYS_CUH

#include "gpu/select.cuh"

namespace aisle
{

/* A score in the high half, ordered as unsigned numbers, ~id in the low half: one comparison orders by score,
 * then by smaller id, and no two are equal. 0 is none: -infinity has a larger one. */
using topn_key = unsigned long long;

__device__ inline topn_key key_of(float score, int32_t id)
{
    /* + 0: -0 becomes +0, and they tie */
    return (topn_key)ordered(score + 0.0f) << 32 | (uint32_t)~id;
}

__device__ inline float score_of(topn_key key)
{
    return unordered((unsigned)(key >> 32));
}

__device__ inline int32_t id_of(topn_key key)
{
    return (int32_t) ~(uint32_t)key;
}

/* By a whole warp: a key such that exactly n of key[0 .. m) are as large or larger, 1 <= n <= m; histogram is
 * the warp's own, 256 counts of shared memory. Radix select, eight bits a pass, until the last bin is taken
 * whole; at least the 24 highest bits of the n-th score are always found. */
__device__ inline topn_key warp_nth(const topn_key *key, int32_t m, int32_t n, unsigned *histogram)
{
    unsigned lane = threadIdx.x % 32, wanted = (unsigned)n;
    topn_key prefix = 0, high = 0; /* what is known of it: these bits */
    for (int shift = 56; shift >= 0; shift -= 8) {
        for (unsigned b = lane; b < 256; b += 32) histogram[b] = 0;
        __syncwarp();
        for (int32_t i = (int32_t)lane; i < m; i += 32)
            if ((key[i] & high) == prefix) atomicAdd(&histogram[key[i] >> shift & 255], 1u);
        __syncwarp();
        unsigned mine = 0, above; /* lane l has the eight bins from 255 - 8 l downwards */
        for (unsigned b = 0; b < 8; b++) mine += histogram[255 - 8 * lane - b];
        above = mine;
        for (unsigned by = 1; by < 32; by *= 2) {
            unsigned other = __shfl_up_sync(~0u, above, by);
            if (lane >= by) above += other;
        }
        above -= mine;
        bool here = above < wanted && wanted <= above + mine;
        int owner = __ffs((int)__ballot_sync(~0u, here)) - 1;
        unsigned bin = 255 - 8 * lane, left = wanted - above;
        if (here)
            while (histogram[bin] < left) left -= histogram[bin--];
        bin = __shfl_sync(~0u, bin, owner);
        wanted = __shfl_sync(~0u, left, owner);
        unsigned size = histogram[bin];
        __syncwarp();
        prefix |= (topn_key)bin << shift;
        high |= (topn_key)255 << shift;
        if (wanted == size && shift <= 40) break;
    }
    return prefix;
}

enum {
    BEST_THREADS = 256,
    BEST_ROOM = 2 * SELECT_MAX,
    BEST_ROUND = BEST_ROOM - SELECT_MAX /* keys that may be offered between two calls of best_settle */
};

/* The n largest of a stream of keys, by a block of BEST_THREADS: a buffer and a rising floor. */
struct best_keys {
    topn_key key[BEST_ROOM];
    topn_key floor; /* keys that are not larger cannot be among the best */
    unsigned n_in;
};

__device__ inline void best_init(best_keys *b)
{
    __syncthreads();
    if (threadIdx.x == 0) b->floor = 0, b->n_in = 0;
    __syncthreads();
}

__device__ inline void best_offer(best_keys *b, topn_key key)
{
    if (key > b->floor) b->key[atomicAdd(&b->n_in, 1u)] = key;
}

/* Bitonic sort of key[0 .. n), largest first; zeros fill up to a power of two. By the whole block. */
__device__ inline void sort_keys(topn_key *key, unsigned n)
{
    unsigned size = 1;
    while (size < n) size *= 2;
    for (unsigned i = n + threadIdx.x; i < size; i += BEST_THREADS) key[i] = 0;
    for (unsigned length = 2; length <= size; length *= 2)
        for (unsigned step = length / 2; step > 0; step /= 2) {
            __syncthreads();
            for (unsigned at = threadIdx.x; at < size / 2; at += BEST_THREADS) {
                unsigned i = at / step * step * 2 + at % step, j = i + step;
                topn_key a = key[i], b = key[j];
                if ((a < b) == ((i & length) == 0)) key[i] = b, key[j] = a;
            }
        }
    __syncthreads();
}

/* After at most BEST_ROUND offers: makes room for as many. */
__device__ inline void best_settle(best_keys *b, int32_t n)
{
    __syncthreads();
    unsigned in = b->n_in;
    if (in > BEST_ROOM - BEST_ROUND) {
        sort_keys(b->key, in);
        if (threadIdx.x == 0) b->n_in = (unsigned)n, b->floor = b->key[n - 1];
    }
    __syncthreads();
}

/* The best, sorted, in b->key[0 .. result). */
__device__ inline int32_t best_finish(best_keys *b, int32_t n)
{
    __syncthreads();
    unsigned in = b->n_in;
    sort_keys(b->key, in);
    return min((int32_t)in, n);
}

} // namespace aisle
#endif
