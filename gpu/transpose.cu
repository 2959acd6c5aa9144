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
        double squares = 0;
        for (int64_t e = b.row_ptr[r] + lane; e < b.row_ptr[r + 1]; e += 32) {
            atomicAdd(&count[(int64_t)b.col[e - b.base] * t.n_tiles + tile], 1u);
            double v = b.val ? b.val[e - b.base] : 1;
            squares += v * v;
        }
        for (int by = 16; by > 0; by /= 2) squares += __shfl_xor_sync(~0u, squares, by);
        if (lane == 0) atomicMax(longest, (unsigned long long)__double_as_longlong(squares));
    }
}

/* Fills each list from its end; count[] goes down to zero. */
__global__ void place_entries(const csr_block b, const tiling t, unsigned *count, const int64_t *ptr,
                              int32_t *row, float *val)
{
    int32_t lane = (int32_t)threadIdx.x % 32, warps = (int32_t)(gridDim.x * (blockDim.x / 32));
    for (int64_t r = (blockIdx.x * blockDim.x + threadIdx.x) / 32; r < b.n_rows; r += warps) {
        int64_t tile = (b.first + r) / t.tile_rows;
        for (int64_t e = b.row_ptr[r] + lane; e < b.row_ptr[r + 1]; e += 32) {
            int64_t list = (int64_t)b.col[e - b.base] * t.n_tiles + tile;
            int64_t to = ptr[list] + (atomicAdd(&count[list], ~0u) - 1u);
            row[to] = (int32_t)(b.first + r);
            if (val) val[to] = b.val[e - b.base];
        }
    }
}

/* Inclusive sum over the block; all THREADS call it. */
__device__ int64_t block_sum(int64_t v, int64_t *warp_sum)
{
    int32_t lane = (int32_t)threadIdx.x % 32, warp = (int32_t)threadIdx.x / 32;
    for (int by = 1; by < 32; by *= 2) {
        int64_t below = __shfl_up_sync(~0u, v, by);
        if (lane >= by) v += below;
    }
    __syncthreads();
    if (lane == 31) warp_sum[warp] = v;
    __syncthreads();
    for (int32_t w = 0; w < warp; w++) v += warp_sum[w];
    return v;
}

__global__ void sum_chunks(const unsigned *count, int64_t n, int64_t *sum)
{
    __shared__ int64_t warp_sum[THREADS / 32];
    int64_t mine = 0, base = (int64_t)blockIdx.x * SCAN;
    for (int64_t i = base + threadIdx.x; i < min(base + SCAN, n); i += THREADS) mine += count[i];
    mine = block_sum(mine, warp_sum);
    if (threadIdx.x == THREADS - 1) sum[blockIdx.x] = mine;
}

/* One block: sums become what stands before each. */
__global__ void scan_sums(int64_t *sum, int64_t n)
{
    __shared__ int64_t warp_sum[THREADS / 32];
    __shared__ int64_t all;
    int64_t before = 0;
    for (int64_t base = 0; base < n; base += THREADS) {
        int64_t i = base + threadIdx.x, v = i < n ? sum[i] : 0, upto = block_sum(v, warp_sum);
        if (i < n) sum[i] = before + upto - v;
        if (threadIdx.x == THREADS - 1) all = upto;
        __syncthreads();
        before += all;
    }
}

__global__ void scan_chunks(const unsigned *count, int64_t n, const int64_t *sum, int64_t *ptr)
{
    __shared__ int64_t warp_sum[THREADS / 32];
    int64_t from = (int64_t)blockIdx.x * SCAN + (int64_t)threadIdx.x * SCAN_EACH;
    int64_t end = min(from + SCAN_EACH, n), mine = 0;
    for (int64_t i = from; i < end; i++) mine += count[i];
    int64_t at = sum[blockIdx.x] + block_sum(mine, warp_sum) - mine;
    for (int64_t i = from; i < end; i++) {
        ptr[i] = at;
        at += count[i];
    }
    if (from < n && end == n) ptr[n] = at;
}

