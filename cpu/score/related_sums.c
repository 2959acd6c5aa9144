/* What is related to several items together: a cart, what somebody looks at. The lists of the items, added up. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/score/score_state.h"

int32_t related_list(const aisle_model *m, const aisle_related_query *q, aisle_intent intent, int32_t item,
                     const int32_t **ids, const float **scores)
{
    int32_t k = 0, n = 0;
    *ids = NULL;
    for (int32_t l = 0; intent == AISLE_INTENT_COMPLEMENTARY && l < q->n_lists; l++)
        if (q->lists[l].item == item) {
            *ids = q->lists[l].items;
            *scores = q->lists[l].scores;
            return q->lists[l].n;
        }
    if (item >= aisle_model_n_items(m)) return 0;
    if (intent == AISLE_INTENT_COMPLEMENTARY) {
        const aisle_csr c = aisle_model_complements(m);
        if (!c.row_ptr) return 0;
        *ids = c.col + c.row_ptr[item];
        *scores = c.val + c.row_ptr[item];
        return (int32_t)(c.row_ptr[item + 1] - c.row_ptr[item]);
    }
    *ids = intent == AISLE_INTENT_SIMILAR ? aisle_model_similar(m, item, &k, scores)
                                          : aisle_model_content(m, item, &k, scores);
    while (n < k && (*ids)[n] >= 0) n++;
    return n;
}

/* Distinct, ascending, each of weight 1. */
static aisle_status gather(aisle_scorer *s, const aisle_related_query *q, given_items *out, aisle_error *err)
{
    AISLE_TRY(score_room(&s->given, q->n_items, sizeof(aisle_weighted_item), err));
    aisle_weighted_item *at = s->given.at;
    for (int32_t i = 0; i < q->n_items; i++) at[i] = (aisle_weighted_item){q->items[i], 1};
    int32_t n = score_merge(at, q->n_items);
    for (int32_t i = 0; i < n; i++) at[i].weight = 1;
    *out = (given_items){at, n, q->newcomers};
    return AISLE_OK;
}

static aisle_status add_lists(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                              given_items given, const score_filter *f, top_heap *h, aisle_error *err)
{
    const int32_t n_items = score_n_all(m, q->newcomers);
    AISLE_TRY(score_room(&s->sums, n_items, sizeof(float), err));
    AISLE_TRY(score_room(&s->touched, n_items, sizeof(int32_t), err));
    float *sums = s->sums.at;
    int32_t *touched = s->touched.at, n = 0;
    memset(sums, 0, (size_t)n_items * sizeof *sums);
    for (int32_t j = 0; j < given.n; j++) {
        const int32_t *ids;
        const float *scores;
        int32_t k = related_list(m, q, q->intent, given.at[j].item, &ids, &scores);
        for (int32_t e = 0; e < k; e++) {
            if (!(scores[e] > 0)) continue;
            if (sums[ids[e]] == 0) touched[n++] = ids[e];
            sums[ids[e]] += scores[e];
        }
    }
    for (int32_t t = 0; t < n; t++)
        if (score_passes(f, touched[t])) top_push(h, touched[t], sums[touched[t]]);
    return AISLE_OK;
}

static void explain_lists(const aisle_model *m, const aisle_related_query *q, given_items given,
                          const top_heap *h)
{
    for (int32_t i = 0; i < h->n; i++) {
        reason_tally t = {&h->hit[i], 0};
        for (int32_t j = 0; j < given.n; j++) {
            const int32_t *ids;
            const float *scores;
            int32_t k = related_list(m, q, q->intent, given.at[j].item, &ids, &scores);
            for (int32_t e = 0; e < k; e++)
                if (ids[e] == h->hit[i].item) {
                    reason_add(&t, given.at[j].item, scores[e]);
                    break;
                }
        }
        reason_finish(&t);
    }
}

/* Behind the hits that are there. */
static aisle_status append_texts(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                                 given_items given, const score_filter *f, aisle_hits *out, aisle_error *err)
{
    top_heap h = {out->hit + out->n, 0, q->n - out->n};
    if (h.cap == 0) return AISLE_OK;
    AISLE_TRY(score_content(s, m, given, f, &h, err));
    top_finish(&h);
    aisle_hits added = {.hit = h.hit, .n = h.n};
    explain_content(m, given, &added);
    out->n += h.n;
    return AISLE_OK;
}

aisle_status related_sums(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                          uint64_t *masked, aisle_hits *out, aisle_error *err)
{
    const score_filter f = {q->allowed, masked};
    given_items given;
    aisle_hits found = {.hit = out->hit};
    AISLE_TRY(gather(s, q, &given, err));
    for (int32_t i = 0; i < given.n; i++) score_mask(masked, given.at[i].item);
    if (q->intent != AISLE_INTENT_CONTENT) {
        top_heap h = {found.hit, 0, q->n};
        AISLE_TRY(add_lists(s, m, q, given, &f, &h, err));
        top_finish(&h);
        explain_lists(m, q, given, &h);
        found.n = h.n;
        for (int32_t i = 0; i < h.n; i++) score_mask(masked, h.hit[i].item);
    }
    found.strategy = q->intent == AISLE_INTENT_COMPLEMENTARY ? AISLE_STRATEGY_COMPLEMENTARY
                     : found.n                               ? AISLE_STRATEGY_SIMILAR
                                                             : AISLE_STRATEGY_CONTENT;
    if (q->intent != AISLE_INTENT_COMPLEMENTARY) AISLE_TRY(append_texts(s, m, q, given, &f, &found, err));
    *out = found;
    return AISLE_OK;
}
