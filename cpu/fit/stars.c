/* Explicit ratings: user and item biases and, where factors are wanted, alternating least squares. Predicts stars; what
 * else the shop's events tell (purchases, views) it does not look at.
 *
 * With p_u = (b_u, x_u), q_i = (b_i, y_i) and s the deviation of what the biases leave over, it lowers
 *   sum_{rated u,i} (r_ui - mean - b_u - b_i - x_u . y_i)^2 + bias_reg (sum b_u^2 + sum b_i^2)
 *                   + s reg (sum_u (n_u + prior) |x_u|^2 + sum_i (n_i + prior) |y_i|^2)
 * one side at a time: a row's bias and factors are one system of f + 1 unknowns. Weighted-lambda regularisation alone
 * (Zhou et al. 2008, eq. 2; prior 0) trusts the factors of an item of one rating as much as those of a thousand, and
 * needs a reg that holds the long rows down too much to be safe for the short ones; `prior` parts the two. s makes reg
 * and prior the same for any scale of stars. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/fit/stars.h"

enum { BIAS_ITERATIONS = 10 };
static const double init = .1; /* of the first factors, times sqrt(s): x . y is then in proportion to stars */

/* One side while the other is fixed: c's rows get new (bias, factors). */
typedef struct half {
    const aisle_csr *c;
    aisle_mat *to;
    const aisle_mat *from;
    double mean, bias_reg, reg, prior;
    int32_t f;
} half;

/* Solves a z = b for the symmetric positive definite a, given by its lower triangle in rows of n, by Cholesky; z replaces
 * b and the factor a. */
static void solve(int32_t n, double *a, double *b)
{
    for (int32_t i = 0; i < n; i++) {
        double *row = a + (int64_t)i * n;
        for (int32_t j = 0; j <= i; j++) {
            const double *other = a + (int64_t)j * n;
            double sum = row[j];
#pragma omp simd reduction(- : sum)
            for (int32_t k = 0; k < j; k++) sum -= row[k] * other[k];
            row[j] = i == j ? sqrt(sum) : sum / other[j];
        }
        for (int32_t k = 0; k < i; k++) b[i] -= row[k] * b[k];
        b[i] /= row[i];
    }
    for (int32_t i = n; i-- > 0;) {
        b[i] /= a[(int64_t)i * n + i];
        for (int32_t k = 0; k < i; k++) b[k] -= a[(int64_t)i * n + k] * b[i];
    }
}

/* work: the system, (f + 1)^2, its right-hand side and one row of the other side. */
static void solve_row(const half *h, int32_t u, double *work)
{
    int32_t n = h->f + 1;
    double *a = work, *b = a + (int64_t)n * n, *row = b + n, *to = b;
    const aisle_csr *c = h->c;
    int64_t begin = c->row_ptr[u], end = c->row_ptr[u + 1];
    memset(work, 0, (size_t)((int64_t)n * n + n) * sizeof *work);
    if (begin == end) goto put; /* nothing known: no bias, no taste */
    for (int64_t e = begin; e < end; e++) {
        const float *q = aisle_mat_row(h->from, c->col[e]);
        double miss = (double)c->val[e] - h->mean - (double)q[0];
        row[0] = 1;
        for (int32_t k = 1; k < n; k++) row[k] = (double)q[k];
        for (int32_t i = 0; i < n; i++) {
            b[i] += miss * row[i];
#pragma omp simd
            for (int32_t j = 0; j <= i; j++) a[(int64_t)i * n + j] += row[i] * row[j];
        }
    }
    a[0] += h->bias_reg;
    for (int32_t k = 1; k < n; k++) a[(int64_t)k * n + k] += h->reg * ((double)(end - begin) + h->prior);
    solve(n, a, b);
put:
    for (int32_t k = 0; k < n; k++) aisle_mat_row(h->to, u)[k] = (float)to[k];
}

static aisle_status half_step(const half *h, int32_t threads, aisle_error *err)
{
    int64_t n = h->f + 1, each = n * n + 2 * n;
    double *work = aisle_array(each * threads, sizeof *work);
    if (!work) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the systems of %d factors", h->f);
#pragma omp parallel for schedule(dynamic, 16) num_threads(threads)
    for (int32_t u = 0; u < h->c->n_rows; u++) solve_row(h, u, work + each * omp_get_thread_num());
    aisle_free(work);
    return AISLE_OK;
}

