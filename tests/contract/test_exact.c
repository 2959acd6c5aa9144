/* Half-steps against the normal equations of every row, in double and with the other side as the half-step leaves it:
 * the exact solution at every length of row, and what must not change it. */
#include <cblas.h>

#include "tests/contract/contract.h"

static const aisle_als_params PARAMS = {.a0 = .05F, .reg = .02F, .nu = .7F};
static const aisle_als_solver EXACT[] = {AISLE_SOLVER_EXACT, AISLE_SOLVER_CHOLESKY};

/* a += rows' rows, of n x f doubles; a is symmetric, f x f. Loops of our own took most of a sanitized run. */
static void add_gram(int32_t n, int32_t f, const double *rows, double *a)
{
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, f, n, 1, rows, f, 1, a, f);
    for (int32_t i = 0; i < f; i++)
        for (int32_t j = 0; j < i; j++) a[j * f + i] = a[i * f + j];
}

/* |Ax - b| / (|A| |x| + |b|) of row u, all in double, with the Frobenius norm. a: f x f scratch. */
static double residual(const aisle_csr *c, const aisle_mat *y, const aisle_als_params *p, int32_t u,
                       const float *x, const double *gram, double *a)
{
    int32_t f = y->n_cols;
    double l = regularisation(p, c, u, p->n_other), rr = 0, aa = 0, bb = 0;
    for (int32_t i = 0; i < f * f; i++) a[i] = p->a0 * gram[i] + (i % (f + 1) == 0 ? l : 0);
    int64_t first = c->row_ptr[u], n = c->row_ptr[u + 1] - first;
    double *b = calloc((size_t)f, sizeof *b), *rows = calloc((size_t)(n * f) + 1, sizeof *rows);
    for (int64_t e = first; e < first + n; e++) {
        const float *row = aisle_mat_row(y, c->col[e]);
        double root = sqrt(weight_of(c, e)), pull = weight_of(c, e) * preference_of(c, e);
        for (int32_t i = 0; i < f; i++) {
            b[i] += pull * row[i];
            rows[(e - first) * f + i] = root * row[i];
        }
    }
    add_gram((int32_t)n, f, rows, a);
    free(rows);
    for (int32_t i = 0; i < f; i++) {
        double r = -b[i];
        for (int32_t j = 0; j < f; j++) {
            r += a[i * f + j] * x[j];
            aa += a[i * f + j] * a[i * f + j];
        }
        rr += r * r;
        bb += b[i] * b[i];
    }
    free(b);
    double size = sqrt(aa) * sqrt(dot64(f, x, x)) + sqrt(bb);
    return size > 0 ? sqrt(rr) / size : 0;
}

static double worst_residual(const subject *s, const aisle_csr *c, const aisle_mat *y,
                             const aisle_als_params *p, const aisle_mat *start)
{
    int32_t f = y->n_cols;
    aisle_dev_csr *dc = put_csr(s, c);
    aisle_dev_mat *dy = put_mat(s, y), *dx = put_mat(s, start);
    MUST(s->ops->als_half_step(s->d, dc, dy, p, dx, err));
    aisle_mat x = get_mat(s, dx, c->n_rows, f), turned = get_mat(s, dy, y->n_rows, f);
    double *gram = calloc((size_t)f * (size_t)f * 2, sizeof *gram), worst = 0;
    double *rows = calloc((size_t)y->n_rows * (size_t)f, sizeof *rows);
    for (int32_t r = 0; r < y->n_rows; r++)
        for (int32_t i = 0; i < f; i++) rows[(int64_t)r * f + i] = aisle_mat_row(&turned, r)[i];
    add_gram(y->n_rows, f, rows, gram);
    free(rows);
    for (int32_t u = 0; u < c->n_rows; u++) {
        const float *row = aisle_mat_row(&x, u);
        double r = residual(c, &turned, p, u, row, gram, gram + f * f);
        if (!(r <= worst)) worst = r;
        if (c->row_ptr[u] == c->row_ptr[u + 1])
            for (int32_t i = 0; i < f; i++)
                cr_assert(row[i] == 0, "%s: empty row %d is not zero", s->name, u);
    }
    free(gram);
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&turned);
    s->ops->mat_free(s->d, dx);
    s->ops->mat_free(s->d, dy);
    s->ops->csr_free(s->d, dc);
    return worst;
}

/* The rows go from empty to nearly full, so that with few factors most are solved by the primal and with many
 * by the dual system. */
