/* The blocks of a shard one after the other: where they lie, or streamed through two buffers. */
#include "gpu/matrix.cuh"

#include <algorithm>

namespace aisle
{

int32_t rows_longer(const csr_block &b, int64_t n)
{
    const int32_t *end = b.h_order + b.n_rows;
    return (int32_t)(std::partition_point(
                         b.h_order, end, [&](int32_t r) { return b.h_row_ptr[r + 1] - b.h_row_ptr[r] > n; }) -
                     b.h_order);
}

/* Block i with its entries at col and val, the first of them entry `base`. */
static csr_block block_at(const shard &s, size_t i, int64_t base, const int32_t *col, const float *val)
{
    int32_t first = s.block_first[i], end = s.block_first[i + 1];
    return {s.first + first,
            end - first,
            base,
            s.h_row_ptr[(size_t)end] - s.h_row_ptr[(size_t)first],
            s.row_ptr + first,
            col,
            val,
            s.order + first,
            s.h_row_ptr.data() + first,
            s.h_order.data() + first};
}

namespace
{

/* Two buffers, filled on g.copy and read on g.stream. */
struct streaming {
    gpu &g;
    const shard &s;
    buffer<int32_t> col[2];
    buffer<float> val[2];
    cudaEvent_t filled[2] = {}, unused[2] = {};
    bool complete = false; /* g.stream has waited for all that g.copy did */

    streaming(gpu &of, const shard &rows) : g(of), s(rows) {}
    streaming(const streaming &) = delete;
    streaming &operator=(const streaming &) = delete;
    ~streaming()
    {
        if (!complete) cudaStreamSynchronize(g.copy); /* the buffers are freed in the order of g.stream */
        for (int i = 0; i < 2; i++) {
            if (filled[i]) cudaEventDestroy(filled[i]);
            if (unused[i]) cudaEventDestroy(unused[i]);
        }
    }
    int64_t begin(size_t block) const
    {
        return s.h_row_ptr[(size_t)s.block_first[block]];
    }
    aisle_status open(size_t n, aisle_error *err)
    {
        int64_t most[2] = {0, 0};
        for (size_t k = 0; k < n; k++) most[k & 1] = std::max(most[k & 1], begin(k + 1) - begin(k));
        for (int i = 0; i < 2; i++) {
            AISLE_TRY(col[i].make(g, most[i], "columns of a streamed block", err));
            if (s.val) AISLE_TRY(val[i].make(g, most[i], "values of a streamed block", err));
            AISLE_CUDA(cudaEventCreateWithFlags(&filled[i], cudaEventDisableTiming), "make an event");
            AISLE_CUDA(cudaEventCreateWithFlags(&unused[i], cudaEventDisableTiming), "make an event");
            AISLE_CUDA(cudaEventRecord(unused[i], g.stream), "stream a block"); /* allocated from here on */
        }
        return AISLE_OK;
    }
    /* Queues the copy of block k into its buffer, once work on block k - 2 is over. */
    aisle_status fill(size_t k, aisle_error *err)
    {
        int64_t from = begin(k) - s.h_row_ptr[0];
        size_t i = k & 1, n = (size_t)(begin(k + 1) - begin(k));
        AISLE_CUDA(cudaStreamWaitEvent(g.copy, unused[i], 0), "stream a block");
        AISLE_CUDA(
            cudaMemcpyAsync(col[i].p, s.col + from, n * sizeof(int32_t), cudaMemcpyHostToDevice, g.copy),
            "stream a block");
        if (s.val)
            AISLE_CUDA(
                cudaMemcpyAsync(val[i].p, s.val + from, n * sizeof(float), cudaMemcpyHostToDevice, g.copy),
                "stream a block");
        return check(cudaEventRecord(filled[i], g.copy), "stream a block", err);
    }
};

aisle_status stream_blocks(gpu &g, const shard &s, const block_work &work, aisle_error *err)
{
    streaming b(g, s);
    size_t n = s.block_first.empty() ? 0 : s.block_first.size() - 1;
    if (n == 0) return AISLE_OK;
    AISLE_TRY(b.open(n, err));
    AISLE_TRY(b.fill(0, err));
    for (size_t k = 0; k < n; k++) {
        if (k + 1 < n) AISLE_TRY(b.fill(k + 1, err));
        AISLE_CUDA(cudaStreamWaitEvent(g.stream, b.filled[k & 1], 0), "stream a block");
        AISLE_TRY(work(block_at(s, k, b.begin(k), b.col[k & 1].p, s.val ? b.val[k & 1].p : nullptr)));
        AISLE_CUDA(cudaEventRecord(b.unused[k & 1], g.stream), "stream a block");
    }
    b.complete = true;
    return AISLE_OK;
}

} // namespace

aisle_status each_block(gpu &g, const shard &s, const block_work &work, aisle_error *err)
{
    if (!s.resident) return stream_blocks(g, s, work, err);
    for (size_t i = 0; i + 1 < s.block_first.size(); i++)
        AISLE_TRY(work(block_at(s, i, s.h_row_ptr[0], s.col, s.val)));
    return AISLE_OK;
}

} // namespace aisle
