/* The best items for users whose factors are known: through the model's compact table, for all that wait at once, or, where it
 * has none, item by item. Both give the same answer. What is newer than the model is looked at on the side. */
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/kernels.h"
#include "cpu/score/factor_scan.h"

/* Scores a block at a time, so that a block's scores are still in the cache when they are looked through.
 * Equal rows get equal scores, which a matrix-vector product of a BLAS does not promise. The dot product may
 * read AISLE_KERNEL_SLACK floats past a row: behind the item factors lie the file's other sections. Row 0 is item `id`. */
static void scan(const aisle_mat *items, int32_t id, const float *x, const score_filter *f, top_heap *h)
{
    enum { BLOCK = 1024 };
    const aisle_kernels *k = aisle_kernels_get();
    float scores[BLOCK];
    for (int32_t first = 0; first < items->n_rows; first += BLOCK) {
        int32_t n = items->n_rows - first < BLOCK ? items->n_rows - first : BLOCK;
        for (int32_t i = 0; i < n; i++) scores[i] = k->dot(items->n_cols, x, aisle_mat_row(items, first + i));
        top_offer(h, f, id + first, n, scores);
    }
}

/* Rows of the users' factors start at cache lines. */
static int64_t row_floats(const aisle_model *m)
{
    return ((int64_t)aisle_model_n_factors(m) + 15) / 16 * 16;
}

aisle_status factor_asks_start(aisle_scorer *s, const aisle_model *m, const aisle_query *q, int32_t n,
                               factor_asks *asks, aisle_error *err)
{
    const aisle_csr seen = aisle_model_seen(m);
    int64_t left_out = 0;
    *asks = (factor_asks){.m = m};
    for (int32_t i = 0; i < n; i++) {
        left_out += (int64_t)q[i].n_exclude + q[i].n_recent;
        if (q[i].user >= 0) left_out += seen.row_ptr[q[i].user + 1] - seen.row_ptr[q[i].user];
    }
    AISLE_TRY(score_room(&s->vector, n * row_floats(m) + AISLE_KERNEL_SLACK, sizeof(float), err));
    AISLE_TRY(score_room(&s->left_out, left_out, sizeof(int32_t), err));
    if (aisle_model_compact(m) && !s->compact && !(s->compact = aisle_compact_work_new(1)))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a compact table's answers");
    return AISLE_OK;
}

float *factor_asks_next(aisle_scorer *s, factor_asks *asks)
{
    return (float *)s->vector.at + asks->n * row_floats(asks->m);
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The model's items that the query's answer leaves out, strictly ascending. */
static int32_t list_left_out(const aisle_model *m, const aisle_query *q, given_items given, int32_t *out)
{
    const int32_t n_items = aisle_model_n_items(m);
    int32_t n = 0, to = 0;
    for (int32_t i = 0; i < given.n; i++)
        if ((!q->include_seen || given.at[i].weight < 0) && given.at[i].item < n_items)
            out[n++] = given.at[i].item;
    for (int32_t i = 0; i < q->n_exclude; i++)
        if (q->exclude[i] < n_items) out[n++] = q->exclude[i];
    if (q->n_exclude) qsort(out, (size_t)n, sizeof *out, ascending);
    for (int32_t i = 0; i < n; i++)
        if (!to || out[to - 1] != out[i]) out[to++] = out[i];
    return to;
}

void factor_asks_add(aisle_scorer *s, factor_asks *asks, const aisle_query *q, given_items given,
                     const score_filter *f, aisle_hits *out)
{
    const aisle_model *m = asks->m;
    const float *x = factor_asks_next(s, asks);
    const aisle_mat items = aisle_model_items(m);
    top_heap h = {out->hit, 0, q->n};
    if (aisle_newcomers_count(q->newcomers)) {
        aisle_mat newer = aisle_newcomers_factors(q->newcomers);
        scan(&newer, items.n_rows, x, f, &h);
    }
    aisle_model_rows_read(m, 2 + (int64_t)given.n);
    /* longer users than the table answers for are scored item by item */
    float length = aisle_kernels_get()->dot(items.n_cols, x, x);
    if (!aisle_model_compact(m) || !(length < 0x1p124F)) {
        scan(&items, 0, x, f, &h);
        top_finish(&h);
        out->n = h.n;
        return;
    }
    int32_t at = asks->n++;
    asks->query[at] = q;
    asks->out[at] = out;
    asks->heap[at] = h;
    asks->rows[at + 1] =
        asks->rows[at] + list_left_out(m, q, given, (int32_t *)s->left_out.at + asks->rows[at]);
}

aisle_status factor_asks_finish(aisle_scorer *s, factor_asks *asks, aisle_error *err)
{
    const aisle_model *m = asks->m;
    const aisle_mat items = aisle_model_items(m);
    const aisle_mat users = {asks->n, items.n_cols, row_floats(m), s->vector.at};
    const aisle_csr left_out = {asks->n, items.n_rows, asks->rows, s->left_out.at, NULL};
    aisle_compact_wish wish[FACTOR_ASKS];
    int32_t top = 1;
    if (asks->n == 0) return AISLE_OK;
    for (int32_t i = 0; i < asks->n; i++) {
        wish[i] = (aisle_compact_wish){asks->query[i]->n, asks->query[i]->allowed};
        top = wish[i].n > top ? wish[i].n : top;
    }
    AISLE_TRY(score_room(&s->found, 2 * (int64_t)asks->n * top, sizeof(float), err));
    int32_t *ids = s->found.at;
    float *scores = (float *)s->found.at + (int64_t)asks->n * top;
    const aisle_compact_query q = {.table = aisle_model_compact(m),
                                   .items = &items,
                                   .row = aisle_model_item_reader(m),
                                   .row_ctx = m,
                                   .users = &users,
                                   .top = {top, &left_out, NULL},
                                   .wish = wish};
    AISLE_TRY(aisle_compact_topn(s->compact, &q, ids, scores, err));
    for (int32_t i = 0; i < asks->n; i++) {
        top_heap *h = &asks->heap[i];
        const int64_t row = (int64_t)i * top;
        for (int32_t k = 0; k < wish[i].n && ids[row + k] >= 0; k++)
            top_push(h, ids[row + k], scores[row + k]);
        top_finish(h);
        asks->out[i]->n = h->n;
    }
    return AISLE_OK;
}
