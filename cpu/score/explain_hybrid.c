/* Why a hybrid recommends a hit: which part gave which share of the score, and what each given item added. A part's score
 * above its scale's least is a sum over given items for factors (Hu, Koren, Volinsky 2008, section 5), links and texts, so
 * that their contributions can be added up over parts in the unit of the hybrid; other parts look at no given item. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/kernels.h"
#include "cpu/score/score_state.h"

static void add_shares(const hybrid_question *k, const aisle_hits *hits, float *shares)
{
    int32_t n_parts = k->h->n_parts;
    for (int32_t h = 0; h < hits->n; h++) {
        float *of_hit = shares + (int64_t)h * n_parts;
        int32_t item = hits->hit[h].item;
        for (int32_t p = 0; p < n_parts; p++)
            of_hit[p] = k->row[p] ? hybrid_weight(k, p, item) * rank_scaled(k->row[p][item], k->scale[p]) : 0;
        rank_divide(n_parts, of_hit);
    }
}

/* ---- what a given item adds: reasons[h * n_liked + j] ---- */

static int32_t n_liked(const hybrid_question *k)
{
    return k->user.n + k->user.n_further;
}

/* What a contribution to part p's score of the item is worth; 0 where the part cannot rank it. */
static float worth(const hybrid_question *k, int32_t p, int32_t item)
{
    return k->row[p][item] > -INFINITY ? hybrid_weight(k, p, item) * k->scale[p].by : 0;
}

static aisle_status by_factors(aisle_scorer *s, const aisle_model *m, const hybrid_question *k, int32_t p,
                               const aisle_hits *hits, float *reasons, aisle_error *err)
{
    const aisle_kernels *kernels = aisle_kernels_get();
    const int32_t f = aisle_model_n_factors(m), n = n_liked(k);
    float *sides;
    if (!k->system || !k->factors) return AISLE_OK;
    AISLE_TRY(explain_sides(s, m, k->given.newcomers, k->system, hits, &sides, err));
    for (int32_t h = 0; h < hits->n; h++) {
        float by = worth(k, p, hits->hit[h].item);
        for (int32_t j = 0; by > 0 && j < n; j++) {
            aisle_weighted_item given = {k->user.item[j], k->user.weight[j]};
            const float *y = score_factors(m, k->given.newcomers, given.item);
            if (!y) continue;
            float likeness = kernels->dot(f, sides + (int64_t)h * f, y);
            reasons[(int64_t)h * n + j] += by * likeness * fold_weight(m, &given);
        }
    }
    return AISLE_OK;
}

/* Rows of what was taken are looked through once for all hits. slot[n_all]: the hit of an item, -1 = none. */
static void by_links(const hybrid_question *k, int32_t p, const aisle_hits *hits, const int32_t *slot,
                     float *reasons)
{
    const aisle_table *t = &k->h->table[p];
    const int32_t n = n_liked(k);
    for (int32_t j = 0; j < k->user.n; j++) {
        int32_t item = k->user.item[j];
        float root = (float)rank_root(t, k->user.weight[j]);
        for (int64_t e = t->links.row_ptr[item]; e < t->links.row_ptr[item + 1]; e++) {
            int32_t h = slot[t->links.col[e]];
            if (h >= 0)
                reasons[(int64_t)h * n + j] += worth(k, p, hits->hit[h].item) * root * t->links.val[e];
        }
    }
}

/* The text of an item or a newcomer: row *row of the result. */
static const aisle_csr *text_of(const hybrid_question *k, const aisle_table *t, int32_t item, int32_t *row)
{
    *row = item < k->n_items ? item : item - k->n_items;
    return item < k->n_items ? &t->text : &k->further.text;
}

/* The hit's text stands in the profile's room, all 0 between users, while it is multiplied by those of what was taken. */
static void by_text(aisle_scorer *s, const hybrid_question *k, int32_t p, const aisle_hits *hits,
                    float *reasons)
{
    const aisle_table *t = &k->h->table[p];
    const int32_t n = n_liked(k);
    float length, *dense = s->room.profile;
    int32_t row;
    rank_profile_clear(rank_profile(t, &k->user, &s->room, &length), &s->room);
    for (int32_t h = 0; h < hits->n; h++) {
        float by = worth(k, p, hits->hit[h].item) * length;
        const aisle_csr *text = text_of(k, t, hits->hit[h].item, &row);
        int64_t begin = text->row_ptr[row], end = text->row_ptr[row + 1];
        if (!(by > 0)) continue;
        for (int64_t e = begin; e < end; e++) dense[text->col[e]] = text->val[e];
        for (int32_t j = 0; j < n; j++) {
            int32_t of;
            float sum = 0;
            const aisle_csr *a = text_of(k, t, k->user.item[j], &of);
            for (int64_t e = a->row_ptr[of]; e < a->row_ptr[of + 1]; e++) sum += a->val[e] * dense[a->col[e]];
            reasons[(int64_t)h * n + j] += by * k->user.weight[j] * sum;
        }
        for (int64_t e = begin; e < end; e++) dense[text->col[e]] = 0;
    }
}

static aisle_status add_reasons(aisle_scorer *s, const aisle_model *m, const hybrid_question *k,
                                aisle_hits *hits, float *reasons, aisle_error *err)
{
    const int32_t n = n_liked(k);
    AISLE_TRY(score_room(&s->touched, k->n_all, sizeof(int32_t), err));
    int32_t *slot = s->touched.at;
    memset(slot, -1, (size_t)k->n_all * sizeof *slot);
    for (int32_t h = 0; h < hits->n; h++) slot[hits->hit[h].item] = h;
    memset(reasons, 0, (size_t)hits->n * (size_t)n * sizeof *reasons);
    for (int32_t p = 0; p < k->h->n_parts; p++) {
        if (!k->row[p]) continue;
        switch (k->h->table[p].kind) {
        case AISLE_TABLE_FACTORS: AISLE_TRY(by_factors(s, m, k, p, hits, reasons, err)); break;
        case AISLE_TABLE_LINKS: by_links(k, p, hits, slot, reasons); break;
        case AISLE_TABLE_TEXT: by_text(s, k, p, hits, reasons); break;
        case AISLE_TABLE_SAME:
        case AISLE_TABLE_GROUPS: break;
        }
    }
    for (int32_t h = 0; h < hits->n; h++) {
        reason_tally t = {&hits->hit[h], 0};
        for (int32_t j = 0; j < n; j++) reason_add(&t, k->user.item[j], reasons[(int64_t)h * n + j]);
        reason_finish(&t);
    }
    return AISLE_OK;
}

aisle_status explain_hybrid(aisle_scorer *s, const aisle_model *m, const hybrid_question *k, aisle_hits *hits,
                            aisle_error *err)
{
    int32_t n_parts = k->h->n_parts;
    AISLE_TRY(score_room(&s->shares, (int64_t)hits->n * n_parts, sizeof(float), err));
    AISLE_TRY(score_room(&s->reasons, (int64_t)hits->n * n_liked(k), sizeof(float), err));
    add_shares(k, hits, s->shares.at);
    hits->shares = s->shares.at;
    hits->n_parts = n_parts;
    return add_reasons(s, m, k, hits, s->reasons.at, err);
}