aisle_status scan(gpu &g, const unsigned *count, int64_t n, int64_t *ptr, aisle_error *err)
{
    int64_t chunks = (n + SCAN - 1) / SCAN;
    buffer<int64_t> sum;
    AISLE_TRY(sum.make(g, chunks, "sums of the transpose", err));
    sum_chunks<<<(unsigned)chunks, THREADS, 0, g.stream>>>(count, n, sum.p);
    AISLE_TRY(launched(g, "count the transpose", false, err));
    scan_sums<<<1, THREADS, 0, g.stream>>>(sum.p, chunks);
    AISLE_TRY(launched(g, "count the transpose", false, err));
    scan_chunks<<<(unsigned)chunks, THREADS, 0, g.stream>>>(count, n, sum.p, ptr);
    return launched(g, "count the transpose", false, err);
}

/* The last row of a piece of at most `most` entries of the shard that begins at row `from`, plus one; a longer row
 * is a piece. */
int32_t piece_end(const shard &s, int32_t from, int64_t most)
{
    int32_t to = from + 1;
    while (to < s.n_rows && to - from < PIECE_ROWS &&
           s.h_row_ptr[(size_t)to + 1] - s.h_row_ptr[(size_t)from] <= most)
        to++;
    return to;
}

/* Calls work(block) for all rows of all parts. */
aisle_status each_piece(aisle_device *d, gpu &g, const aisle_dev_csr *a, int64_t most, rows_copied *s,
                        const block_work &work, aisle_error *err)
{
    for (int32_t j = 0; j < d->n_parts; j++) {
        const shard &from = a->shard[j];
        bool near = reachable(g, d->part[j], from);
        for (int32_t r = 0, to; r < from.n_rows; r = to) {
            csr_block b;
            to = near ? from.n_rows : piece_end(from, r, most);
            AISLE_TRY(rows_within_reach(d, g, a, {j, r, to}, g.stream, s, &b, err));
            AISLE_TRY(work(b));
        }
    }
    return AISLE_OK;
}

bool weighted(const aisle_device *d, const aisle_dev_csr *a)
{
    for (int32_t j = 0; j < d->n_parts; j++)
        if (a->shard[j].val) return true;
    return false;
}

/* Room for the largest piece that has to be copied. */
aisle_status room_for_pieces(aisle_device *d, gpu &g, const aisle_dev_csr *a, int64_t most, rows_copied *s,
                             aisle_error *err)
{
    int64_t entries = 0;
    int32_t rows = 0;
    for (int32_t j = 0; j < d->n_parts; j++) {
        const shard &from = a->shard[j];
        if (reachable(g, d->part[j], from)) continue;
        for (int32_t r = 0, to; r < from.n_rows; r = to) {
            to = piece_end(from, r, most);
            rows = std::max(rows, to - r);
            entries = std::max(entries, from.h_row_ptr[(size_t)to] - from.h_row_ptr[(size_t)r]);
        }
    }
    return rows == 0 ? AISLE_OK : rows_copied_make(g, entries, rows, weighted(d, a), s, err);
}

unsigned blocks_for(const gpu &g, int32_t rows)
{
    int64_t want = ((int64_t)rows + THREADS / 32 - 1) / (THREADS / 32);
    return (unsigned)std::min<int64_t>(want, (int64_t)g.properties.multiProcessorCount * 16);
}

} // namespace

bool reachable(const gpu &g, const gpu &owner, const shard &s)
{
    return s.resident && g.ordinal == owner.ordinal;
}

aisle_status rows_copied_make(gpu &g, int64_t entries, int32_t rows, bool with_values, rows_copied *s,
                              aisle_error *err)
{
    AISLE_TRY(s->row_ptr.make(g, (int64_t)rows + 1, "offsets of rows on their way", err));
    AISLE_TRY(s->col.make(g, entries, "columns on their way", err));
    return with_values ? s->val.make(g, entries, "values on their way", err) : AISLE_OK;
}

