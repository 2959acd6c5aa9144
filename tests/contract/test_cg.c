/* Conjugate gradient on rows of every length at which a back-end may change its way: against the same algorithm in
 * double, and against the exact solution. */
#include "tests/contract/contract.h"

/* Columns of the matrix: with few factors rows may be longer. */
static int32_t columns(int32_t f)
{
    return f <= 64 ? 2060 : 1030;
}

/* Where a power of two, or one and a half, ends and the next begins. */
static const int32_t LENGTHS[] = {0,   1,   2,   4,   5,   8,    9,    16,   17,  32,  33,
                                  64,  65,  96,  97,  128, 129,  192,  193,  256, 257, 384,
                                  385, 512, 513, 768, 769, 1024, 1025, 2048, 2049};

/* Rows of the lengths above that are at most `longest` and, if few, without every third; weights 1 .. 4, some disliked. */
static aisle_csr rows_of_lengths(int32_t n_cols, int32_t longest, bool few, uint64_t seed)
{
    enum { ALL = sizeof LENGTHS / sizeof *LENGTHS };
    aisle_csr m = {0, n_cols, aisle_array(ALL + 1, sizeof(int64_t)),
                   aisle_array((int64_t)ALL * n_cols, sizeof(int32_t)),
                   aisle_array((int64_t)ALL * n_cols, sizeof(float))};
    aisle_rng r;
    int64_t n = 0;
    aisle_rng_init(&r, seed, 1);
    for (int32_t i = 0; i < ALL && LENGTHS[i] <= longest && LENGTHS[i] <= n_cols; i++) {
        if (few && i % 3 == 0) continue;
        m.row_ptr[m.n_rows++] = n;
        for (int32_t left = LENGTHS[i], col = 0; left > 0; col++) {
            if (aisle_rng_below(&r, (uint64_t)(n_cols - col)) >= (uint64_t)left) continue;
            m.col[n] = col;
            m.val[n++] = (float)(1 + aisle_rng_below(&r, 4));
            left--;
        }
    }
    m.row_ptr[m.n_rows] = n;
    dislike_some(&m);
    /* of a row of dislikes alone the solution is 0, of which no relative residual can be told */
    for (int32_t u = 0; u < m.n_rows; u++)
        if (m.row_ptr[u] < m.row_ptr[u + 1]) m.val[m.row_ptr[u]] = fabsf(m.val[m.row_ptr[u]]);
    return m;
}

/* One half-step with all in double, and with nu = 0, so that one M = a0 Y'Y + reg I preconditions every row. In the
 * basis where a back-end works M is its diagonal; conjugate gradient is the same in any basis. */
typedef struct model {
    const aisle_csr *c;
    const aisle_mat *y;
    const aisle_als_params *p;
    int32_t f;
    double *m, *factor, *gram_factor; /* M, the Cholesky factors of M and of a0 Y'Y, both triangles */
    double norm;                      /* |M|, by power iteration */
    aisle_rng rng;                    /* of the perturbations */
} model;

static double norm64(int32_t n, const double *v)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += v[i] * v[i];
    return sqrt(sum);
}

static double dot_double(int32_t n, const double *u, const double *v)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += u[i] * v[i];
    return sum;
}

static double *factor_of(int32_t f, const double *m)
{
    double *factor = malloc((size_t)f * (size_t)f * sizeof *factor);
    memcpy(factor, m, (size_t)f * (size_t)f * sizeof *m);
    for (int32_t k = 0; k < f; k++) {
        double *row = factor + k * f, pivot = sqrt(row[k]);
        for (int32_t i = k; i < f; i++) row[i] /= pivot; /* upper factor first: rows are contiguous */
        for (int32_t i = k + 1; i < f; i++)
            for (int32_t j = i; j < f; j++) factor[i * f + j] -= row[i] * row[j];
    }
    for (int32_t i = 0; i < f; i++)
        for (int32_t j = 0; j < i; j++) factor[i * f + j] = factor[j * f + i];
    return factor;
}

