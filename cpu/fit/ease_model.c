/* EASE^R as a kind of model: B dense up to a number of items and then cut to each item's largest weights, sparse from the
 * start above it. */
#include "aisle/memory.h"
#include "cpu/fit/ease.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"
#include "cpu/fit/knn.h"

/* All of B, or row i of lists: column i of B, cut. */
static aisle_status fit_dense(const aisle_fit_input *in, const aisle_csr *x, const aisle_csr *by_item,
                              aisle_mat *dense, aisle_csr *lists, aisle_error *err)
{
    int32_t n = by_item->n_rows, keep = in->params->ease.keep;
    int64_t bytes = ((int64_t)n + 512) * n * (int64_t)sizeof(float), there = aisle_available_bytes();
    /* said before the work: the pages would come one by one, and there would be no error */
    float *b = bytes < there ? aisle_array((int64_t)n * n, sizeof *b) : NULL;
    if (!b)
        return aisle_fail(
            err, AISLE_ENOMEM,
            "ease: a dense model of %d items takes %lld bytes, there are %lld; lower its dense items "
            "from %d to below that",
            n, (long long)bytes, (long long)there, in->params->ease.max_dense);
    aisle_status st = ease_dense(x, by_item, in->params->ease.reg, in->trainer, b, err);
    if (st == AISLE_OK && keep > 0) st = ease_cut(n, b, keep, in->trainer, lists, err);
    if (st == AISLE_OK && keep == 0)
        *dense = (aisle_mat){n, n, n, b};
    else
        aisle_free(b);
    return st;
}

static aisle_status fit_sparse(const aisle_fit_input *in, const aisle_csr *by_item, aisle_csr *lists,
                               aisle_error *err)
{
    const aisle_ease_params *e = &in->params->ease;
    const aisle_knn_params near = {.similarity = AISLE_SIMILARITY_COSINE, .k = e->block, .power = 1};
    AISLE_TRY(
        knn_lists(aisle_part_by_item(in->part), aisle_part_pairs(in->part), &near, in->trainer, lists, err));
    return ease_sparse(by_item, e->reg, in->trainer, lists, err);
}

aisle_status table_ease(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(in->part);
    aisle_csr x = *pairs, by_item = {0}, lists = {0};
    aisle_table t = {.kind = AISLE_TABLE_LINKS,
                     .ranks = AISLE_RANKS_TAKEN,
                     .n_items = pairs->n_cols,
                     .fresh = aisle_part_fresh(in->part),
                     .unit = knn_unit(pairs)};
    AISLE_TRY(knn_root_values(pairs, &x.val, err));
    aisle_status st = aisle_csr_transpose(&x, &by_item, err);
    if (st == AISLE_OK)
        st = by_item.n_rows <= in->params->ease.max_dense ? fit_dense(in, &x, &by_item, &t.dense, &lists, err)
                                                          : fit_sparse(in, &by_item, &lists, err);
    if (st == AISLE_OK && !t.dense.data) st = aisle_csr_transpose(&lists, &t.links, err);
    aisle_csr_deinit(&lists);
    aisle_csr_deinit(&by_item);
    aisle_free(x.val);
    if (st == AISLE_OK) *out = (fit_table){.t = t};
    return st;
}

aisle_status fit_ease(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_ease, out, err);
}
