/* Weights: one row a product, TF-IDF or BM25, length 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/text/vocabulary.h"

struct aisle_text_rows {
    const aisle_vocabulary *v;
    aisle_ngram_walk walk;
    double *tf;     /* terms, all 0 between products */
    int32_t *found; /* terms: those of this product */
    int64_t n_found;
    aisle_csr m;
    int64_t row_cap, col_cap, val_cap;
};

static aisle_status count_term(void *ctx, int32_t node, int32_t field)
{
    aisle_text_rows *r = ctx;
    double w = (double)r->v->weight[field];
    if (node >= r->v->n_terms || w == 0) return AISLE_OK;
    if (r->tf[node] == 0) r->found[r->n_found++] = node;
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
static void finish_row(aisle_text_rows *r, double length, int32_t *col, float *val)
{
    const aisle_vocabulary *v = r->v;
    double sum = 0;
    qsort(r->found, (size_t)r->n_found, sizeof *r->found, ascending);
    for (int64_t k = 0; k < r->n_found; k++) {
        int32_t t = r->found[k];
        double w = weigh(v, r->tf[t], length, v->idf[t]);
        r->tf[t] = w;
        sum += w * w;
    }
    double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (int64_t k = 0; k < r->n_found; k++) {
        col[k] = r->found[k];
        val[k] = (float)(r->tf[r->found[k]] * scale);
        r->tf[r->found[k]] = 0;
    }
    r->n_found = 0;
}

static void forget(aisle_text_rows *r)
{
    for (int64_t k = 0; k < r->n_found; k++) r->tf[r->found[k]] = 0;
    r->n_found = 0;
}

aisle_status aisle_text_rows_new(const aisle_vocabulary *v, aisle_text_rows **out, aisle_error *err)
{
    *out = NULL;
    aisle_text_rows *r = aisle_calloc(1, sizeof *r);
    if (!r) return aisle_fail(err, AISLE_ENOMEM, "out of memory for texts");
    r->v = v;
    r->m.n_cols = v->n_terms;
    /* the walk only looks n-grams up here (grow is false): the vocabulary stays as it is */
    r->walk =
        (aisle_ngram_walk){.grams = (aisle_ngrams *)&v->grams, .ngram = v->ngram, .fn = count_term, .ctx = r};
    aisle_status st = aisle_tokenizer_new(v->language, &r->walk.tokenizer, err);
    r->tf = aisle_calloc((size_t)v->n_terms, sizeof *r->tf);
    r->found = aisle_array(v->n_terms, sizeof *r->found);
    bool ok = r->tf && r->found && aisle_grow((void **)&r->m.row_ptr, &r->row_cap, 1, sizeof *r->m.row_ptr);
    if (st == AISLE_OK && !ok) st = aisle_fail(err, AISLE_ENOMEM, "out of memory for texts");
    if (st != AISLE_OK) {
        aisle_text_rows_free(r);
        return st;
    }
    r->m.row_ptr[0] = 0;
    *out = r;
    return AISLE_OK;
}

void aisle_text_rows_free(aisle_text_rows *r)
{
    if (!r) return;
    aisle_tokenizer_free(r->walk.tokenizer);
    aisle_buf_deinit(&r->walk.scratch);
    aisle_free(r->tf);
    aisle_free(r->found);
    aisle_csr_deinit(&r->m);
    aisle_free(r);
}

/* Room for one more row of n entries. */
static bool make_room(aisle_text_rows *r, int64_t n)
{
    int64_t need = r->m.row_ptr[r->m.n_rows] + n;
    return r->m.n_rows < INT32_MAX - 1 &&
           aisle_grow((void **)&r->m.row_ptr, &r->row_cap, (int64_t)r->m.n_rows + 2, sizeof *r->m.row_ptr) &&
           aisle_grow((void **)&r->m.col, &r->col_cap, need, sizeof *r->m.col) &&
           aisle_grow((void **)&r->m.val, &r->val_cap, need, sizeof *r->m.val);
}

static void end_row(aisle_text_rows *r, int64_t n)
{
    r->m.row_ptr[r->m.n_rows + 1] = r->m.row_ptr[r->m.n_rows] + n;
    r->m.n_rows++;
}

aisle_status aisle_text_rows_add(aisle_text_rows *r, const aisle_product *p, aisle_error *err)
{
    aisle_status st = aisle_ngram_walk_product(&r->walk, p, err);
    if (st == AISLE_OK && !make_room(r, r->n_found))
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the text of product %d", r->m.n_rows);
    if (st != AISLE_OK) {
        forget(r);
        return st;
    }
    int64_t at = r->m.row_ptr[r->m.n_rows], n = r->n_found;
    if (n) finish_row(r, aisle_vocabulary_length(r->v, r->walk.tokens), r->m.col + at, r->m.val + at);
    end_row(r, n);
    return AISLE_OK;
}

aisle_status aisle_text_rows_copy(aisle_text_rows *r, const int32_t *terms, const float *weights, int64_t n,
                                  aisle_error *err)
{
    if (!make_room(r, n))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the text of product %d", r->m.n_rows);
    int64_t at = r->m.row_ptr[r->m.n_rows];
    if (n) memcpy(r->m.col + at, terms, (size_t)n * sizeof *terms);
    if (n) memcpy(r->m.val + at, weights, (size_t)n * sizeof *weights);
    end_row(r, n);
    return AISLE_OK;
}

void aisle_text_rows_drop(aisle_text_rows *r)
{
    if (r->m.n_rows > 0) r->m.n_rows--;
}

const aisle_csr *aisle_text_rows_get(const aisle_text_rows *r)
{
    return &r->m;
}

aisle_csr aisle_text_rows_take(aisle_text_rows *r)
{
    aisle_csr m = r->m;
    r->m = (aisle_csr){0};
    return m;
}

aisle_status aisle_text_matrix(const aisle_dataset *d, const aisle_vocabulary *v,
                               const aisle_progress *progress, aisle_csr *out, aisle_error *err)
{
    int32_t n = aisle_idmap_count(aisle_dataset_items(d));
    aisle_text_rows *rows = NULL;
    *out = (aisle_csr){0};
    aisle_status st = aisle_text_rows_new(v, &rows, err);
    for (int32_t i = 0; i < n && st == AISLE_OK; i++) {
        aisle_product p = aisle_dataset_product(d, i);
        st = aisle_canceled(progress) ? aisle_fail(err, AISLE_ECANCELED, "text matrix canceled")
                                      : aisle_text_rows_add(rows, &p, err);
    }
    if (st == AISLE_OK) *out = aisle_text_rows_take(rows);
    aisle_text_rows_free(rows);
    return st;
}
