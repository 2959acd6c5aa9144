/* One ALS half-step: basis, plan, rows. */
#include "cpu/backend/als.h"

#include <math.h>
#include <string.h>

#include "aisle/memory.h"

enum { CG_ROWS = ALS_CG_ROWS, LEAST_CG_ROWS = 12, DUAL_ROWS = 4 };

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
        return aisle_fail(err, AISLE_EINVAL, "ALS: cg_steps %d must be 0 (2 or 3 steps, by solver) to 1000",
                          p->cg_steps);
    if (p->solver < AISLE_SOLVER_AUTO || p->solver > AISLE_SOLVER_CHOLESKY)
        return aisle_fail(err, AISLE_EINVAL, "ALS: solver %d is unknown", (int)p->solver);
    return AISLE_OK;
}

float als_regularisation(const aisle_als_params *p, int64_t n)
{
    return (float)(p->reg * pow((double)n + (double)p->a0 * p->n_other, p->nu));
}

void als_scale(const als_run *run, int64_t n, float *d)
{
    float l = als_regularisation(run->p, n);
    memset(d, 0, (size_t)run->padded * sizeof *d);
    for (int32_t i = 0; i < run->f; i++) d[i] = 1 / sqrtf(run->basis->lambda[i] + l);
}

void als_roots(const float *val, int64_t n, float *w)
{
    for (int64_t i = 0; i < n; i++) w[i] = val ? sqrtf(fabsf(val[i])) : 1.0F;
}

void als_prefer(const als_run *run, const float *val, int64_t n, float *w)
{
    for (int64_t i = 0; run->dislikes && i < n; i++)
        if (val[i] < 0) w[i] = 0;
}

/* Rows come by length, so that each stands somewhere else: where row i + 4 begins, and the columns of row i + 2, are asked
 * for now, or the next row's fetching would wait for its own columns. */
static void fetch_ahead(const als_run *run, int32_t i, int32_t end)
{
    enum { LINE = 16, MOST = 256 }; /* entries; later ones the machine foresees itself */
    if (i + 4 < end) __builtin_prefetch(run->c->row_ptr + run->order[i + 4]);
    if (i + 2 >= end) return;
    int64_t first = run->c->row_ptr[run->order[i + 2]], n = als_length(run, run->order[i + 2]);
    for (int64_t e = 0; e < n && e < MOST; e += LINE) {
        __builtin_prefetch(run->c->col + first + e);
        if (run->c->val) __builtin_prefetch(run->c->val + first + e);
    }
}

aisle_rows als_rows(const als_run *run, int32_t i, int32_t end)
{
    int32_t u = run->order[i];
    const int64_t *at = run->c->row_ptr;
    aisle_rows rows = {.n = als_length(run, u),
                       .col = run->c->col + at[u],
                       .y = run->y->data,
                       .ld = run->y->ld,
                       .ahead = run->c->col};
    fetch_ahead(run, i, end);
    if (i + 1 < end) {
        rows.ahead = run->c->col + at[run->order[i + 1]];
        rows.n_ahead = als_length(run, run->order[i + 1]);
    }
    return rows;
}

int32_t als_bad(const als_run *run, int32_t u, int32_t bad)
{
    const float *x = aisle_mat_row(run->x, u);
    return u < bad && !isfinite(run->k->dot(run->f, x, x)) ? u : bad;
}

