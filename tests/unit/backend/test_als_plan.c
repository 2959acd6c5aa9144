/* Which rows auto solves exactly, and that it solves each as the solver it took does. */
#include <criterion/criterion.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/backend/als.h"

Test(als_plan, auto_is_exact_for_short_rows_and_small_matrices)
{
    const int64_t many = INT64_C(1) << 30;
    cr_assert_eq(als_plan_make(AISLE_SOLVER_AUTO, 64, many).cg_from, 23);
    cr_assert_eq(als_plan_make(AISLE_SOLVER_AUTO, 1024, many).cg_from, 53);
    cr_assert_eq(als_plan_make(AISLE_SOLVER_AUTO, 64, 1 << 19).cg_from, INT64_MAX);
    cr_assert_eq(als_plan_make(AISLE_SOLVER_AUTO, 64, (1 << 19) + 1).cg_from, 23);
    cr_assert_eq(als_plan_make(AISLE_SOLVER_PCG, 64, 1).cg_from, 0);
    cr_assert_eq(als_plan_make(AISLE_SOLVER_EXACT, 64, many).cg_from, INT64_MAX);
    cr_assert_eq(als_plan_make(AISLE_SOLVER_CHOLESKY, 64, many).dual_max, 0);
}

enum { FACTORS = 640, LONG = 1000, SHORT = 300, COLS = 700 };

/* LONG rows of 60 entries, then SHORT ones of 5: more entries than a small matrix has. */
static aisle_csr long_and_short_rows(void)
{
    int32_t rows = LONG + SHORT;
    aisle_csr c = {rows, COLS, aisle_array(rows + 1, sizeof(int64_t)),
                   aisle_array(LONG * 60 + SHORT * 5, sizeof(int32_t)), NULL};
    c.row_ptr[0] = 0;
    for (int32_t u = 0; u < rows; u++) {
        int32_t n = u < LONG ? 60 : 5;
        for (int32_t i = 0; i < n; i++) c.col[c.row_ptr[u] + i] = (u * 7 % 10) + i * (COLS - 10) / n;
        c.row_ptr[u + 1] = c.row_ptr[u] + n;
    }
    return c;
}

static void fill(aisle_mat *m, int32_t n_rows, uint64_t seed)
{
    aisle_error err = {0};
    aisle_rng r;
    aisle_rng_init(&r, seed, 0);
    cr_assert_eq(aisle_mat_init(m, n_rows, FACTORS, &err), AISLE_OK);
    for (int64_t i = 0; i < (int64_t)n_rows * FACTORS; i++) m->data[i] = (float)aisle_rng_normal(&r) * .1F;
}

static void half_step(const aisle_csr *c, aisle_als_solver solver, aisle_mat *out)
{
    const aisle_backend_ops *ops = aisle_backend_cpu();
    const aisle_device_params two = {.threads = 2};
    const aisle_als_params p = {.a0 = .05F, .reg = .1F, .solver = solver, .cg_steps = 2, .n_other = COLS};
    aisle_error err = {0};
    aisle_device *d;
    aisle_dev_csr *dc;
    aisle_dev_mat *x, *y;
    aisle_mat items;
    fill(&items, COLS, 1);
    fill(out, c->n_rows, 2);
    cr_assert_eq(ops->open(&two, &d, &err), AISLE_OK);
    cr_assert_eq(ops->csr_put(d, c, &dc, &err), AISLE_OK);
    cr_assert_eq(ops->mat_new(d, COLS, FACTORS, &y, &err), AISLE_OK);
    cr_assert_eq(ops->mat_new(d, c->n_rows, FACTORS, &x, &err), AISLE_OK);
    cr_assert_eq(ops->mat_put(d, &items, y, &err), AISLE_OK);
    cr_assert_eq(ops->mat_put(d, out, x, &err), AISLE_OK);
    cr_assert_eq(ops->als_half_step(d, dc, y, &p, x, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(ops->mat_get(d, x, out, &err), AISLE_OK);
    ops->mat_free(d, x);
    ops->mat_free(d, y);
    ops->csr_free(d, dc);
    ops->close(d);
    aisle_mat_deinit(&items);
}

Test(als_plan, auto_solves_long_rows_by_cg_and_short_ones_exactly)
{
    aisle_csr c = long_and_short_rows();
    aisle_mat mixed, cg, exact;
    half_step(&c, AISLE_SOLVER_AUTO, &mixed);
    half_step(&c, AISLE_SOLVER_PCG, &cg);
    half_step(&c, AISLE_SOLVER_EXACT, &exact);
    for (int32_t u = 0; u < c.n_rows; u++) {
        const aisle_mat *as = u < LONG ? &cg : &exact, *not_as = u < LONG ? &exact : &cg;
        size_t bytes = FACTORS * sizeof(float);
        cr_assert(memcmp(aisle_mat_row(&mixed, u), aisle_mat_row(as, u), bytes) == 0, "row %d", u);
        cr_assert(memcmp(aisle_mat_row(&mixed, u), aisle_mat_row(not_as, u), bytes) != 0, "row %d", u);
    }
    aisle_mat_deinit(&mixed);
    aisle_mat_deinit(&cg);
    aisle_mat_deinit(&exact);
    aisle_csr_deinit(&c);
}
