/* The objective that a half-step lowers. The sum over all pairs is never formed: sum_{u,i} (x_u.y_i)^2 is the
 * inner product of the two Gramians (Hu, Koren, Volinsky 2008). */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/als.h"

enum { BLOCK = 1024 }; /* rows whose sum is one partial result, whatever the threads */

static double block_sum(const aisle_kernels *k, const aisle_csr *c, const aisle_mat *x, const aisle_mat *y,
                        int32_t first)
{
    double sum = 0;
    int32_t end = c->n_rows - first < BLOCK ? c->n_rows : first + BLOCK;
    for (int32_t u = first; u < end; u++)
        for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++) {
            double miss = (double)k->dot(x->n_cols, aisle_mat_row(x, u), aisle_mat_row(y, c->col[e])) - 1;
            sum += (c->val ? (double)c->val[e] : 1) * miss * miss;
        }
    return sum;
}

static aisle_status observed(aisle_device *d, const aisle_csr *c, const aisle_mat *x, const aisle_mat *y,
                             double *sum, aisle_error *err)
{
    int32_t n = (int32_t)(((int64_t)c->n_rows + BLOCK - 1) / BLOCK);
    double *part = aisle_array(n, sizeof *part);
    if (!part) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the loss");
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (int32_t b = 0; b < n; b++) part[b] = block_sum(d->k, c, x, y, b * BLOCK);
    for (int32_t b = 0; b < n; b++) *sum += part[b];
    aisle_free(part);
    return AISLE_OK;
}

static double penalty(const aisle_csr *c, const aisle_mat *x, const aisle_als_params *p, int32_t n_other)
{
    double sum = 0;
    for (int32_t u = 0; u < c->n_rows; u++) {
        double square = 0;
        const float *row = aisle_mat_row(x, u);
        for (int32_t i = 0; i < x->n_cols; i++) square += (double)row[i] * row[i];
        double n = (double)(c->row_ptr[u + 1] - c->row_ptr[u]);
        sum += p->reg * pow(n + (double)p->a0 * n_other, p->nu) * square;
    }
    return sum;
}

aisle_status aisle_cpu_als_loss(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_csr *ct,
                                const aisle_dev_mat *x, const aisle_dev_mat *y, const aisle_als_params *p,
                                double *loss, aisle_error *err)
{
    if (c->m.n_rows != x->m.n_rows || c->m.n_cols != y->m.n_rows || x->m.n_cols != y->m.n_cols ||
        ct->m.n_rows != c->m.n_cols || ct->m.n_cols != c->m.n_rows)
        return aisle_fail(err, AISLE_EINVAL,
                          "loss: ratings %d x %d, transpose %d x %d, x %d x %d, y %d x %d do "
                          "not fit together",
                          c->m.n_rows, c->m.n_cols, ct->m.n_rows, ct->m.n_cols, x->m.n_rows, x->m.n_cols,
                          y->m.n_rows, y->m.n_cols);
    const double *gx, *gy;
    double sum = 0, all = 0;
    AISLE_TRY(aisle_cpu_gram(d, x, &gx, err));
    AISLE_TRY(aisle_cpu_gram(d, y, &gy, err));
    AISLE_TRY(observed(d, &c->m, &x->m, &y->m, &sum, err));
    for (int64_t i = 0; i < (int64_t)x->m.n_cols * x->m.n_cols; i++) all += gx[i] * gy[i];
    *loss =
        sum + p->a0 * all + penalty(&c->m, &x->m, p, c->m.n_cols) + penalty(&ct->m, &y->m, p, c->m.n_rows);
    return AISLE_OK;
}
