/* Transposing by counting: how long each list is, where it begins, then every entry to its place. Integer
 * atomics only, so lengths and sets are the same on every run, and only the order inside a list is not. */
#include "gpu/transpose.cuh"

#include <algorithm>
#include <cmath>

namespace aisle
{

namespace
{

enum { THREADS = 256, SCAN_EACH = 16, SCAN = THREADS * SCAN_EACH };
constexpr int64_t PIECE_ENTRIES = 1 << 24; /* of foreign rows that are copied at once: 128 MiB */
constexpr int32_t PIECE_ROWS = 1 << 22;

struct tiling {
    int32_t tile_rows, n_tiles;
};

/* A warp a row. longest: the bits of the largest sum of squares; positive doubles are ordered as their bits. */
__global__ void count_entries(const csr_block b, const tiling t, unsigned *count, unsigned long long *longest)
{
    int32_t lane = (int32_t)threadIdx.x % 32, warps = (int32_t)(gridDim.x * (blockDim.x / 32));
    for (int64_t r = (blockIdx.x * blockDim.x + threadIdx.x) / 32; r < b.n_rows; r += warps) {
        int64_t tile = (b.first + r) / t.tile_rows;
        AISLE_TRY(scan(g, count.p, lists, t->ptr.p, err));
    double squares = 0;
    AISLE_CUDA(cudaMemcpyAsync(&squares, longest.p, sizeof squares, cudaMemcpyDeviceToHost, g.stream),
               "the longest row");
    AISLE_CUDA(cudaStreamSynchronize(g.stream), "the longest row");
    int e = 0;
    frexp(sqrt(squares), &e); /* < 2^e; all zero: e = 0 */
    t->exponent = std::max(0, 1 - e);
    t->longest = ldexp(sqrt(squares), t->exponent);
    AISLE_TRY(each_piece(
        d, g, a, &s,
        [&](const csr_block &b) {
            place_entries<<<blocks_for(g, b.n_rows), THREADS, 0, g.stream>>>(b, tiles, t->exponent, count.p,
                                                                             t->ptr.p, t->row.p, t->val.p);
            return launched(g, "place the transpose", false, err);
        },
        err));
    return launched(g, "place the transpose", true, err);
}

} // namespace aisle
