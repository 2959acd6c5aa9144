/* One ALS half-step: both sides turn into the basis of y's Gramian and stay there. */
#include "cpu/backend/als.h"

#include <math.h>
#include <string.h>

#include "aisle/memory.h"

enum {
    /* Up to here an exact step costs half as much again as three CG steps, because Gramian, rotations and
     * gathers are common to both; beyond, n f min(n, f) outgrows n f: twice as much at 64 factors, on 810,128
     * interactions of 29,858 users. Quality is the same (Rendle et al. 2022 and our own runs), so the exact
     * step is the default only where it is about free. bench_als prints both. */
    AUTO_EXACT_FACTORS = 32
};

static aisle_status check(const aisle_dev_csr *c, const aisle_dev_mat *y, const aisle_als_params *p,
                          const aisle_dev_mat *x, aisle_error *err)
{
    if (x == y || x->m.n_cols != y->m.n_cols || c->m.n_rows != x->m.n_rows || c->m.n_cols != y->m.n_rows)
        return aisle_fail(err, AISLE_EINVAL, "ALS: ratings %d x %d, x %d x %d, y %d x %d do not fit together",
                          c->m.n_rows, c->m.n_cols, x->m.n_rows, x->m.n_cols, y->m.n_rows, y->m.n_cols);
    if (!(p->a0 > 0) || !isfinite(p->a0) || !(p->reg > 0) || !isfinite(p->reg))
        return aisle_fail(err, AISLE_EINVAL, "ALS: a0 %g and reg %g must be > 0", (double)p->a0,
                          (double)p->reg);
    if (!(p->nu >= 0 && p->nu <= 1) || p->n_other < 0)
        return aisle_fail(err, AISLE_EINVAL, "ALS: nu %g must be 0 to 1 and n_other %d >= 0", (double)p->nu,
                          p->n_other);
    if (p->cg_steps < 0 || p->cg_steps > 1000)
        return aisle_fail(err, AISLE_EINVAL, "ALS: cg_steps %d must be 0 (3 steps) to 1000", p->cg_steps);
    if (p->solver < AISLE_SOLVER_AUTO || p->solver > AISLE_SOLVER_CHOLESKY)
        return aisle_fail(err, AISLE_EINVAL, "ALS: solver %d is unknown", (int)p->solver);
    return AISLE_OK;
}

static bool is_exact(const aisle_als_params *p, int32_t f)
{
    return p->solver == AISLE_SOLVER_EXACT || p->solver == AISLE_SOLVER_CHOLESKY ||
           (p->solver == AISLE_SOLVER_AUTO && f <= AUTO_EXACT_FACTORS);
}

/* dual: n^2 f + n^3 / 3 against primal n f^2 + f^3 / 3 operations; they meet near n = .7 f, and the primal
 * one has the longer inner loops. */
static void choose_systems(als_run *run, const aisle_dev_csr *c)
{
    int64_t longest = 0;
    if (c->m.n_rows > 0) {
        int32_t r = c->longest_first[0];
        longest = c->m.row_ptr[r + 1] - c->m.row_ptr[r];
    }
    int64_t limit = run->p->solver == AISLE_SOLVER_CHOLESKY ? 0 : (int64_t)run->f * 3 / 5;
    run->dual_max = (int32_t)(longest < limit ? longest : limit);
    run->any_primal = longest > limit;
    run->ldn = aisle_ld(run->dual_max);
}

static aisle_status solve_rows(aisle_device *d, const als_run *run, const int32_t *order, bool exact,
                               aisle_error *err)
{
    int64_t each = als_work_floats(run, exact), floats;
    if (aisle_size_mul(each, d->threads, &floats)) floats = -1;
    float *work = aisle_cpu_floats(d, floats, "ALS work space", err);
    if (!work) return AISLE_ENOMEM;
    int32_t bad = INT32_MAX;
#pragma omp parallel num_threads(d->threads) reduction(min : bad)
    {
        als_work w = als_work_cut(run, exact, work + each * aisle_cpu_thread());
#pragma omp for schedule(dynamic, 4)
        for (int32_t i = 0; i < run->c->n_rows; i++) {
            int32_t u = order[i];
            if (!(exact ? als_solve_exact(run, &w, u) : als_solve_cg(run, &w, u)) && u < bad) bad = u;
        }
    }
    aisle_cpu_release(d, work, floats);
    if (bad == INT32_MAX) return AISLE_OK;
    return aisle_fail(
        err, AISLE_ENUMERIC,
        "ALS: the system of row %d is not positive definite; a larger reg or smaller weights help", bad);
}

aisle_status aisle_cpu_als_half_step(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *y,
                                     const aisle_als_params *p, aisle_dev_mat *x, aisle_error *err)
{
    AISLE_TRY(check(c, y, p, x, err));
    bool exact = is_exact(p, x->m.n_cols);
    als_basis basis = {0};
    aisle_status st = als_basis_init(d, &y->m, p->a0, &basis, err);
    if (st != AISLE_OK) goto done;
    st = als_rotate(d, &basis, basis.into, &y->m, &y->m, err);
    if (st == AISLE_OK && !exact) st = als_rotate(d, &basis, basis.into, &x->m, &x->m, err);
    if (st != AISLE_OK) goto done;
    als_run run = {.k = d->k,
                   .c = &c->m,
                   .y = &y->m,
                   .x = &x->m,
                   .p = p,
                   .lambda = basis.lambda,
                   .f = x->m.n_cols,
                   .ldf = x->m.ld};
    choose_systems(&run, c);
    st = solve_rows(d, &run, c->longest_first, exact, err);
done:
    als_basis_deinit(d, &basis);
    return st;
}
