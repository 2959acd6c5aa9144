/* The objective that a half-step lowers. The sum over all pairs is never formed: sum_{u,i} (x_u.y_i)^2 is the
 * inner product of the two Gramians (Hu, Koren, Volinsky 2008). */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/als.h"

enum { BLOCK = 1024 }; /* rows whose sum is one partial result, whatever the threads */

/* One side's rows: their penalty and, where y is given, what they miss of their entries. */
typedef struct side {
    const aisle_csr *c;
    const aisle_mat *x, *y;
    aisle_als_params p;
} side;

static double block_sum(const aisle_kernels *k, const side *s, int32_t first)
{
    const aisle_csr *c = s->c;
    double sum = 0;
    int32_t end = c->n_rows - first < BLOCK ? c->n_rows : first + BLOCK, f = s->x->n_cols;
    for (int32_t u = first; u < end; u++) {
        const float *x = aisle_mat_row(s->x, u);
        int64_t n = c->row_ptr[u + 1] - c->row_ptr[u];
        sum += (double)als_regularisation(&s->p, n) * (double)k->dot(f, x, x);
        for (int64_t e = c->row_ptr[u]; s->y && e < c->row_ptr[u + 1]; e++) {
            double w = c->val ? (double)c->val[e] : 1;
            double miss = (double)k->dot(f, x, aisle_mat_row(s->y, c->col[e])) - (w > 0 ? 1 : 0);
            sum += fabs(w) * miss * miss;
        }
    }
    return sum;
}

static aisle_status add_side(aisle_device *d, const side *s, double *sum, aisle_error *err)
{
    int32_t n = (int32_t)(((int64_t)s->c->n_rows + BLOCK - 1) / BLOCK);
    double *part = aisle_array(n, sizeof *part);
    if (!part) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the loss");
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (int32_t b = 0; b < n; b++) part[b] = block_sum(d->k, s, b * BLOCK);
    for (int32_t b = 0; b < n; b++) *sum += part[b];
    aisle_free(part);
    return AISLE_OK;
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
    side users = {&c->m, &x->m, &y->m, *p}, items = {&ct->m, &y->m, NULL, *p};
    users.p.n_other = c->m.n_cols;
    items.p.n_other = c->m.n_rows;
    AISLE_TRY(aisle_cpu_gram(d, x, &gx, err));
    AISLE_TRY(aisle_cpu_gram(d, y, &gy, err));
    AISLE_TRY(add_side(d, &users, &sum, err));
    AISLE_TRY(add_side(d, &items, &sum, err));
    for (int64_t i = 0; i < (int64_t)x->m.n_cols * x->m.n_cols; i++) all += gx[i] * gy[i];
    *loss = sum + p->a0 * all;
    return AISLE_OK;
}