CONTRACT(als, exact_half_step_solves_every_row)
{
    static const int32_t factors[] = {1, 2, 7, 16, 33, 64, 130};
    for (size_t t = 0; t < 4 * sizeof factors / sizeof *factors; t++) {
        int32_t f = factors[t / 4];
        aisle_csr c = random_csr(40, 600, t % 2, t);
        dislike_some(&c);
        aisle_mat y = random_mat(600, f, t), zero;
        aisle_als_params p = PARAMS;
        MUST(aisle_mat_init(&zero, 40, f, err));
        p.solver = EXACT[t / 2 % 2];
        p.n_other = 600;
        /* Sums of 600 rows, three products with an orthogonal f x f matrix, and a Cholesky solve are each
         * backward stable: gamma_n, 3 gamma_f and (Higham 2002, 10.6) 4 gamma_{3f+1} of |A|, |x|. */
        double worst = worst_residual(s, &c, &y, &p, &zero);
        cr_assert(worst <= gamma_n(600 + 15 * f + 4), "%s: solver %d, %d factors, residual %g", s->name,
                  (int)p.solver, f, worst);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&zero);
    }
}

/* Row u has lengths[u] entries, spread over all columns, with weights 1 .. 4. */
static aisle_csr csr_of_lengths(const int32_t *lengths, int32_t n_rows, int32_t n_cols)
{
    int64_t n = 0;
    aisle_csr m = {n_rows, n_cols, aisle_array((int64_t)n_rows + 1, sizeof(int64_t)),
                   aisle_array((int64_t)n_rows * n_cols, sizeof(int32_t)),
                   aisle_array((int64_t)n_rows * n_cols, sizeof(float))};
    m.row_ptr[0] = 0;
    for (int32_t u = 0; u < n_rows; u++) {
        for (int64_t i = 0; i < lengths[u]; i++, n++) {
            m.col[n] = (int32_t)(i * n_cols / lengths[u]);
            m.val[n] = (float)(1 + (i * 7 + u) % 4);
        }
        m.row_ptr[u + 1] = n;
    }
    return m;
}

/* Lengths around the multiples of everything that a back-end cuts systems and rows into: .6 f, where the dual
 * system gives way to the primal one, 32, 128, 4096. */
CONTRACT(als, exact_half_step_solves_rows_of_any_length)
{
    static const struct {
        int32_t f, n_items, n_rows, lengths[16];
    } cases[] = {
        {8, 8200, 16, {1, 2, 3, 4, 5, 6, 31, 32, 33, 64, 65, 4095, 4096, 4097, 8192, 8193}},
        {100, 4097, 7, {31, 59, 60, 61, 128, 129, 4097}},
        {128, 4100, 6, {76, 77, 97, 4096, 4098, 130}},
        {160, 8193, 6, {95, 96, 97, 4096, 4097, 8193}},
        {320, 330, 10, {33, 128, 129, 160, 161, 191, 192, 193, 224, 330}},
    };
    for (size_t t = 0; t < 2 * sizeof cases / sizeof *cases; t++) {
        int32_t f = cases[t / 2].f, n_items = cases[t / 2].n_items, n_rows = cases[t / 2].n_rows;
        aisle_csr c = csr_of_lengths(cases[t / 2].lengths, n_rows, n_items);
        dislike_some(&c);
        aisle_mat y = random_mat(n_items, f, t), zero;
        aisle_als_params p = PARAMS;
        MUST(aisle_mat_init(&zero, n_rows, f, err));
        p.solver = EXACT[t % 2];
        p.n_other = n_items;
        double worst = worst_residual(s, &c, &y, &p, &zero);
        cr_assert(worst <= gamma_n(n_items + 15 * f + 4), "%s: solver %d, %d factors, residual %g", s->name,
                  (int)p.solver, f, worst);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&zero);
    }
}

/* Four items have 1.0004 as their first factor, all else is zero: then the basis is made of unit vectors, sums
 * have at most four terms that are not zero, and an item's score is the scalar formula. The four stand in different tiles of
 * a long row's system. 1.0004 is far from a number of 11 bits: one with fewer than f32 has errs by 4e-4. */
