/* Y'Y in double. Work is cut into (block of rows) x (stripe of the result): the cuts depend on the sizes
 * only, so the result is the same for any number of threads. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/cpu.h"
#include "cpu/kernels/dense.h"

enum {
    MIN_ROWS = 4096, /* a block of rows is worth at least this */
    TASKS = 48,      /* are enough to deal out evenly; more blocks only take memory */
    STRIPE = 48      /* rows of the result a task makes; a multiple of every kernel's mr */
};

typedef struct cuts {
    int32_t n_blocks, n_stripes;
} cuts;

static cuts choose_cuts(int32_t n_rows, int32_t f)
{
    int32_t stripes = (f + STRIPE - 1) / STRIPE, most = (TASKS + stripes - 1) / stripes,
            want = n_rows / MIN_ROWS + 1;
    return (cuts){want < most ? want : most, stripes};
}

/* g += t, m x n of it. */
static void add_tile(const float *t, int32_t ldt, int32_t m, int32_t n, double *g, int32_t ldg)
{
    for (int32_t r = 0; r < m; r++, t += ldt, g += ldg)
        for (int32_t c = 0; c < n; c++) g[c] += (double)t[c];
}

/* Adds the stripe's part of rows first .. end-1 to g (upper triangle; tiles that cross the diagonal whole).
 */
static void add_stripe(const aisle_kernels *k, const aisle_mat *y, int64_t first, int64_t end, int32_t stripe,
                       double *g)
{
    float t[AISLE_TILE_MAX];
    int32_t f = y->n_cols, i_end = (stripe + 1) * STRIPE < f ? (stripe + 1) * STRIPE : f;
    for (int64_t p = first; p < end; p += AISLE_DEPTH) {
        const float *row = y->data + p * y->ld;
        int64_t depth = end - p < AISLE_DEPTH ? end - p : AISLE_DEPTH;
        for (int32_t j = stripe * STRIPE / k->nr * k->nr; j < f; j += k->nr)
            for (int32_t i = stripe * STRIPE; i < i_end && i < j + k->nr; i += k->mr) {
                k->tile(depth, row + i, y->ld, row + j, y->ld, AISLE_TILE_SET, t, k->nr);
                add_tile(t, k->nr, i_end - i < k->mr ? i_end - i : k->mr, f - j < k->nr ? f - j : k->nr,
                         g + (int64_t)i * f + j, f);
            }
    }
}

int64_t aisle_cpu_gram_floats(int32_t n_rows, int32_t f)
{
    return 2 * (int64_t)f * f * choose_cuts(n_rows, f).n_blocks;
}

static aisle_status make(aisle_device *d, const aisle_mat *y, double *g, aisle_error *err)
{
    int32_t f = y->n_cols;
    cuts cut = choose_cuts(y->n_rows, f);
    int64_t n = (int64_t)f * f, floats = aisle_cpu_gram_floats(y->n_rows, f);
    double *part = (double *)(void *)aisle_cpu_floats(d, floats, "Gramian work space", err);
    if (!part) return AISLE_ENOMEM;
#pragma omp parallel num_threads(d->threads)
    {
#pragma omp for schedule(static)
        for (int32_t b = 0; b < cut.n_blocks; b++) memset(part + n * b, 0, (size_t)n * sizeof *part);
#pragma omp for schedule(dynamic) collapse(2)
        for (int32_t b = 0; b < cut.n_blocks; b++)
            for (int32_t s = 0; s < cut.n_stripes; s++)
                add_stripe(d->k, y, (int64_t)y->n_rows * b / cut.n_blocks,
                           (int64_t)y->n_rows * (b + 1) / cut.n_blocks, s, part + n * b);
#pragma omp for schedule(dynamic, 16)
        for (int32_t i = 0; i < f; i++)
            for (int32_t j = i; j < f; j++) {
                double sum = 0;
                for (int32_t b = 0; b < cut.n_blocks; b++) sum += part[n * b + (int64_t)i * f + j];
                g[(int64_t)i * f + j] = g[(int64_t)j * f + i] = sum;
            }
    }
    aisle_cpu_release(d, part, floats);
    return AISLE_OK;
}

aisle_status aisle_cpu_gram(aisle_device *d, const aisle_dev_mat *m, const double **g, aisle_error *err)
{
    if (!m->gram) {
        int64_t floats = 2 * (int64_t)m->m.n_cols * m->m.n_cols;
        double *made = (double *)(void *)aisle_cpu_floats(d, floats, "a Gramian", err);
        if (!made) return AISLE_ENOMEM;
        aisle_status st = make(d, &m->m, made, err);
        if (st != AISLE_OK) {
            aisle_cpu_release(d, made, floats);
            return st;
        }
        ((aisle_dev_mat *)m)->gram = made; /* every matrix comes from mat_new: none is const at heart */
    }
    *g = m->gram;
    return AISLE_OK;
}

void aisle_cpu_gram_forget(aisle_device *d, aisle_dev_mat *m)
{
    if (m->gram) aisle_cpu_release(d, m->gram, 2 * (int64_t)m->m.n_cols * m->m.n_cols);
    m->gram = NULL;
}

void aisle_cpu_gram_diagonal(aisle_dev_mat *m, const double *diagonal)
{
    int64_t f = m->m.n_cols;
    memset(m->gram, 0, (size_t)(f * f) * sizeof *m->gram);
    for (int64_t i = 0; i < f; i++) m->gram[i * (f + 1)] = diagonal[i];
}
