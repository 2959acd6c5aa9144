/* Top-N of a block of users: what its two passes share. topn.cu plans and copies; topn_first.cu finds
 * candidates, topn_rank.cu ranks them. */
#ifndef AISLE_GPU_TOPN_CUH
#define AISLE_GPU_TOPN_CUH

#include "gpu/matrix.cuh"
#include "gpu/topn_keys.cuh"

namespace aisle
{

enum { TOPN_TILE = 128, TOPN_DEPTH = 64 }; /* users and items of a tile; columns of a chunk */

/* A bf16 copy of factor rows for the first pass, and what rounding did to them. Rows up to a multiple of
 * TOPN_TILE, columns to one of TOPN_DEPTH; the padding is zero. It is made of panels, TOPN_TILE rows x TOPN_DEPTH columns
 * together, those of a tile one after the other: what is copied to shared memory at a time. A panel's row is 128 bytes in
 * 8 pieces of 16, and piece p of row r lies at p ^ r % 8: so the 8 rows of a matrix that are read together are in
 * different banks, and the panel is what products of warpgroups expect. */
struct topn_copy {
    uint16_t *bf16; /* [rows / TOPN_TILE][ld / TOPN_DEPTH][TOPN_TILE][TOPN_DEPTH] */
    float2 *norm;   /* [rows]: upper bounds of |v| and |v - bf16(v)|; NaN = unknown */
    float2 *top;    /* [rows / TOPN_TILE]: the largest of each tile; NULL = not wanted */
    int32_t ld;
};

struct topn_job {
    const float *users, *items; /* rows of ld floats */
    int32_t n_users, n_items, ld, n;
    const uint64_t *allowed;        /* NULL = all */
    const int64_t *seen_ptr;        /* [n_users + 1]; NULL = none */
    const int32_t *seen;            /* entries e of row u at seen[e - seen_base] */
    int64_t seen_base;              /* = seen_ptr[0] */
    topn_copy user_copy, item_copy; /* first pass only */
    /* User u has n_lists lists of room for cap candidates each, one a slice of the items; counts[u * n_lists + s]
     * are in use. For users in over[] the lists hold exact results instead: n_exact lists of n keys, one after
     * the other. */
    topn_key *lists;
    int32_t *counts;
    int32_t n_lists, cap, n_exact;
    int32_t *over;    /* users whose candidates did not fit; NULL = all users, and there is no first pass */
    int32_t *n_over;  /* [1] */
    int32_t *is_over; /* [n_users] */
    int32_t *ids;     /* [n_users x n] */
    float *scores;
};

/* Whether user u has item `id` already: one binary search. */
__device__ inline bool topn_seen(const topn_job &j, int32_t u, int32_t id)
{
    if (!j.seen_ptr) return false;
    const int32_t *row = j.seen + (j.seen_ptr[u] - j.seen_base);
    int64_t low = 0, high = j.seen_ptr[u + 1] - j.seen_ptr[u];
    while (low < high) {
        int64_t mid = (low + high) / 2;
        if (row[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < j.seen_ptr[u + 1] - j.seen_ptr[u] && row[low] == id;
}

/* |first-pass score - f32 score| of user u is at most the first times |y| plus the second times |y - bf16(y)|
 * (topn_first.cu derives it); NaN = unknown. */
__device__ inline float2 topn_error(const topn_job &j, int32_t u)
{
    float2 norm = j.user_copy.norm[u];
    return make_float2((norm.y + (float)j.ld * 0x1p-22f * norm.x) * (1 + 0x1p-20f),
                       (norm.x + norm.y) * (1 + 0x1p-20f));
}

__device__ inline float topn_bound(float2 error, float2 item_norm)
{
    return error.x * item_norm.x + error.y * item_norm.y;
}

/* Capacity of a list: what is kept after a compaction, and room for one more tile. */
inline int32_t topn_capacity(int32_t n)
{
    return (n > 64 ? 4 * n : 256) + TOPN_TILE;
}

/* Rows of src [n x ld] rounded to bf16; the copy's arrays are there already. */
aisle_status topn_convert(gpu &g, const float *src, int32_t n, int32_t ld, const topn_copy &to,
                          aisle_error *err);
/* Candidates of all users, into the lists; users whose lists are too short for them into over[]. */
aisle_status topn_first(gpu &g, const topn_job &j, aisle_error *err);
/* The same on a GPU of compute 9.0 with rows of few enough columns, for blocks of two tiles of users. */
aisle_status topn_first_hopper(gpu &g, const topn_job &j, aisle_error *err);
bool topn_has_hopper(const gpu &g, int32_t ld);
/* Exact lists of the users of over[], or of all users. */
aisle_status topn_exact(gpu &g, const topn_job &j, aisle_error *err);
/* Exact scores of the candidates, the n best of each user. */
aisle_status topn_rank(gpu &g, const topn_job &j, aisle_error *err);

} // namespace aisle
#endif
