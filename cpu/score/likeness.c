/* How alike texts are where one is a newcomer's: dot products of rows of length 1. Rows that share a term are found by the
 * indexes of the newcomers, so that nothing is looked at that has no share in a score. Between the model's items the
 * neighbours of training serve (related.c). */
#include <string.h>

#include "cpu/score/score_state.h"

typedef struct text_row {
    const int32_t *term;
    const float *weight;
    int64_t n;
} text_row;

static text_row row_of(const aisle_model *m, const aisle_newcomers *newcomers, int32_t item)
{
    const int32_t n_items = aisle_model_n_items(m);
    aisle_csr t = item < n_items ? aisle_model_text(m) : aisle_newcomers_text(newcomers);
    if (!t.row_ptr) return (text_row){0};
    int64_t at = t.row_ptr[item < n_items ? item : item - n_items];
    int64_t end = t.row_ptr[(item < n_items ? item : item - n_items) + 1];
    return (text_row){t.col + at, t.val + at, end - at};
}

static float dot(text_row a, text_row b)
{
    float sum = 0;
    for (int64_t i = 0, j = 0; i < a.n && j < b.n;) {
        if (a.term[i] == b.term[j]) sum += a.weight[i] * b.weight[j];
        int32_t x = a.term[i], y = b.term[j];
        i += x <= y;
        j += y <= x;
    }
    return sum;
}

/* What a newcomer's likeness to an item of the model must reach: that of its last text neighbour, as if it had been there at
 * the training. */
static float least(const aisle_model *m, int32_t item)
{
    int32_t k;
    const float *scores;
    const int32_t *ids = aisle_model_content(m, item, &k, &scores);
    return k > 0 && ids[k - 1] >= 0 ? scores[k - 1] : 0;
}

float like_pair(const aisle_model *m, const aisle_newcomers *newcomers, int32_t of, int32_t item)
{
    float likeness = dot(row_of(m, newcomers, of), row_of(m, newcomers, item));
    return of >= aisle_model_n_items(m) || likeness >= least(m, of) ? likeness : 0;
}

bool like_any_given(const aisle_model *m, given_items given)
{
    for (int32_t j = given.n - 1; j >= 0 && given.at[j].item >= aisle_model_n_items(m); j--)
        if (given.at[j].weight > 0) return true;
    return false;
}

/* ---- many at a time ---- */

typedef struct tally {
    float *sums;
    int32_t *touched;
    int32_t n;
} tally;

/* sums[first + i] += scale t . row i of the index's other side. */
static void add_row(text_row t, float scale, const aisle_csr *by_term, int32_t first, tally *to)
{
    for (int64_t e = 0; by_term->row_ptr && e < t.n; e++) {
        float w = scale * t.weight[e];
        for (int64_t a = by_term->row_ptr[t.term[e]]; a < by_term->row_ptr[t.term[e] + 1]; a++) {
            int32_t i = first + by_term->col[a];
            float add = w * by_term->val[a];
            if (!(add > 0)) continue; /* what underflows is none */
            if (to->sums[i] == 0) to->touched[to->n++] = i;
            to->sums[i] += add;
        }
    }
}

/* Of one item of the model: to the newcomers that are near enough. */
static void add_newcomers(const aisle_model *m, const aisle_newcomers *newcomers, aisle_weighted_item given,
                          tally *near, tally *to)
{
    const int32_t n_items = aisle_model_n_items(m);
    const aisle_csr by_term = aisle_newcomers_by_term(newcomers);
    const float enough = least(m, given.item);
    near->n = 0;
    add_row(row_of(m, newcomers, given.item), 1, &by_term, 0, near);
    for (int32_t k = 0; k < near->n; k++) {
        int32_t j = near->touched[k];
        float add = near->sums[j] >= enough ? near->sums[j] * given.weight : 0;
        near->sums[j] = 0;
        if (!(add > 0)) continue;
        if (to->sums[n_items + j] == 0) to->touched[to->n++] = n_items + j;
        to->sums[n_items + j] += add;
    }
}

aisle_status like_given(aisle_scorer *s, const aisle_model *m, given_items given, float *sums,
                        int32_t *touched, int32_t *n_touched, aisle_error *err)
{
    const int32_t n_new = aisle_newcomers_count(given.newcomers), n_items = aisle_model_n_items(m);
    if (!n_new) return AISLE_OK;
    const aisle_csr newer = aisle_newcomers_by_term(given.newcomers),
                    items = aisle_newcomers_items_by_term(given.newcomers);
    AISLE_TRY(score_room(&s->near, n_new, sizeof(float), err));
    AISLE_TRY(score_room(&s->near_touched, n_new, sizeof(int32_t), err));
    tally to = {sums, touched, *n_touched}, near = {s->near.at, s->near_touched.at, 0};
    memset(near.sums, 0, (size_t)n_new * sizeof *near.sums);
    for (int32_t j = 0; j < given.n; j++) {
        if (!(given.at[j].weight > 0)) continue;
        if (given.at[j].item < n_items) {
            add_newcomers(m, given.newcomers, given.at[j], &near, &to);
            continue;
        }
        text_row t = row_of(m, given.newcomers, given.at[j].item);
        add_row(t, given.at[j].weight, &items, 0, &to);
        add_row(t, given.at[j].weight, &newer, n_items, &to);
    }
    *n_touched = to.n;
    return AISLE_OK;
}

aisle_status like_nearest(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                          const score_filter *f, top_heap *out, aisle_error *err)
{
    const aisle_weighted_item self = {q->item, 1};
    const int32_t n_all = score_n_all(m, q->newcomers);
    AISLE_TRY(score_room(&s->likes, q->n, sizeof(aisle_hit), err));
    AISLE_TRY(score_room(&s->sums, n_all, sizeof(float), err));
    AISLE_TRY(score_room(&s->touched, n_all, sizeof(int32_t), err));
    float *sums = s->sums.at;
    int32_t *touched = s->touched.at, n = 0, k = 0;
    const float *scores = NULL;
    const int32_t *ids =
        q->item < aisle_model_n_items(m) ? aisle_model_content(m, q->item, &k, &scores) : NULL;
    memset(sums, 0, (size_t)n_all * sizeof *sums);
    AISLE_TRY(like_given(s, m, (given_items){&self, 1, q->newcomers}, sums, touched, &n, err));
    *out = (top_heap){s->likes.at, 0, q->n};
    for (int32_t e = 0; e < k && ids[e] >= 0; e++)
        if (score_passes(f, ids[e])) top_push(out, ids[e], scores[e]);
    for (int32_t t = 0; t < n; t++)
        if (score_passes(f, touched[t])) top_push(out, touched[t], sums[touched[t]]);
    top_finish(out);
    return AISLE_OK;
}
