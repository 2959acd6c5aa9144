/* Conjugate gradient for one row, from the present x, in the rotated basis with D_u as preconditioner (Golub
 * and Van Loan 2013, algorithm 11.5.1). A x = D_u x + sum_i w_i (y_i.x) y_i takes one pass over the row's
 * entries and 4 n f operations; there is no dense f x f part. */
#include <math.h>
#include <string.h>

#include "cpu/backend/als.h"

/* z = r / d, or r where nothing preconditions; returns r.z. Without a preconditioner the steps are the same in
 * every basis. */
static float precondition(const als_run *run, const als_work *w)
{
    if (run->p->solver == AISLE_SOLVER_CG) {
        memcpy(w->z, w->r, (size_t)run->f * sizeof *w->z);
        return run->k->dot(run->f, w->r, w->r);
    }
    for (int32_t i = 0; i < run->f; i++) w->z[i] = w->r[i] / w->d[i];
    return run->k->dot(run->f, w->r, w->z);
}

bool als_solve_cg(const als_run *run, als_work *w, int32_t u)
{
    int64_t first = run->c->row_ptr[u];
    const aisle_rows row = {run->c->row_ptr[u + 1] - first, run->c->col + first,
                            run->c->val ? run->c->val + first : NULL, run->y->data, run->y->ld};
    const aisle_kernels *k = run->k;
    int32_t f = run->f, steps = run->p->cg_steps ? run->p->cg_steps : 3;
    float *x = aisle_mat_row(run->x, u);
    if (row.n == 0) {
        memset(x, 0, (size_t)f * sizeof *x);
        return true;
    }
    if (row.n != w->d_length) {
        float l = als_regularisation(run->p, row.n);
        for (int32_t i = 0; i < f; i++) w->d[i] = run->lambda[i] + l;
        w->d_length = row.n;
    }
    for (int32_t i = 0; i < f; i++) w->r[i] = -w->d[i] * x[i];
    k->residual(f, &row, 1, x, w->r);
    float rz = precondition(run, w);
    memcpy(w->v, w->z, (size_t)f * sizeof *w->v);
    for (int32_t s = 0; s < steps && rz > 0; s++) {
        for (int32_t i = 0; i < f; i++) w->q[i] = -w->d[i] * w->v[i];
        k->residual(f, &row, 0, w->v, w->q); /* q = -A v */
        float vq = -k->dot(f, w->v, w->q);
        if (!(vq > 0)) break; /* the residual has reached rounding */
        float step = rz / vq;
        k->axpy(f, step, w->v, x);
        k->axpy(f, step, w->q, w->r);
        float before = rz;
        rz = precondition(run, w);
        float beta = rz / before;
        for (int32_t i = 0; i < f; i++) w->v[i] = w->z[i] + beta * w->v[i];
    }
    return isfinite(k->dot(f, x, x));
}
