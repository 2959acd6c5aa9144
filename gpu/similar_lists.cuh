/* How a block of threads keeps a row's sums in shared memory and walks the lists of its features. Not what it makes
 * of the sums (similar_rows.cu). */
#ifndef AISLE_GPU_SIMILAR_LISTS_CUH
#define AISLE_GPU_SIMILAR_LISTS_CUH

#include "gpu/similar.cuh"

namespace aisle
{

enum {
    FEATURES = 256, /* of the row that are staged at once */
    LANES = 8,      /* threads that read a piece of a list together: one sector of 32 bytes a step */
    PIECE = 64      /* entries of a list */
};
constexpr uint32_t MARK = UINT32_C(1) << 31; /* a cell holds not a sum but the slot of a candidate */

struct similar_state {
    int32_t warp_sum[32];
    int32_t pieces; /* of the staged features */
    int32_t taken;  /* candidates found */
    int32_t again;
    uint32_t floor; /* sums below are out */
    int32_t next;   /* row of the order */
};

/* Where things lie in shared memory. bin lies upon id and shift: they are never needed at once. */
struct similar_frame {
    similar_state *s;
    unsigned long long *value; /* [slots] (score bits, ~id) of the best, 0 = none; then sums of candidates */
    int64_t *begin;            /* [FEATURES] of the list, and so on */
    int32_t *id, *shift;       /* [slots] of a candidate, whose unit is 2^-shift */
    uint32_t *bin;
    int32_t *size, *piece; /* piece: how many stand before the feature's first */
    float *weight;
    uint32_t *cell;
    int32_t *key; /* -1 = empty; hash table only */
};

constexpr int64_t STATE_BYTES = 256, FEATURE_BYTES = 20, SLOT_BYTES = 16;
static_assert(sizeof(similar_state) <= STATE_BYTES, "state");

__device__ inline similar_frame lay_out_similar(unsigned char *shared, int32_t slots, int32_t cells)
{
    similar_frame f;
    f.s = (similar_state *)shared;
    f.value = (unsigned long long *)(shared + STATE_BYTES);
    f.begin = (int64_t *)(f.value + slots);
    f.id = (int32_t *)(f.begin + FEATURES);
    f.shift = f.id + slots;
    f.bin = (uint32_t *)f.id;
    f.size = f.shift + slots;
    f.piece = f.size + FEATURES;
    f.weight = (float *)(f.piece + FEATURES);
    f.cell = (uint32_t *)(f.weight + FEATURES);
    f.key = (int32_t *)(f.cell + cells);
    return f;
}

/* A row while a block works on it. */
struct similar_job {
    int32_t row;          /* id in the matrix */
    int32_t n;            /* its entries */
    int64_t entry;        /* the first, in col[] and val[] */
    double scale;         /* units of a sum per product */
    int32_t tile, staged; /* staged: the tile whose first features are staged, -1 = none */
    int32_t best;         /* how many slots hold the best so far */
};

/* Features chunk * FEATURES .. of the row: their lists in the tile, cut into pieces. Begins and ends with a
 * barrier. */
__device__ inline void stage_lists(const similar_args &a, const similar_frame &f, const similar_job &j,
                                   int32_t chunk)
{
    int32_t t = (int32_t)threadIdx.x, lane = t % 32, at = chunk * FEATURES + t, pieces = 0, upto = 0;
    __syncthreads(); /* what was staged has been read */
    if (t < FEATURES) {
        int64_t begin = 0, end = 0;
        float weight = 0;
        if (at < j.n) {
            int64_t list = (int64_t)a.rows.col[j.entry + at] * a.n_tiles;
            begin = a.t_ptr[list + (a.hash_bits ? 0 : j.tile)];
            end = a.t_ptr[list + (a.hash_bits ? a.n_tiles : j.tile + 1)];
            weight = a.rows.val ? a.rows.val[j.entry + at] : 1;
        }
        f.begin[t] = begin;
        f.size[t] = (int32_t)(end - begin);
        f.weight[t] = weight;
        upto = pieces = (f.size[t] + PIECE - 1) / PIECE;
        for (int by = 1; by < 32; by *= 2) {
            int32_t below = __shfl_up_sync(~0u, upto, by);
            if (lane >= by) upto += below;
        }
        if (lane == 31) f.s->warp_sum[t / 32] = upto;
    }
    __syncthreads();
    if (t < FEATURES) {
        for (int w = 0; w < t / 32; w++) upto += f.s->warp_sum[w];
        f.piece[t] = upto - pieces;
        if (t == FEATURES - 1) f.s->pieces = upto;
    }
    __syncthreads();
}

/* Calls visit(weight of the feature, row, its entry in the transpose, its value) for every entry of the row's
 * lists in the tile; without VALUES the value is not read. */
template <bool VALUES, class Visit>
__device__ __forceinline__ void sweep_lists(const similar_args &a, const similar_frame &f, similar_job &j,
                                            Visit visit)
{
    int32_t lane = (int32_t)threadIdx.x % LANES, chunks = (j.n + FEATURES - 1) / FEATURES;
    for (int32_t chunk = 0; chunk < chunks; chunk++) {
        if (chunks > 1 || j.staged != j.tile) stage_lists(a, f, j, chunk);
        j.staged = j.tile;
        for (int32_t p = (int32_t)threadIdx.x / LANES; p < f.s->pieces; p += (int32_t)blockDim.x / LANES) {
            int32_t i = 0; /* the last feature with piece[i] <= p */
            for (int32_t step = FEATURES / 2; step > 0; step /= 2)
                if (f.piece[i + step] <= p) i += step;
            int32_t skip = (p - f.piece[i]) * PIECE, n = f.size[i] - skip;
            int64_t from = f.begin[i] + skip;
            float weight = f.weight[i], v[PIECE / LANES];
            int32_t s[PIECE / LANES];
#pragma unroll
            for (int u = 0; u < PIECE / LANES; u++) { /* all loads first: they are what takes time */
                int32_t o = lane + u * LANES;
                s[u] = o < n ? a.t_row[from + o] : -1;
                v[u] = VALUES && o < n && a.t_val ? a.t_val[from + o] : 1;
            }
#pragma unroll
            for (int u = 0; u < PIECE / LANES; u++)
                if (s[u] >= 0 && s[u] != j.row) visit(weight, s[u], from + lane + u * LANES, v[u]);
        }
    }
}

/* The cell of row s, which is made if there is none. */
__device__ __forceinline__ int32_t cell_of_row(const similar_args &a, const similar_frame &f,
                                               const similar_job &j, int32_t s)
{
    if (!a.hash_bits) return s - j.tile * a.tile_rows;
    uint32_t at = ((uint32_t)s * 2654435769u) >> (32 - a.hash_bits); /* 2^32 / golden ratio */
    for (;; at = (at + 1) & (uint32_t)(a.cells - 1)) {
        int32_t there = f.key[at];
        if (there < 0) there = atomicCAS(&f.key[at], -1, s);
        if (there < 0 || there == s) return (int32_t)at;
    }
}

} // namespace aisle
#endif
