/* Conjugate gradients for several right sides that share a sparse matrix: they go through it together, so that it is
 * read once for 16 of them, and their vectors lie side by side for the vector units. */
#include "cpu/train/ridge.h"

#include <math.h>
#include <string.h>

#include "aisle/memory.h"

enum { LANES = 16, STEPS = 200 };
static const double TOLERANCE = 1e-2;

typedef struct lanes {
    float v[LANES];
} lanes;

typedef struct doubles {
    double v[LANES];
} doubles;

/* One thread's vectors: lanes for each term, and for each item. */
typedef struct work {
    lanes *w, *r, *p, *q;
    lanes *item;
    float *inverse; /* of the diagonal */
} work;

/* q = (T' D T + reg) p */
static void multiply(const aisle_ridge *a, const work *k)
{
    const aisle_csr *t = a->t;
    for (int32_t c = 0; c < t->n_cols; c++)
        for (int l = 0; l < LANES; l++) k->q[c].v[l] = (float)a->reg * k->p[c].v[l];
    for (int32_t i = 0; i < t->n_rows; i++) {
        lanes s = {{0}};
        if (a->d[i] == 0) continue;
        for (int64_t e = t->row_ptr[i]; e < t->row_ptr[i + 1]; e++)
            for (int l = 0; l < LANES; l++) s.v[l] += t->val[e] * k->p[t->col[e]].v[l];
        for (int l = 0; l < LANES; l++) s.v[l] *= a->d[i];
        for (int64_t e = t->row_ptr[i]; e < t->row_ptr[i + 1]; e++)
            for (int l = 0; l < LANES; l++) k->q[t->col[e]].v[l] += t->val[e] * s.v[l];
    }
}

static doubles dots(int32_t n, const lanes *x, const lanes *y)
{
    doubles sum = {{0}};
    for (int32_t c = 0; c < n; c++)
        for (int l = 0; l < LANES; l++) sum.v[l] += (double)x[c].v[l] * (double)y[c].v[l];
    return sum;
}

/* r' M r with M the inverse of the diagonal. */
static doubles weighted(int32_t n, const lanes *r, const float *inverse)
{
    doubles sum = {{0}};
    for (int32_t c = 0; c < n; c++)
        for (int l = 0; l < LANES; l++)
            sum.v[l] += (double)r[c].v[l] * (double)r[c].v[l] * (double)inverse[c];
    return sum;
}

/* w = 0, r = T' D (y - c), p = M r */
static void start(const aisle_ridge *a, const work *k)
{
    const aisle_csr *t = a->t;
    memset(k->w, 0, (size_t)t->n_cols * sizeof *k->w);
    memset(k->r, 0, (size_t)t->n_cols * sizeof *k->r);
    for (int32_t i = 0; i < t->n_rows; i++)
        for (int64_t e = t->row_ptr[i]; a->d[i] > 0 && e < t->row_ptr[i + 1]; e++)
            for (int l = 0; l < LANES; l++) k->r[t->col[e]].v[l] += a->d[i] * t->val[e] * k->item[i].v[l];
    for (int32_t c = 0; c < t->n_cols; c++)
        for (int l = 0; l < LANES; l++) k->p[c].v[l] = k->inverse[c] * k->r[c].v[l];
}

static void solve(const aisle_ridge *a, const work *k)
{
    int32_t n = a->t->n_cols;
    start(a, k);
    doubles rho = weighted(n, k->r, k->inverse), first = rho;
    for (int step = 0; step < STEPS; step++) {
        bool done = true;
        for (int l = 0; l < LANES; l++) done = done && rho.v[l] <= TOLERANCE * TOLERANCE * first.v[l];
        if (done || aisle_canceled(a->progress)) break;
        multiply(a, k);
        doubles curve = dots(n, k->p, k->q);
        lanes alpha, beta;
        for (int l = 0; l < LANES; l++) alpha.v[l] = curve.v[l] > 0 ? (float)(rho.v[l] / curve.v[l]) : 0;
        for (int32_t c = 0; c < n; c++)
            for (int l = 0; l < LANES; l++) {
                k->w[c].v[l] += alpha.v[l] * k->p[c].v[l];
                k->r[c].v[l] -= alpha.v[l] * k->q[c].v[l];
            }
        doubles next = weighted(n, k->r, k->inverse);
        for (int l = 0; l < LANES; l++) beta.v[l] = rho.v[l] > 0 ? (float)(next.v[l] / rho.v[l]) : 0;
        for (int32_t c = 0; c < n; c++)
            for (int l = 0; l < LANES; l++)
                k->p[c].v[l] = k->inverse[c] * k->r[c].v[l] + beta.v[l] * k->p[c].v[l];
        rho = next;
    }
}

