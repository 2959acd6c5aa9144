/* Gramian and loss against double loops over the definitions in backend.h; what training may not depend on. */
#include "tests/contract/contract.h"

static const aisle_als_params PARAMS = {.a0 = .05F, .reg = .02F, .nu = .7F};

CONTRACT(gram, gramian_is_the_sum_of_outer_products)
{
    static const int32_t shapes[][2] = {{1, 1},     {5, 3},     {700, 16}, {513, 17},
                                        {1030, 49}, {9000, 33}, {40, 530}};
    for (size_t t = 0; t < sizeof shapes / sizeof *shapes; t++) {
        int32_t n = shapes[t][0], f = shapes[t][1];
        aisle_mat y = random_mat(n, f, t);
        aisle_dev_mat *dy = put_mat(s, &y);
        float *g = aisle_array((int64_t)f * f, sizeof *g);
        MUST(s->ops->gram(s->d, dy, g, err));
        for (int32_t i = 0; i < f; i++)
            for (int32_t j = 0; j < f; j++) {
                double want = 0, size = 0;
                for (int32_t r = 0; r < n; r++) {
                    double v = (double)aisle_mat_row(&y, r)[i] * aisle_mat_row(&y, r)[j];
                    want += v;
                    size += fabs(v);
                }
                /* any order of n products and sums, and the last rounding to f32 */
                cr_assert(fabs(g[i * f + j] - want) <= gamma_n(n + 2) * size, "%s: %d rows, g[%d][%d]",
                          s->name, n, i, j);
                cr_assert(g[i * f + j] == g[j * f + i]);
            }
        aisle_free(g);
        aisle_mat_deinit(&y);
        s->ops->mat_free(s->d, dy);
    }
}

typedef struct training {
    aisle_csr c, ct;
    aisle_mat x, y;
    aisle_dev_csr *dc, *dct;
    aisle_dev_mat *dx, *dy;
} training;

static training training_open(const subject *s, int32_t n_users, int32_t n_items, int32_t f)
{
    training t = {.c = random_csr(n_users, n_items, true, 11)};
    dislike_some(&t.c);
    MUST(aisle_csr_transpose(&t.c, &t.ct, err));
    t.x = random_mat(n_users, f, 12);
    t.y = random_mat(n_items, f, 13);
    t.dc = put_csr(s, &t.c);
    t.dct = put_csr(s, &t.ct);
    t.dx = put_mat(s, &t.x);
    t.dy = put_mat(s, &t.y);
    return t;
}

static void training_close(const subject *s, training *t)
{
    s->ops->csr_free(s->d, t->dc);
    s->ops->csr_free(s->d, t->dct);
    s->ops->mat_free(s->d, t->dx);
    s->ops->mat_free(s->d, t->dy);
    aisle_csr_deinit(&t->c);
    aisle_csr_deinit(&t->ct);
    aisle_mat_deinit(&t->x);
    aisle_mat_deinit(&t->y);
}

static void iterate(const subject *s, const training *t, aisle_als_params p)
{
    p.n_other = t->c.n_cols;
    MUST(s->ops->als_half_step(s->d, t->dc, t->dy, &p, t->dx, err));
    p.n_other = t->c.n_rows;
    MUST(s->ops->als_half_step(s->d, t->dct, t->dx, &p, t->dy, err));
}

static double loss_of(const subject *s, const training *t, const aisle_als_params *p)
{
    double loss = NAN;
    MUST(s->ops->als_loss(s->d, t->dc, t->dct, t->dx, t->dy, p, &loss, err));
    return loss;
}

static double dot64_abs(int32_t n, const float *x, const float *y)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += fabs((double)x[i] * y[i]);
    return sum;
}

/* The loss by its definition, and how far from it one may be that has the Gramians, the scores of entries and the
 * squares of rows in f32 and all else in double: with d the absolute dot product of a pair, gamma_n d for each
 * Gramian's share of a0 d, gamma_f d for a score that is squared, and gamma_f for a square. */
