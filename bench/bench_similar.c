/* How many items a second find their most similar ones among all items, by the users they share? Verifies a
 * sample against a double loop before it times anything. */
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

/* Length 1 for every row, so that scores are cosines; a row of n entries holds 1 / sqrt(n). */
static float *unit_values(const aisle_csr *m)
{
    float *val = aisle_array(aisle_csr_nnz(m), sizeof *val);
    if (!val) bench_stop("item vectors", "out of memory");
#pragma omp parallel for schedule(dynamic, 256)
    for (int32_t r = 0; r < m->n_rows; r++)
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++)
            val[e] = (float)(1 / sqrt((double)(m->row_ptr[r + 1] - m->row_ptr[r])));
    return val;
}

/* wide: row r written out, a double a column. */
static double cosine(const aisle_csr *m, const double *wide, int32_t s)
{
    double sum = 0;
    for (int64_t e = m->row_ptr[s]; e < m->row_ptr[s + 1]; e++) sum += wide[m->col[e]] * (double)m->val[e];
    return sum;
}

/* A back-end may sum in f32: of n products its sum is off by at most gamma_n of itself, all being positive. */
static void verify(const question *q, const aisle_csr *m, int32_t r)
{
    const int32_t *ids = q->ids + (int64_t)r * q->k;
    const float *scores = q->scores + (int64_t)r * q->k;
    int64_t from = m->row_ptr[r], end = m->row_ptr[r + 1];
    double gamma = (double)(end - from + 2) * 0x1p-24, last = (double)scores[q->k - 1];
    double *wide = aisle_calloc((size_t)m->n_cols, sizeof *wide);
    if (!wide) bench_stop("verify", "out of memory");
    for (int64_t e = from; e < end; e++) wide[m->col[e]] = (double)m->val[e];
    int32_t better = 0;
#pragma omp parallel for schedule(dynamic, 256) reduction(+ : better)
    for (int32_t s = 0; s < m->n_rows; s++) better += s != r && cosine(m, wide, s) > last + 2 * gamma;
    if (better >= q->k) bench_stop("verify", "a more similar item was left out");
    for (int32_t k = 0; k < q->k && ids[k] >= 0; k++) {
        if (ids[k] >= m->n_rows || ids[k] == r) bench_stop("verify", "an id is wrong");
        if (!(fabs(cosine(m, wide, ids[k]) - (double)scores[k]) <= gamma))
            bench_stop("verify", "a score is not the cosine");
        if (k && !(scores[k] <= scores[k - 1])) bench_stop("verify", "the order is wrong");
    }
    aisle_free(wide);
}

static void search(void *arg)
{
    const question *q = arg;
    BENCH_MUST(q->b->ops->similar_topk(q->b->d, q->d, q->k, q->ids, q->scores, NULL, err));
}

/* Multiply-adds: every user's items meet each other. Bytes: each time one entry, its column and its value. */
static bench_counts counts(const aisle_csr *users)
{
    double sum = 0;
    for (int32_t u = 0; u < users->n_rows; u++)
        sum += pow((double)(users->row_ptr[u + 1] - users->row_ptr[u]), 2);
    return (bench_counts){.streamed = 8 * sum, .flops = 2 * sum};
}

int main(int argc, char **argv)
{
    static bench_run b;
    static bench_times t;
    bench_open(&b, true, argc, argv);
    question q = {.b = &b, .k = b.o.n ? b.o.n : 50};
    aisle_csr items = {b.ct.n_rows, b.ct.n_cols, b.ct.row_ptr, b.ct.col, unit_values(&b.ct)};
    int64_t n = (int64_t)items.n_rows * q.k;
    q.ids = aisle_array(n, sizeof *q.ids);
    q.scores = aisle_array(n, sizeof *q.scores);
    if (!q.ids || !q.scores) bench_stop("neighbours", "out of memory");
    BENCH_MUST(b.ops->csr_put(b.d, &items, &q.d, err));
    search(&q);
    for (int32_t s = 0; s < 8; s++) verify(&q, &items, (int32_t)((int64_t)items.n_rows * s / 8));
    bench_time(&b, search, &q, &t);
    bench_counts need = counts(&b.c);
    double best = INFINITY;
    for (int32_t i = 0; i < t.n; i++) best = t.t[i] < best ? t.t[i] : best;
    char extra[160];
    snprintf(extra, sizeof extra, ",\"k\":%d,\"items_per_s\":%.0f,\"products_per_s\":%.3g", q.k,
             items.n_rows / best, need.flops / 2 / best);
    bench_print(&b, "similar", 0, &t, &need, extra);
    b.ops->csr_free(b.d, q.d);
    aisle_free(items.val);
    aisle_free(q.ids);
    aisle_free(q.scores);
    bench_close(&b);
    return 0;
}
