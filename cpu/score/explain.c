/* Why a hit was recommended: the shares of the user's items in its score (Hu, Koren, Volinsky 2008, section
 * 5).
 */
#include <string.h>

#include "cpu/kernels/kernels.h"
#include "cpu/score/score_state.h"

/* The largest positive contributions so far, and the sum of all positive ones. */
typedef struct tally {
    aisle_hit *hit;
    double total;
} tally;

static void tally_add(tally *t, int32_t item, float value)
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

static void tally_finish(tally *t)
{
    for (int32_t r = 0; r < t->hit->n_reasons; r++)
        t->hit->reasons[r].share = (float)((double)t->hit->reasons[r].share / t->total);
}

aisle_status explain_factors(aisle_scorer *s, const aisle_model *m, given_items given, const float *room,
                             aisle_hits *hits, aisle_error *err)
{
    aisle_mat items = aisle_model_items(m);
    const aisle_kernels *k = aisle_kernels_get();
    const int32_t f = items.n_cols;
    AISLE_TRY(score_room(&s->sides, (int64_t)hits->n * f + AISLE_KERNEL_SLACK, sizeof(float), err));
    float *sides = s->sides.at; /* W y_i of every hit */
    for (int32_t h = 0; h < hits->n; h++)
        memcpy(sides + (int64_t)h * f, aisle_mat_row(&items, hits->hit[h].item), (size_t)f * sizeof *sides);
    fold_solve(f, room, hits->n, sides);
    for (int32_t h = 0; h < hits->n; h++) {
        tally t = {&hits->hit[h], 0};
        for (int32_t j = 0; j < given.n; j++) {
            if (given.at[j].weight < 0) continue; /* pulls to 0 through W alone */
            const float *y = aisle_mat_row(&items, given.at[j].item);
            float likeness = k->dot(f, sides + (int64_t)h * f, y);
            tally_add(&t, given.at[j].item, likeness * fold_weight(m, &given.at[j]));
        }
        tally_finish(&t);
    }
    return AISLE_OK;
}

void explain_content(const aisle_model *m, given_items given, aisle_hits *hits)
{
    for (int32_t h = 0; h < hits->n; h++) {
        tally t = {&hits->hit[h], 0};
        for (int32_t j = 0; j < given.n; j++) {
            int32_t k;
            const float *scores;
            const int32_t *ids = aisle_model_content(m, given.at[j].item, &k, &scores);
            for (int32_t e = 0; e < k && ids[e] >= 0; e++)
                if (ids[e] == hits->hit[h].item) {
                    tally_add(&t, given.at[j].item, scores[e] * given.at[j].weight);
                    break;
                }
        }
        tally_finish(&t);
    }
}
