/* Top-N on the device: arguments, memory, and blocks of users whose copies overlap the work. The passes are
 * elsewhere (topn_first.cu, topn_rank.cu). */

#include <algorithm>

#include "gpu/topn.cuh"

namespace
{

using aisle::buffer;
using aisle::gpu;

enum { TILE = aisle::TOPN_TILE, FEW = 4 }; /* so few users read the f32 items themselves, once each */

/* One part's share of a call. */
struct share {
    const float *users, *items;
    int32_t n_users, n_items, ld, n;
    const aisle_csr *seen; /* NULL = none; row first_seen is the first user's */
    int32_t first_seen;
    const uint64_t *allowed;
    int32_t *ids;
    float *scores;
};

struct plan {
    bool direct;   /* no first pass: all items of each user, in f32 */
    int32_t block; /* users at a time */
    int32_t ld;    /* columns of the bf16 copies */
    int32_t cap;
    int32_t tile;           /* users of a block of threads */
    int32_t blocks_at_once; /* of threads, that the GPU runs */
};

int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

/* Slices of the items for a block of n users: enough to occupy the GPU, none much shorter than its start. */
int32_t slices(const plan &p, const share &s, int32_t n)
{
    int64_t rows = (n - 1) / p.tile + 1;
    int64_t most = p.direct ? s.n_items / (4 * (int64_t)s.n) : s.n_items / (4 * TILE);
    return (int32_t)std::max<int64_t>(1, std::min(most, p.blocks_at_once / rows));
}

/* Lists of the block of users that has most. */
int64_t most_lists(const plan &p, const share &s)
{
    int64_t whole = (int64_t)p.block * slices(p, s, p.block);
    int32_t rest = s.n_users % p.block;
    return rest ? std::max(whole, (int64_t)rest * slices(p, s, rest)) : whole;
}

int64_t most_seen(const plan &p, const share &s)
{
    int64_t most = 0;
    for (int32_t r = 0; s.seen && r < s.n_users; r += p.block) {
        const int64_t *ptr = s.seen->row_ptr + s.first_seen + r;
        most = std::max(most, ptr[std::min(p.block, s.n_users - r)] - ptr[0]);
    }
    return most;
}

int64_t copy_bytes(int64_t rows, int32_t ld)
{
    return round_up(rows, TILE) * ((int64_t)ld * 2 + 8) + round_up(rows, TILE) / TILE * 8;
}

/* Device memory of a block of users. */
int64_t block_bytes(const plan &p, const share &s)
{
    int64_t bytes = most_lists(p, s) * ((int64_t)p.cap * 8 + 4) + (int64_t)p.block * (s.n * 16 + 8);
    if (s.seen) bytes += 2 * (((int64_t)p.block + 1) * 8 + most_seen(p, s) * 4);
    return p.direct ? bytes : bytes + copy_bytes(p.block, p.ld);
}

/* Blocks of users that occupy the GPU once, halved until they fit. Where not even the items' copy and a tile of
 * users do, the direct way needs nearly nothing. */
plan make_plan(gpu &g, const share &s)
{
    int64_t room = aisle::scratch_bytes(g);
    room -= std::min<int64_t>(room / 8, 1 << 20); /* allocations are rounded up */
    int32_t ld = (int32_t)round_up(s.ld, aisle::TOPN_DEPTH),
            sms = std::max(1, g.properties.multiProcessorCount);
    bool hopper = aisle::topn_has_hopper(g, ld);
    plan p = {false, 0, ld, aisle::topn_capacity(s.n), hopper ? 2 * TILE : TILE, hopper ? sms : 2 * sms};
    if (s.allowed) room -= ((int64_t)s.n_items + 63) / 64 * 8;
    p.block = (int32_t)std::min<int64_t>(round_up(s.n_users, TILE), (int64_t)sms * 2 * TILE);
    int64_t left = room - copy_bytes(s.n_items, p.ld);
    while (p.block > TILE && block_bytes(p, s) > left) p.block = (int32_t)round_up(p.block / 2, TILE);
    p.block = std::min(p.block, s.n_users);
    if (s.n_users > FEW && s.n_items > 0 && block_bytes(p, s) <= left) return p;
    p = {true, std::min(s.n_users, 8 * sms), 0, s.n, 1, 4 * sms};
    while (p.block > 1 && block_bytes(p, s) > room) p.block = (p.block + 1) / 2;
    return p;
}

/* Copies made ahead or drained while the other one is worked on. */
struct halves {
    buffer<int64_t> seen_ptr;
    buffer<int32_t> seen, ids;
    buffer<float> scores;
    cudaEvent_t copied = nullptr, done = nullptr;

