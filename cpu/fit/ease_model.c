/* EASE^R as a kind of model: dense up to a number of items, sparse above it; scores x_u B. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/ease.h"
#include "cpu/fit/fits.h"
#include "cpu/fit/knn.h"

typedef struct dense_model {
    aisle_csr x;
    const aisle_csr *by_item;
    float *b;
    int32_t threads;
    double *sums; /* [threads x items] */
} dense_model;

static void dense_free(void *ctx)
{
    dense_model *m = ctx;
    aisle_free(m->x.val);
    aisle_free(m->b);
    aisle_free(m->sums);
    aisle_free(m);
}

static void dense_row(const dense_model *m, int32_t u, double *sum, float *out)
{
    int64_t n = m->by_item->n_rows, begin = m->x.row_ptr[u], end = m->x.row_ptr[u + 1];
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t e = begin; e < end; e++) {
        const float *row = m->b + m->x.col[e] * n;
        double w = (double)m->x.val[e];
        for (int64_t i = 0; i < n; i++) sum[i] += w * (double)row[i];
    }
    for (int64_t i = 0; i < n; i++) {
        bool known = begin < end && m->by_item->row_ptr[i + 1] > m->by_item->row_ptr[i];
        out[i] = known ? (float)sum[i] : -INFINITY;
    }
}

static aisle_status dense_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users, float *out,
                                 aisle_error *err)
{
    const dense_model *m = ctx;
    int64_t n = m->by_item->n_rows;
    if (thread < 0 || thread >= m->threads)
        return aisle_fail(err, AISLE_EINVAL, "ease scores: thread %d, the source was made for %d", thread,
                          m->threads);
    for (int32_t u = 0; u < n_users; u++) dense_row(m, users[u], m->sums + thread * n, out + u * n);
    return AISLE_OK;
}

/* Takes x's values, also on failure. */
static aisle_status fit_dense(const aisle_fit_input *in, const aisle_csr *x, const aisle_csr *by_item,
                              aisle_eval_source *out, aisle_error *err)
{
    int32_t threads = in->trainer->threads > 0 ? in->trainer->threads : omp_get_num_procs();
    int64_t n = by_item->n_rows, bytes = (n + 512) * n * (int64_t)sizeof(float),
            there = aisle_available_bytes();
    dense_model *m = aisle_calloc(1, sizeof *m);
    if (!m) {
        aisle_free(x->val);
        return aisle_fail(err, AISLE_ENOMEM, "ease: out of memory");
    }
    *m = (dense_model){.x = *x, .by_item = aisle_part_by_item(in->part), .threads = threads};
    if (bytes <
        there) { /* said before the work: the pages would come one by one, and there would be no error */
        m->b = aisle_array(n * n, sizeof *m->b);
        m->sums = aisle_array(n * threads, sizeof *m->sums);
    }
    aisle_status st = AISLE_OK;
    if (!m->b || !m->sums)
        st = aisle_fail(
            err, AISLE_ENOMEM,
            "ease: a dense model of %lld items takes %lld bytes, there are %lld; lower its dense items "
            "from %d to below that",
            (long long)n, (long long)bytes, (long long)there, in->params->ease.max_dense);
    if (st == AISLE_OK) st = ease_dense(x, by_item, in->params->ease.reg, in->trainer, m->b, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){m, dense_scores, dense_free};
    else
        dense_free(m);
    return st;
}

/* Takes x's values, also on failure. */
static aisle_status fit_sparse(const aisle_fit_input *in, const aisle_csr *x, const aisle_csr *by_item,
                               aisle_eval_source *out, aisle_error *err)
{
    const aisle_ease_params *e = &in->params->ease;
    const aisle_knn_params near = {.similarity = AISLE_SIMILARITY_COSINE, .k = e->block, .power = 1};
    sparse_product p = {.left = *x, .owns_right = true, .by_item = aisle_part_by_item(in->part)};
    aisle_csr lists = {0};
    aisle_status st =
        knn_lists(aisle_part_by_item(in->part), aisle_part_pairs(in->part), &near, in->trainer, &lists, err);
    if (st == AISLE_OK) st = ease_sparse(by_item, e->reg, in->trainer, &lists, err);
    if (st == AISLE_OK) st = aisle_csr_transpose(&lists, &p.right, err);
    aisle_csr_deinit(&lists);
    if (st != AISLE_OK) {
        aisle_free(x->val);
        return st;
    }
    p.owns_left_values = true;
    return sparse_product_source(&p, in->trainer->threads, out, err);
}

aisle_status fit_ease(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    aisle_csr x = *aisle_part_pairs(in->part), by_item;
    AISLE_TRY(knn_root_values(aisle_part_pairs(in->part), &x.val, err));
    aisle_status st = aisle_csr_transpose(&x, &by_item, err);
    if (st != AISLE_OK) {
        aisle_free(x.val);
        return st;
    }
    st = by_item.n_rows <= in->params->ease.max_dense ? fit_dense(in, &x, &by_item, out, err)
                                                      : fit_sparse(in, &x, &by_item, out, err);
    aisle_csr_deinit(&by_item);
    return st;
}
