/* How long does one ALS iteration (users, then items) take, by solver and number of factors? Verifies the fall of
 * the loss, and for exact steps the residuals of a sample of rows in double, before it times anything. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "bench/bench.h"

typedef struct problem {
    const bench_run *b;
    aisle_dev_csr *c, *ct;
    aisle_dev_mat *x, *y;
    aisle_als_params p;
    int64_t peak; /* host bytes that one iteration and its loss took, factors included */
} problem;

static void half_steps(void *arg)
{
    problem *m = arg;
    const bench_run *b = m->b;
    m->p.n_other = b->c.n_cols;
    BENCH_MUST(b->ops->als_half_step(b->d, m->c, m->y, &m->p, m->x, err));
    m->p.n_other = b->c.n_rows;
    BENCH_MUST(b->ops->als_half_step(b->d, m->ct, m->x, &m->p, m->y, err));
}

static double loss(const problem *m)
{
    double l;
    BENCH_MUST(m->b->ops->als_loss(m->b->d, m->c, m->ct, m->x, m->y, &m->p, &l, err));
    return l;
}

/* a += s v */
static void add(int32_t f, double s, const float *v, double *a)
{
    for (int32_t j = 0; j < f; j++) a[j] += s * (double)v[j];
}

static double dot(int32_t f, const float *x, const float *y)
{
    double sum = 0;
    for (int32_t j = 0; j < f; j++) sum += (double)x[j] * (double)y[j];
    return sum;
}

/* |Av - b| / (|A| |v| + |b|) of item i, in double: A v = a0 X'X v + l v + sum w (x.v) x. The norm of A is taken as
 * its trace, which is not less than its 2-norm; trace_x = |X|^2. */
static double residual(const problem *m, const aisle_mat *x, double trace_x, const float *v, int32_t i)
{
    const aisle_csr *c = &m->b->ct;
    int32_t f = x->n_cols;
    double *r = calloc(2 * (size_t)f, sizeof *r), *want = r + f, rr = 0, bb = 0;
    if (!r) bench_stop("verify", "out of memory");
    int64_t from = c->row_ptr[i], end = c->row_ptr[i + 1];
    double l = m->p.reg * pow((double)(end - from) + (double)m->p.a0 * c->n_cols, m->p.nu);
    double trace = m->p.a0 * trace_x + l * f;
    add(f, l, v, r);
    for (int32_t u = 0; u < x->n_rows; u++)
        add(f, m->p.a0 * dot(f, aisle_mat_row(x, u), v), aisle_mat_row(x, u), r);
    for (int64_t e = from; e < end; e++) {
        const float *row = aisle_mat_row(x, c->col[e]);
        double w = c->val ? (double)c->val[e] : 1;
        add(f, w * dot(f, row, v), row, r);
        add(f, w, row, want);
        trace += w * dot(f, row, row);
    }
    for (int32_t j = 0; j < f; j++) {
        rr += (r[j] - want[j]) * (r[j] - want[j]);
        bb += want[j] * want[j];
    }
    free(r);
    return rr > 0 ? sqrt(rr) / (trace * sqrt(dot(f, v, v)) + sqrt(bb)) : 0;
}

/* Up to 64 items, as many as a few seconds allow; all cores. Returns the largest. */
static double worst_residual(const problem *m, int32_t f)
{
    const bench_run *b = m->b;
    aisle_mat x, y;
    BENCH_MUST(aisle_mat_init(&x, b->c.n_rows, f, err));
    BENCH_MUST(aisle_mat_init(&y, b->c.n_cols, f, err));
    BENCH_MUST(b->ops->mat_get(b->d, m->x, &x, err));
    BENCH_MUST(b->ops->mat_get(b->d, m->y, &y, err));
    double afford = 1e10 / ((double)x.n_rows * f), trace = 0, worst = 0;
    int samples = afford < 4 ? 4 : afford > 64 ? 64 : (int)afford;
#pragma omp parallel for reduction(+ : trace)
    for (int32_t u = 0; u < x.n_rows; u++) trace += dot(f, aisle_mat_row(&x, u), aisle_mat_row(&x, u));
#pragma omp parallel for schedule(dynamic) reduction(max : worst)
    for (int s = 0; s < samples; s++) {
        int32_t i = (int32_t)((int64_t)y.n_rows * s / samples);
        double r = residual(m, &x, trace, aisle_mat_row(&y, i), i);
        worst = r <= worst ? worst : isnan(r) ? INFINITY : r;
    }
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
    return worst;
}

/* Returns the loss after one iteration: on one matrix, exact back-ends agree on it. */
static double verify(problem *m, int32_t f)
{
    double before = loss(m), from = bench_seconds();
    half_steps(m);
    double after = loss(m), took = bench_seconds() - from;
    m->peak = aisle_alloc_count_peak();
    if (!(after < before)) bench_stop("verify", "the loss did not fall");
    bool exact = m->p.solver == AISLE_SOLVER_EXACT || m->p.solver == AISLE_SOLVER_CHOLESKY;
    double worst = exact ? worst_residual(m, f) : 0;
    fprintf(stderr, "%s, %d factors: loss %.6g, then %.9g (%.2f s), worst residual %.2g\n",
            bench_solver_names[m->p.solver], f, before, after, took, worst);
    /* u = 2^-24; sums of f terms, one of them in blocks of 512 rows */
    if (!(worst <= (15.0 * f + 1024) * 0x1p-24)) bench_stop("verify", "a residual is too large");
    return after;
}