    ~halves()
    {
        if (copied) cudaEventDestroy(copied);
        if (done) cudaEventDestroy(done);
    }
    aisle_status make(gpu &g, const plan &p, const share &s, aisle_error *err)
    {
        AISLE_CUDA(cudaEventCreateWithFlags(&copied, cudaEventDisableTiming), "make an event");
        AISLE_CUDA(cudaEventCreateWithFlags(&done, cudaEventDisableTiming), "make an event");
        AISLE_TRY(ids.make(g, (int64_t)p.block * s.n, "results of a block of users", err));
        AISLE_TRY(scores.make(g, (int64_t)p.block * s.n, "results of a block of users", err));
        if (s.seen) {
            AISLE_TRY(seen_ptr.make(g, (int64_t)p.block + 1, "seen rows", err));
            AISLE_TRY(seen.make(g, most_seen(p, s), "seen items", err));
        }
        /* memory comes in the order of g.stream: g.copy waits for it here the first time */
        return aisle::check(cudaEventRecord(done, g.stream), "make an event", err);
    }
};

struct copy_memory {
    buffer<uint16_t> bf16;
    buffer<float2> norm, top;

    aisle_status make(gpu &g, int32_t n, int32_t ld, aisle::topn_copy *out, aisle_error *err)
    {
        int64_t rows = round_up(n, TILE);
        AISLE_TRY(bf16.make(g, rows * ld, "bf16 factors", err));
        AISLE_TRY(norm.make(g, rows, "norms of factors", err));
        AISLE_TRY(top.make(g, rows / TILE, "norms of factors", err));
        *out = {bf16.p, norm.p, top.p, ld};
        return AISLE_OK;
    }
};

struct work {
    gpu &g;
    const share &s;
    plan p;
    aisle::topn_job job = {}; /* what all blocks have in common */
    copy_memory users, items;
    buffer<aisle::topn_key> lists;
    buffer<int32_t> counts, over;
    buffer<uint64_t> allowed;
    halves half[2];

