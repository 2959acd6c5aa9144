/* Weights: one row a product, TF-IDF or BM25, length 1. */
#include <math.h>
#include <stdlib.h>

#include "cpu/text/vocabulary.h"

typedef struct row {
    int32_t n_terms;
    const float *weight;
    double *tf;    /* n_terms, all 0 between products */
    int32_t *seen; /* n_terms: the terms of this product */
    int64_t n_seen;
    const aisle_progress *progress;
} row;

static aisle_status count_term(void *ctx, int32_t node, int32_t field)
{
    row *r = ctx;
    double w = (double)r->weight[field];
    if (node >= r->n_terms || w == 0) return AISLE_OK;
    if (r->tf[node] == 0) r->seen[r->n_seen++] = node;
    r->tf[node] += w;
    return AISLE_OK;
}

static int ascending(const void *x, const void *y)
{
    int32_t a = *(const int32_t *)x, b = *(const int32_t *)y;
    return (a > b) - (a < b);
}

static double weigh(const aisle_vocabulary *v, double tf, double length, double idf)
{
    if (v->scheme == AISLE_TEXT_BM25)
        return tf * (v->k1 + 1) / (tf + v->k1 * (1 - v->b + v->b * length / v->mean_length)) * idf;
    return (tf >= 1 ? 1 + log(tf) : tf) * idf; /* field weights below 1 must not make a weight negative */
}

/* Writes the row's columns and values, and clears the counts. */
static void finish_row(const aisle_vocabulary *v, row *r, double length, int32_t *col, float *val)
{
    double sum = 0;
    qsort(r->seen, (size_t)r->n_seen, sizeof *r->seen, ascending);
    for (int64_t k = 0; k < r->n_seen; k++) {
        int32_t t = r->seen[k];
        double w = weigh(v, r->tf[t], length, v->idf[t]);
        r->tf[t] = w;
        sum += w * w;
    }
    double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (int64_t k = 0; k < r->n_seen; k++) {
        col[k] = r->seen[k];
        val[k] = (float)(r->tf[r->seen[k]] * scale);
        r->tf[r->seen[k]] = 0;
    }
    r->n_seen = 0;
}

static aisle_status fill_rows(const aisle_dataset *d, const aisle_vocabulary *v, aisle_ngram_walk *walk,
                              row *r, aisle_csr *m, aisle_error *err)
{
    int64_t col_cap = 0, val_cap = 0, nnz = 0;
    for (int32_t i = 0; i < m->n_rows; i++) {
        aisle_product p = aisle_dataset_product(d, i);
        if (aisle_canceled(r->progress)) return aisle_fail(err, AISLE_ECANCELED, "text matrix canceled");
        AISLE_TRY(aisle_ngram_walk_product(walk, &p, err));
        int64_t need = nnz + r->n_seen;
        if (!aisle_grow((void **)&m->col, &col_cap, need, sizeof *m->col) ||
            !aisle_grow((void **)&m->val, &val_cap, need, sizeof *m->val))
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for the text matrix at product %d", i);
        int64_t n = r->n_seen;
        if (n) finish_row(v, r, aisle_vocabulary_length(v, walk->tokens), m->col + nnz, m->val + nnz);
        m->row_ptr[i + 1] = nnz += n;
    }
    return AISLE_OK;
}

aisle_status aisle_text_matrix(const aisle_dataset *d, const aisle_vocabulary *v,
                               const aisle_progress *progress, aisle_csr *out, aisle_error *err)
{
    aisle_csr m = {.n_rows = aisle_idmap_count(aisle_dataset_items(d)), .n_cols = v->n_terms};
    row r = {.n_terms = v->n_terms, .weight = v->weight, .progress = progress};
    /* the walk only looks n-grams up here (grow is false): the vocabulary stays as it is */
    aisle_ngram_walk walk = {
        .grams = (aisle_ngrams *)&v->grams, .ngram = v->ngram, .fn = count_term, .ctx = &r};
    *out = (aisle_csr){0};
    aisle_status st = aisle_tokenizer_new(v->language, &walk.tokenizer, err);
    if (st != AISLE_OK) goto done;
    m.row_ptr = aisle_calloc((size_t)m.n_rows + 1, sizeof *m.row_ptr);
    r.tf = aisle_calloc((size_t)v->n_terms, sizeof *r.tf);
    r.seen = aisle_array(v->n_terms, sizeof *r.seen);
    if (!m.row_ptr || !r.tf || !r.seen) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the text matrix");
        goto done;
    }
    if ((st = fill_rows(d, v, &walk, &r, &m, err)) != AISLE_OK) goto done;
    *out = m;
    m = (aisle_csr){0};
done:
    aisle_tokenizer_free(walk.tokenizer);
    aisle_buf_deinit(&walk.scratch);
    aisle_free(r.tf);
    aisle_free(r.seen);
    aisle_csr_deinit(&m);
    return st;
}