/* Deviation of what mean and biases leave over; 1 when that is nothing, as of equal stars. */
static double left_over(const aisle_csr *c, const stars_model *m)
{
    double sum = 0;
    for (int32_t u = 0; u < c->n_rows; u++)
        for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++) {
            double miss = (double)c->val[e] - m->mean - (double)aisle_mat_row(&m->users, u)[0] -
                          (double)aisle_mat_row(&m->items, c->col[e])[0];
            sum += miss * miss;
        }
    return sum > 0 ? sqrt(sum / (double)aisle_csr_nnz(c)) : 1;
}

static bool is_finite(const aisle_mat *m)
{
    for (int64_t e = 0; e < m->n_rows * m->ld; e++)
        if (!isfinite(m->data[e])) return false;
    return true;
}

static void survey(const aisle_csr *c, stars_model *m)
{
    double sum = 0;
    m->low = m->high = c->val[0];
    for (int64_t e = 0; e < aisle_csr_nnz(c); e++) {
        sum += (double)c->val[e];
        m->low = c->val[e] < m->low ? c->val[e] : m->low;
        m->high = c->val[e] > m->high ? c->val[e] : m->high;
    }
    m->mean = sum / (double)aisle_csr_nnz(c);
}

static aisle_status alternate(const half sides[2], int32_t iterations, int32_t threads, aisle_error *err)
{
    for (int32_t i = 0; i < iterations; i++) {
        AISLE_TRY(half_step(&sides[0], threads, err));
        AISLE_TRY(half_step(&sides[1], threads, err));
    }
    return AISLE_OK;
}

static void draw_items(uint64_t seed, double deviation, aisle_mat *items)
{
    for (int32_t i = 0; i < items->n_rows; i++) {
        aisle_rng rng;
        aisle_rng_init(&rng, seed, (uint64_t)i);
        for (int32_t k = 1; k < items->n_cols; k++)
            aisle_mat_row(items, i)[k] = (float)(deviation * aisle_rng_normal(&rng));
    }
}

aisle_status stars_fit(const aisle_csr *c, const stars_settings *s, int32_t threads, stars_model *out,
                       aisle_error *err)
{
    stars_model m = {0};
    aisle_csr ct = {0};
    int32_t f = s->p.factors;
    if (threads <= 0) threads = omp_get_num_procs();
    survey(c, &m);
    half sides[2];
    aisle_status st = aisle_mat_init(&m.users, c->n_rows, f + 1, err);
    if (st == AISLE_OK) st = aisle_mat_init(&m.items, c->n_cols, f + 1, err);
    if (st == AISLE_OK) st = aisle_csr_transpose(c, &ct, err);
    if (st != AISLE_OK) goto done;
    sides[0] = (half){.c = &ct, .to = &m.items, .from = &m.users, .mean = m.mean, .bias_reg = s->p.bias_reg};
    sides[1] = (half){.c = c, .to = &m.users, .from = &m.items, .mean = m.mean, .bias_reg = s->p.bias_reg};
    st = alternate(sides, BIAS_ITERATIONS, threads, err);
    if (st != AISLE_OK || f == 0) goto done;
    double scale = left_over(c, &m);
    draw_items(s->seed, init * sqrt(scale), &m.items);
    for (int side = 0; side < 2; side++) {
        sides[side].f = f;
        sides[side].prior = s->p.prior;
        sides[side].reg = s->p.reg * scale;
    }
    st = half_step(&sides[1], threads, err); /* users first: they have something to say of random items */
    if (st == AISLE_OK) st = alternate(sides, s->p.iterations, threads, err);
done:
    if (st == AISLE_OK && !(is_finite(&m.users) && is_finite(&m.items)))
        st = aisle_fail(
            err, AISLE_ENUMERIC,
            "stars: a system of %d factors is not positive definite; a larger regularization helps", f);
    aisle_csr_deinit(&ct);
    if (st == AISLE_OK)
        *out = m;
    else
        stars_model_deinit(&m);
    return st;
}

void stars_model_deinit(stars_model *m)
{
    aisle_mat_deinit(&m->users);
    aisle_mat_deinit(&m->items);
}

double stars_predict(const stars_model *m, int32_t user, int32_t item)
{
    const float *p = aisle_mat_row(&m->users, user), *q = aisle_mat_row(&m->items, item);
    float sum = 0; /* at most 512 terms, and a star is rarely told to more than three digits */
#pragma omp simd reduction(+ : sum)
    for (int32_t k = 1; k < m->users.n_cols; k++) sum += p[k] * q[k];
    return m->mean + (double)p[0] + (double)q[0] + (double)sum;
}
