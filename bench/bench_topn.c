/* How many users a second does top-N answer, all items ranked and what they have seen left out? Factors are random;
 * the matrix only says who has seen what. Verifies a sample against a double loop before it times anything. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "bench/bench.h"

typedef struct question {
    const bench_run *b;
    aisle_dev_mat *x, *y;
    int32_t n, *ids;
    float *scores;
} question;

static bool is_seen(const aisle_csr *c, int32_t u, int32_t i)
{
    for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++)
        if (c->col[e] == i) return true;
    return false;
}

/* The dot product in double, and what an f32 sum of its terms in any order may be off by. */
static double score_of(const float *x, const float *y, int32_t f, double *bound)
{
    double dot = 0, size = 0;
    for (int32_t j = 0; j < f; j++) {
        double v = (double)x[j] * (double)y[j];
        dot += v;
        size += fabs(v);
    }
    *bound = size * (f + 1) * 0x1p-23;
    return dot;
}

/* Scores are right and fall; no unseen item beats the last one by more than the bound; none is seen or twice. */
static void verify(const question *q, const aisle_mat *x, const aisle_mat *y, int32_t u)
{
    const aisle_csr *seen = &q->b->c;
    const int32_t *ids = q->ids + (int64_t)u * q->n;
    const float *scores = q->scores + (int64_t)u * q->n;
    double last = (double)scores[q->n - 1], bound;
    int32_t better = 0;
    for (int32_t i = 0; i < y->n_rows; i++) {
        double s = score_of(aisle_mat_row(x, u), aisle_mat_row(y, i), x->n_cols, &bound);
        better += s > last + bound && !is_seen(seen, u, i);
    }
    if (better >= q->n) bench_stop("verify", "a better item was left out");
    for (int32_t k = 0; k < q->n; k++) {
        if (ids[k] < 0 || ids[k] >= y->n_rows) bench_stop("verify", "an id is out of range");
        if (is_seen(seen, u, ids[k])) bench_stop("verify", "a seen item came back");
        double s = score_of(aisle_mat_row(x, u), aisle_mat_row(y, ids[k]), x->n_cols, &bound);
        if (!(fabs(s - (double)scores[k]) <= bound)) bench_stop("verify", "a score is not the dot product");
        if (k && !(scores[k] <= scores[k - 1])) bench_stop("verify", "the order is wrong");
        for (int32_t j = 0; j < k; j++)
            if (ids[j] == ids[k]) bench_stop("verify", "an item came twice");
    }
}

static void answer(void *arg)
{
    const question *q = arg;
    const bench_run *b = q->b;
    int32_t users = b->c.n_rows, batch = b->o.batch;
    for (int32_t u = 0; u < users; u += batch) {
        int32_t n = users - u < batch ? users - u : batch;
        const aisle_csr seen = {n, b->c.n_cols, b->c.row_ptr + u, b->c.col, NULL};
        const aisle_topn_params p = {.n = q->n, .seen = &seen};
        int64_t at = (int64_t)u * q->n;
        BENCH_MUST(b->ops->topn(b->d, q->x, u, n, q->y, &p, q->ids + at, q->scores + at, err));
        if (batch > users - u) break; /* u + batch may not fit */
    }
}

/* Bytes: the items once a call, each user, what is seen, and the answer. */
static bench_counts counts(const question *q, int32_t f)
{
    const aisle_csr *c = &q->b->c;
    double users = c->n_rows, items = c->n_cols, calls = ceil(users / q->b->o.batch);
    return (bench_counts){.streamed = 4 * f * (calls * items + users) + 4.0 * (double)aisle_csr_nnz(c) +
                                      8 * users * q->n,
                          .flops = 2 * users * items * f};
}

static void measure(question *q, int32_t f)
{
    static bench_times t;
    const bench_run *b = q->b;
    aisle_mat x, y;
    BENCH_MUST(aisle_mat_init(&x, b->c.n_rows, f, err));
    BENCH_MUST(aisle_mat_init(&y, b->c.n_cols, f, err));
    bench_fill(&x, 1, b->o.seed);
    bench_fill(&y, 1, b->o.seed + 1);
    BENCH_MUST(b->ops->mat_new(b->d, x.n_rows, f, &q->x, err));
    BENCH_MUST(b->ops->mat_new(b->d, y.n_rows, f, &q->y, err));
    BENCH_MUST(b->ops->mat_put(b->d, &x, q->x, err));
    BENCH_MUST(b->ops->mat_put(b->d, &y, q->y, err));
    memset(q->ids, -1, (size_t)x.n_rows * (size_t)q->n * sizeof *q->ids);
    answer(q);
    for (int32_t s = 0; s < 8; s++) verify(q, &x, &y, (int32_t)((int64_t)b->c.n_rows * s / 8));
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
    bench_time(b, answer, q, &t);
    bench_counts need = counts(q, f);
    char extra[120];
    double best = INFINITY;
    for (int32_t i = 0; i < t.n; i++) best = t.t[i] < best ? t.t[i] : best;
    snprintf(extra, sizeof extra, ",\"n\":%d,\"batch\":%d,\"users_per_s\":%.0f", q->n,
             b->o.batch < b->c.n_rows ? b->o.batch : b->c.n_rows, b->c.n_rows / best);
    bench_print(b, "topn", f, &t, &need, extra);
    b->ops->mat_free(b->d, q->x);
    b->ops->mat_free(b->d, q->y);
}

int main(int argc, char **argv)
{
    static bench_run b;
    bench_open(&b, false, argc, argv);
    question q = {.b = &b, .n = b.o.n ? b.o.n : 20};
    int64_t n = (int64_t)b.c.n_rows * q.n;
    q.ids = aisle_array(n, sizeof *q.ids);
    q.scores = aisle_array(n, sizeof *q.scores);
    if (!q.ids || !q.scores) bench_stop("answers", "out of memory");
    if (b.c.n_cols / 2 < q.n) bench_stop("--n", "at most half of the items");
    for (int32_t i = 0; i < b.o.n_factors; i++) measure(&q, b.o.factors[i]);
    aisle_free(q.ids);
    aisle_free(q.scores);
    bench_close(&b);
    return 0;
}
