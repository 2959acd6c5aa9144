/* What needs no factors: neighbours of one item, text neighbours of several, the most popular. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/score/score_state.h"

bool score_has_content(const aisle_model *m, given_items given)
{
    for (int32_t j = 0; j < given.n; j++) {
        int32_t k;
        const float *scores;
        const int32_t *ids = aisle_model_content(m, given.at[j].item, &k, &scores);
        if (k > 0 && ids[0] >= 0 && given.at[j].weight > 0) return true;
    }
    return false;
}

aisle_status score_content(aisle_scorer *s, const aisle_model *m, given_items given, const score_filter *f,
                           top_heap *h, aisle_error *err)
{
    int64_t n_items = aisle_model_n_items(m);
    AISLE_TRY(score_room(&s->sums, n_items, sizeof(float), err));
    AISLE_TRY(score_room(&s->touched, n_items, sizeof(int32_t), err));
    float *sums = s->sums.at;
    int32_t *touched = s->touched.at, n = 0;
    memset(sums, 0, (size_t)n_items * sizeof *sums);
    for (int32_t j = 0; j < given.n; j++) {
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
    for (int32_t t = 0; t < n; t++)
        if (score_passes(f, touched[t])) top_push(h, touched[t], sums[touched[t]]);
    return AISLE_OK;
}

/* ---- neighbours of one item ---- */

/* Appends what passes, marking it so that the text neighbours bring nothing twice. */
static void append(aisle_hits *out, int32_t n, const score_filter *f, uint64_t *masked, int32_t of,
                   const int32_t *ids, const float *scores, int32_t k)
{
    for (int32_t e = 0; e < k && ids[e] >= 0 && out->n < n; e++) {
        if (!score_passes(f, ids[e])) continue;
        score_mask(masked, ids[e]);
        out->hit[out->n++] = (aisle_hit){ids[e], scores[e], 1, {{of, 1.0f}}};
    }
}

aisle_status aisle_scorer_related(aisle_scorer *s, const aisle_model *m, int32_t item, aisle_intent intent,
                                  int32_t n, const uint64_t *allowed, aisle_hits *out, aisle_error *err)
{
    if (!s || !m || !out || !out->hit)
        return aisle_fail(err, AISLE_EINVAL, "related items: no scorer, model or room for hits");
    int32_t n_items = aisle_model_n_items(m), k;
    if (item < 0 || item >= n_items || n < 1 || n > SCORE_MAX_N)
        return aisle_fail(err, AISLE_EINVAL,
                          "%d items related to item %d: wanted 1 to %d, and one of %d items", n, item,
                          SCORE_MAX_N, n_items);
    AISLE_TRY(score_room(&s->masked, (n_items + 63) / 64, sizeof(uint64_t), err));
    uint64_t *masked = s->masked.at;
    memset(masked, 0, (size_t)((n_items + 63) / 64) * sizeof *masked);
    score_mask(masked, item);
    const score_filter f = {allowed, masked};
    const float *scores;
    out->n = 0;
    if (intent == AISLE_INTENT_SIMILAR) {
        const int32_t *ids = aisle_model_similar(m, item, &k, &scores);
        append(out, n, &f, masked, item, ids, scores, k);
    }
    out->strategy = out->n ? AISLE_STRATEGY_SIMILAR : AISLE_STRATEGY_CONTENT;
    const int32_t *ids = aisle_model_content(m, item, &k, &scores);
    append(out, n, &f, masked, item, ids, scores, k);
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