/* How many rows at the front of order[] have more than n entries. */
static int32_t longer(const als_run *run, int64_t n)
{
    int32_t low = 0, high = run->c->n_rows;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (als_length(run, run->order[middle]) > n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static void cut(als_run *run, int32_t threads)
{
    const als_plan *plan = &run->plan;
    bool small = run->f <= plan->batch_max; /* then every system is */
    int32_t end = longer(run, 0), cg = longer(run, plan->cg_from - 1);
    run->at[0] = cg < end ? cg : end;
    run->at[1] = small ? run->at[0] : larger(run->at[0], longer(run, plan->dual_max));
    run->at[2] = small ? run->at[0] : larger(run->at[1], longer(run, plan->batch_max));
    run->at[3] = end;
    int32_t share = run->at[0] / (8 * threads) / LEAST_CG_ROWS * LEAST_CG_ROWS;
    run->cg_rows = share < LEAST_CG_ROWS ? LEAST_CG_ROWS : share > CG_ROWS ? CG_ROWS : share;
}

/* The ways of solving, in the order of run->at; rows: how many one task takes, 0 = run->cg_rows. */
static const struct kind {
    int32_t (*solve)(const als_run *run, float *work, int32_t first, int32_t end);
    int64_t (*floats)(const als_run *run);
    int32_t rows;
} KINDS[] = {{als_solve_cg, als_cg_floats, 0},
             {als_solve_primal, als_primal_floats, 1},
             {als_solve_dual, als_dual_floats, DUAL_ROWS},
             {als_solve_batch, als_batch_floats, AISLE_LANES}};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

static int32_t rows_a_task(const als_run *run, int k)
{
    return KINDS[k].rows > 0 ? KINDS[k].rows : run->cg_rows;
}

static int32_t tasks_of(const als_run *run, int k)
{
    int32_t n = run->at[k] - (k > 0 ? run->at[k - 1] : 0), rows = rows_a_task(run, k);
    return (n + rows - 1) / rows;
}

/* The i-th task, those of the longest rows first. */
static int32_t solve_task(const als_run *run, float *work, int32_t i)
{
    int k = 0;
    while (i >= tasks_of(run, k)) i -= tasks_of(run, k++);
    int32_t first = (k > 0 ? run->at[k - 1] : 0) + i * rows_a_task(run, k), end = first + rows_a_task(run, k);
    return KINDS[k].solve(run, work, first, end < run->at[k] ? end : run->at[k]);
}

int64_t als_work_floats(const als_run *run)
{
    int64_t most = 0;
    for (int k = 0, from = 0; k < N_KINDS; from = run->at[k++]) {
        int64_t floats = run->at[k] > from ? KINDS[k].floats(run) : 0;
        if (floats > most) most = floats;
    }
    return (most + AISLE_KERNEL_SLACK + 15) / 16 * 16;
}

static aisle_status solve_rows(aisle_device *d, const als_run *run, aisle_error *err)
{
    int64_t each = als_work_floats(run), floats;
    if (aisle_size_mul(each, d->threads, &floats)) floats = -1;
    float *work = aisle_cpu_floats(d, floats, "ALS work space", err);
    if (!work) return AISLE_ENOMEM;
    int32_t bad = INT32_MAX, n = 0;
    for (int k = 0; k < N_KINDS; k++) n += tasks_of(run, k);
#pragma omp parallel num_threads(d->threads) reduction(min : bad)
    {
        float *own = work + each * aisle_cpu_thread();
        memset(own, 0, (size_t)each * sizeof *own);
#pragma omp for schedule(dynamic)
        for (int32_t i = 0; i < n; i++) {
            int32_t row = solve_task(run, own, i);
            if (row < bad) bad = row;
        }
    }
    for (int32_t i = run->at[N_KINDS - 1]; i < run->c->n_rows; i++)
        memset(aisle_mat_row(run->x, run->order[i]), 0, (size_t)run->f * sizeof(float));
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
    als_basis basis = {0};
    int32_t f = x->m.n_cols;
    AISLE_TRY(als_basis_init(d, y, p->a0, &basis, err));
    aisle_cpu_gram_forget(d, x);
    aisle_status st = als_rotate(d, &basis, y, err);
    if (st == AISLE_OK) {
        als_run run = {.k = d->k,
                       .c = &c->m,
                       .y = &y->m,
                       .x = &x->m,
                       .p = p,
                       .basis = &basis,
                       .order = c->longest_first,
                       .dislikes = c->dislikes,
                       .plan = als_plan_make(p->solver, f, aisle_csr_nnz(&c->m)),
                       .f = f,
                       .padded = (f + 15) / 16 * 16};
        cut(&run, d->threads);
        st = solve_rows(d, &run, err);
    }
    als_basis_deinit(d, &basis);
    return st;
}
