/* Ready sources of scores: factors, one vector for everyone, item neighbours. */
#include "aisle/eval.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"

/* A context is one block: free() of eval_source is then the same for every kind. */
typedef struct factors_source {
    aisle_mat users, items;
    int32_t threads, room; /* room: rows each thread's buffer holds */
    float *rows;           /* threads x room x f: the block's user rows, gathered */
} factors_source;

enum { GATHER_ROWS = 64 };

static aisle_status factors_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                   float *out, aisle_error *err)
{
    factors_source *s = ctx;
    int32_t f = s->users.n_cols, n_items = s->items.n_rows;
    if (thread < 0 || thread >= s->threads)
        return aisle_fail(err, AISLE_EINVAL, "factor scores: thread %d, the source was made for %d", thread,
                          s->threads);
    float *rows = s->rows + (int64_t)thread * GATHER_ROWS * f;
    for (int32_t first = 0; first < n_users; first += GATHER_ROWS) {
        int32_t n = n_users - first < GATHER_ROWS ? n_users - first : GATHER_ROWS;
        for (int32_t r = 0; r < n; r++)
            memcpy(rows + (int64_t)r * f, aisle_mat_row(&s->users, users[first + r]),
                   (size_t)f * sizeof *rows);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n_items, f, 1, rows, f, s->items.data,
                    (blasint)s->items.ld, 0, out + (int64_t)first * n_items, n_items);
    }
    return AISLE_OK;
}

aisle_status aisle_eval_source_factors(const aisle_mat *users, const aisle_mat *items, int32_t threads,
                                       aisle_eval_source *out, aisle_error *err)
{
    *out = (aisle_eval_source){0};
    if (users->n_cols != items->n_cols || users->n_cols < 1 || items->ld > INT32_MAX)
        return aisle_fail(err, AISLE_EINVAL, "factor scores: users have %d factors, items %d", users->n_cols,
                          items->n_cols);
    int32_t n_threads = threads > 0 ? threads : omp_get_num_procs();
    size_t head = (sizeof(factors_source) + 63) / 64 * 64;
    int64_t n = 0;
    if (aisle_size_mul((int64_t)n_threads * GATHER_ROWS * (int64_t)sizeof(float), users->n_cols, &n))
        return aisle_fail(err, AISLE_ENOMEM, "factor scores: sizes overflow");
    factors_source *s = aisle_alloc_aligned(head + (size_t)n);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "factor scores: out of memory for %d threads", n_threads);
    *s = (factors_source){*users, *items, n_threads, GATHER_ROWS, (float *)((char *)s + head)};
    *out = (aisle_eval_source){s, factors_scores};
    return AISLE_OK;
}

typedef struct vector_source {
    const float *scores;
    int32_t n_items;
} vector_source;

static aisle_status vector_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                  float *out, aisle_error *err)
{
    const vector_source *s = ctx;
    (void)thread;
    (void)users;
    (void)err;
    for (int32_t r = 0; r < n_users; r++)
        memcpy(out + (int64_t)r * s->n_items, s->scores, (size_t)s->n_items * sizeof *out);
    return AISLE_OK;
}

aisle_status aisle_eval_source_vector(const float *item_scores, int32_t n_items, aisle_eval_source *out,
                                      aisle_error *err)
{
    *out = (aisle_eval_source){0};
    vector_source *s = aisle_alloc(sizeof *s);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "vector scores: out of memory");
    *s = (vector_source){item_scores, n_items};
    *out = (aisle_eval_source){s, vector_scores};
    return AISLE_OK;
}

typedef struct neighbours_source {
    aisle_csr train;
    const int32_t *ids;
    const float *scores;
    int32_t k;
} neighbours_source;

static void neighbours_row(const neighbours_source *s, int32_t u, float *out)
{
    int32_t n_items = s->train.n_cols;
    memset(out, 0, (size_t)n_items * sizeof *out);
    for (int64_t e = s->train.row_ptr[u]; e < s->train.row_ptr[u + 1]; e++) {
        int64_t at = (int64_t)s->train.col[e] * s->k;
        float weight = s->train.val ? s->train.val[e] : 1;
        for (int32_t j = 0; j < s->k && s->ids[at + j] >= 0; j++)
            out[s->ids[at + j]] += weight * s->scores[at + j];
    }
    for (int32_t i = 0; i < n_items; i++)
        if (out[i] == 0) out[i] = -INFINITY; /* no neighbour among the user's items: nothing to rank it by */
}

static aisle_status neighbours_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                      float *out, aisle_error *err)
{
    const neighbours_source *s = ctx;
    (void)thread;
    (void)err;
    for (int32_t r = 0; r < n_users; r++) neighbours_row(s, users[r], out + (int64_t)r * s->train.n_cols);
    return AISLE_OK;
}

aisle_status aisle_eval_source_neighbours(const aisle_csr *train, const int32_t *ids, const float *scores,
                                          int32_t k, aisle_eval_source *out, aisle_error *err)
{
    *out = (aisle_eval_source){0};
    if (k < 1) return aisle_fail(err, AISLE_EINVAL, "neighbour scores: %d neighbours an item", k);
    for (int64_t e = 0; e < (int64_t)train->n_cols * k; e++)
        if (ids[e] < -1 || ids[e] >= train->n_cols)
            return aisle_fail(err, AISLE_EINVAL, "neighbour scores: item id %d is outside 0 to %d", ids[e],
                              train->n_cols - 1);
    neighbours_source *s = aisle_alloc(sizeof *s);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "neighbour scores: out of memory");
    *s = (neighbours_source){*train, ids, scores, k};
    *out = (aisle_eval_source){s, neighbours_scores};
    return AISLE_OK;
}

void aisle_eval_source_free(aisle_eval_source *s)
{
    aisle_free(s->ctx);
    *s = (aisle_eval_source){0};
}