/* z = r / M, of M's factor; z may be r. */
static void solve(int32_t f, const double *factor, const double *r, double *z)
{
    for (int32_t i = 0; i < f; i++) z[i] = (r[i] - dot_double(i, factor + i * f, z)) / factor[i * f + i];
    for (int32_t i = f - 1; i >= 0; i--)
        z[i] = (z[i] - dot_double(f - 1 - i, factor + i * f + i + 1, z + i + 1)) / factor[i * f + i];
}

static model model_open(const aisle_csr *c, const aisle_mat *y, const aisle_als_params *p)
{
    int32_t f = y->n_cols;
    model o = {.c = c, .y = y, .p = p, .f = f, .norm = 1};
    o.m = calloc((size_t)f * (size_t)f, sizeof(double));
    double *v = calloc((size_t)f * 2, sizeof *v), *w = v + f;
    for (int32_t r = 0; r < y->n_rows; r++) {
        const float *row = aisle_mat_row(y, r);
        for (int32_t i = 0; i < f; i++)
            for (int32_t j = 0; j <= i; j++) o.m[i * f + j] += (double)p->a0 * row[i] * row[j];
    }
    for (int32_t i = 0; i < f; i++)
        for (int32_t j = 0; j < i; j++) o.m[j * f + i] = o.m[i * f + j];
    o.gram_factor = factor_of(f, o.m);
    for (int32_t i = 0; i < f; i++) o.m[i * f + i] += p->reg, v[i] = 1;
    o.factor = factor_of(f, o.m);
    for (int t = 0; t < 20; t++) {
        for (int32_t i = 0; i < f; i++) w[i] = dot_double(f, o.m + i * f, v);
        o.norm = norm64(f, w) / norm64(f, v);
        memcpy(v, w, (size_t)f * sizeof *v);
    }
    free(v);
    aisle_rng_init(&o.rng, 7, 7);
    return o;
}

static void model_close(model *o)
{
    free(o->m);
    free(o->factor);
    free(o->gram_factor);
}

static void perturb(model *o, double size, double *v)
{
    for (int32_t i = 0; size > 0 && i < o->f; i++) v[i] += size / sqrt(o->f) * aisle_rng_normal(&o->rng);
}

/* out = t B'w - A v; perturbed by `noise` of the sum of the norms of what is added up. */
static void multiply(model *o, int32_t u, double t, const double *v, double noise, double *out)
{
    int32_t f = o->f;
    double size = o->norm * norm64(f, v), length = norm64(f, v);
    for (int32_t i = 0; i < f; i++) out[i] = -dot_double(f, o->m + i * f, v);
    for (int64_t e = o->c->row_ptr[u]; e < o->c->row_ptr[u + 1]; e++) {
        const float *y = aisle_mat_row(o->y, o->c->col[e]);
        double dot = 0, w = weight_of(o->c, e), yy = sqrt(dot64(f, y, y));
        for (int32_t i = 0; i < f; i++) dot += y[i] * v[i];
        for (int32_t i = 0; i < f; i++) out[i] += w * (t * preference_of(o->c, e) - dot) * y[i];
        size += w * yy * (t + yy * length);
    }
    perturb(o, noise * size, out);
}

/* z = r / M, or r */
static void precondition(model *o, const double *r, double noise, double *z)
{
    int32_t f = o->f;
    if (o->p->solver == AISLE_SOLVER_CG) {
        memcpy(z, r, (size_t)f * sizeof *z);
        return;
    }
    solve(f, o->factor, r, z);
    perturb(o, noise * o->norm / o->p->reg * norm64(f, z), z);
}