static double loss_by_definition(const training *t, const aisle_als_params *p, double *bound)
{
    int32_t n_users = t->c.n_rows, n_items = t->c.n_cols, f = t->x.n_cols;
    double loss = 0, one = gamma_n(f + 4), grams = gamma_n(n_users + 4) + gamma_n(n_items + 4);
    *bound = 0;
    for (int32_t u = 0; u < n_users; u++) {
        const float *x = aisle_mat_row(&t->x, u);
        int64_t e = t->c.row_ptr[u];
        for (int32_t i = 0; i < n_items; i++) {
            double score = dot64(f, x, aisle_mat_row(&t->y, i)), d = dot64_abs(f, x, aisle_mat_row(&t->y, i));
            loss += p->a0 * score * score;
            *bound += grams * p->a0 * d * d;
            if (e < t->c.row_ptr[u + 1] && t->c.col[e] == i) {
                double w = weight_of(&t->c, e), miss = score - preference_of(&t->c, e++);
                loss += w * miss * miss;
                *bound += w * (2 * fabs(miss) * one * d + one * d * one * d);
            }
        }
        double penalty = regularisation(p, &t->c, u, n_items) * dot64(f, x, x);
        loss += penalty;
        *bound += one * penalty;
    }
    for (int32_t i = 0; i < n_items; i++) {
        const float *y = aisle_mat_row(&t->y, i);
        double penalty = regularisation(p, &t->ct, i, n_users) * dot64(f, y, y);
        loss += penalty;
        *bound += one * penalty;
    }
    return loss;
}

/* The first row has nearly all items: with 2,600 it is longer than what a device sums at a time. */
CONTRACT(loss, loss_is_the_double_loop_over_all_pairs)
{
    static const int32_t shapes[][3] = {{120, 90, 19}, {9, 2600, 3}, {9, 2600, 66}, {7, 1300, 130}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        training t = training_open(s, shapes[i][0], shapes[i][1], shapes[i][2]);
        double bound, want = loss_by_definition(&t, &PARAMS, &bound), got = loss_of(s, &t, &PARAMS);
        cr_assert(fabs(got - want) <= bound, "%s: %d x %d, %d factors: %.9g, wanted %.9g within %g", s->name,
                  shapes[i][0], shapes[i][1], shapes[i][2], got, want, bound);
        training_close(s, &t);
    }
}

CONTRACT(loss, every_iteration_lowers_the_loss)
{
    for (int solver = AISLE_SOLVER_AUTO; solver <= AISLE_SOLVER_CHOLESKY; solver++) {
        training t = training_open(s, 120, 90, 19);
        aisle_als_params p = PARAMS;
        p.solver = (aisle_als_solver)solver;
        double last = loss_of(s, &t, &p);
        for (int i = 0; i < 6; i++) {
            iterate(s, &t, p);
            double now = loss_of(s, &t, &p);
            cr_assert(now < last, "%s: solver %d, iteration %d: %.9g after %.9g", s->name, solver, i, now,
                      last);
            last = now;
        }
        training_close(s, &t);
    }
}

/* Hash of both factor matrices after two iterations. */
static uint64_t fingerprint(const aisle_backend_ops *ops, int32_t kernels, int32_t threads, int solver)
{
    subject s = subject_open(ops, kernels, threads);
    training t = training_open(&s, 600, 400, 50);
    aisle_als_params p = PARAMS;
    p.solver = (aisle_als_solver)solver;
    for (int i = 0; i < 2; i++) iterate(&s, &t, p);
    double loss = loss_of(&s, &t, &p);
    MUST(ops->mat_get(s.d, t.dx, &t.x, err));
    MUST(ops->mat_get(s.d, t.dy, &t.y, err));
    uint64_t hash = aisle_hash64(t.x.data, 600 * 50 * sizeof(float), 1);
    hash = aisle_hash64(t.y.data, 400 * 50 * sizeof(float), hash);
    hash = aisle_hash64(&loss, sizeof loss, hash);
    training_close(&s, &t);
    ops->close(s.d);
    return hash;
}

