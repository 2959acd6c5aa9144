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
} dense_model;

static void dense_free(void *ctx)
{
    dense_model *m = ctx;
    aisle_free(m->x.val);
    aisle_free(m->b);
    aisle_free(m);
}

static void dense_row(const dense_model *m, int32_t u, float *out)
{
    int64_t n = m->by_item->n_rows, begin = m->x.row_ptr[u], end = m->x.row_ptr[u + 1];
    memset(out, 0, (size_t)n * sizeof *out);
    for (int64_t e = begin; e < end; e++) {
        const float *row = m->b + m->x.col[e] * n;
        float w = m->x.val[e];
        for (int64_t i = 0; i < n; i++) out[i] += w * row[i];
    }
    for (int64_t i = 0; i < n; i++)
        if (begin == end || m->by_item->row_ptr[i + 1] == m->by_item->row_ptr[i]) out[i] = -INFINITY;
}

static aisle_status dense_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users, float *out,
                                 aisle_error *err)
{
    const dense_model *m = ctx;
    (void)thread;
    (void)err;
    for (int32_t u = 0; u < n_users; u++) dense_row(m, users[u], out + (int64_t)u * m->by_item->n_rows);
    return AISLE_OK;
}

/* Takes x's values, also on failure. */
static aisle_status fit_dense(const aisle_fit_input *in, const aisle_csr *x, const aisle_csr *by_item,
                              aisle_eval_source *out, aisle_error *err)
{
    int64_t n = by_item->n_rows, bytes = (n + 512) * n * (int64_t)sizeof(float),
            there = aisle_available_bytes();
    dense_model *m = aisle_alloc(sizeof *m);
    if (m)
        *m = (dense_model){*x, aisle_part_by_item(in->part),
                           bytes < there ? aisle_array(n * n, sizeof *m->b) : NULL};
    aisle_status st = AISLE_OK;
    if (!m || !m->b)
        st = aisle_fail(
            err, AISLE_ENOMEM,
            "ease: %lld items want %lld bytes for a dense model, there are %lld; set its dense items "
            "(%d) below the number of items",
            (long long)n, (long long)bytes, (long long)there, in->params->ease.max_dense);
    if (st == AISLE_OK) st = ease_dense(x, by_item, in->params->ease.reg, in->trainer, m->b, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){m, dense_scores, dense_free};
    else if (m)
        dense_free(m);
    else
        aisle_free(x->val);
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
