/* Exact top-k of one row of scores by a block: radix select of the k-th value, then collect and sort. Ties by
 * smaller id. */
#ifndef AISLE_GPU_SELECT_CUH
#define AISLE_GPU_SELECT_CUH

#include <cstdint>

namespace aisle
{

enum { SELECT_THREADS = 256, SELECT_MAX = 1024 };

struct select_shared {
    unsigned count[256];
    unsigned prefix, wanted, n_above, n_out;
    unsigned key[SELECT_MAX];
    int32_t id[SELECT_MAX];
    unsigned scan[SELECT_THREADS];
};

/* Floats as unsigned integers in the same order; -infinity becomes a small one. */
__device__ inline unsigned ordered(float v)
{
    unsigned u = __float_as_uint(v);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

__device__ inline float unordered(unsigned u)
{
    return __uint_as_float(u & 0x80000000u ? u & 0x7fffffffu : ~u);
}

/* The value of the k-th largest key, eight bits a pass; *above = how many keys are larger. Scores <= floor do
 * not count; with fewer than k left the result is 0: everything above the floor is taken. */
__device__ inline unsigned kth_key(const float *scores, int32_t n, int32_t k, float floor, select_shared *s)
{
    if (threadIdx.x == 0) s->prefix = 0, s->wanted = (unsigned)k, s->n_above = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (int b = threadIdx.x; b < 256; b += blockDim.x) s->count[b] = 0;
        __syncthreads();
        unsigned high = shift == 24 ? 0 : ~0u << (shift + 8), prefix = s->prefix;
        for (int32_t i = threadIdx.x; i < n; i += blockDim.x) {
            unsigned key = ordered(scores[i]);
            if (scores[i] > floor && (key & high) == prefix) atomicAdd(&s->count[key >> shift & 255], 1u);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int b = 255;
            while (b > 0 && s->count[b] < s->wanted) {
                s->wanted -= s->count[b];
                s->n_above += s->count[b--];
            }
            s->prefix |= (unsigned)b << shift;
        }
        __syncthreads();
    }
    return s->prefix;
}

/* Appends, in order of id, the first `room` ids whose key equals `equal`. */
__device__ inline void collect_equal(const float *scores, int32_t n, unsigned equal, float floor, int32_t k,
                                     select_shared *s)
{
    for (int32_t base = 0; base < n; base += SELECT_THREADS) {
        int32_t i = base + (int32_t)threadIdx.x;
        unsigned hit = i < n && scores[i] > floor && ordered(scores[i]) == equal;
        unsigned ballot = __ballot_sync(~0u, hit), lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        if (lane == 0) s->scan[warp] = __popc(ballot);
        __syncthreads();
        unsigned before = __popc(ballot & ((1u << lane) - 1)), all = 0;
        for (unsigned w = 0; w < SELECT_THREADS / 32; w++) {
            if (w < warp) before += s->scan[w];
            all += s->scan[w];
        }
        unsigned at = s->n_out + before;
        if (hit && at < (unsigned)k) s->key[at] = equal, s->id[at] = i;
        __syncthreads();
        if (threadIdx.x == 0) s->n_out = min(s->n_out + all, (unsigned)k);
        __syncthreads();
        if (s->n_out == (unsigned)k) return;
    }
}

__device__ inline bool better(unsigned key1, int32_t id1, unsigned key2, int32_t id2)
{
    return key1 > key2 || (key1 == key2 && id1 < id2);
}

/* Bitonic sort of the first `n` slots, best first; the rest is filled with worst slots up to a power of two.
 */
__device__ inline void sort_slots(int32_t n, select_shared *s)
{
    int size = 1;
    while (size < n) size *= 2;
    for (int i = n + threadIdx.x; i < size; i += blockDim.x) s->key[i] = 0, s->id[i] = INT32_MAX;
    for (int length = 2; length <= size; length *= 2)
        for (int step = length / 2; step > 0; step /= 2) {
            __syncthreads();
            for (int i = threadIdx.x; i < size; i += blockDim.x) {
                int j = i ^ step;
                if (j <= i) continue;
                bool descending = (i & length) == 0;
                if (better(s->key[j], s->id[j], s->key[i], s->id[i]) == descending) {
                    unsigned key = s->key[i];
                    int32_t id = s->id[i];
                    s->key[i] = s->key[j], s->id[i] = s->id[j];
                    s->key[j] = key, s->id[j] = id;
                }
            }
        }
    __syncthreads();
}

/* Called by a whole block of SELECT_THREADS; 1 <= k <= SELECT_MAX. Scores <= floor are never taken. ids[k],
 * out[k]. */
__device__ inline void block_topk(const float *scores, int32_t n, int32_t k, float floor, int32_t *ids,
                                  float *out, select_shared *s)
{
    unsigned kth = kth_key(scores, n, k, floor, s);
    if (threadIdx.x == 0) s->n_out = 0;
    __syncthreads();
    for (int32_t i = threadIdx.x; i < n; i += blockDim.x) {
        unsigned key = ordered(scores[i]);
        if (scores[i] > floor && key > kth) { /* fewer than k of these: any order, the sort settles it */
            unsigned at = atomicAdd(&s->n_out, 1u);
            s->key[at] = key, s->id[at] = i;
        }
    }
    __syncthreads();
    collect_equal(scores, n, kth, floor, k, s);
    __syncthreads();
    int32_t found = (int32_t)s->n_out;
    sort_slots(found, s);
    for (int i = threadIdx.x; i < k; i += blockDim.x) {
        ids[i] = i < found ? s->id[i] : -1;
        out[i] = i < found ? unordered(s->key[i]) : 0;
    }
    __syncthreads();
}

} // namespace aisle
#endif
