/* How many users a second does top-N answer, all items ranked and what they have seen left out? Verifies a
 * sample against a double loop before it times anything. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "bench/bench.h"

enum { N = 20, BATCH = 1000 };

typedef struct answer {
    int32_t *ids;
    float *scores;
} answer;

static bool is_seen(const aisle_csr *c, int32_t u, int32_t i)
{
    for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++)
        if (c->col[e] == i) return true;
    return false;
}

/* No unseen item may beat the last one by more than the bound of a dot product in f32. */
static void verify(const bench_run *b, const aisle_mat *x, const aisle_mat *y, const answer *a, int32_t u)
{
    double last = (double)a->scores[(int64_t)u * N + N - 1];
    int32_t better = 0;
    for (int32_t i = 0; i < y->n_rows; i++) {
        double dot = 0, size = 0;
        for (int32_t j = 0; j < x->n_cols; j++) {
            double v = (double)aisle_mat_row(x, u)[j] * aisle_mat_row(y, i)[j];
            dot += v;
            size += fabs(v);
        }
        better += dot > last + size * (x->n_cols + 1) * 0x1p-23 && !is_seen(&b->c, u, i);
    }
    if (better >= N) bench_stop("verify", "a better item was left out");
    for (int32_t k = 0; k < N; k++)
        if (is_seen(&b->c, u, a->ids[(int64_t)u * N + k])) bench_stop("verify", "a seen item came back");
}

static void measure(const bench_run *b, int32_t f, const aisle_dev_mat *x, const aisle_dev_mat *y,
                    const answer *a)
{
    static bench_times t;
    t.n = 0;
    int32_t users = b->c.n_rows;
    for (int32_t r = 0; r <= b->o.runs; r++) {
        double from = bench_seconds();
        for (int32_t u = 0; u < users; u += BATCH) {
            int32_t n = users - u < BATCH ? users - u : BATCH;
            const aisle_csr seen = {n, b->c.n_cols, b->c.row_ptr + u, b->c.col, NULL};
            const aisle_topn_params p = {.n = N, .seen = &seen};
            BENCH_MUST(
                b->ops->topn(b->d, x, u, n, y, &p, a->ids + (int64_t)u * N, a->scores + (int64_t)u * N, err));
        }
        if (r) t.t[t.n++] = bench_seconds() - from;
    }
    double best = t.t[0], flops = 2.0 * users * b->c.n_cols * f;
    for (int32_t r = 0; r < t.n; r++)
        if (t.t[r] < best) best = t.t[r];
    char extra[200];
    snprintf(extra, sizeof extra,
             ",\"n\":%d,\"batch\":%d,\"users_per_s\":%.0f,\"gflops\":%.1f,\"of_roof\":%.3f", N, BATCH,
             users / best, 1e-9 * flops / best, 1e-9 * flops / best / b->roof_gflops);
    bench_print(b, "topn", f, &t, extra);
}

int main(int argc, char **argv)
{
    static bench_run b;
    bench_open(&b, argc, argv);
    int64_t n = (int64_t)b.c.n_rows * N;
    const answer a = {aisle_array(n, sizeof(int32_t)), aisle_array(n, sizeof(float))};
    if (!a.ids || !a.scores) bench_stop("answers", "out of memory");
    for (int32_t i = 0; i < b.o.n_factors; i++) {
        int32_t f = b.o.factors[i];
        aisle_mat x, y;
        aisle_dev_mat *dx, *dy;
        BENCH_MUST(aisle_mat_init(&x, b.c.n_rows, f, err));
        BENCH_MUST(aisle_mat_init(&y, b.c.n_cols, f, err));
        bench_fill(&x, 1, b.o.seed);
        bench_fill(&y, 1, b.o.seed + 1);
        BENCH_MUST(b.ops->mat_new(b.d, x.n_rows, f, &dx, err));
        BENCH_MUST(b.ops->mat_new(b.d, y.n_rows, f, &dy, err));
        BENCH_MUST(b.ops->mat_put(b.d, &x, dx, err));
        BENCH_MUST(b.ops->mat_put(b.d, &y, dy, err));
        const aisle_topn_params all = {.n = N, .seen = &b.c};
        BENCH_MUST(b.ops->topn(b.d, dx, 0, b.c.n_rows, dy, &all, a.ids, a.scores, err));
        for (int32_t s = 0; s < 8; s++) verify(&b, &x, &y, &a, (int32_t)((int64_t)b.c.n_rows * s / 8));
        measure(&b, f, dx, dy, &a);
        b.ops->mat_free(b.d, dx);
        b.ops->mat_free(b.d, dy);
        aisle_mat_deinit(&x);
        aisle_mat_deinit(&y);
    }
    aisle_free(a.ids);
    aisle_free(a.scores);
    bench_close(&b);
    return 0;
}
