/* Conjugate gradient for rows, from their present x, in the rotated basis with D_u as preconditioner (Golub
 * and Van Loan 2013, algorithm 11.5.1). A x = D_u x + sum_i c_i (y_i.x) y_i takes one pass over the row's
 * entries and 4 n f operations; there is no dense f x f part. Without a preconditioner the steps are those of any
 * basis: textbook conjugate gradient (Takacs, Pilaszy, Tikk 2011). */
#include <math.h>
#include <string.h>

#include "cpu/backend/als.h"

enum { VECTORS = 5 };

/* r v q d inverse | the rows' x, side by side, and room to turn them */
int64_t als_cg_floats(const als_run *run)
{
    return (int64_t)VECTORS * run->padded + (int64_t)run->cg_rows * run->padded + AISLE_KERNEL_SLACK +
           (int64_t)AISLE_ROW_BLOCK * run->f + AISLE_KERNEL_SLACK;
}

static void set_system(const als_run *run, int64_t n, float *d, float *inverse)
{
    float l = als_regularisation(run->p, n);
    bool plain = run->p->solver == AISLE_SOLVER_CG;
    for (int32_t i = 0; i < run->f; i++) {
        d[i] = run->basis->lambda[i] + l;
        inverse[i] = plain ? 1 : 1 / d[i];
    }
}

static void solve(const als_run *run, const aisle_rows *row, const aisle_cg *w)
{
    const aisle_kernels *k = run->k;
    int32_t f = run->padded, steps = aisle_als_steps(run->p);
    aisle_rows pass = *row; /* each pass fetches its share of the next row's entries */
    int64_t ahead = 0;
    for (int32_t i = 0; i < f; i++) w->r[i] = -w->d[i] * w->x[i];
    pass.n_ahead = row->n_ahead / (steps + 1);
    k->residual(f, &pass, 1, w->x, w->r);
    memset(w->v, 0, (size_t)f * sizeof *w->v);
    memset(w->q, 0, (size_t)f * sizeof *w->q);
    float rz = k->cg_advance(f, 0, w);
    float beta = 0;
    for (int32_t s = 0; s < steps && rz > 0; s++) {
        k->cg_turn(f, beta, w);
        pass.ahead += pass.n_ahead;
        ahead += pass.n_ahead;
        pass.n_ahead = (row->n_ahead - ahead) / (steps - s);
        k->residual(f, &pass, 0, w->v, w->q); /* q = -A v */
        float vq = -k->dot(f, w->v, w->q);
        if (!(vq > 0)) break; /* the residual has reached rounding */
        float before = rz;
        rz = k->cg_advance(f, rz / vq, w);
        beta = rz / before;
    }
}

/* The rows' x in the new basis, into `turned`, one after another. */
static void turn(const als_run *run, float *turned, float *work, int32_t first, int32_t end)
{
    for (int32_t i = first; i < end; i++)
        memcpy(turned + (int64_t)(i - first) * run->padded, aisle_mat_row(run->x, run->order[i]),
               (size_t)run->padded * sizeof *turned);
    const aisle_right q = {run->f, run->f, run->basis->q, work};
    aisle_multiply(run->k, &q, end - first, turned, run->padded, turned, run->padded);
}

int32_t als_solve_cg(const als_run *run, float *work, int32_t first, int32_t end)
{
    int64_t f = run->padded, n = -1;
    aisle_cg w = {.r = work, .v = work + f, .q = work + 2 * f, .d = work + 3 * f, .inverse = work + 4 * f};
    float *turned = work + VECTORS * f;
    turn(run, turned, turned + run->cg_rows * f + AISLE_KERNEL_SLACK, first, end);
    int32_t bad = INT32_MAX;
    for (int32_t i = first; i < end; i++) {
        int32_t u = run->order[i];
        aisle_rows row = als_rows(run, i, run->at[0]);
        if (run->c->val) row.w = run->c->val + run->c->row_ptr[u];
        if (row.n != n) set_system(run, n = row.n, work + 3 * f, work + 4 * f);
        w.x = turned + (i - first) * f;
        solve(run, &row, &w);
        memcpy(aisle_mat_row(run->x, u), w.x, (size_t)run->f * sizeof *w.x);
        bad = als_bad(run, u, bad);
    }
    return bad;
}