/* Golub and Van Loan 2013, alg. 11.5.1, from `start`; work: 4 f doubles. */
static void conjugate_gradient(model *o, int32_t u, const float *start, double noise, double *x, double *work)
{
    int32_t f = o->f;
    double *r = work, *z = r + f, *p = z + f, *q = p + f;
    for (int32_t i = 0; i < f; i++) x[i] = start[i];
    perturb(o, noise * norm64(f, x), x);
    multiply(o, u, 1, x, noise, r);
    precondition(o, r, noise, z);
    memcpy(p, z, (size_t)f * sizeof *p);
    double rz = dot_double(f, r, z);
    for (int32_t step = 0; step < o->p->cg_steps && rz > 0; step++) {
        multiply(o, u, 0, p, noise, q);
        double pq = -dot_double(f, p, q);
        if (!(pq > 0)) break;
        double alpha = rz / pq, before = rz;
        for (int32_t i = 0; i < f; i++) x[i] += alpha * p[i], r[i] += alpha * q[i];
        precondition(o, r, noise, z);
        rz = dot_double(f, r, z);
        for (int32_t i = 0; i < f; i++) p[i] = z[i] + rz / before * p[i];
    }
}

/* x of x' = xQ, by the scores, which Q leaves alone: Y x = Y'x', in the sense of least squares. Its error is that of
 * Y' by the condition of Y, which is less than 10 here, on average over Y's rows. */
static void turn_back(const model *o, const aisle_mat *turned, const float *got, double *x)
{
    int32_t f = o->f;
    memset(x, 0, (size_t)f * sizeof *x);
    for (int32_t r = 0; r < turned->n_rows; r++) {
        double score = o->p->a0 * dot64(f, aisle_mat_row(turned, r), got);
        for (int32_t i = 0; i < f; i++) x[i] += score * aisle_mat_row(o->y, r)[i];
    }
    solve(f, o->gram_factor, x, x);
}

/* Row u may be as far from the reference as the reference is from itself when its input and each product and
 * quotient is off in a random direction by 4 sqrt(m) u of the sizes that go into it. That is how far f32 sums of m
 * terms stray with a probability above .999 (Higham and Mary 2019, theorem 2.4 with lambda = 4); m counts the
 * Gramian's rows, the entries, a product with the vector and three with the basis. */
static void check_row(model *o, int32_t u, const float *start, const aisle_mat *turned, const float *x,
                      const char *name)
{
    int32_t f = o->f, n = (int32_t)(o->c->row_ptr[u + 1] - o->c->row_ptr[u]);
    double *want = calloc((size_t)f * 7, sizeof *want), *other = want + f, *got = other + f, *work = got + f;
    turn_back(o, turned, x, got);
    double noise = 4 * sqrt(o->c->n_cols + n + 4 * f) * 0x1p-24, bound = 0, off = 0;
    conjugate_gradient(o, u, start, 0, want, work);
    for (int run = 0; run < (f > 64 ? 1 : 3); run++) { /* the more factors, the less there is to chance */
        double moved = 0;
        conjugate_gradient(o, u, start, noise, other, work);
        for (int32_t i = 0; i < f; i++) moved += (other[i] - want[i]) * (other[i] - want[i]);
        if (moved > bound) bound = moved;
    }
    bound = sqrt(bound) + noise * norm64(f, want); /* and turned back */
    for (int32_t i = 0; i < f; i++) off += (got[i] - want[i]) * (got[i] - want[i]);
    cr_assert(sqrt(off) <= bound,
              "%s: solver %d, %d factors, row of %d entries: off by %g, allowed %g, length %g", name,
              (int)o->p->solver, f, n, sqrt(off), bound, norm64(f, want));
    free(want);
}

typedef struct outcome {
    aisle_mat x, y; /* in the basis that the half-step left them in */
} outcome;

static outcome half_step(const subject *s, const aisle_csr *c, const aisle_mat *y, const aisle_mat *start,
                         const aisle_als_params *p)
{
    aisle_dev_csr *dc = put_csr(s, c);
    aisle_dev_mat *dy = put_mat(s, y), *dx = put_mat(s, start);
    MUST(s->ops->als_half_step(s->d, dc, dy, p, dx, err));
    outcome o = {get_mat(s, dx, start->n_rows, y->n_cols), get_mat(s, dy, y->n_rows, y->n_cols)};
    s->ops->mat_free(s->d, dx);
    s->ops->mat_free(s->d, dy);
    s->ops->csr_free(s->d, dc);
    return o;
}

static void outcome_deinit(outcome *o)
{
    aisle_mat_deinit(&o->x);
    aisle_mat_deinit(&o->y);
}

