/* Nearest items by interactions and by text: rows go to the back-end, which searches. */
#include <math.h>

#include "aisle/memory.h"
#include "cpu/train/train_parts.h"

/* The k nearest rows of m through the back-end. */
static aisle_status nearest(const aisle_trainer *t, const aisle_csr *m, int32_t k, int32_t **ids,
                            float **scores, aisle_error *err)
{
    int64_t n = (int64_t)m->n_rows * k;
    aisle_dev_csr *dm = NULL;
    *ids = aisle_array(n, sizeof **ids);
    *scores = aisle_array(n, sizeof **scores);
    if (!*ids || !*scores)
        return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for %d neighbours of %d items", k,
                          m->n_rows);
    AISLE_TRY(t->ops->csr_put(t->device, m, &dm, err));
    aisle_status st = t->ops->similar_topk(t->device, dm, k, *ids, *scores, t->progress, err);
    t->ops->csr_free(t->device, dm);
    return st;
}

/* Entry (i, u) becomes n_u^(-1/4) (n_i + 2)^(-1/2), so that the product of two rows is the likeness of train.h. What a pair weighs is
 * not looked at: a weight is a sum over all that the person did with the product, and in a cosine of weights two products of which
 * one and the same person bought much are alike whatever else is known of them (bench/NOTES.md, "Related products"). */
static aisle_status weigh(aisle_csr *m, aisle_error *err)
{
    const double unseen = 2;
    int32_t *of_user = aisle_calloc((size_t)m->n_cols + 1, sizeof *of_user);
    if (!of_user)
        return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for the neighbours of %d items",
                          m->n_rows);
    for (int64_t e = 0; e < aisle_csr_nnz(m); e++) of_user[m->col[e]]++;
    for (int32_t r = 0; r < m->n_rows; r++) {
        const double length = sqrt((double)(m->row_ptr[r + 1] - m->row_ptr[r]) + unseen);
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++)
            m->val[e] = (float)(1 / (sqrt(sqrt((double)of_user[m->col[e]])) * length));
    }
    aisle_free(of_user);
    return AISLE_OK;
}

aisle_status aisle_train_similar(const aisle_trainer *t, const aisle_train_params *p, aisle_csr *ct,
                                 aisle_trained *out, aisle_error *err)
{
    if (p->k_similar == 0) return AISLE_OK;
    AISLE_TRY(weigh(ct, err));
    out->k_similar = p->k_similar;
    return nearest(t, ct, p->k_similar, &out->similar_ids, &out->similar_scores, err);
}

static bool has_text(const aisle_dataset *d, const uint8_t *in)
{
    int32_t n = aisle_idmap_count(aisle_dataset_items(d));
    for (int32_t i = 0; i < n; i++) {
        aisle_product p = aisle_dataset_product(d, i);
        if ((!in || in[i]) && p.title.len + p.description.len + p.brand.len + p.category.len > 0) return true;
    }
    return false;
}

aisle_status aisle_train_content(const aisle_dataset *d, const uint8_t *in, const aisle_trainer *t,
                                 const aisle_train_params *p, aisle_trained *out, aisle_error *err)
{
    aisle_text_params params = p->text;
    params.progress = t->progress;
    if (!has_text(d, in)) return AISLE_OK;
    aisle_progress_report(t->progress, "text", 0, 0, "");
    AISLE_TRY(aisle_vocabulary_learn(d, in, &params, &out->vocabulary, err));
    if (aisle_vocabulary_count(out->vocabulary) == 0) {
        aisle_vocabulary_free(out->vocabulary);
        out->vocabulary = NULL;
        return AISLE_OK;
    }
    AISLE_TRY(aisle_text_matrix(d, out->vocabulary, t->progress, &out->text, err));
    if (p->k_content == 0) return AISLE_OK;
    out->k_content = p->k_content;
    return nearest(t, &out->text, p->k_content, &out->content_ids, &out->content_scores, err);
}