aisle_status rows_within_reach(aisle_device *d, gpu &g, const aisle_dev_csr *a, const rows_of &which,
                               cudaStream_t stream, rows_copied *s, csr_block *out, aisle_error *err)
{
    const shard &in = a->shard[which.part];
    const gpu &owner = d->part[which.part];
    const int64_t *h_row_ptr = in.h_row_ptr.data() + which.from;
    int32_t rows = which.to - which.from;
    int64_t base = in.h_row_ptr[0], skip = h_row_ptr[0] - base, n = h_row_ptr[rows] - h_row_ptr[0];
    *out = {};
    out->first = in.first + which.from;
    out->n_rows = rows;
    out->base = base;
    out->nnz = n;
    out->row_ptr = in.row_ptr + which.from;
    out->col = in.col;
    out->val = in.val;
    out->h_row_ptr = h_row_ptr;
    if (reachable(g, owner, in)) return AISLE_OK;
    out->base = h_row_ptr[0];
    out->row_ptr = s->row_ptr.p;
    out->col = s->col.p;
    out->val = in.val ? s->val.p : nullptr;
    AISLE_CUDA(
        cudaMemcpyAsync(s->row_ptr.p, h_row_ptr, ((size_t)rows + 1) * 8, cudaMemcpyHostToDevice, stream),
        "copy row offsets");
    for (int of_val = 0; of_val < (in.val ? 2 : 1) && n > 0; of_val++) {
        void *dst = of_val ? (void *)s->val.p : (void *)s->col.p;
        const void *src = of_val ? (const void *)(in.val + skip) : (const void *)(in.col + skip);
        AISLE_CUDA(in.resident
                       ? cudaMemcpyPeerAsync(dst, g.ordinal, src, owner.ordinal, (size_t)n * 4, stream)
                       : cudaMemcpyAsync(dst, src, (size_t)n * 4, cudaMemcpyHostToDevice, stream),
                   "copy rows");
    }
    return AISLE_OK;
}

aisle_status transpose(aisle_device *d, gpu &g, const aisle_dev_csr *a, int32_t tile_rows, transposed *t,
                       aisle_error *err)
{
    bool with_values = weighted(d, a);
    t->tile_rows = tile_rows;
    t->n_tiles = (int32_t)(((int64_t)a->n_rows + tile_rows - 1) / tile_rows);
    int64_t lists = (int64_t)a->n_cols * t->n_tiles;
    tiling tiles = {t->tile_rows, t->n_tiles};
    rows_copied s;
    buffer<unsigned> count;
    buffer<unsigned long long> longest;
    AISLE_TRY(t->ptr.make(g, lists + 1, "lists of the transpose", err));
    AISLE_TRY(t->row.make(g, a->nnz, "rows of the transpose", err));
    if (with_values) AISLE_TRY(t->val.make(g, a->nnz, "values of the transpose", err));
    AISLE_TRY(count.make(g, lists, "counts of the transpose", err));
    AISLE_TRY(longest.make(g, 1, "the longest row", err));
    int64_t most = std::min(PIECE_ENTRIES, scratch_bytes(g) / 64); /* an eighth of what is left */
    AISLE_TRY(room_for_pieces(d, g, a, most, &s, err));
    AISLE_CUDA(cudaMemsetAsync(count.p, 0, (size_t)lists * sizeof(unsigned), g.stream), "clear counts");
    AISLE_CUDA(cudaMemsetAsync(longest.p, 0, sizeof(double), g.stream), "clear counts");
    AISLE_TRY(each_piece(
        d, g, a, most, &s,
        [&](const csr_block &b) {
            count_entries<<<blocks_for(g, b.n_rows), THREADS, 0, g.stream>>>(b, tiles, count.p, longest.p);
            return launched(g, "count the transpose", false, err);
        },
        err));
    AISLE_TRY(scan(g, count.p, lists, t->ptr.p, err));
    double squares = 0;
    AISLE_CUDA(cudaMemcpyAsync(&squares, longest.p, sizeof squares, cudaMemcpyDeviceToHost, g.stream),
               "the longest row");
    AISLE_CUDA(cudaStreamSynchronize(g.stream), "the longest row");
    t->longest = sqrt(squares);
    AISLE_TRY(each_piece(
        d, g, a, most, &s,
        [&](const csr_block &b) {
            place_entries<<<blocks_for(g, b.n_rows), THREADS, 0, g.stream>>>(b, tiles, count.p, t->ptr.p,
                                                                             t->row.p, t->val.p);
            return launched(g, "place the transpose", false, err);
        },
        err));
    return launched(g, "place the transpose", true, err);
}

} // namespace aisle