    work(gpu &part, const share &rows) : g(part), s(rows), p(make_plan(part, rows)) {}
    /* Nothing may be under way when memory goes, ours or the caller's. */
    ~work()
    {
        cudaStreamSynchronize(g.copy);
        cudaStreamSynchronize(g.stream);
    }
};

aisle_status prepare(work &w, aisle_error *err)
{
    const share &s = w.s;
    gpu &g = w.g;
    aisle::topn_job &j = w.job;
    j.n_items = s.n_items, j.ld = s.ld, j.n = s.n, j.items = s.items, j.cap = w.p.cap;
    AISLE_TRY(w.lists.make(g, most_lists(w.p, s) * w.p.cap, "candidates of a block of users", err));
    for (halves &h : w.half) AISLE_TRY(h.make(g, w.p, s, err));
    j.lists = w.lists.p;
    if (s.allowed) {
        int64_t words = ((int64_t)s.n_items + 63) / 64;
        AISLE_TRY(w.allowed.make(g, words, "item filter", err));
        AISLE_CUDA(
            cudaMemcpyAsync(w.allowed.p, s.allowed, (size_t)words * 8, cudaMemcpyHostToDevice, g.stream),
            "item filter");
        j.allowed = w.allowed.p;
    }
    if (w.p.direct) return AISLE_OK;
    AISLE_TRY(w.counts.make(g, most_lists(w.p, s), "candidates of a block of users", err));
    AISLE_TRY(w.over.make(g, 2 * (int64_t)w.p.block + 1, "candidates of a block of users", err));
    AISLE_TRY(w.users.make(g, w.p.block, w.p.ld, &j.user_copy, err));
    AISLE_TRY(w.items.make(g, s.n_items, w.p.ld, &j.item_copy, err));
    j.counts = w.counts.p;
    j.n_over = w.over.p, j.is_over = w.over.p + 1, j.over = w.over.p + 1 + w.p.block;
    return aisle::topn_convert(g, s.items, s.n_items, s.ld, j.item_copy, err);
}

int32_t users_at(const work &w, int32_t first)
{
    return std::min(w.p.block, w.s.n_users - first);
}

/* Seen rows of the block that begins with user `first`, once the half's last block is done. */
aisle_status send_seen(work &w, halves &h, int32_t first, aisle_error *err)
{
    int32_t n = users_at(w, first);
    if (w.s.seen) {
        const int64_t *ptr = w.s.seen->row_ptr + w.s.first_seen + first;
        AISLE_CUDA(cudaStreamWaitEvent(w.g.copy, h.done, 0), "seen rows");
        AISLE_CUDA(cudaMemcpyAsync(h.seen_ptr.p, ptr, ((size_t)n + 1) * 8, cudaMemcpyHostToDevice, w.g.copy),
                   "seen rows");
        AISLE_CUDA(cudaMemcpyAsync(h.seen.p, w.s.seen->col + ptr[0], (size_t)(ptr[n] - ptr[0]) * 4,
                                   cudaMemcpyHostToDevice, w.g.copy),
                   "seen items");
    }
    return aisle::check(cudaEventRecord(h.copied, w.g.copy), "seen items", err);
}

aisle_status fetch_results(work &w, halves &h, int32_t first, aisle_error *err)
{
    int64_t at = (int64_t)first * w.s.n;
    size_t bytes = (size_t)users_at(w, first) * (size_t)w.s.n * 4;
    AISLE_CUDA(cudaStreamWaitEvent(w.g.copy, h.done, 0), "copy results");
    AISLE_CUDA(cudaMemcpyAsync(w.s.ids + at, h.ids.p, bytes, cudaMemcpyDeviceToHost, w.g.copy),
               "copy results");
    return aisle::check(cudaMemcpyAsync(w.s.scores + at, h.scores.p, bytes, cudaMemcpyDeviceToHost, w.g.copy),
                        "copy results", err);
}

aisle_status rank_block(work &w, halves &h, int32_t first, aisle_error *err)
{
    aisle::topn_job j = w.job;
    gpu &g = w.g;
    j.users = w.s.users + (int64_t)first * w.s.ld;
    j.n_users = users_at(w, first);
    j.n_lists = slices(w.p, w.s, j.n_users);
    j.n_exact = (int32_t)std::min<int64_t>((int64_t)j.n_lists * j.cap / j.n, w.p.blocks_at_once);
    if (w.s.seen) {
        j.seen_ptr = h.seen_ptr.p, j.seen = h.seen.p;
        j.seen_base = w.s.seen->row_ptr[w.s.first_seen + first];
    }
    j.ids = h.ids.p, j.scores = h.scores.p;
    AISLE_CUDA(cudaStreamWaitEvent(g.stream, h.copied, 0), "seen rows");
    if (!w.p.direct) {
        AISLE_CUDA(cudaMemsetAsync(j.n_over, 0, ((size_t)w.p.block + 1) * 4, g.stream), "find candidates");
        AISLE_TRY(aisle::topn_convert(g, j.users, j.n_users, j.ld, j.user_copy, err));
        AISLE_TRY(w.p.tile > TILE ? aisle::topn_first_hopper(g, j, err) : aisle::topn_first(g, j, err));
    }
    AISLE_TRY(aisle::topn_exact(g, j, err));
    AISLE_TRY(aisle::topn_rank(g, j, err));
    return aisle::check(cudaEventRecord(h.done, g.stream), "rank the candidates", err);
}

/* While a block is worked on, the one before goes back and the seen rows of the next one come. All copies go
 * one after the other, so that a half's results have left before its next seen rows have come. */
aisle_status run(work &w, aisle_error *err)
{
    int32_t n = w.s.n_users, i = 0;
    AISLE_TRY(send_seen(w, w.half[0], 0, err));
    for (int32_t first = 0; first < n; first += w.p.block, i ^= 1) {
        AISLE_TRY(rank_block(w, w.half[i], first, err));
        if (first > 0) AISLE_TRY(fetch_results(w, w.half[i ^ 1], first - w.p.block, err));
        if (n - first <= w.p.block) break;
        AISLE_TRY(send_seen(w, w.half[i ^ 1], first + w.p.block, err));
    }
    AISLE_TRY(fetch_results(w, w.half[i], (n - 1) / w.p.block * w.p.block, err));
    return aisle::check(cudaStreamSynchronize(w.g.copy), "copy results", err);
}

aisle_status check_question(const aisle_dev_mat *users, int32_t first, int32_t n_rows,
                            const aisle_dev_mat *items, const aisle_topn_params *p, aisle_error *err)
{
    if (p->n < 1 || p->n > aisle::SELECT_MAX)
        return aisle_fail(err, AISLE_EINVAL, "cuda: top-%d: must be 1 to %d", p->n, aisle::SELECT_MAX);
    if (items->n_cols != users->n_cols || first < 0 || n_rows < 0 || first > users->n_rows - n_rows)
        return aisle_fail(
            err, AISLE_EINVAL, "cuda: rows %d to %lld of %d x %d with items %d x %d: shapes must agree",
            first, (long long)first + n_rows, users->n_rows, users->n_cols, items->n_rows, items->n_cols);
    if (p->seen && (p->seen->n_rows != n_rows || p->seen->n_cols != items->n_rows))
        return aisle_fail(err, AISLE_EINVAL, "cuda: top-N of %d rows and %d items with seen items of %d x %d",
                          n_rows, items->n_rows, p->seen->n_rows, p->seen->n_cols);
    return AISLE_OK;
}

} // namespace

aisle_status aisle_cuda_topn(aisle_device *d, const aisle_dev_mat *users, int32_t first, int32_t n_rows,
                             const aisle_dev_mat *items, const aisle_topn_params *p, int32_t *ids,
                             float *scores, aisle_error *err)
{
    AISLE_TRY(check_question(users, first, n_rows, items, p, err));
    if (n_rows == 0) return AISLE_OK;
    return aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            int32_t begin = (int32_t)((int64_t)n_rows * i / d->n_parts);
            int32_t end = (int32_t)((int64_t)n_rows * (i + 1) / d->n_parts);
            if (begin == end) return AISLE_OK;
            const share s = {users->data[i] + (int64_t)(first + begin) * users->ld,
                             items->data[i],
                             end - begin,
                             items->n_rows,
                             users->ld,
                             p->n,
                             p->seen,
                             begin,
                             p->allowed,
                             ids + (int64_t)begin * p->n,
                             scores + (int64_t)begin * p->n};
            work w(g, s);
            AISLE_TRY(prepare(w, e));
            return run(w, e);
        },
        err);
}
