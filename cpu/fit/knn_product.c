/* Neighbours by the back-end's search, where a similarity is the product of two rows, and the choice between that
 * and the search of our own. */
#include <math.h>

#include "aisle/memory.h"
#include "cpu/fit/knn.h"

enum {
    MOST = 256
}; /* neighbours; beyond it the cpu back-end takes twice the time, and k places for every row are much */

bool knn_is_product(const aisle_knn_params *p)
{
    return p->shrink == 0 && p->similarity != AISLE_SIMILARITY_JACCARD &&
           (p->similarity != AISLE_SIMILARITY_ASYMMETRIC || p->alpha == .5);
}

/* Rows of the vectors over what they are divided by. */
static aisle_status scaled_rows(const knn_vectors *v, float **out, aisle_error *err)
{
    *out = aisle_array(aisle_csr_nnz(&v->a), sizeof **out);
    if (!*out)
        return aisle_fail(err, AISLE_ENOMEM, "neighbours: out of memory for %lld entries",
                          (long long)aisle_csr_nnz(&v->a));
    for (int32_t r = 0; r < v->a.n_rows; r++)
        for (int64_t e = v->a.row_ptr[r]; e < v->a.row_ptr[r + 1]; e++)
            (*out)[e] = (float)((double)v->a.val[e] / v->known[r]);
    return AISLE_OK;
}

/* n x k places to rows without gaps, raised to the power. */
static aisle_status pack(int32_t n, const aisle_knn_params *p, const int32_t *ids, const float *scores,
                         aisle_csr *lists, aisle_error *err)
{
    int32_t k = p->k;
    int64_t nnz = 0;
    aisle_csr m = {n, n, aisle_array((int64_t)n + 1, sizeof *m.row_ptr), NULL, NULL};
    for (int64_t e = 0; e < (int64_t)n * k; e++) nnz += ids[e] >= 0;
    m.col = aisle_array(nnz, sizeof *m.col);
    m.val = aisle_array(nnz, sizeof *m.val);
    aisle_status st =
        m.row_ptr && m.col && m.val
            ? AISLE_OK
            : aisle_fail(err, AISLE_ENOMEM, "neighbours: out of memory for %lld of them", (long long)nnz);
    nnz = 0;
    if (st == AISLE_OK) m.row_ptr[0] = 0;
    for (int32_t r = 0; r < n && st == AISLE_OK; r++) {
        for (int64_t e = (int64_t)r * k; e < (int64_t)(r + 1) * k && ids[e] >= 0; e++) {
            m.col[nnz] = ids[e];
            m.val[nnz] = p->power == 1 ? scores[e] : (float)pow((double)scores[e], p->power);
            if (!isfinite(m.val[nnz++]))
                st = aisle_fail(err, AISLE_ENUMERIC,
                                "neighbours: a similarity to the power of %g is no finite number; lower the "
                                "power",
                                p->power);
        }
        m.row_ptr[r + 1] = nnz;
    }
    if (st == AISLE_OK)
        *lists = m;
    else
        aisle_csr_deinit(&m);
    return st;
}

aisle_status knn_lists_product(const knn_vectors *v, const aisle_knn_params *p, const aisle_trainer *t,
                               aisle_csr *lists, aisle_error *err)
{
    int32_t n = v->a.n_rows, k = p->k;
    aisle_csr rows = v->a;
    aisle_dev_csr *put = NULL;
    *lists = (aisle_csr){0};
    int32_t *ids = aisle_array((int64_t)n * k, sizeof *ids);
    float *scores = aisle_array((int64_t)n * k, sizeof *scores);
    aisle_status st = ids && scores
                          ? scaled_rows(v, &rows.val, err)
                          : aisle_fail(err, AISLE_ENOMEM,
                                       "neighbours: out of memory for %d of each of %d; lower their "
                                       "number",
                                       k, n);
    if (st == AISLE_OK) {
        st = t->ops->csr_put(t->device, &rows, &put, err);
        if (st == AISLE_OK) {
            st = t->ops->similar_topk(t->device, put, k, ids, scores, t->progress, err);
            t->ops->csr_free(t->device, put);
        }
        aisle_free(rows.val);
    }
    if (st == AISLE_OK) st = pack(n, p, ids, scores, lists, err);
    aisle_free(ids);
    aisle_free(scores);
    return st;
}

aisle_status knn_lists(const aisle_csr *rows, const aisle_csr *partners, const aisle_knn_params *p,
                       const aisle_trainer *t, aisle_csr *lists, aisle_error *err)
{
    knn_vectors v;
    *lists = (aisle_csr){0};
    AISLE_TRY(knn_vectors_init(rows, partners, p, &v, err));
    aisle_status st = knn_is_product(p) && p->k <= MOST ? knn_lists_product(&v, p, t, lists, err)
                                                        : knn_lists_sparse(&v, p, t, lists, err);
    knn_vectors_deinit(&v);
    return st;
}
