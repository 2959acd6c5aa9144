/* Rows weighed for comparison: roots of confidences, TF-IDF or BM25, damped, with what similarities are divided by. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/knn.h"

static int64_t length(const aisle_csr *m, int32_t r)
{
    return m->row_ptr[r + 1] - m->row_ptr[r];
}

/* A scheme of term weights with rows as documents and partners as terms (text.h): tf is the confidence, df the
 * partner's number of rows, dl the row's sum. */
typedef struct weighing {
    aisle_similarity similarity;
    double n_rows, mean_length, mean_value;
} weighing;

static double weigh(const weighing *w, double value, double df, double dl)
{
    const double k1 = 1.2, b = .75; /* the defaults of text.h */
    switch (w->similarity) {
    case AISLE_SIMILARITY_JACCARD: return 1;
    case AISLE_SIMILARITY_TFIDF:
        return (value >= 1 ? 1 + log(value) : value) * (log((1 + w->n_rows) / (1 + df)) + 1);
    case AISLE_SIMILARITY_BM25:
        return value * (k1 + 1) / (value + k1 * (1 - b + b * dl / w->mean_length)) *
               log1p((w->n_rows - df + .5) / (df + .5));
    case AISLE_SIMILARITY_COSINE:
    case AISLE_SIMILARITY_ASYMMETRIC: break;
    }
    return sqrt(value / w->mean_value);
}

static double row_sum(const aisle_csr *m, int32_t r)
{
    double sum = 0;
    for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) sum += m->val ? (double)m->val[e] : 1;
    return sum;
}

/* Rows without entries are no documents. */
static weighing weighing_of(const aisle_csr *rows, aisle_similarity similarity)
{
    weighing w = {similarity, 0, 1, 1};
    double sum = 0;
    for (int32_t r = 0; r < rows->n_rows; r++) {
        w.n_rows += length(rows, r) > 0;
        sum += row_sum(rows, r);
    }
    if (sum > 0) {
        w.mean_length = sum / w.n_rows;
        w.mean_value = sum / (double)aisle_csr_nnz(rows);
    }
    return w;
}

/* Row r's values, and what its similarities are divided by. */
static void make_row(const aisle_csr *rows, const aisle_csr *partners, const weighing *w,
                     const aisle_knn_params *p, int32_t r, knn_vectors *v)
{
    double square = 0, dl = row_sum(rows, r);
    for (int64_t e = rows->row_ptr[r]; e < rows->row_ptr[r + 1]; e++) {
        double df = (double)length(partners, rows->col[e]);
        double x = weigh(w, rows->val ? (double)rows->val[e] : 1, df, dl);
        square += x * x;
        v->a.val[e] = (float)(p->damping > 0 ? x * pow(df, -p->damping / 2) : x);
    }
    switch (p->similarity) {
    case AISLE_SIMILARITY_COSINE:
    case AISLE_SIMILARITY_TFIDF: v->known[r] = v->target[r] = sqrt(square); break;
    case AISLE_SIMILARITY_ASYMMETRIC:
        v->known[r] = pow(square, p->alpha);
        v->target[r] = pow(square, 1 - p->alpha);
        break;
    case AISLE_SIMILARITY_BM25: v->known[r] = v->target[r] = 1; break;
    case AISLE_SIMILARITY_JACCARD: v->known[r] = v->target[r] = (double)length(rows, r); break;
    }
}

aisle_status knn_vectors_init(const aisle_csr *rows, const aisle_csr *partners, const aisle_knn_params *p,
                              knn_vectors *out, aisle_error *err)
{
    int64_t n = rows->n_rows, nnz = aisle_csr_nnz(rows);
    knn_vectors v = {.jaccard = p->similarity == AISLE_SIMILARITY_JACCARD};
    *out = v;
    v.a = (aisle_csr){rows->n_rows, rows->n_cols, aisle_array(n + 1, sizeof *v.a.row_ptr),
                      aisle_array(nnz, sizeof *v.a.col), aisle_array(nnz, sizeof *v.a.val)};
    v.known = aisle_array(n, sizeof *v.known);
    v.target = aisle_array(n, sizeof *v.target);
    aisle_status st = AISLE_OK;
    if (!v.a.row_ptr || !v.a.col || !v.a.val || !v.known || !v.target)
        st = aisle_fail(err, AISLE_ENOMEM, "neighbours: out of memory for %lld entries", (long long)nnz);
    if (st == AISLE_OK) {
        memcpy(v.a.row_ptr, rows->row_ptr, (size_t)(n + 1) * sizeof *v.a.row_ptr);
        memcpy(v.a.col, rows->col, (size_t)nnz * sizeof *v.a.col);
        weighing w = weighing_of(rows, p->similarity);
        for (int32_t r = 0; r < n; r++) make_row(rows, partners, &w, p, r, &v);
        st = aisle_csr_transpose(&v.a, &v.at, err);
    }
    if (st == AISLE_OK)
        *out = v;
    else
        knn_vectors_deinit(&v);
    return st;
}

void knn_vectors_deinit(knn_vectors *v)
{
    aisle_csr_deinit(&v->a);
    aisle_csr_deinit(&v->at);
    aisle_free(v->known);
    aisle_free(v->target);
    *v = (knn_vectors){0};
}

float knn_unit(const aisle_csr *pairs)
{
    double sum = 0;
    for (int64_t e = 0; e < aisle_csr_nnz(pairs); e++) sum += (double)pairs->val[e];
    return (float)(sum / (double)aisle_csr_nnz(pairs));
}

aisle_status knn_root_values(const aisle_csr *pairs, float **out, aisle_error *err)
{
    int64_t nnz = aisle_csr_nnz(pairs);
    double unit = (double)knn_unit(pairs);
    *out = aisle_array(nnz, sizeof **out);
    if (!*out) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld pairs", (long long)nnz);
    for (int64_t e = 0; e < nnz; e++) (*out)[e] = (float)sqrt((double)pairs->val[e] / unit);
    return AISLE_OK;
}