CONTRACT(als, exact_half_step_is_accurate_to_f32)
{
    static const int32_t spread[] = {3, 100, 140, 249}, factors[] = {8, 8, 8, 512, 512},
                         lengths[] = {1, 4, 40, 250, 400};
    const float value = 1.0004F;
    for (size_t t = 0; t < 2 * sizeof factors / sizeof *factors; t++) {
        int32_t f = factors[t / 2], n = lengths[t / 2], n_items = 400;
        aisle_csr c = csr_of_lengths(&n, 1, n_items);
        aisle_mat y, x;
        MUST(aisle_mat_init(&y, n_items, f, err));
        MUST(aisle_mat_init(&x, 1, f, err));
        aisle_als_params p = PARAMS;
        p.solver = EXACT[t % 2];
        p.n_other = n_items;
        double rest = p.a0 * 4 * value * value + p.reg * pow(n + (double)p.a0 * n_items, p.nu), a = rest,
               b = 0;
        for (int i = 0; i < 4; i++) {
            int64_t e = n > 249 ? spread[i] : i;
            if (e < n) { /* else an item that the row does not have */
                b += c.val[e] * value;
                a += c.val[e] * value * value;
            }
            aisle_mat_row(&y, e < n ? c.col[e] : n_items - 1 - i)[0] = value;
        }
        aisle_dev_csr *dc = put_csr(s, &c);
        aisle_dev_mat *dy = put_mat(s, &y), *dx = put_mat(s, &x);
        MUST(s->ops->als_half_step(s->d, dc, dy, &p, dx, err));
        MUST(s->ops->mat_get(s->d, dx, &x, err));
        MUST(s->ops->mat_get(s->d, dy, &y, err));
        double got = dot64(f, x.data, aisle_mat_row(&y, c.col[n > 249 ? spread[0] : 0])) / value;
        /* The dual system of m = 4 entries has the condition a / rest and a backward error of 4 gamma_{3m+1}
         * (Higham 2002, 10.6) and gamma_8 for sums and scales. */
        cr_assert(fabs(got - b / a) <= gamma_n(4 * 13 + 8) * a / rest * b / a,
                  "%s: solver %d, %d factors, %d entries: %.9g, wanted %.9g", s->name, (int)p.solver, f, n,
                  got, b / a);
        s->ops->mat_free(s->d, dx);
        s->ops->mat_free(s->d, dy);
        s->ops->csr_free(s->d, dc);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&x);
    }
}

/* Rows on both sides of every length at which a back-end may change its way to solve them. */
CONTRACT(als, exact_half_step_solves_rows_of_every_length)
{
    static const int32_t lengths[] = {1,  2,  7,  8,  9,  15, 16, 17, 23,  24,  25,  31,  32, 33,  38, 39,
                                      63, 64, 65, 78, 79, 95, 96, 97, 127, 128, 129, 159, 0,  160, 161},
                         factors[] = {20, 40, 64, 130, 272};
    enum { ROWS = sizeof lengths / sizeof *lengths, COLS = 200 };
    for (size_t t = 0; t < 4 * sizeof factors / sizeof *factors; t++) {
        int64_t row_ptr[ROWS + 1] = {0};
        int32_t f = factors[t / 4], *col = aisle_array((int64_t)ROWS * COLS, sizeof *col);
        float *val = aisle_array((int64_t)ROWS * COLS, sizeof *val);
        aisle_rng r;
        aisle_rng_init(&r, t, 4);
        for (int32_t u = 0; u < ROWS; u++) {
            int64_t n = row_ptr[u];
            for (int32_t i = 0, left = lengths[u]; i < COLS;
                 i++) /* `left` of the remaining columns, at random */
                if ((int64_t)aisle_rng_below(&r, (uint64_t)(COLS - i)) < left) {
                    val[n] = (float)(1 + aisle_rng_below(&r, 4));
                    col[n++] = i;
                    left--;
                }
            row_ptr[u + 1] = n;
        }
        const aisle_csr c = {ROWS, COLS, row_ptr, col, t % 2 ? val : NULL};
        aisle_mat y = random_mat(COLS, f, t), start = random_mat(ROWS, f, t + 1);
        aisle_als_params p = PARAMS;
        p.solver = EXACT[t / 2 % 2];
        p.n_other = COLS;
        double worst = worst_residual(s, &c, &y, &p, &start);
        /* as above, of 200 rows; what x holds before means nothing */
        cr_assert(worst <= gamma_n(COLS + 15 * f + 4), "%s: solver %d, %d factors, residual %g", s->name,
                  (int)p.solver, f, worst);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&start);
        aisle_free(col);
        aisle_free(val);
    }
}

