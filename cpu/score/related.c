/* What needs no factors: neighbours of one item, text neighbours of several, the most popular. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/score/score_state.h"

bool score_has_content(const aisle_model *m, given_items given)
{
    for (int32_t j = 0; j < given.n && given.at[j].item < aisle_model_n_items(m); j++) {
        int32_t k;
        const float *scores;
        const int32_t *ids = aisle_model_content(m, given.at[j].item, &k, &scores);
        if (k > 0 && ids[0] >= 0 && given.at[j].weight > 0) return true;
    }
    return like_any_given(m, given);
}

aisle_status score_content(aisle_scorer *s, const aisle_model *m, given_items given, const score_filter *f,
                           top_heap *h, aisle_error *err)
{
    int64_t n_items = score_n_all(m, given.newcomers);
    AISLE_TRY(score_room(&s->sums, n_items, sizeof(float), err));
    AISLE_TRY(score_room(&s->touched, n_items, sizeof(int32_t), err));
    float *sums = s->sums.at;
    int32_t *touched = s->touched.at, n = 0;
    memset(sums, 0, (size_t)n_items * sizeof *sums);
    for (int32_t j = 0; j < given.n && given.at[j].item < aisle_model_n_items(m); j++) {
        int32_t k;
        const float *scores;
        const int32_t *ids = aisle_model_content(m, given.at[j].item, &k, &scores);
        for (int32_t e = 0; e < k && ids[e] >= 0; e++) {
            float add = scores[e] * given.at[j].weight;
            if (!(add > 0)) continue;
            if (sums[ids[e]] == 0) touched[n++] = ids[e];
            sums[ids[e]] += add;
        }
    }
    AISLE_TRY(like_given(s, m, given, sums, touched, &n, err));
    for (int32_t t = 0; t < n; t++)
        if (score_passes(f, touched[t])) top_push(h, touched[t], sums[touched[t]]);
    return AISLE_OK;
}

/* ---- neighbours of one item ---- */

/* Appends what passes, marking it so that the text neighbours bring nothing twice. */
static void append(aisle_hits *out, int32_t n, const score_filter *f, uint64_t *masked, int32_t of,
                   const int32_t *ids, const float *scores, int32_t k)
{
    for (int32_t e = 0; e < k && out->n < n; e++) {
        if (!score_passes(f, ids[e])) continue;
        score_mask(masked, ids[e]);
        out->hit[out->n++] = (aisle_hit){ids[e], scores[e], 1, {{of, 1.0f}}};
    }
}

static aisle_status check(const aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                          const aisle_hits *out, aisle_error *err)
{
    if (!s || !m || !q || !out || !out->hit)
        return aisle_fail(err, AISLE_EINVAL, "related items: no scorer, model, query or room for hits");
    int32_t n_items = score_n_all(m, q->newcomers);
    if (q->newcomers && aisle_newcomers_model(q->newcomers) != m)
        return aisle_fail(err, AISLE_EINVAL, "related items: newcomers of another model");
    for (int32_t i = 0; q->items && i < q->n_items; i++)
        if (q->items[i] < 0 || q->items[i] >= n_items)
            return aisle_fail(err, AISLE_EINVAL, "items related to item %d: there are %d", q->items[i],
                              n_items);
    if (q->items && q->n_items < 1) return aisle_fail(err, AISLE_EINVAL, "items related to none");
    const int32_t item = q->items ? q->items[0] : q->item;
    if (item < 0 || item >= n_items || q->n < 1 || q->n > SCORE_MAX_N)
        return aisle_fail(err, AISLE_EINVAL,
                          "%d items related to item %d: wanted 1 to %d, and one of %d items", q->n, item,
                          SCORE_MAX_N, n_items);
    return AISLE_OK;
}

/* Text neighbours, of which some may be newcomers. */
static aisle_status append_likes(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                                 const score_filter *f, aisle_hits *out, aisle_error *err)
{
    top_heap likes;
    AISLE_TRY(like_nearest(s, m, q, f, &likes, err));
    for (int32_t h = 0; h < likes.n && out->n < q->n; h++)
        out->hit[out->n++] = (aisle_hit){likes.hit[h].item, likes.hit[h].score, 1, {{q->item, 1.0f}}};
    return AISLE_OK;
}

aisle_status aisle_scorer_related(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                                  aisle_hits *out, aisle_error *err)
{
    AISLE_TRY(check(s, m, q, out, err));
    int64_t words = ((int64_t)score_n_all(m, q->newcomers) + 63) / 64;
    AISLE_TRY(score_room(&s->masked, words, sizeof(uint64_t), err));
    uint64_t *masked = s->masked.at;
    memset(masked, 0, (size_t)words * sizeof *masked);
    if (q->items) return related_sums(s, m, q, masked, out, err);
    score_mask(masked, q->item);
    const score_filter f = {q->allowed, masked};
    const float *scores;
    const int32_t *ids;
    int32_t k;
    aisle_hits found = {.hit = out->hit};
    if (q->intent != AISLE_INTENT_CONTENT) {
        k = related_list(m, q, q->intent, q->item, &ids, &scores);
        append(&found, q->n, &f, masked, q->item, ids, scores, k);
    }
    found.strategy = q->intent == AISLE_INTENT_COMPLEMENTARY ? AISLE_STRATEGY_COMPLEMENTARY
                     : found.n                               ? AISLE_STRATEGY_SIMILAR
                                                             : AISLE_STRATEGY_CONTENT;
    if (q->intent == AISLE_INTENT_COMPLEMENTARY) {
        *out = found;
        return AISLE_OK;
    }
    if (aisle_newcomers_count(q->newcomers)) {
        AISLE_TRY(append_likes(s, m, q, &f, &found, err));
    } else {
        k = related_list(m, q, AISLE_INTENT_CONTENT, q->item, &ids, &scores);
        append(&found, q->n, &f, masked, q->item, ids, scores, k);
    }
    *out = found;
    return AISLE_OK;
}

aisle_status aisle_scorer_popular(const aisle_model *m, bool trending, int32_t n, const uint64_t *allowed,
                                  aisle_hits *out, aisle_error *err)
{
    if (!m || !out || !out->hit || n < 1 || n > SCORE_MAX_N)
        return aisle_fail(err, AISLE_EINVAL, "%d popular items: wanted 1 to %d, a model and room for hits", n,
                          SCORE_MAX_N);
    const float *scores = trending ? aisle_model_trending(m) : aisle_model_popularity(m);
    const score_filter f = {allowed, NULL};
    top_heap h = {out->hit, 0, n};
    if (scores) top_offer(&h, &f, 0, aisle_model_n_items(m), scores);
    top_finish(&h);
    out->n = h.n;
    out->strategy = AISLE_STRATEGY_POPULAR;
    return AISLE_OK;
}
