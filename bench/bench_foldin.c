/* How long does it take to fold one user in: events to factors, by the exact system of the model? Users are rows of the
 * matrix with at least --n entries (100), of which every so-manieth counts as an event, on one thread. Item factors are
 * random, since no step depends on their values; each user of a sample is checked by the residual in double. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/scorer.h"
#include "bench/bench.h"

enum { MAX_USERS = 1000, SAMPLE = 20 };
static const float A0 = .01F, REG = .006F;

typedef struct question {
    const bench_run *b;
    aisle_model *m;
    int32_t n, n_users;
    aisle_weighted_item *items; /* n of each user */
    float *x;
} question;

static aisle_str numbered(const void *ctx, int32_t i)
{
    static char text[16];
    (void)ctx;
    snprintf(text, sizeof text, "%d", i);
    return aisle_str_from(text);
}

static void gramian(const aisle_mat *y, float *gram)
{
    int32_t f = y->n_cols;
    double *sum = aisle_calloc((size_t)f * (size_t)f, sizeof *sum);
    if (!sum) bench_stop("gramian", "out of memory");
    for (int32_t i = 0; i < y->n_rows; i++) {
        const float *row = aisle_mat_row(y, i);
        for (int32_t p = 0; p < f; p++)
            for (int32_t q = 0; q < f; q++) sum[p * f + q] += (double)row[p] * (double)row[q];
    }
    for (int32_t e = 0; e < f * f; e++) gram[e] = (float)sum[e];
    aisle_free(sum);
}

static void make_model(question *q, int32_t f)
{
    const bench_run *b = q->b;
    char path[] = "/tmp/bench_foldin_XXXXXX";
    int fd = mkstemp(path);
    aisle_mat y, x;
    float *gram = aisle_array((int64_t)f * f, sizeof *gram);
    int64_t *none = aisle_calloc(2, sizeof *none);
    if (fd < 0 || !gram || !none) bench_stop("model", "no room");
    close(fd);
    BENCH_MUST(aisle_mat_init(&y, b->c.n_cols, f, err));
    BENCH_MUST(aisle_mat_init(&x, 1, f, err));
    bench_fill(&y, 1 / sqrtf((float)f), b->o.seed);
    gramian(&y, gram);
    const aisle_model_parts parts = {.users = x,
                                     .items = y,
                                     .item_gram = gram,
                                     .n_users = 1,
                                     .n_items = b->c.n_cols,
                                     .user_id = numbered,
                                     .item_id = numbered,
                                     .seen = {1, b->c.n_cols, none, NULL, NULL},
                                     .meta = "{}",
                                     .a0 = A0,
                                     .reg = REG,
                                     .nu = 1};
    BENCH_MUST(aisle_model_write(path, &parts, err));
    BENCH_MUST(aisle_model_open(path, &q->m, err));
    unlink(path);
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
    aisle_free(gram);
    aisle_free(none);
}

/* n entries of each user who has as many, spread over the row. */
static void choose_users(question *q)
{
    const aisle_csr *c = &q->b->c;
    for (int32_t u = 0; u < c->n_rows && q->n_users < MAX_USERS; u++) {
        int64_t has = c->row_ptr[u + 1] - c->row_ptr[u];
        if (has < q->n) continue;
        aisle_weighted_item *of = q->items + (int64_t)q->n_users++ * q->n;
        for (int32_t j = 0; j < q->n; j++)
            of[j] = (aisle_weighted_item){c->col[c->row_ptr[u] + has * j / q->n], 1 + (float)(j % 3)};
    }
    if (!q->n_users) bench_stop("--n", "no row has so many entries");
}

static void fold(const question *q, int32_t u)
{
    BENCH_MUST(aisle_fold_in(q->m, q->items + (int64_t)u * q->n, q->n, q->x, err));
}

/* The residual A x - b against the bound of tests/unit/score/test_fold_in.c. */
static void verify(const question *q, int32_t u)
{
    const int32_t f = aisle_model_n_factors(q->m);
    const float *gram = aisle_model_item_gram(q->m);
    const aisle_mat y = aisle_model_items(q->m);
    const double l = (double)REG * (q->n + (double)A0 * y.n_rows), g = (3 * f + 5 + q->n) * 0x1p-24;
    double *a = aisle_calloc((size_t)f * (size_t)f, sizeof *a), residual = 0, norm_a = 0, norm_x = 0,
           norm_b = 0;
    if (!a) bench_stop("verify", "out of memory");
    fold(q, u);
    for (int32_t p = 0; p < f; p++) {
        double b = 0, ax = 0;
        for (int32_t r = 0; r < f; r++) a[r] = (double)A0 * (double)gram[p * f + r] + (p == r ? l : 0);
        for (int32_t j = 0; j < q->n; j++) {
            const aisle_weighted_item *e = &q->items[(int64_t)u * q->n + j];
            const float *row = aisle_mat_row(&y, e->item);
            b += (double)e->weight * (double)row[p];
            for (int32_t r = 0; r < f; r++) a[r] += (double)e->weight * (double)row[p] * (double)row[r];
        }
        for (int32_t r = 0; r < f; r++) {
            ax += a[r] * (double)q->x[r];
            norm_a += a[r] * a[r];
        }
        residual += (ax - b) * (ax - b);
        norm_x += (double)q->x[p] * (double)q->x[p];
        norm_b += b * b;
    }
    double most = f * g / (1 - g) * (sqrt(norm_a) * sqrt(norm_x) + sqrt(norm_b));
    if (!(sqrt(residual) <= most)) bench_stop("verify", "a residual is above its bound");
    aisle_free(a);
}

/* A row of f floats an event; the products of a triangle, the factors of the system and both solutions. */
static bench_counts counts(int32_t n, double f)
{
    return (bench_counts){
        .gathered = 4 * f * n, .streamed = 4 * f * f, .flops = n * f * (f + 1) + f * f * f / 3 + 2 * f * f};
}

static void measure(question *q, int32_t f)
{
    static bench_times t;
    char extra[40];
    make_model(q, f);
    q->x = aisle_array(f, sizeof *q->x);
    if (!q->x) bench_stop("factors", "out of memory");
    for (int32_t s = 0; s < SAMPLE; s++) verify(q, (int32_t)((int64_t)q->n_users * s / SAMPLE));
    for (t.n = 0; t.n < BENCH_MAX_RUNS; t.n++) {
        double from = bench_seconds();
        fold(q, (int32_t)((int64_t)t.n * 7919 % q->n_users));
        t.t[t.n] = bench_seconds() - from;
    }
    snprintf(extra, sizeof extra, ",\"events\":%d", q->n);
    bench_counts need = counts(q->n, f);
    bench_print(q->b, "foldin", f, &t, &need, extra);
    aisle_free(q->x);
    aisle_model_unref(q->m);
}

int main(int argc, char **argv)
{
    static bench_run b;
    bench_open(&b, false, argc, argv);
    question q = {.b = &b, .n = b.o.n ? b.o.n : 100};
    aisle_scorer *scorer = aisle_scorer_new(); /* makes the BLAS single-threaded */
    q.items = aisle_array((int64_t)MAX_USERS * q.n, sizeof *q.items);
    if (!q.items || !scorer) bench_stop("users", "out of memory");
    choose_users(&q);
    for (int32_t i = 0; i < b.o.n_factors; i++) measure(&q, b.o.factors[i]);
    aisle_free(q.items);
    aisle_scorer_free(scorer);
    bench_close(&b);
    return 0;
}
