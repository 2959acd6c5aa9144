/* How many users a second get their best items through a compact table, and how long does one wait? Factors are trained
 * on the matrix, since their lengths and directions decide what is ruled out. Before timing, answers of a sample are
 * compared with those of scoring every item in f32: same ids, same bytes; --check all: every user's. --allowed .1 leaves a
 * tenth of the items. --save PREFIX writes PREFIX.users.f32 and PREFIX.items.f32, row by row, for others to answer the same. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/compact.h"
#include "aisle/memory.h"
#include "bench/bench.h"
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/select.h"

enum { SAMPLE = 64, SINGLES = 1000 };

typedef struct question {
    const bench_run *b;
    aisle_mat x, y;
    aisle_compact table;
    aisle_compact_work *work;
    uint64_t *allowed; /* NULL = all */
    int32_t n, *ids;
    float *scores;
    double share;
    bool check_all;
    const char *save; /* NULL = nothing is saved */
    double gops;      /* the first pass of this machine at most */
} question;

static void train(question *q, int32_t f)
{
    const bench_run *b = q->b;
    aisle_dev_csr *c, *ct;
    aisle_dev_mat *x, *y;
    const aisle_als_params of_users = {.a0 = .01F, .reg = .006F, .nu = 1, .n_other = b->c.n_cols};
    aisle_als_params of_items = of_users;
    of_items.n_other = b->c.n_rows;
    BENCH_MUST(b->ops->csr_put(b->d, &b->c, &c, err));
    BENCH_MUST(b->ops->csr_put(b->d, &b->ct, &ct, err));
    BENCH_MUST(b->ops->mat_new(b->d, b->c.n_rows, f, &x, err));
    BENCH_MUST(b->ops->mat_new(b->d, b->c.n_cols, f, &y, err));
    BENCH_MUST(aisle_mat_init(&q->y, b->c.n_cols, f, err));
    bench_fill(&q->y, .1F, b->o.seed);
    BENCH_MUST(b->ops->mat_put(b->d, &q->y, y, err));
    aisle_mat_deinit(&q->y);
    for (int32_t i = 0; i < 8; i++) {
        BENCH_MUST(b->ops->als_half_step(b->d, c, y, &of_users, x, err));
        BENCH_MUST(b->ops->als_half_step(b->d, ct, x, &of_items, y, err));
    }
    BENCH_MUST(b->ops->als_half_step(b->d, c, y, &of_users, x, err));
    BENCH_MUST(b->ops->mat_take(b->d, x, &q->x, err));
    BENCH_MUST(b->ops->mat_take(b->d, y, &q->y, err));
    b->ops->csr_free(b->d, c);
    b->ops->csr_free(b->d, ct);
}

static void ask(const question *q, int32_t first, int32_t n)
{
    const bench_run *b = q->b;
    aisle_mat users = q->x;
    users.data = aisle_mat_row(&q->x, first);
    users.n_rows = n;
    const aisle_csr seen = {n, b->c.n_cols, b->c.row_ptr + first, b->c.col, NULL};
    const aisle_compact_query of = {
        .table = &q->table, .items = &q->y, .users = &users, .top = {q->n, &seen, q->allowed}};
    int64_t at = (int64_t)first * q->n;
    BENCH_MUST(aisle_compact_topn(q->work, &of, q->ids + at, q->scores + at, err));
}

static void everyone(void *arg)
{
    const question *q = arg;
    int32_t users = q->b->c.n_rows, batch = q->b->o.batch;
    for (int64_t u = 0; u < users; u += batch)
        ask(q, (int32_t)u, users - u < batch ? (int32_t)(users - u) : batch);
}

static bool is_seen(const aisle_csr *c, int32_t u, int32_t i)
{
    for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++)
        if (c->col[e] == i) return true;
    return false;
}

static bool is_right(const question *q, int32_t u)
{
    const aisle_kernels *k = aisle_kernels_get();
    uint64_t key[2 * 1024 + 32];
    int32_t ids[1024];
    float scores[1024];
    aisle_select best;
    aisle_select_init(&best, key, q->n);
    for (int32_t i = 0; i < q->y.n_rows; i++) {
        if (q->allowed && !(q->allowed[i / 64] >> (i % 64) & 1)) continue;
        float s = k->dot(q->y.n_cols, aisle_mat_row(&q->x, u), aisle_mat_row(&q->y, i));
        if (s >= best.threshold && !is_seen(&q->b->c, u, i)) aisle_select_push(&best, s, i);
    }
    aisle_select_take(&best, ids, scores);
    int64_t at = (int64_t)u * q->n;
    return memcmp(ids, q->ids + at, (size_t)q->n * sizeof *ids) == 0 &&
           memcmp(scores, q->scores + at, (size_t)q->n * sizeof *scores) == 0;
}

static void verify(const question *q)
{
    const int32_t users = q->b->c.n_rows, n = q->check_all ? users : SAMPLE;
    int32_t wrong = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : wrong)
    for (int32_t s = 0; s < n; s++) wrong += !is_right(q, (int32_t)((int64_t)users * s / n));
    if (wrong) bench_stop("verify", "other items or scores than f32's");
    fprintf(stderr, "%d factors: %d users have the items and scores of f32, byte by byte\n", q->y.n_cols, n);
}

static void save(const char *prefix, const char *name, const aisle_mat *m)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.%s.f32", prefix, name);
    FILE *f = fopen(path, "wb");
    for (int32_t i = 0; f && i < m->n_rows; i++)
        fwrite(aisle_mat_row(m, i), sizeof(float), (size_t)m->n_cols, f);
    if (!f || fclose(f) != 0) bench_stop("--save", path);
}