/* One row of four overflows f32, once short and once longer: the half-step says so. */
CONTRACT(als, exact_half_step_reports_a_row_that_is_not_finite)
{
    static const int32_t lengths[] = {2, 40};
    for (int t = 0; t < 4; t++) {
        int32_t n = lengths[t / 2], col[4 * 40];
        int64_t row_ptr[5] = {0};
        float val[4 * 40];
        for (int32_t e = 0; e < 4 * n; e++) col[e] = e % n, val[e] = e / n == 2 ? 3e38F : 1;
        for (int32_t u = 0; u < 4; u++) row_ptr[u + 1] = row_ptr[u] + n;
        const aisle_csr c = {4, 40, row_ptr, col, val};
        aisle_mat y = random_mat(40, 80, 3), x = random_mat(4, 80, 4);
        aisle_als_params p = PARAMS;
        p.solver = EXACT[t % 2];
        p.n_other = 40;
        aisle_dev_csr *dc = put_csr(s, &c);
        aisle_dev_mat *dy = put_mat(s, &y), *dx = put_mat(s, &x);
        MUST_FAIL(AISLE_ENUMERIC, s->ops->als_half_step(s->d, dc, dy, &p, dx, err));
        s->ops->mat_free(s->d, dx);
        s->ops->mat_free(s->d, dy);
        s->ops->csr_free(s->d, dc);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&x);
    }
}

CONTRACT(als, many_cg_steps_reach_the_exact_solution)
{
    static const aisle_als_solver solvers[] = {AISLE_SOLVER_PCG, AISLE_SOLVER_CG};
    for (int i = 0; i < 2; i++) {
        aisle_csr c = random_csr(40, 300, true, 5);
        aisle_mat y = random_mat(300, 24, 6), start = random_mat(40, 24, 7);
        aisle_als_params p = PARAMS;
        p.solver = solvers[i];
        p.n_other = 300;
        p.cg_steps = 60;
        double worst = worst_residual(s, &c, &y, &p, &start);
        cr_assert(worst <= gamma_n(300 + 15 * 24 + 4), "%s: solver %d, residual %g", s->name, (int)p.solver,
                  worst);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&start);
    }
}

CONTRACT(als, one_row_and_one_factor_is_the_scalar_formula)
{
    int64_t row_ptr[] = {0, 2};
    int32_t col[] = {0, 2};
    float val[] = {2, 3}, items[] = {.5F, 1, -.25F}, zero = 0;
    const aisle_csr c = {1, 3, row_ptr, col, val};
    const aisle_mat y = {3, 1, 1, items}, x = {1, 1, 1, &zero};
    for (int solver = AISLE_SOLVER_AUTO; solver <= AISLE_SOLVER_CHOLESKY; solver++) {
        aisle_als_params p = PARAMS;
        p.solver = (aisle_als_solver)solver;
        p.n_other = 3;
        aisle_dev_csr *dc = put_csr(s, &c);
        aisle_dev_mat *dy = put_mat(s, &y), *dx = put_mat(s, &x);
        MUST(s->ops->als_half_step(s->d, dc, dy, &p, dx, err));
        aisle_mat out = get_mat(s, dx, 1, 1), turned = get_mat(s, dy, 3, 1);
        double got = out.data[0] * turned.data[1]; /* the score of the item that is 1: Q is 1 or -1 */
        double a = p.a0 * (.25 + 1 + .0625) + p.reg * pow(2 + p.a0 * 3, p.nu) + 2 * .25 + 3 * .0625;
        double want = (2 * .5 - 3 * .25) / a;
        cr_assert(fabs(got - want) <= gamma_n(30) * fabs(want), "%s: solver %d: %g, wanted %g", s->name,
                  solver, got, want);
        aisle_mat_deinit(&out);
        aisle_mat_deinit(&turned);
        s->ops->mat_free(s->d, dx);
        s->ops->mat_free(s->d, dy);
        s->ops->csr_free(s->d, dc);
    }
}

/* The exact solution of c, with this much device memory; false where that is too little. */
static bool solve_within(const subject *s, int64_t bytes, const aisle_csr *c, const aisle_mat *y,
                         aisle_mat *x)
{
    subject small = *s;
    const aisle_device_params d = {.threads = 2, .memory_bytes = bytes};
    const aisle_backend_ops *ops = s->ops;
    aisle_als_params p = PARAMS;
    aisle_error error = {0};
    aisle_dev_csr *dc = NULL;
    aisle_dev_mat *dy = NULL, *dx = NULL;
    p.solver = AISLE_SOLVER_EXACT;
    p.n_other = c->n_cols;
    MUST(ops->open(&d, &small.d, err));
    if (s->kernels >= 0) small.d->k = s->d->k;
    aisle_status status = ops->csr_put(small.d, c, &dc, &error);
    if (status == AISLE_OK) status = ops->mat_new(small.d, y->n_rows, y->n_cols, &dy, &error);
    if (status == AISLE_OK) status = ops->mat_put(small.d, y, dy, &error);
    if (status == AISLE_OK) status = ops->mat_new(small.d, x->n_rows, x->n_cols, &dx, &error);
    if (status == AISLE_OK) status = ops->als_half_step(small.d, dc, dy, &p, dx, &error);
    if (status == AISLE_OK) status = ops->mat_get(small.d, dx, x, &error);
    cr_assert(status == AISLE_OK || status == AISLE_ENOMEM, "%s: %s", s->name, error.message);
    if (dx) ops->mat_free(small.d, dx);
    if (dy) ops->mat_free(small.d, dy);
    if (dc) ops->csr_free(small.d, dc);
    ops->close(small.d);
    return status == AISLE_OK;
}

