/* Ready sources of scores: factors, one vector for everyone, item neighbours. */
#include "aisle/eval.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/backend.h"
#include "aisle/memory.h"
#include "cpu/kernels/dense.h"

/* A context is one block: free() of eval_source is then the same for every kind. */
typedef struct factors_source {
    const aisle_kernels *k;
    aisle_mat users;
    int32_t n_items, threads;
    const float *panels; /* the items, packed once for all users */
    float *room;         /* of each thread: its users' rows, gathered, and the product's work space */
} factors_source;

static int64_t thread_floats(int32_t f)
{
    return (int64_t)2 * AISLE_ROW_BLOCK * f + AISLE_KERNEL_SLACK;
}

static aisle_status factors_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                   float *out, aisle_error *err)
{
    factors_source *s = ctx;
    int32_t f = s->users.n_cols;
    if (thread < 0 || thread >= s->threads)
        return aisle_fail(err, AISLE_EINVAL, "factor scores: thread %d, the source was made for %d", thread,
                          s->threads);
    float *rows = s->room + (int64_t)thread * thread_floats(f);
    const aisle_right product = {f, s->n_items, s->panels, rows + (int64_t)AISLE_ROW_BLOCK * f};
    for (int32_t first = 0; first < n_users; first += AISLE_ROW_BLOCK) {
        int32_t n = n_users - first < AISLE_ROW_BLOCK ? n_users - first : AISLE_ROW_BLOCK;
        for (int32_t r = 0; r < n; r++)
            memcpy(rows + (int64_t)r * f, aisle_mat_row(&s->users, users[first + r]),
                   (size_t)f * sizeof *rows);
        aisle_multiply(s->k, &product, n, rows, f, out + (int64_t)first * s->n_items, s->n_items);
    }
    return AISLE_OK;
}

/* Rows of items become the columns of panels. */
static void pack_items(const aisle_kernels *k, const aisle_mat *items, float *panels)
{
    int64_t panel = (int64_t)k->nr * items->n_cols;
    for (int32_t i = 0; i < items->n_rows; i += k->nr, panels += panel) {
        int32_t n = items->n_rows - i < k->nr ? items->n_rows - i : k->nr;
        if (n < k->nr) memset(panels, 0, (size_t)panel * sizeof *panels);
        k->transpose(n, items->n_cols, aisle_mat_row(items, i), items->ld, panels, k->nr);
    }
}

aisle_status aisle_eval_source_factors(const aisle_mat *users, const aisle_mat *items, int32_t threads,
                                       aisle_eval_source *out, aisle_error *err)
{
    *out = (aisle_eval_source){0};
    int32_t f = users->n_cols;
    if (f != items->n_cols || f < 1 || f > AISLE_MAX_FACTORS)
        return aisle_fail(err, AISLE_EINVAL, "factor scores: users have %d factors, items %d, wanted 1 to %d",
                          f, items->n_cols, AISLE_MAX_FACTORS);
    const aisle_kernels *k = aisle_kernels_get();
    int32_t n_threads = threads > 0 ? threads : omp_get_num_procs();
    int64_t head = (sizeof(factors_source) + 63) / 64 * 64, room = n_threads * thread_floats(f), bytes = 0;
    room = (room + 15) / 16 * 16;                              /* panels start at a cache line */
    int64_t panels = aisle_panels_floats(k, f, items->n_rows); /* 2^31 rows of AISLE_MAX_FACTORS fit */
    if (aisle_size_mul(room + panels, (int64_t)sizeof(float), &bytes))
        return aisle_fail(err, AISLE_ENOMEM, "factor scores: sizes overflow");
    factors_source *s = aisle_alloc_aligned((size_t)(head + bytes));
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "factor scores: out of memory for %d threads", n_threads);
    float *floats = (float *)((char *)s + head);
    *s = (factors_source){k, *users, items->n_rows, n_threads, floats + room, floats};
    pack_items(k, items, floats + room);
    *out = (aisle_eval_source){s, factors_scores, NULL};
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
    *out = (aisle_eval_source){s, vector_scores, NULL};
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
        if (weight < 0) continue; /* disliked */
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
    *out = (aisle_eval_source){s, neighbours_scores, NULL};
    return AISLE_OK;
}

void aisle_eval_source_free(aisle_eval_source *s)
{
    if (s->free)
        s->free(s->ctx);
    else
        aisle_free(s->ctx);
    *s = (aisle_eval_source){0};
}
