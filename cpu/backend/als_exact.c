/* The exact solution of one row, by the smaller of two systems. With C = W^(1/2) B D^(-1/2) and x = D^(-1/2)
 * z primal, f x f:  (I + C'C) z = C' w^(1/2) dual,   n x n:  (I + C C') v = w^(1/2),  z = C'v (push-through
 * identity) Both matrices have no eigenvalue under 1, so that f32 Cholesky is safe. The primal one is summed
 * over blocks of rows: the scratch does not grow with the row. */
#include <math.h>
#include <string.h>

#include "cpu/backend/als.h"

enum { GATHER = 256 }; /* rows of a primal system gathered at once */

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t rounded(int64_t n)
{
    return (n + AISLE_KERNEL_SLACK + 15) / 16 * 16;
}

/* Offsets of d, v, z, r, q, w, c, ct, m, end. */
static void layout(const als_run *run, bool exact, int64_t at[10])
{
    int64_t ldf = rounded(run->ldf), n = run->dual_max, rows = longer(n, run->any_primal ? GATHER : 0);
    int64_t depth = run->f < AISLE_DEPTH ? run->f : AISLE_DEPTH;
    const int64_t size[9] = {ldf,
                             longer(ldf, rounded(n)),
                             ldf,
                             ldf,
                             ldf,
                             rounded(rows),
                             rounded(rows * run->ldf),
                             rounded(depth * run->ldn),
                             rounded(longer(n * run->ldn, run->any_primal ? run->f * run->ldf : 0))};
    at[0] = 0;
    for (int i = 0; i < 9; i++) at[i + 1] = at[i] + (exact || i < 5 ? size[i] : 0);
}

int64_t als_work_floats(const als_run *run, bool exact)
{
    int64_t at[10];
    layout(run, exact, at);
    return at[9];
}

als_work als_work_cut(const als_run *run, bool exact, float *b)
{
    int64_t at[10];
    layout(run, exact, at);
    memset(b, 0, (size_t)at[9] * sizeof *b);
    return (als_work){-1,        b + at[0], b + at[1], b + at[2], b + at[3],
                      b + at[4], b + at[5], b + at[6], b + at[7], b + at[8]};
}

float als_regularisation(const aisle_als_params *p, int64_t n)
{
    return (float)(p->reg * pow((double)n + (double)p->a0 * p->n_other, p->nu));
}

static void identity(int32_t n, float *m, int64_t ld)
{
    memset(m, 0, (size_t)(n * ld) * sizeof *m);
    for (int32_t i = 0; i < n; i++) m[i * ld + i] = 1;
}

/* Roots of the weights first .. first+rows.n-1 of a row. */
static void roots(const float *val, int64_t n, float *w)
{
    for (int64_t i = 0; i < n; i++) w[i] = val ? sqrtf(val[i]) : 1.0F;
}

static bool solve_dual(const als_run *run, als_work *w, const aisle_rows *row)
{
    const aisle_kernels *k = run->k;
    int32_t n = (int32_t)row->n;
    int64_t ldn = aisle_ld(n);
    k->gather(run->f, row, w->d, w->c, run->ldf);
    identity(n, w->m, ldn);
    for (int32_t p = 0; p < run->f; p += AISLE_DEPTH) {
        int32_t depth = run->f - p < AISLE_DEPTH ? run->f - p : AISLE_DEPTH;
        k->transpose(n, depth, w->c + p, run->ldf, w->ct, ldn);
        aisle_syrk(k, n, depth, w->ct, ldn, w->m, ldn);
    }
    if (!aisle_cholesky(k, n, w->m, ldn)) return false;
    memcpy(w->v, w->w, (size_t)n * sizeof *w->v);
    k->cholesky_solve(n, w->m, ldn, w->v);
    k->combine(n, run->f, w->v, w->c, run->ldf, w->z);
    return true;
}

static bool solve_primal(const als_run *run, als_work *w, aisle_rows row, const float *val)
{
    const aisle_kernels *k = run->k;
    identity(run->f, w->m, run->ldf);
    for (int64_t left = row.n; left > 0; left -= row.n, row.col += row.n) {
        row.n = left < GATHER ? left : GATHER;
        roots(val, row.n, w->w);
        if (val) val += row.n;
        k->gather(run->f, &row, w->d, w->c, run->ldf);
        aisle_syrk(k, run->f, row.n, w->c, run->ldf, w->m, run->ldf);
        k->combine(row.n, run->f, w->w, w->c, run->ldf, w->z);
    }
    if (!aisle_cholesky(k, run->f, w->m, run->ldf)) return false;
    k->cholesky_solve(run->f, w->m, run->ldf, w->z);
    return true;
}

bool als_solve_exact(const als_run *run, als_work *w, int32_t u)
{
    int64_t first = run->c->row_ptr[u], n = run->c->row_ptr[u + 1] - first;
    const float *val = run->c->val ? run->c->val + first : NULL;
    float *x = aisle_mat_row(run->x, u);
    memset(x, 0, (size_t)run->f * sizeof *x);
    if (n == 0) return true;
    if (n != w->d_length) {
        float l = als_regularisation(run->p, n);
        for (int32_t i = 0; i < run->f; i++) w->d[i] = 1 / sqrtf(run->lambda[i] + l);
        w->d_length = n;
    }
    memset(w->z, 0, (size_t)run->f * sizeof *w->z);
    aisle_rows row = {n, run->c->col + first, w->w, run->y->data, run->y->ld};
    bool ok;
    if (n <= run->dual_max) {
        roots(val, n, w->w);
        ok = solve_dual(run, w, &row);
    } else
        ok = solve_primal(run, w, row, val);
    for (int32_t i = 0; ok && i < run->f; i++) x[i] = w->d[i] * w->z[i];
    return ok && isfinite(run->k->dot(run->f, x, x));
}
