/* How long does one ALS iteration (users, then items) take, by solver and number of factors? Verifies the
 * residuals of a sample of rows and the fall of the loss before it times anything. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "bench/bench.h"

typedef struct problem {
    aisle_dev_csr *c, *ct;
    aisle_dev_mat *x, *y;
    aisle_als_params p;
} problem;

static void half_steps(const bench_run *b, problem *m)
{
    m->p.n_other = b->c.n_cols;
    BENCH_MUST(b->ops->als_half_step(b->d, m->c, m->y, &m->p, m->x, err));
    m->p.n_other = b->c.n_rows;
    BENCH_MUST(b->ops->als_half_step(b->d, m->ct, m->x, &m->p, m->y, err));
}

static double loss(const bench_run *b, const problem *m)
{
    double l;
    BENCH_MUST(b->ops->als_loss(b->d, m->c, m->ct, m->x, m->y, &m->p, &l, err));
    return l;
}

/* |Ax - b| / (|A| |x| + |b|) of item i, in double, without forming A: A x = a0 G x + l x + sum w (y.x) y. The
 * norm of A is taken as its trace, which is not less than its 2-norm and not more than f times it. */
static double residual(const bench_run *b, const problem *m, const float *g, const aisle_mat *x,
                       const aisle_mat *y, int32_t i)
{
    const aisle_csr *c = &b->ct;
    int32_t f = x->n_cols;
    const float *v = aisle_mat_row(y, i);
    double l =
        m->p.reg * pow((double)(c->row_ptr[i + 1] - c->row_ptr[i]) + (double)m->p.a0 * c->n_cols, m->p.nu);
    double *r = calloc(2 * (size_t)f, sizeof *r), *want = r + f, trace = 0, rr = 0, vv = 0, bb = 0;
    for (int32_t j = 0; j < f; j++) {
        r[j] = l * v[j];
        trace += m->p.a0 * g[(int64_t)j * f + j] + l;
        for (int32_t k = 0; k < f; k++) r[j] += (double)m->p.a0 * g[(int64_t)j * f + k] * v[k];
    }
    for (int64_t e = c->row_ptr[i]; e < c->row_ptr[i + 1]; e++) {
        const float *row = aisle_mat_row(x, c->col[e]);
        double dot = 0, w = c->val ? (double)c->val[e] : 1;
        for (int32_t j = 0; j < f; j++) dot += (double)row[j] * v[j];
        for (int32_t j = 0; j < f; j++) {
            r[j] += w * dot * row[j];
            want[j] += w * row[j];
            trace += w * row[j] * row[j];
        }
    }
    for (int32_t j = 0; j < f; j++) {
        rr += (r[j] - want[j]) * (r[j] - want[j]);
        vv += (double)v[j] * v[j];
        bb += want[j] * want[j];
    }
    free(r);
    return rr > 0 ? sqrt(rr) / (trace * sqrt(vv) + sqrt(bb)) : 0;
}

/* Exact steps must solve; steps of CG must lower the loss. */
static void verify(const bench_run *b, problem *m, int32_t f)
{
    double before = loss(b, m);
    half_steps(b, m);
    if (!(loss(b, m) < before)) bench_stop("verify", "the loss did not fall");
    if (m->p.solver != AISLE_SOLVER_CHOLESKY) return;
    aisle_mat x, y;
    float *g = aisle_array((int64_t)f * f, sizeof *g);
    if (!g) bench_stop("verify", "out of memory");
    BENCH_MUST(aisle_mat_init(&x, b->c.n_rows, f, err));
    BENCH_MUST(aisle_mat_init(&y, b->c.n_cols, f, err));
    BENCH_MUST(b->ops->mat_get(b->d, m->x, &x, err));
    BENCH_MUST(b->ops->mat_get(b->d, m->y, &y, err));
    BENCH_MUST(b->ops->gram(b->d, m->x, g, err));
    for (int32_t s = 0; s < 64; s++) {
        double r = residual(b, m, g, &x, &y, (int32_t)((int64_t)b->c.n_cols * s / 64));
        /* u = 2^-24; sums of f terms, rotated three times, in blocks of 512 rows */
        if (!(r <= (15.0 * f + 1024) * 0x1p-24)) bench_stop("verify", "a residual is too large");
    }
    aisle_free(g);
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
}

