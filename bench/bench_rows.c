/* How long do rows of n entries take, by solver and number of factors? Where two solvers meet, AUTO changes over
 * (cpu/backend/als_plan.c). Every row has n entries; what all rows share, the Gramian and the turning of the other side,
 * is measured with rows of none and taken off. Verifies that all solvers fit the entries alike,
 * to the hundredth that four warm-started half-steps of CG are allowed to leave. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "bench/bench.h"

enum { ENTRIES = 400000, MIN_ROWS = 480, MAX_ROWS = 48000 };

static const int32_t lengths[] = {4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 192, 256, 512, 1024};

typedef struct problem {
    bench_run *b;
    aisle_dev_csr *c;
    aisle_dev_mat *x, *y;
    aisle_als_params p;
} problem;

static void half_step(void *arg)
{
    problem *m = arg;
    BENCH_MUST(m->b->ops->als_half_step(m->b->d, m->c, m->y, &m->p, m->x, err));
}

/* Rows of n columns, each at random within its n-th part of all. */
static aisle_csr rows_of(int32_t n, int32_t n_cols, uint64_t seed)
{
    int32_t rows = n > 0 && ENTRIES / n < MAX_ROWS ? ENTRIES / n : MAX_ROWS;
    if (rows < MIN_ROWS) rows = MIN_ROWS;
    aisle_csr c = {rows, n_cols, aisle_array((int64_t)rows + 1, sizeof(int64_t)),
                   aisle_array((int64_t)rows * n, sizeof(int32_t)), NULL};
    if (!c.row_ptr || !c.col) bench_stop("rows", "out of memory");
    aisle_rng r;
    aisle_rng_init(&r, seed, (uint64_t)n);
    c.row_ptr[0] = 0;
    for (int32_t u = 0; u < rows; u++) {
        c.row_ptr[u + 1] = c.row_ptr[u] + n;
        for (int32_t i = 0; i < n; i++) {
            int64_t from = (int64_t)n_cols * i / n, end = (int64_t)n_cols * (i + 1) / n;
            c.col[c.row_ptr[u] + i] = (int32_t)(from + (int64_t)aisle_rng_below(&r, (uint64_t)(end - from)));
        }
    }
    return c;
}

/* Sum over the entries of (1 - x.y)^2, in double; the same in every basis. */
static double misfit(const problem *m, int32_t f)
{
    const bench_run *b = m->b;
    aisle_mat x, y;
    BENCH_MUST(aisle_mat_init(&x, b->c.n_rows, f, err));
    BENCH_MUST(aisle_mat_init(&y, b->c.n_cols, f, err));
    BENCH_MUST(b->ops->mat_get(b->d, m->x, &x, err));
    BENCH_MUST(b->ops->mat_get(b->d, m->y, &y, err));
    double sum = 0;
    for (int32_t u = 0; u < x.n_rows; u++)
        for (int64_t e = b->c.row_ptr[u]; e < b->c.row_ptr[u + 1]; e++) {
            const float *p = aisle_mat_row(&x, u), *q = aisle_mat_row(&y, b->c.col[e]);
            double dot = 0;
            for (int32_t i = 0; i < f; i++) dot += (double)p[i] * (double)q[i];
            sum += (1 - dot) * (1 - dot);
        }
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
    return sum;
}

/* Median seconds of a half-step over b->c; *fit gets its misfit once CG has converged. */
static double seconds(problem *m, int32_t f, bench_times *t, double *fit)
{
    const bench_run *b = m->b;
    BENCH_MUST(b->ops->csr_put(b->d, &b->c, &m->c, err));
    BENCH_MUST(b->ops->mat_new(b->d, b->c.n_rows, f, &m->x, err));
    for (int i = 0; i < 4; i++) half_step(m);
    *fit = misfit(m, f);
    bench_time(b, half_step, m, t);
    b->ops->mat_free(b->d, m->x);
    b->ops->csr_free(b->d, m->c);
    double all = 0;
    for (int32_t i = 0; i < t->n; i++) all = t->t[i] < all || i == 0 ? t->t[i] : all;
    return all;
}

static void measure(problem *m, int32_t f, int32_t n, double shared)
{
    static bench_times t;
    bench_run *b = m->b;
    double exact = 0, fit;
    aisle_csr c = rows_of(n, b->o.items, b->o.seed), was = b->c;
    b->c = c;
    for (int32_t i = 0; i < b->o.n_solvers; i++) {
        m->p.solver = b->o.solvers[i];
        double s = seconds(m, f, &t, &fit) - shared;
        if (i == 0) exact = fit;
        if (!(fabs(fit - exact) <= .01 * exact))
            bench_stop(bench_solver_names[m->p.solver], "solves other rows than the first solver");
        const bench_counts need = {.gathered = 4.0 * n * f * c.n_rows,
                                   .streamed = (4.0 * n + 8.0 * f) * c.n_rows};
        char extra[120];
        snprintf(extra, sizeof extra, ",\"solver\":\"%s\",\"row_entries\":%d,\"us_per_row\":%.4g",
                 bench_solver_names[m->p.solver], n, 1e6 * s / c.n_rows);
        bench_print(b, "als_rows", f, &t, &need, extra);
    }
    b->c = was;
    aisle_csr_deinit(&c);
}

static void measure_factors(problem *m, int32_t f)
{
    static bench_times t;
    bench_run *b = m->b;
    aisle_mat y;
    double fit;
    aisle_csr none = rows_of(0, b->o.items, 0), was = b->c;
    BENCH_MUST(aisle_mat_init(&y, b->o.items, f, err));
    bench_fill(&y, .3F / sqrtf((float)f), b->o.seed);
    BENCH_MUST(b->ops->mat_new(b->d, b->o.items, f, &m->y, err));
    BENCH_MUST(b->ops->mat_put(b->d, &y, m->y, err));
    aisle_mat_deinit(&y);
    b->c = none;
    m->p.solver = AISLE_SOLVER_EXACT;
    double shared = seconds(m, f, &t, &fit);
    b->c = was;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (lengths[i] <= b->o.items) measure(m, f, lengths[i], shared);
    aisle_csr_deinit(&none);
    b->ops->mat_free(b->d, m->y);
}

int main(int argc, char **argv)
{
    static bench_run b;
    bench_open(&b, false, argc, argv);
    problem m = {.b = &b,
                 .p = {.a0 = .01F, .reg = .004F, .nu = 1, .cg_steps = b.o.cg_steps, .n_other = b.o.items}};
    for (int32_t i = 0; i < b.o.n_factors; i++) measure_factors(&m, b.o.factors[i]);
    bench_close(&b);
    return 0;
}
