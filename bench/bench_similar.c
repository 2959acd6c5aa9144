/* How many items a second find their most similar ones among all items, by the users they share? A sample is
 * verified before anything is timed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "bench/bench.h"

typedef struct question {
    const bench_run *b;
    aisle_dev_csr *d;
    int32_t k, *ids;
    float *scores;
} question;

/* What an item's row holds for each of its users, and whether rows are then made 1 long. */
typedef struct weighting {
    const char *name;
    bool idf, bm25, unit;
} weighting;

static const weighting *weighting_of(const char *name)
{
    static const weighting all[] = {{"cosine", false, false, true}, /* first: the default */
                                    {"tfidf", true, false, true},
                                    {"bm25", true, true, false},
                                    {"binary", false, false, false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!name || strcmp(name, all[i].name) == 0) return &all[i];
    bench_stop("--weight", "must be of cosine, tfidf, bm25, binary");
}

/* tfidf: w (ln((1 + N) / (1 + df)) + 1), N items, df those of the user. bm25: w (k1 + 1) / (k1 (1 - b + b length / mean) + w)
 * ln((1 + N) / (1 + df)), k1 = 100, b = .8, as is usual for interactions. */
static float *weigh(const aisle_csr *m, const aisle_csr *users, const weighting *how)
{
    float *val = aisle_array(aisle_csr_nnz(m), sizeof *val);
    double mean = (double)aisle_csr_nnz(m) / m->n_rows;
    if (!val) bench_stop("item vectors", "out of memory");
#pragma omp parallel for schedule(dynamic, 256)
    for (int32_t r = 0; r < m->n_rows; r++) {
        double length = (double)(m->row_ptr[r + 1] - m->row_ptr[r]), square = 0;
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) {
            double w = m->val ? (double)m->val[e] : 1;
            double df = (double)(users->row_ptr[m->col[e] + 1] - users->row_ptr[m->col[e]]);
            if (how->bm25) w *= 101 / (100 * (.2 + .8 * length / mean) + w);
            if (how->idf) w *= log((1. + m->n_rows) / (1 + df)) + !how->bm25;
            val[e] = (float)w;
            square += w * w;
        }
        for (int64_t e = m->row_ptr[r]; how->unit && e < m->row_ptr[r + 1]; e++)
            val[e] = (float)((double)val[e] / sqrt(square));
    }
    return val;
}

static void search(void *arg)
{
    const question *q = arg;
    BENCH_MUST(q->b->ops->similar_topk(q->b->d, q->d, q->k, q->ids, q->scores, NULL, err));
}

int main(int argc, char **argv)
{
    static bench_run b;
    static bench_times t;
    const weighting *how = weighting_of(bench_take(&argc, argv, "--weight"));
    bench_open(&b, true, argc, argv);
    question q = {.b = &b, .k = b.o.n ? b.o.n : 50};
    aisle_csr items = {b.ct.n_rows, b.ct.n_cols, b.ct.row_ptr, b.ct.col, weigh(&b.ct, &b.c, how)};
    int64_t n = (int64_t)items.n_rows * q.k;
    q.ids = aisle_array(n, sizeof *q.ids);
    q.scores = aisle_array(n, sizeof *q.scores);
    if (!q.ids || !q.scores) bench_stop("neighbours", "out of memory");
    BENCH_MUST(b.ops->csr_put(b.d, &items, &q.d, err));
    search(&q);
    for (int32_t s = 0; s < 8; s++) {
        int32_t r = (int32_t)((int64_t)items.n_rows * s / 8);
        bench_verify_neighbours(&items, r, q.k, q.ids + (int64_t)r * q.k, q.scores + (int64_t)r * q.k);
    }
    bench_time(&b, search, &q, &t);
    bench_counts need = bench_count_pairs(&b.c);
    double best = INFINITY;
    for (int32_t i = 0; i < t.n; i++) best = t.t[i] < best ? t.t[i] : best;
    char extra[160];
    snprintf(extra, sizeof extra, ",\"k\":%d,\"weight\":\"%s\",\"items_per_s\":%.0f,\"products_per_s\":%.3g",
             q.k, how->name, items.n_rows / best, need.flops / 2 / best);
    bench_print(&b, "similar", 0, &t, &need, extra);
    b.ops->csr_free(b.d, q.d);
    aisle_free(items.val);
    aisle_free(q.ids);
    aisle_free(q.scores);
    bench_close(&b);
    return 0;
}