CONTRACT(cg, three_steps_are_those_of_the_algorithm_at_every_length)
{
    static const struct {
        int32_t f;
        aisle_als_solver solver;
    } cases[] = {{5, AISLE_SOLVER_PCG},   {32, AISLE_SOLVER_PCG},  {64, AISLE_SOLVER_PCG},
                 {96, AISLE_SOLVER_PCG},  {100, AISLE_SOLVER_PCG}, {128, AISLE_SOLVER_PCG},
                 {180, AISLE_SOLVER_PCG}, {256, AISLE_SOLVER_PCG}, {330, AISLE_SOLVER_PCG},
                 {500, AISLE_SOLVER_PCG}, {640, AISLE_SOLVER_PCG}, {5, AISLE_SOLVER_CG},
                 {64, AISLE_SOLVER_CG},   {128, AISLE_SOLVER_CG},  {330, AISLE_SOLVER_CG}};
    for (size_t t = 0; t < sizeof cases / sizeof *cases; t++) {
        int32_t f = cases[t].f, n_cols = columns(f);
        aisle_csr c = rows_of_lengths(n_cols, f > 600 ? 520 : n_cols, f > 256, t);
        aisle_mat y = random_mat(n_cols, f, t), start = random_mat(c.n_rows, f, t + 50);
        const aisle_als_params p = {
            .a0 = .05F, .reg = 1, .solver = cases[t].solver, .cg_steps = 3, .n_other = n_cols};
        outcome got = half_step(s, &c, &y, &start, &p);
        model o = model_open(&c, &y, &p);
        for (int32_t u = 0; u < c.n_rows; u++)
            if (c.row_ptr[u] < c.row_ptr[u + 1])
                check_row(&o, u, aisle_mat_row(&start, u), &got.y, aisle_mat_row(&got.x, u), s->name);
            else
                cr_assert(dot64(f, aisle_mat_row(&got.x, u), aisle_mat_row(&got.x, u)) == 0, "%s: empty row",
                          s->name);
        model_close(&o);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&start);
        outcome_deinit(&got);
    }
}

/* |A x - b| / (|A| |x| + |b|), all in double and without A: tr A / sqrt f is at most its Frobenius norm. */
static double residual(const aisle_csr *c, const aisle_mat *y, const aisle_als_params *p, int32_t u,
                       const float *x)
{
    int32_t f = y->n_cols;
    double l = regularisation(p, c, u, p->n_other), trace = f * l;
    double *r = calloc((size_t)f * 2, sizeof *r), *b = r + f;
    for (int32_t i = 0; i < f; i++) r[i] = l * x[i];
    for (int32_t i = 0; i < y->n_rows; i++) {
        const float *row = aisle_mat_row(y, i);
        double dot = dot64(f, row, x);
        trace += p->a0 * dot64(f, row, row);
        for (int32_t j = 0; j < f; j++) r[j] += p->a0 * dot * row[j];
    }
    for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++) {
        const float *row = aisle_mat_row(y, c->col[e]);
        double w = weight_of(c, e), wanted = preference_of(c, e), dot = dot64(f, row, x);
        trace += w * dot64(f, row, row);
        for (int32_t j = 0; j < f; j++) r[j] += w * (dot - wanted) * row[j], b[j] += w * wanted * row[j];
    }
    double ratio = norm64(f, r) / (trace / sqrt(f) * sqrt(dot64(f, x, x)) + norm64(f, b));
    free(r);
    return ratio;
}

