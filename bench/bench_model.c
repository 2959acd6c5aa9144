/* How long does a large model file take to open, how much of it stays with the process, and how long does a user wait? Factors
 * are random: directions around a common one, lengths falling as rank^-1/10 in no order of the ids; histories are the
 * matrix. --model FILE keeps the file, for `serve_memory.py`; --half writes the users in 16 bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "aisle/scorer.h"
#include "bench/bench.h"

enum { ASKED = 10000, N = 20 };

typedef struct question {
    const bench_run *b;
    const char *path;
    aisle_model *m;
    aisle_scorer *s;
} question;

static aisle_str numbered(const void *letter, int32_t i)
{
    static char text[16];
    snprintf(text, sizeof text, "%s%d", (const char *)letter, i);
    return aisle_str_from(text);
}

/* A permutation of 0 .. n-1, n no multiple of the prime. */
static double length_of(int32_t i, int32_t n)
{
    return pow(1 + (double)((int64_t)i * 179424673 % n), -.1);
}

static void fill(aisle_mat *m, uint64_t seed, bool items)
{
#pragma omp parallel for schedule(static)
    for (int32_t i = 0; i < m->n_rows; i++) {
        aisle_rng r;
        float *row = aisle_mat_row(m, i);
        aisle_rng_init(&r, seed, (uint64_t)i);
        double scale = items ? length_of(i, m->n_rows) / sqrt(m->n_cols) : 1 / sqrt(m->n_cols);
        for (int32_t k = 0; k < m->n_cols; k++) row[k] = (float)((aisle_rng_normal(&r) + .5) * scale);
    }
}

static void gramian(const bench_run *b, const aisle_mat *y, float *gram)
{
    aisle_dev_mat *d;
    BENCH_MUST(b->ops->mat_new(b->d, y->n_rows, y->n_cols, &d, err));
    BENCH_MUST(b->ops->mat_put(b->d, y, d, err));
    BENCH_MUST(b->ops->gram(b->d, d, gram, err));
    b->ops->mat_free(b->d, d);
}

static void write_model(const question *q, int32_t f, bool half)
{
    const bench_run *b = q->b;
    aisle_mat x, y;
    aisle_compact table;
    float *gram = aisle_array((int64_t)f * f, sizeof *gram),
          *popularity = aisle_calloc((size_t)b->c.n_cols, sizeof *popularity);
    if (!gram || !popularity) bench_stop("model", "out of memory");
    BENCH_MUST(aisle_mat_init(&x, b->c.n_rows, f, err));
    BENCH_MUST(aisle_mat_init(&y, b->c.n_cols, f, err));
    fill(&x, b->o.seed, false);
    fill(&y, b->o.seed + 1, true);
    gramian(b, &y, gram);
    for (int64_t e = 0; e < aisle_csr_nnz(&b->c); e++) popularity[b->c.col[e]]++;
    double from = bench_seconds();
    BENCH_MUST(aisle_compact_init(&y, &table, err));
    fprintf(stderr, "%d factors: table made in %.3f s\n", f, bench_seconds() - from);
    const aisle_model_parts parts = {.users = x,
                                     .items = y,
                                     .item_gram = gram,
                                     .n_users = b->c.n_rows,
                                     .n_items = b->c.n_cols,
                                     .user_id = numbered,
                                     .item_id = numbered,
                                     .user_ctx = "u",
                                     .item_ctx = "i",
                                     .seen = b->c,
                                     .popularity = popularity,
                                     .compact = &table,
                                     .half_users = half,
                                     .meta = "{}",
                                     .a0 = .01F,
                                     .reg = .006F,
                                     .nu = 1};
    BENCH_MUST(aisle_model_write(q->path, &parts, err));
    aisle_compact_deinit(&table);
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
    aisle_free(gram);
    aisle_free(popularity);
}

static void reopen(void *arg)
{
    question *q = arg;
    aisle_model_unref(q->m);
    BENCH_MUST(aisle_model_open(q->path, &q->m, err));
}

/* Pages of files that are mapped now. */
static double file_mib(void)
{
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssFile: %ld", &kib) == 1) break;
    if (f) fclose(f);
    return (double)kib / 1024;
}

static void ask(const question *q, int32_t u, const uint64_t *allowed)
{
    aisle_hit hit[N];
    aisle_hits hits = {.hit = hit};
    const aisle_query of = {.user = u, .allowed = allowed, .n = N};
    BENCH_MUST(aisle_scorer_recommend(q->s, q->m, &of, &hits, err));
}

static void print(const question *q, const char *what, int32_t f, bench_times *t, double most)
{
    char extra[160];
    snprintf(extra, sizeof extra, ",\"model_mib\":%.0f,\"file_mib\":%.0f,\"most_file_mib\":%.0f",
             (double)aisle_model_bytes(q->m) / 1048576, file_mib(), most);
    bench_print(q->b, what, f, t, &(bench_counts){0}, extra);
}

static void measure(question *q, int32_t f, bool half)
{
    static bench_times t;
    write_model(q, f, half);
    bench_time(q->b, reopen, q, &t);
    print(q, "model_open", f, &t, file_mib());
    double most = 0;
    t.n = 0;
    for (int32_t i = 0; i < ASKED; i++) {
        double from = bench_seconds();
        ask(q, (int32_t)((int64_t)i * 7919 % q->b->c.n_rows), NULL);
        double s = bench_seconds() - from, now = i % 64 ? 0 : file_mib();
        most = now > most ? now : most;
        if (i % (ASKED / BENCH_MAX_RUNS) == 0) t.t[t.n++] = s;
    }
    print(q, "model_one", f, &t, most);
}

int main(int argc, char **argv)
{
    static bench_run b;
    char temporary[] = "/tmp/bench_model_XXXXXX";
    const char *keep = bench_take(&argc, argv, "--model"), *half = bench_take(&argc, argv, "--half");
    bench_open(&b, false, argc, argv);
    question q = {.b = &b, .path = keep ? keep : temporary, .s = aisle_scorer_new()};
    if (!keep) close(mkstemp(temporary));
    if (!q.s) bench_stop("scorer", "out of memory");
    for (int32_t i = 0; i < b.o.n_factors; i++) measure(&q, b.o.factors[i], half && strcmp(half, "yes") == 0);
    aisle_model_unref(q.m);
    aisle_scorer_free(q.s);
    if (!keep) unlink(temporary);
    bench_close(&b);
    return 0;
}
