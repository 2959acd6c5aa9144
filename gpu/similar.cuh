/* The k most similar rows of every row, on the device: what the host plans (similar.cu) and what a block of
 * threads does with a row (similar_rows.cu). */
#ifndef AISLE_GPU_SIMILAR_CUH
#define AISLE_GPU_SIMILAR_CUH

#include "gpu/transpose.cuh"

namespace aisle
{

/* Longer rows are refused: the error of the sums below grows with the length. */
constexpr int64_t SIMILAR_LONGEST = INT64_C(1) << 28;

struct similar_args {
    csr_block rows; /* their own entries */
    const int64_t *t_ptr;
    const int32_t *t_row;
    const float *t_val;
    int32_t tile_rows, n_tiles, n_rows; /* of the transpose; rows of the whole matrix */
    double longest;
    const double *length; /* 2-norm of each of rows */
    int32_t cells;        /* accumulators: >= tile_rows, or 2^hash_bits */
    int32_t hash_bits; /* 0 = cell i is row i of the tile, tile after tile; else a hash table of all rows */
    int32_t slots;     /* a power of two > k: the best so far, and candidates */
    int32_t k;
    int32_t *ids; /* row r of rows: r * k */
    float *scores;
    int32_t *
        next; /* [1] how many of the order are taken, 0 at the start: blocks take rows as they come to them */
};

/* Dynamic shared memory that a launch wants. */
int64_t similar_shared(int32_t slots, int32_t cells, bool hashed);
int32_t similar_slots(int32_t k);
/* A row that meets `products` entries in the transpose touches at most so many rows: the hash table stays 3/4
 * full at most. */
constexpr int64_t similar_hash_room(int hash_bits)
{
    return (INT64_C(3) << hash_bits) / 4;
}

/* work[r] = how many entries the lists of row r's features have together; length[r] as above. */
aisle_status similar_measure(gpu &g, const csr_block &rows, const transposed &t, int64_t *work,
                             double *length, aisle_error *err);
/* Rows order[0 .. n) (device memory; rows of a.rows), in blocks of `threads` (a multiple of 256 up to 1024),
 * queued on `stream`. */
aisle_status similar_launch(gpu &g, const similar_args &a, const int32_t *order, int32_t n, int32_t threads,
                            cudaStream_t stream, aisle_error *err);

} // namespace aisle
#endif