/* From the least memory that will do, found by bisection, upwards: rows are solved in batches as small as they
 * have to be. */
CONTRACT(als, less_memory_does_not_change_a_byte)
{
    static const int32_t lengths[] = {8200, 4150, 4097, 210, 90, 60, 32, 24, 23, 20, 5, 0};
    int32_t n_rows = sizeof lengths / sizeof *lengths, n_items = 8200, f = 40;
    aisle_csr c = csr_of_lengths(lengths, n_rows, n_items);
    aisle_mat y = random_mat(n_items, f, 1), want, x;
    int64_t too_few = INT64_C(1) << 18, enough = INT64_C(16) << 20;
    MUST(aisle_mat_init(&want, n_rows, f, err));
    MUST(aisle_mat_init(&x, n_rows, f, err));
    cr_assert(solve_within(s, 0, &c, &y, &want));
    while (enough - too_few > 1 << 12) {
        int64_t middle = (too_few + enough) / 2;
        if (solve_within(s, middle, &c, &y, &x))
            enough = middle;
        else
            too_few = middle;
    }
    for (int i = 0; i < 8; i++, enough += enough / 64) {
        cr_assert(solve_within(s, enough, &c, &y, &x), "%s: %lld bytes are too few, less were not", s->name,
                  (long long)enough);
        cr_assert(memcmp(x.data, want.data, (size_t)(n_rows * f) * sizeof *x.data) == 0, "%s: %lld bytes",
                  s->name, (long long)enough);
    }
    aisle_csr_deinit(&c);
    aisle_mat_deinit(&y);
    aisle_mat_deinit(&want);
    aisle_mat_deinit(&x);
}

/* No rows, one direction only, nothing but zeros: the Gramian has eigenvalues 0, and zero is the minimiser where no
 * entry pulls. */
CONTRACT(als, empty_and_rank_deficient_sides_are_solved)
{
    for (int32_t n_items = 0; n_items <= 40; n_items += 20)
        for (int solver = AISLE_SOLVER_AUTO; solver <= AISLE_SOLVER_CHOLESKY; solver++) {
            aisle_csr c = random_csr(30, n_items, true, 1);
            aisle_mat y = random_mat(n_items, 37, 2), x = random_mat(30, 37, 3);
            aisle_als_params p = PARAMS;
            p.solver = (aisle_als_solver)solver;
            p.n_other = n_items;
            p.cg_steps = 40;
            for (int64_t i = 0; i < (int64_t)n_items * 37;
                 i++) /* 20: zeros; 40: all rows are multiples of one */
                y.data[i] = n_items == 20 ? 0 : (float)(1 + i / 37 % 3) * (float)(i % 37 - 18) / 64;
            aisle_dev_csr *dc = put_csr(s, &c);
            aisle_dev_mat *dy = put_mat(s, &y), *dx = put_mat(s, &x);
            MUST(s->ops->als_half_step(s->d, dc, dy, &p, dx, err));
            MUST(s->ops->mat_get(s->d, dx, &x, err));
            for (int32_t i = 0; i < 30 * 37; i++)
                cr_assert(n_items == 40 ? isfinite(x.data[i]) : fabs(x.data[i]) < 1e-6,
                          "%s: %d items, solver %d: %g", s->name, n_items, solver, (double)x.data[i]);
            if (n_items == 40) {
                double worst = worst_residual(s, &c, &y, &p, &x);
                cr_assert(worst <= gamma_n(40 + 15 * 37 + 4), "%s: solver %d, residual %g", s->name, solver,
                          worst);
            }
            s->ops->csr_free(s->d, dc);
            s->ops->mat_free(s->d, dy);
            s->ops->mat_free(s->d, dx);
            aisle_csr_deinit(&c);
            aisle_mat_deinit(&x);
            aisle_mat_deinit(&y);
        }
}