static doubles mean_row(const aisle_ridge *a, const aisle_mat *y, int32_t first, int n)
{
    doubles mean = {{0}};
    double all = 0;
    for (int32_t i = 0; i < y->n_rows; i++) {
        all += (double)a->d[i];
        for (int l = 0; a->d[i] > 0 && l < n; l++)
            mean.v[l] += (double)a->d[i] * (double)aisle_mat_row(y, i)[first + l];
    }
    for (int l = 0; l < n; l++) mean.v[l] /= all;
    return mean;
}

/* Factors `first` and up to 15 more. */
static void solve_for(const aisle_ridge *a, const work *k, const aisle_mat *y, int32_t first, float *w,
                      float *c)
{
    const aisle_csr *t = a->t;
    int n = y->n_cols - first < LANES ? y->n_cols - first : LANES;
    doubles mean = mean_row(a, y, first, n);
    for (int l = 0; l < n; l++) c[first + l] = (float)mean.v[l];
    for (int32_t i = 0; i < t->n_rows; i++) {
        k->item[i] = (lanes){{0}};
        for (int l = 0; a->d[i] > 0 && l < n; l++)
            k->item[i].v[l] = aisle_mat_row(y, i)[first + l] - (float)mean.v[l];
    }
    solve(a, k);
    for (int32_t j = 0; j < t->n_cols; j++)
        memcpy(w + (int64_t)j * y->n_cols + first, k->w[j].v, (size_t)n * sizeof *w);
}

static void work_deinit(work *k)
{
    aisle_free(k->w);
    aisle_free(k->item);
}

/* w, r, p and q are one block; the diagonal is everybody's. */
static bool work_init(work *k, const aisle_csr *t, float *inverse)
{
    int64_t n = t->n_cols;
    *k = (work){.w = aisle_array(4 * n, sizeof *k->w), .item = aisle_array(t->n_rows, sizeof *k->item)};
    if (!k->w || !k->item) return false;
    k->r = k->w + n;
    k->p = k->r + n;
    k->q = k->p + n;
    k->inverse = inverse;
    return true;
}

static void diagonal(const aisle_ridge *a, float *inverse)
{
    const aisle_csr *t = a->t;
    for (int32_t c = 0; c < t->n_cols; c++) inverse[c] = (float)a->reg;
    for (int32_t i = 0; i < t->n_rows; i++)
        for (int64_t e = t->row_ptr[i]; e < t->row_ptr[i + 1]; e++)
            inverse[t->col[e]] += a->d[i] * t->val[e] * t->val[e];
    for (int32_t c = 0; c < t->n_cols; c++) inverse[c] = 1 / inverse[c];
}

aisle_status aisle_ridge_solve(const aisle_ridge *r, const aisle_mat *y, float *w, float *mean,
                               aisle_error *err)
{
    int32_t n_chunks = (y->n_cols + LANES - 1) / LANES,
            threads = r->threads < n_chunks ? r->threads : n_chunks;
    float *inverse = aisle_array(r->t->n_cols, sizeof *inverse);
    work *of_thread = aisle_calloc((size_t)threads, sizeof *of_thread);
    bool ok = inverse && of_thread;
    for (int32_t k = 0; ok && k < threads; k++) ok = work_init(&of_thread[k], r->t, inverse);
    if (ok) {
        diagonal(r, inverse);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
        for (int32_t c = 0; c < n_chunks; c++) solve_for(r, &of_thread[c % threads], y, c * LANES, w, mean);
    }
    for (int32_t k = 0; of_thread && k < threads; k++) work_deinit(&of_thread[k]);
    aisle_free(of_thread);
    aisle_free(inverse);
    if (!ok) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the map from %d terms", r->t->n_cols);
    if (aisle_canceled(r->progress))
        return aisle_fail(err, AISLE_ECANCELED, "the map from texts was canceled");
    return AISLE_OK;
}
