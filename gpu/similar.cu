/* Sparse similarity A A', top-k of every row: the transpose, the rows in chunks, and for each row the accumulator
 * that costs least. What a block does with a row is in similar_rows.cu. */
#include "gpu/similar.cuh"

#include <algorithm>
#include <vector>

#include "gpu/select.cuh"

namespace
{

using aisle::buffer;
using aisle::gpu;
using aisle::shard;

/* The ways to hold a row's sums. A hash table is for rows that touch few of many: its cells are all looked at,
 * too, but they are fewer than the matrix's rows. */
enum way { DENSE, HASH_LARGE, HASH_SMALL, N_WAYS };
constexpr int HASH_BITS[N_WAYS] = {0, 13, 11};
constexpr int64_t CHUNK_WORK =
    1 << 30; /* products and cells, some 10 ms: longer than the longest row takes */
constexpr int64_t ROUND_WORK = 4 * CHUNK_WORK;  /* between two reports */
constexpr int64_t CHUNK_RESULT_BYTES = 1 << 26; /* and rows of so much output at most */

/* Rows from .. to - 1 of the shard; the first of order[] are done in the first way, and so on. */
struct chunk {
    int32_t from, to, n[N_WAYS];
    int64_t work;
};

/* Results of a chunk on their way, and the rows it reads when they are not resident. Two of them take turns, each
 * on its own stream: one chunk's results are copied while the next computes. */
struct turn {
    buffer<int32_t> ids;
    buffer<float> scores;
    buffer<int32_t> next; /* [N_WAYS] places in the order that are taken */
    aisle::rows_copied rows;
};

struct part {
    aisle::transposed t;
    int32_t slots, cells; /* of the dense way */
    std::vector<chunk> chunks;
    size_t next;  /* chunk */
    int32_t done; /* rows */
    buffer<double> length;
    buffer<int32_t> order; /* of rows, chunk by chunk */
    turn turns[2];
};

struct question {
    aisle_device *d;
    const aisle_dev_csr *a;
    int32_t k, *ids;
    float *scores;
    const aisle_progress *progress;
    part *parts;
};

aisle_status canceled(const question &q, aisle_error *err)
{
    return aisle_canceled(q.progress) ? aisle_fail(err, AISLE_ECANCELED, "similar rows canceled") : AISLE_OK;
}

int32_t cells_of(const part &p, int w)
{
    return w == DENSE ? p.cells : 1 << HASH_BITS[w];
}

/* The smallest table that holds all that the row can touch, if it is much smaller than the matrix is long. */
way way_of(const aisle_dev_csr *a, int64_t products)
{
    for (int w = N_WAYS - 1; w > DENSE; w--)
        if (products <= aisle::similar_hash_room(HASH_BITS[w]) && a->n_rows >= 2 << HASH_BITS[w])
            return (way)w;
    return DENSE;
}

/* Cuts the shard into chunks and orders the rows of each: by way, then the most work first, so that no block is
 * left with a long one at the end. */
void plan(const question &q, gpu &g, const shard &s, part *p, const std::vector<int64_t> &products,
          std::vector<int32_t> *order)
{
    int64_t scratch = aisle::scratch_bytes(g) / 8; /* for each of four buffers at most, two a turn */
    int64_t most_rows = std::max<int64_t>(1, std::min(CHUNK_RESULT_BYTES, scratch) / (8 * (int64_t)q.k));
    int64_t most_entries = aisle::reachable(g, g, s) ? INT64_MAX : scratch / 8;
    for (int32_t r = 0; r < s.n_rows; r++) {
        way w = way_of(q.a, products[(size_t)r]);
        int64_t work = products[(size_t)r] + (w == DENSE ? q.a->n_rows : cells_of(*p, w));
        if (r == 0 || p->chunks.back().work + work > CHUNK_WORK || r - p->chunks.back().from >= most_rows ||
            s.h_row_ptr[(size_t)r + 1] - s.h_row_ptr[(size_t)p->chunks.back().from] > most_entries)
            p->chunks.push_back({r, r, {}, 0});
        chunk &c = p->chunks.back();
        c.to = r + 1;
        c.n[w]++;
        c.work += work;
        (*order)[(size_t)r] = r - c.from;
    }
    for (const chunk &c : p->chunks)
        std::sort(order->begin() + c.from, order->begin() + c.to, [&](int32_t x, int32_t y) {
            int64_t px = products[(size_t)(c.from + x)], py = products[(size_t)(c.from + y)];
            way wx = way_of(q.a, px), wy = way_of(q.a, py);
            return wx != wy ? wx < wy : px != py ? px > py : x < y;
        });
}

aisle_status turns_make(const question &q, gpu &g, int32_t i, part *p, aisle_error *err)
{
    const shard &s = q.a->shard[i];
    int32_t rows = 0;
    int64_t entries = 0;
    for (const chunk &c : p->chunks) {
        rows = std::max(rows, c.to - c.from);
        entries = std::max(entries, s.h_row_ptr[(size_t)c.to] - s.h_row_ptr[(size_t)c.from]);
    }
    for (turn &t : p->turns) {
        AISLE_TRY(t.ids.make(g, (int64_t)rows * q.k, "neighbours", err));
        AISLE_TRY(t.scores.make(g, (int64_t)rows * q.k, "scores of neighbours", err));
        AISLE_TRY(t.next.make(g, N_WAYS, "places in the order", err));
        if (!aisle::reachable(g, g, s))
            AISLE_TRY(aisle::rows_copied_make(g, entries, rows, s.val != nullptr, &t.rows, err));
    }
    return AISLE_OK;
}

/* products[] and p->length of the shard's rows. */
aisle_status measure(const question &q, gpu &g, int32_t i, part *p, std::vector<int64_t> *products,
                     aisle_error *err)
{
    const shard &s = q.a->shard[i];
    buffer<int64_t> work;
    AISLE_TRY(work.make(g, s.n_rows, "work of rows", err));
    AISLE_TRY(p->length.make(g, s.n_rows, "lengths of rows", err));
    AISLE_TRY(aisle::each_block(
        g, s,
        [&](const aisle::csr_block &b) {
            int32_t at = b.first - s.first;
            return aisle::similar_measure(g, b, p->t, work.p + at, p->length.p + at, err);
        },
        err));
    products->resize((size_t)s.n_rows);
    AISLE_CUDA(
        cudaMemcpyAsync(products->data(), work.p, products->size() * 8, cudaMemcpyDeviceToHost, g.stream),
        "work of rows");
    return aisle::check(cudaStreamSynchronize(g.stream), "work of rows", err);
}

aisle_status prepare(const question &q, gpu &g, int32_t i, part *p, aisle_error *err)
{
    const shard &s = q.a->shard[i];
    if (s.n_rows == 0) return AISLE_OK;
    for (int32_t r = 0; r < s.n_rows; r++)
        if (s.h_row_ptr[(size_t)r + 1] - s.h_row_ptr[(size_t)r] > aisle::SIMILAR_LONGEST)
            return aisle_fail(err, AISLE_EINVAL, "cuda: row %d has %lld entries: similarity takes up to %lld",
                              s.first + r, (long long)(s.h_row_ptr[(size_t)r + 1] - s.h_row_ptr[(size_t)r]),
                              (long long)aisle::SIMILAR_LONGEST);
    AISLE_TRY(canceled(q, err));
    p->slots = aisle::similar_slots(q.k);
    int64_t room = (int64_t)g.properties.sharedMemPerBlockOptin - aisle::similar_shared(p->slots, 0, false);
    int32_t most = (int32_t)(room / 16 * 4), tiles = (int32_t)(((int64_t)q.a->n_rows + most - 1) / most);
    int32_t tile_rows = (int32_t)(((int64_t)q.a->n_rows + tiles - 1) / tiles);
    p->cells = (tile_rows + 3) / 4 * 4; /* they are read four at a time */
    AISLE_TRY(aisle::transpose(q.d, g, q.a, tile_rows, &p->t, err));
    std::vector<int64_t> products;
    AISLE_TRY(measure(q, g, i, p, &products, err));
    std::vector<int32_t> order((size_t)s.n_rows);
    plan(q, g, s, p, products, &order);
    AISLE_TRY(turns_make(q, g, i, p, err));
    AISLE_TRY(p->order.make(g, s.n_rows, "an order of rows", err));
    AISLE_CUDA(cudaMemcpyAsync(p->order.p, order.data(), order.size() * 4, cudaMemcpyHostToDevice, g.stream),
               "an order of rows");
    return aisle::check(cudaStreamSynchronize(g.stream), "an order of rows", err);
}

cudaStream_t stream_of(const gpu &g, size_t c)
{
    return c % 2 ? g.copy : g.stream;
}

aisle_status start(const question &q, gpu &g, int32_t i, part *p, size_t at, aisle_error *err)
{
    const chunk &c = p->chunks[at];
    turn &t = p->turns[at % 2];
    aisle::similar_args args = {};
    AISLE_TRY(canceled(q, err));
    AISLE_TRY(
        aisle::rows_within_reach(q.d, g, q.a, {i, c.from, c.to}, stream_of(g, at), &t.rows, &args.rows, err));
    args.t_ptr = p->t.ptr.p;
    args.t_row = p->t.row.p;
    args.t_val = p->t.val.p;
    args.tile_rows = p->t.tile_rows;
    args.n_tiles = p->t.n_tiles;
    args.longest = p->t.longest;
    args.length = p->length.p + c.from;
    args.slots = p->slots;
    args.k = q.k;
    args.ids = t.ids.p;
    args.scores = t.scores.p;
    const int32_t *order = p->order.p + c.from;
    AISLE_CUDA(cudaMemsetAsync(t.next.p, 0, N_WAYS * sizeof(int32_t), stream_of(g, at)), "similarity");
    for (int w = 0; w < N_WAYS; w++) {
        args.next = t.next.p + w;
        args.cells = cells_of(*p, w);
        args.hash_bits = HASH_BITS[w];
        int32_t threads = args.cells <= 4096 ? 256 : args.cells <= 16384 ? 512 : 1024;
        if (c.n[w] > 0)
            AISLE_TRY(aisle::similar_launch(g, args, order, c.n[w], threads, stream_of(g, at), err));
        order += c.n[w];
    }
    return AISLE_OK;
}

/* Waits for a chunk, and hands out what it found. */
aisle_status finish(const question &q, gpu &g, int32_t i, part *p, size_t at, aisle_error *err)
{
    const chunk &c = p->chunks[at];
    const turn &t = p->turns[at % 2];
    int64_t to = ((int64_t)q.a->shard[i].first + c.from) * q.k;
    size_t bytes = (size_t)(c.to - c.from) * (size_t)q.k * 4;
    AISLE_CUDA(cudaMemcpyAsync(q.ids + to, t.ids.p, bytes, cudaMemcpyDeviceToHost, stream_of(g, at)),
               "copy neighbours");
    AISLE_CUDA(cudaMemcpyAsync(q.scores + to, t.scores.p, bytes, cudaMemcpyDeviceToHost, stream_of(g, at)),
               "copy neighbours");
    AISLE_CUDA(cudaStreamSynchronize(stream_of(g, at)), "similarity");
    p->done = c.to;
    return AISLE_OK;
}

/* Chunks worth ROUND_WORK, each begun before the one before it ends. */
aisle_status advance(const question &q, gpu &g, int32_t i, part *p, aisle_error *err)
{
    size_t first = p->next, end = first;
    for (int64_t work = 0; end < p->chunks.size() && work < ROUND_WORK; end++) work += p->chunks[end].work;
    aisle_status st = first < end ? start(q, g, i, p, first, err) : AISLE_OK;
    for (size_t c = first; c < end && st == AISLE_OK; c++) {
        if (c + 1 < end) st = start(q, g, i, p, c + 1, err);
        if (st == AISLE_OK) st = finish(q, g, i, p, c, err);
    }
    p->next = end;
    aisle_status wait =
        aisle::check(cudaStreamSynchronize(g.copy), "similarity", st == AISLE_OK ? err : nullptr);
    return st == AISLE_OK ? wait : st;
}

/* Rounds, because only the calling thread may report. */
aisle_status run(const question &q, aisle_error *err)
{
    AISLE_TRY(aisle::each_part(
        q.d, [&](gpu &g, int32_t i, aisle_error *e) { return prepare(q, g, i, &q.parts[i], e); }, err));
    for (int64_t done = 0; done < q.a->n_rows;) {
        aisle_progress_report(q.progress, "similar", done, q.a->n_rows, "");
        AISLE_TRY(aisle::each_part(
            q.d, [&](gpu &g, int32_t i, aisle_error *e) { return advance(q, g, i, &q.parts[i], e); }, err));
        done = 0;
        for (int32_t i = 0; i < q.d->n_parts; i++) done += q.parts[i].done;
    }
    aisle_progress_report(q.progress, "similar", q.a->n_rows, q.a->n_rows, "");
    return AISLE_OK;
}

} // namespace

aisle_status aisle_cuda_similar_topk(aisle_device *d, const aisle_dev_csr *a, int32_t k, int32_t *ids,
                                     float *scores, const aisle_progress *progress, aisle_error *err)
{
    if (k < 1 || k > aisle::SELECT_MAX)
        return aisle_fail(err, AISLE_EINVAL, "cuda: %d neighbours: must be 1 to %d", k, aisle::SELECT_MAX);
    if (a->dislikes) return aisle_fail(err, AISLE_EINVAL, "cuda: similar rows: all values must be > 0");
    if (a->nnz == 0) {
        std::fill(ids, ids + (int64_t)a->n_rows * k, -1);
        std::fill(scores, scores + (int64_t)a->n_rows * k, 0.0f);
        return AISLE_OK;
    }
    part parts[aisle::MAX_PARTS] = {};
    return run({d, a, k, ids, scores, progress, parts}, err);
}