/* With so many steps both conjugate gradient and whatever AUTO mixes in are exact. */
CONTRACT(cg, many_steps_solve_rows_of_every_length)
{
    static const int32_t factors[] = {5, 32, 64, 100, 128, 256, 640, 1100};
    for (size_t t = 0; t < 2 * sizeof factors / sizeof *factors; t++) {
        int32_t f = factors[t / 2], n_cols = columns(f), longest = 60000 / f; /* what a test has time for */
        aisle_csr c = rows_of_lengths(n_cols, longest, false, t);
        aisle_mat y = random_mat(n_cols, f, t), start = random_mat(c.n_rows, f, t + 50);
        const aisle_als_params p = {.a0 = .05F,
                                    .reg = .02F,
                                    .nu = .7F,
                                    .solver = t % 2 ? AISLE_SOLVER_AUTO : AISLE_SOLVER_PCG,
                                    .cg_steps = 60,
                                    .n_other = n_cols};
        outcome got = half_step(s, &c, &y, &start, &p);
        for (int32_t u = 0; u < c.n_rows; u++) {
            int32_t n = (int32_t)(c.row_ptr[u + 1] - c.row_ptr[u]);
            double off = n > 0 ? residual(&c, &got.y, &p, u, aisle_mat_row(&got.x, u)) : 0;
            /* as exact_half_step_solves_every_row, for sums of the Gramian's rows and the row's entries */
            cr_assert(off <= gamma_n(n_cols + n + 15 * f + 4),
                      "%s: solver %d, %d factors, row of %d entries: residual %g", s->name, (int)p.solver, f,
                      n, off);
        }
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&start);
        outcome_deinit(&got);
    }
}

CONTRACT(cg, auto_solves_each_row_as_one_of_the_other_two_does)
{
    static const int32_t factors[] = {16, 128, 640};
    for (size_t t = 0; t < sizeof factors / sizeof *factors; t++) {
        int32_t f = factors[t], n_cols = columns(f);
        aisle_csr c = rows_of_lengths(n_cols, f > 600 ? 130 : 520, false, t);
        aisle_mat y = random_mat(n_cols, f, t), start = random_mat(c.n_rows, f, t + 50);
        outcome by[3];
        for (int solver = AISLE_SOLVER_AUTO; solver <= AISLE_SOLVER_EXACT; solver++) {
            aisle_als_params p = {
                .a0 = .05F, .reg = 1, .solver = (aisle_als_solver)solver, .cg_steps = 3, .n_other = n_cols};
            by[solver] = half_step(s, &c, &y, &start, &p);
        }
        for (int32_t u = 0; u < c.n_rows; u++) {
            const float *row = aisle_mat_row(&by[AISLE_SOLVER_AUTO].x, u);
            size_t bytes = (size_t)f * sizeof *row;
            cr_assert(memcmp(row, aisle_mat_row(&by[AISLE_SOLVER_EXACT].x, u), bytes) == 0 ||
                          memcmp(row, aisle_mat_row(&by[AISLE_SOLVER_PCG].x, u), bytes) == 0,
                      "%s: %d factors, row of %d entries", s->name, f,
                      (int)(c.row_ptr[u + 1] - c.row_ptr[u]));
        }
        for (int i = 0; i < 3; i++) outcome_deinit(&by[i]);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&start);
    }
}

CONTRACT(cg, a_start_that_overflows_is_refused)
{
    static const int32_t factors[] = {6, 40, 600}, lengths[] = {3, 40, 900};
    for (size_t t = 0; t < 9; t++) {
        int32_t f = factors[t / 3], n = lengths[t % 3], n_cols = columns(f);
        aisle_csr c = rows_of_lengths(n_cols, n_cols, false, t);
        c.n_rows = 1; /* the first n columns */
        c.row_ptr[0] = 0;
        c.row_ptr[1] = n;
        for (int32_t e = 0; e < n; e++) c.col[e] = e;
        aisle_mat y = random_mat(n_cols, f, t), start = random_mat(1, f, t);
        for (int32_t i = 0; i < f; i++) start.data[i] = 1e30F;
        aisle_als_params p = {.a0 = .05F, .reg = 1, .solver = AISLE_SOLVER_PCG, .n_other = n_cols};
        aisle_dev_csr *dc = put_csr(s, &c);
        aisle_dev_mat *dy = put_mat(s, &y), *dx = put_mat(s, &start);
        MUST_FAIL(AISLE_ENUMERIC, s->ops->als_half_step(s->d, dc, dy, &p, dx, err));
        s->ops->mat_free(s->d, dx);
        s->ops->mat_free(s->d, dy);
        s->ops->csr_free(s->d, dc);
        aisle_csr_deinit(&c);
        aisle_mat_deinit(&y);
        aisle_mat_deinit(&start);
    }
}