/* Operations that this way of solving needs, as in ENGINE terms: rows by the cheaper of n^2 f + n^3 / 3 and
 * n f^2 + f^3 / 3, or 4 n f a CG step and one for the first residual. */
static double side_flops(const aisle_csr *c, int32_t f, const aisle_als_params *p)
{
    double sum = 2.0 * f * f * ((double)c->n_cols + c->n_rows) + (double)c->n_cols * f * f;
    if (p->solver == AISLE_SOLVER_CG) sum += 2.0 * f * f * c->n_rows;
    for (int32_t r = 0; r < c->n_rows; r++) {
        double n = (double)(c->row_ptr[r + 1] - c->row_ptr[r]), ff = f;
        double dual = n * n * ff + n * n * n / 3, primal = n * ff * ff + ff * ff * ff / 3;
        sum += p->solver == AISLE_SOLVER_CG ? 4 * n * ff * (p->cg_steps + 1) : dual < primal ? dual : primal;
    }
    return sum;
}

static void measure(const bench_run *b, problem *m, int32_t f, const char *name)
{
    static bench_times t;
    t.n = 0;
    half_steps(b, m);
    for (int32_t r = 0; r < b->o.runs; r++) {
        double from = bench_seconds();
        half_steps(b, m);
        t.t[t.n++] = bench_seconds() - from;
    }
    double flops = side_flops(&b->c, f, &m->p) + side_flops(&b->ct, f, &m->p), best = t.t[0];
    for (int32_t r = 0; r < t.n; r++)
        if (t.t[r] < best) best = t.t[r];
    char extra[160];
    snprintf(extra, sizeof extra, ",\"solver\":\"%s\",\"gflops\":%.1f,\"of_roof\":%.3f", name,
             1e-9 * flops / best, 1e-9 * flops / best / b->roof_gflops);
    bench_print(b, "als_iteration", f, &t, extra);
}

int main(int argc, char **argv)
{
    static bench_run b;
    bench_open(&b, argc, argv);
    problem m = {.p = {.a0 = .01F, .reg = .004F, .nu = 1, .cg_steps = 3}};
    BENCH_MUST(b.ops->csr_put(b.d, &b.c, &m.c, err));
    BENCH_MUST(b.ops->csr_put(b.d, &b.ct, &m.ct, err));
    for (int32_t i = 0; i < b.o.n_factors; i++)
        for (int solver = AISLE_SOLVER_CHOLESKY; solver <= AISLE_SOLVER_CG; solver++) {
            int32_t f = b.o.factors[i];
            aisle_mat start;
            m.p.solver = (aisle_als_solver)solver;
            BENCH_MUST(aisle_mat_init(&start, b.c.n_cols, f, err));
            bench_fill(&start, .1F / sqrtf((float)f), b.o.seed);
            BENCH_MUST(b.ops->mat_new(b.d, b.c.n_rows, f, &m.x, err));
            BENCH_MUST(b.ops->mat_new(b.d, b.c.n_cols, f, &m.y, err));
            BENCH_MUST(b.ops->mat_put(b.d, &start, m.y, err));
            aisle_mat_deinit(&start);
            verify(&b, &m, f);
            measure(&b, &m, f, solver == AISLE_SOLVER_CG ? "cg3" : "cholesky");
            b.ops->mat_free(b.d, m.x);
            b.ops->mat_free(b.d, m.y);
        }
    b.ops->csr_free(b.d, m.c);
    b.ops->csr_free(b.d, m.ct);
    bench_close(&b);
    return 0;
}
