/* Why a hit was recommended: the shares of the user's items in its score (Hu, Koren, Volinsky 2008, section
 * 5).
 */
#include <string.h>

#include "cpu/kernels/kernels.h"
#include "cpu/score/score_state.h"

void reason_add(reason_tally *t, int32_t item, float value)
{
    aisle_hit *h = t->hit;
    if (!(value > 0)) return;
    t->total += (double)value;
    int32_t at = h->n_reasons < AISLE_MAX_REASONS ? h->n_reasons++ : AISLE_MAX_REASONS;
    /* items come in ascending order: an equal one stays behind */
    for (; at > 0 && h->reasons[at - 1].share < value; at--)
        if (at < AISLE_MAX_REASONS) h->reasons[at] = h->reasons[at - 1];
    if (at < AISLE_MAX_REASONS) h->reasons[at] = (aisle_reason){item, value};
}

void reason_finish(reason_tally *t)
{
    for (int32_t r = 0; r < t->hit->n_reasons; r++)
        t->hit->reasons[r].share = (float)((double)t->hit->reasons[r].share / t->total);
}

aisle_status explain_sides(aisle_scorer *s, const aisle_model *m, const aisle_newcomers *newcomers,
                           const float *room, const aisle_hits *hits, float **out, aisle_error *err)
{
    const int32_t f = aisle_model_n_factors(m);
    AISLE_TRY(score_room(&s->sides, (int64_t)hits->n * f + AISLE_KERNEL_SLACK, sizeof(float), err));
    float *sides = s->sides.at;
    for (int32_t h = 0; h < hits->n; h++) {
        const float *y = score_factors(m, newcomers, hits->hit[h].item);
        if (y) memcpy(sides + (int64_t)h * f, y, (size_t)f * sizeof *sides);
        if (!y) memset(sides + (int64_t)h * f, 0, (size_t)f * sizeof *sides);
    }
    fold_solve(f, room, hits->n, sides);
    *out = sides;
    return AISLE_OK;
}

aisle_status explain_factors(aisle_scorer *s, const aisle_model *m, given_items given, const float *room,
                             aisle_hits *hits, aisle_error *err)
{
    const aisle_kernels *k = aisle_kernels_get();
    const int32_t f = aisle_model_n_factors(m);
    float *sides;
    AISLE_TRY(explain_sides(s, m, given.newcomers, room, hits, &sides, err));
    for (int32_t h = 0; h < hits->n; h++) {
        reason_tally t = {&hits->hit[h], 0};
        for (int32_t j = 0; j < given.n; j++) {
            if (given.at[j].weight < 0) continue; /* pulls to 0 through W alone */
            const float *y = score_factors(m, given.newcomers, given.at[j].item);
            if (!y) continue;
            float likeness = k->dot(f, sides + (int64_t)h * f, y);
            reason_add(&t, given.at[j].item, likeness * fold_weight(m, &given.at[j]));
        }
        reason_finish(&t);
    }
    return AISLE_OK;
}

void explain_content(const aisle_model *m, given_items given, aisle_hits *hits)
{
    for (int32_t h = 0; h < hits->n; h++) {
        reason_tally t = {&hits->hit[h], 0};
        for (int32_t j = 0; j < given.n; j++) {
            int32_t k, n_items = aisle_model_n_items(m);
            const float *scores;
            if (given.at[j].item >= n_items || hits->hit[h].item >= n_items) {
                float likeness = like_pair(m, given.newcomers, given.at[j].item, hits->hit[h].item);
                reason_add(&t, given.at[j].item, likeness * given.at[j].weight);
                continue;
            }
            const int32_t *ids = aisle_model_content(m, given.at[j].item, &k, &scores);
            for (int32_t e = 0; e < k && ids[e] >= 0; e++)
                if (ids[e] == hits->hit[h].item) {
                    reason_add(&t, given.at[j].item, scores[e] * given.at[j].weight);
                    break;
                }
        }
        reason_finish(&t);
    }
}