/* The kernel on one tile in the first cache, by all threads: what the first pass can do at most. */
static double peak_gops(int32_t threads)
{
    enum { GROUPS = 64, TIMES = 20000 };
    static uint8_t item[GROUPS * AISLE_INT8_ITEMS * 4];
    static int8_t user[GROUPS * AISLE_INT8_USERS * 4];
    static float scale[AISLE_INT8_ITEMS];
    aisle_int8_tile t = {
        .groups = GROUPS, .item = item, .scale = scale, .user = user, .users = AISLE_INT8_USERS};
    for (int32_t u = 0; u < AISLE_INT8_USERS; u++) t.floor[u] = INFINITY;
    double least = INFINITY;
    for (int32_t r = 0; r < 10; r++) {
        double from = bench_seconds();
#pragma omp parallel num_threads(threads)
        {
            aisle_int8_hits hits;
            for (int32_t i = 0; i < TIMES; i++) aisle_kernels_get()->int8_tile(&t, &hits);
        }
        double s = bench_seconds() - from;
        if (s < least) least = s;
    }
    return 1e-9 * 2 * GROUPS * 4 * AISLE_INT8_ITEMS * AISLE_INT8_USERS * TIMES * threads / least;
}

/* As in bench_topn. */
static bench_counts counts(const question *q, double users, double calls)
{
    double f = q->y.n_cols, items = q->y.n_rows;
    return (bench_counts){.streamed = calls * items * (f + 16) + 4 * f * users + 8 * users * q->n,
                          .flops = 2 * users * items * f};
}

static void print(const question *q, const char *what, bench_times *t, int32_t users, double calls)
{
    char extra[240];
    double best = INFINITY;
    for (int32_t i = 0; i < t->n; i++) best = t->t[i] < best ? t->t[i] : best;
    bench_counts need = counts(q, users, calls);
    snprintf(extra, sizeof extra,
             ",\"n\":%d,\"batch\":%d,\"allowed\":%.3g,\"users_per_s\":%.0f,\"code_gops\":%.0f,\"of_code_"
             "roof\":%.3f",
             q->n, q->b->o.batch < users ? q->b->o.batch : users, q->share, users / best, q->gops,
             1e-9 * need.flops / q->gops / best);
    bench_print(q->b, what, q->y.n_cols, t, &need, extra);
}

static void choose_allowed(question *q, const char *share)
{
    if (!share) return;
    q->share = atof(share);
    int64_t words = ((int64_t)q->b->c.n_cols + 63) / 64;
    q->allowed = aisle_calloc((size_t)words, sizeof *q->allowed);
    if (!q->allowed || !(q->share > 0 && q->share <= 1)) bench_stop("--allowed", "above 0, at most 1");
    uint64_t h = q->b->o.seed;
    for (int32_t i = 0; i < q->b->c.n_cols; i++) {
        h = h * 6364136223846793005U + 1442695040888963407U;
        if ((double)(h >> 11) * 0x1p-53 < q->share) q->allowed[i / 64] |= (uint64_t)1 << (i % 64);
    }
}

static void measure(question *q, int32_t f)
{
    static bench_times t, one;
    const bench_run *b = q->b;
    train(q, f);
    double from = bench_seconds();
    BENCH_MUST(aisle_compact_init(&q->y, &q->table, err));
    BENCH_MUST(aisle_compact_coarsen(&q->table, err));
    fprintf(stderr, "%d factors: table made in %.3f s\n", f, bench_seconds() - from);
    everyone(q);
    verify(q);
    if (q->save) save(q->save, "users", &q->x);
    if (q->save) save(q->save, "items", &q->y);
    bench_time(b, everyone, q, &t);
    print(q, "table", &t, b->c.n_rows, ceil((double)b->c.n_rows / b->o.batch));
    for (one.n = 0; one.n < SINGLES && one.n < BENCH_MAX_RUNS; one.n++) {
        int32_t u = (int32_t)((int64_t)one.n * 7919 % b->c.n_rows);
        from = bench_seconds();
        ask(q, u, 1);
        one.t[one.n] = bench_seconds() - from;
    }
    print(q, "table_one", &one, 1, 1);
    aisle_compact_deinit(&q->table);
    aisle_mat_deinit(&q->x);
    aisle_mat_deinit(&q->y);
}

int main(int argc, char **argv)
{
    static bench_run b;
    const char *share = bench_take(&argc, argv, "--allowed"), *check = bench_take(&argc, argv, "--check");
    const char *save_to = bench_take(&argc, argv, "--save");
    bench_open(&b, true, argc, argv);
    int32_t threads = b.o.threads ? b.o.threads : omp_get_num_procs();
    question q = {.b = &b, .n = b.o.n ? b.o.n : 20, .share = 1, .save = save_to};
    q.check_all = check && strcmp(check, "all") == 0;
    q.ids = aisle_array((int64_t)b.c.n_rows * q.n, sizeof *q.ids);
    q.scores = aisle_array((int64_t)b.c.n_rows * q.n, sizeof *q.scores);
    q.work = aisle_compact_work_new(threads);
    if (!q.ids || !q.scores || !q.work) bench_stop("answers", "out of memory");
    choose_allowed(&q, share);
    q.gops = peak_gops(threads);
    for (int32_t i = 0; i < b.o.n_factors; i++) measure(&q, b.o.factors[i]);
    aisle_compact_work_free(q.work);
    aisle_free(q.ids);
    aisle_free(q.scores);
    aisle_free(q.allowed);
    bench_close(&b);
    return 0;
}