CONTRACT(als, threads_and_repetition_do_not_change_a_byte)
{
    for (int solver = AISLE_SOLVER_AUTO; solver <= AISLE_SOLVER_CHOLESKY; solver++) {
        uint64_t want = fingerprint(s->ops, s->kernels, 1, solver);
        for (int32_t threads = 1; threads <= 3; threads++)
            cr_assert(fingerprint(s->ops, s->kernels, threads, solver) == want, "%s: solver %d, %d threads",
                      s->name, solver, threads);
    }
}

/* Row by row fl(y Q), Q rounded to f32, is within e = gamma_{f+1} ||Q| |_2 |y| of yQ, and |Q| has a 2-norm of at most
 * its Frobenius norm, sqrt f. So a dot product moves by at most (2 e + e^2) of the lengths' product. */
CONTRACT(als, half_step_does_nothing_but_rotate_the_other_side)
{
    static const int32_t shapes[][2] = {{30, 1}, {50, 19}, {90, 64}, {40, 130}};
    for (size_t t = 0; t < 2 * sizeof shapes / sizeof *shapes; t++) {
        int32_t n = shapes[t / 2][0], f = shapes[t / 2][1];
        aisle_csr c = random_csr(12, n, true, t);
        dislike_some(&c);
        aisle_mat y = random_mat(n, f, t), start = random_mat(12, f, t + 50);
        aisle_als_params p = PARAMS;
        p.solver = t % 2 ? AISLE_SOLVER_PCG : AISLE_SOLVER_EXACT;
        p.n_other = n;
        aisle_dev_csr *dc = put_csr(s, &c);
        aisle_dev_mat *dy = put_mat(s, &y), *dx = put_mat(s, &start);
        MUST(s->ops->als_half_step(s->d, dc, dy, &p, dx, err));
        aisle_mat turned = get_mat(s, dy, n, f);
        double e = gamma_n(f + 1) * sqrt(f);
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = 0; j <= i; j++) {
                const float *a = aisle_mat_row(&y, i), *b = aisle_mat_row(&y, j);
                double want = dot64(f, a, b), size = sqrt(dot64(f, a, a) * dot64(f, b, b));
                double got = dot64(f, aisle_mat_row(&turned, i), aisle_mat_row(&turned, j));
                cr_assert(fabs(got - want) <= (2 + e) * e * size, "%s: %d factors: rows %d . %d: %g, was %g",
                          s->name, f, i, j, got, want);
            }
        s->ops->mat_free(s->d, dx);
        s->ops->mat_free(s->d, dy);
        s->ops->csr_free(s->d, dc);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&turned);
        aisle_mat_deinit(&start);
    }
}

CONTRACT(als, wrong_shapes_and_parameters_are_refused)
{
    training t = training_open(s, 20, 15, 6);
    aisle_als_params good = PARAMS;
    good.n_other = 15;
    MUST_FAIL(AISLE_EINVAL, s->ops->als_half_step(s->d, t.dc, t.dx, &good, t.dy, err));
    MUST_FAIL(AISLE_EINVAL, s->ops->als_half_step(s->d, t.dc, t.dx, &good, t.dx, err));
    MUST_FAIL(AISLE_EINVAL, s->ops->als_half_step(s->d, t.dct, t.dy, &good, t.dx, err));
    for (int i = 0; i < 7; i++) {
        aisle_als_params p = good;
        if (i == 0) p.a0 = 0;
        if (i == 1) p.reg = -1;
        if (i == 2) p.nu = 1.5F;
        if (i == 3) p.cg_steps = -1;
        if (i == 4) p.solver = (aisle_als_solver)9;
        if (i == 5) p.a0 = NAN;
        if (i == 6) p.n_other = -1;
        MUST_FAIL(AISLE_EINVAL, s->ops->als_half_step(s->d, t.dc, t.dy, &p, t.dx, err));
    }
    double loss = 42;
    MUST_FAIL(AISLE_EINVAL, s->ops->als_loss(s->d, t.dct, t.dc, t.dx, t.dy, &good, &loss, err));
    cr_assert(loss == 42);
    training_close(s, &t);
}