/* Operations of a row of n entries: n^2 f + n^3 / 3 (dual), n f^2 + f^3 / 3 (primal), or 4 n f a CG step and as much
 * for the first residual, and 2 f^2 to turn its start. */
static double row_flops(double n, double f, aisle_als_solver solver, int32_t cg_steps)
{
    double dual = n * n * f + n * n * n / 3, primal = n * f * f + f * f * f / 3, exact = fmin(dual, primal);
    double cg = 4 * n * f * (cg_steps + 1) + 2 * f * f;
    switch (solver) {
    case AISLE_SOLVER_AUTO: return fmin(exact, cg);
    case AISLE_SOLVER_EXACT: return exact;
    case AISLE_SOLVER_CHOLESKY: return primal;
    default: return cg;
    }
}

/* Of one side: the Gramian's half, the other side turned, the rows. */
static double side_flops(const aisle_csr *c, int32_t f, aisle_als_solver solver, int32_t cg_steps)
{
    double ff = f, sum = 3 * ff * ff * c->n_cols;
    for (int32_t r = 0; r < c->n_rows; r++)
        sum += row_flops((double)(c->row_ptr[r + 1] - c->row_ptr[r]), ff, solver, cg_steps);
    return sum;
}

/* Bytes: every entry and the row it names once a side, the other side's factors once, the result once. */
static bench_counts counts(const bench_run *b, int32_t f, const aisle_als_params *p)
{
    double nnz = (double)aisle_csr_nnz(&b->c), rows = (double)b->c.n_rows + b->c.n_cols;
    double flops = side_flops(&b->c, f, p->solver, aisle_als_steps(p)) +
                   side_flops(&b->ct, f, p->solver, aisle_als_steps(p));
    return (bench_counts){.gathered = 2 * nnz * 4 * f,
                          .streamed = 2 * nnz * (b->c.val ? 8 : 4) + 2 * rows * 4 * f,
                          .flops = flops};
}

/* What training takes over both matrices and the factors, which it cannot do without. */
static void memory_ratio(const problem *m, int32_t f, char text[32])
{
    const bench_run *b = m->b;
    const aisle_sizes s = {b->c.n_rows, b->c.n_cols, aisle_csr_nnz(&b->c), f};
    double rows = (double)s.n_rows + s.n_cols;
    double csrs = 2 * (double)s.nnz * (b->c.val ? 8 : 4) + 8 * (rows + 2), factors = 4 * rows * f;
    if (b->ops->als_bytes(b->d, &s, &m->p).resident > 0) /* 4: the order of rows, made before */
        snprintf(text, 32, "%.3f", (csrs + 4 * rows + (double)m->peak) / (csrs + factors));
    else
        snprintf(text, 32, "null");
}

static void measure(problem *m, int32_t f)
{
    static bench_times t;
    const bench_run *b = m->b;
    aisle_mat start;
    aisle_alloc_count_start();
    BENCH_MUST(aisle_mat_init(&start, b->c.n_cols, f, err));
    bench_fill(&start, .1F / sqrtf((float)f), b->o.seed);
    BENCH_MUST(b->ops->mat_new(b->d, b->c.n_cols, f, &m->y, err));
    BENCH_MUST(b->ops->mat_put(b->d, &start, m->y, err));
    aisle_mat_deinit(&start);
    BENCH_MUST(b->ops->mat_new(b->d, b->c.n_rows, f, &m->x, err));
    double first = verify(m, f);
    bench_time(b, half_steps, m, &t);
    bench_counts need = counts(b, f, &m->p);
    char extra[200], ratio[32];
    memory_ratio(m, f, ratio);
    snprintf(extra, sizeof extra, ",\"solver\":\"%s\",\"cg_steps\":%d,\"loss_1\":%.9g,\"memory_ratio\":%s",
             bench_solver_names[m->p.solver], aisle_als_steps(&m->p), first, ratio);
    bench_print(b, "als_iteration", f, &t, &need, extra);
    b->ops->mat_free(b->d, m->x);
    b->ops->mat_free(b->d, m->y);
}

int main(int argc, char **argv)
{
    static bench_run b;
    bench_open(&b, true, argc, argv);
    problem m = {.b = &b, .p = {.a0 = .01F, .reg = .004F, .nu = 1, .cg_steps = b.o.cg_steps}};
    BENCH_MUST(b.ops->csr_put(b.d, &b.c, &m.c, err));
    BENCH_MUST(b.ops->csr_put(b.d, &b.ct, &m.ct, err));
    for (int32_t i = 0; i < b.o.n_factors; i++)
        for (int32_t s = 0; s < b.o.n_solvers; s++) {
            m.p.solver = b.o.solvers[s];
            measure(&m, b.o.factors[i]);
        }
    b.ops->csr_free(b.d, m.c);
    b.ops->csr_free(b.d, m.ct);
    bench_close(&b);
    return 0;
}