/* Many rows that no block can hold, so that little memory means many batches of them. */
static aisle_status half_step_on(const subject *s, const aisle_device_params *params, const aisle_csr *c,
                                 aisle_mat *x)
{
    aisle_mat y = random_mat(c->n_cols, x->n_cols, 1), start = random_mat(x->n_rows, x->n_cols, 2);
    const aisle_als_params p = {
        .a0 = .05F, .reg = 1, .solver = AISLE_SOLVER_PCG, .cg_steps = 1, .n_other = c->n_cols};
    aisle_device *d = NULL;
    aisle_dev_csr *dc = NULL;
    aisle_dev_mat *dx = NULL, *dy = NULL;
    aisle_error error = {0}, *err = &error;
    aisle_status st = s->ops->open(params, &d, err);
    if (st == AISLE_OK && s->kernels >= 0) d->k = aisle_kernels_at(s->kernels);
    if (st == AISLE_OK) st = s->ops->csr_put(d, c, &dc, err);
    if (st == AISLE_OK) st = s->ops->mat_new(d, c->n_cols, x->n_cols, &dy, err);
    if (st == AISLE_OK) st = s->ops->mat_put(d, &y, dy, err);
    if (st == AISLE_OK) st = s->ops->mat_new(d, x->n_rows, x->n_cols, &dx, err);
    if (st == AISLE_OK) st = s->ops->mat_put(d, &start, dx, err);
    if (st == AISLE_OK) st = s->ops->als_half_step(d, dc, dy, &p, dx, err);
    if (st == AISLE_OK) st = s->ops->mat_get(d, dx, x, err);
    if (d) {
        s->ops->mat_free(d, dx);
        s->ops->mat_free(d, dy);
        s->ops->csr_free(d, dc);
        s->ops->close(d);
    }
    aisle_mat_deinit(&y);
    aisle_mat_deinit(&start);
    return st;
}

CONTRACT(cg, little_memory_and_more_parts_do_not_change_a_byte)
{
    enum { ROWS = 400, F = 300, COLS = 200 };
    aisle_csr c = random_csr(ROWS, COLS, true, 3);
    for (int64_t n = 0, u = 0; u < ROWS; u++) { /* of 181 .. 200 entries */
        for (int32_t i = 0; i < COLS - u % 20; i++) c.val[n] = (float)(1 + i % 3), c.col[n++] = i;
        c.row_ptr[u + 1] = n;
    }
    aisle_mat want = random_mat(ROWS, F, 4), got = random_mat(ROWS, F, 5);
    const size_t bytes = (size_t)ROWS * F * sizeof(float);
    cr_assert(half_step_on(s, &(aisle_device_params){.threads = 2}, &c, &want) == AISLE_OK, "%s", s->name);
    int64_t none = 0, enough = 8 << 10; /* KiB; the least that does lies between */
    while (enough - none > 128) {
        int64_t kib = (none + enough) / 2;
        aisle_status st =
            half_step_on(s, &(aisle_device_params){.threads = 2, .memory_bytes = kib << 10}, &c, &got);
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "%s: %d KiB: %s", s->name, (int)kib,
                  aisle_status_name(st));
        cr_assert(st == AISLE_ENOMEM || memcmp(got.data, want.data, bytes) == 0, "%s: %d KiB", s->name,
                  (int)kib);
        *(st == AISLE_OK ? &enough : &none) = kib;
    }
    for (int32_t shards = 2; shards <= 5; shards += 3) {
        const aisle_device_params split = {.threads = 2, .shards = shards};
        cr_assert(half_step_on(s, &split, &c, &got) == AISLE_OK, "%s: %d shards", s->name, shards);
        cr_assert(memcmp(got.data, want.data, bytes) == 0, "%s: %d shards", s->name, shards);
    }
    aisle_csr_deinit(&c);
    aisle_mat_deinit(&want);
    aisle_mat_deinit(&got);
}
