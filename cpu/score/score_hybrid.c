/* One user's scores by a hybrid: part after part is scored for all items, scaled and added up, as cpu/fit/hybrid.c does it for
 * many users at once, by the same functions of cpu/rank. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/kernels.h"
#include "cpu/score/score_state.h"

/* The room of tables keeps a promise between calls (a profile of zeros), so it is replaced and not grown. */
static aisle_status make_room(aisle_scorer *s, const aisle_hybrid_tables *h, int32_t n_items,
                              aisle_error *err)
{
    int32_t n_terms = 0;
    for (int32_t p = 0; p < h->n_parts; p++)
        if (h->table[p].kind == AISLE_TABLE_TEXT) n_terms = h->table[p].text.n_cols;
    if (s->room.sums && n_items <= s->room_items && n_terms <= s->room_terms) return AISLE_OK;
    rank_room_deinit(&s->room);
    s->room_items = n_items > s->room_items ? n_items : s->room_items;
    s->room_terms = n_terms > s->room_terms ? n_terms : s->room_terms;
    return rank_room_init(&s->room, s->room_items, s->room_terms, err);
}

/* Items that were taken are those of weight above 0; their number says which segment the user is of. */
static aisle_status know_user(aisle_scorer *s, const aisle_query *q, hybrid_question *k, aisle_error *err)
{
    given_items given = k->given;
    AISLE_TRY(score_room(&s->liked, 2 * (int64_t)given.n, sizeof(float), err));
    int32_t *item = s->liked.at, n = 0;
    float *weight = (float *)s->liked.at + given.n;
    for (int32_t j = 0; j < given.n; j++) {
        if (!(given.at[j].weight > 0)) continue;
        item[n] = given.at[j].item;
        weight[n++] = given.at[j].weight;
    }
    int32_t in_model = n;
    while (in_model > 0 && item[in_model - 1] >= k->n_items) in_model--;
    k->user = (rank_user){.n = in_model,
                          .item = item,
                          .weight = weight,
                          .n_further = n - in_model,
                          .further_text = k->further.text.row_ptr ? &k->further.text : NULL};
    k->segment = aisle_hybrid_segment_of(n, k->h->few);
    const int32_t *groups = q->groups;
    if (!groups && q->user >= 0 && k->h->user_groups)
        groups = k->h->user_groups + (int64_t)q->user * AISLE_GROUP_ATTRIBUTES;
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) k->user.group[a] = groups ? groups[a] : -1;
    return AISLE_OK;
}

static bool has_factors(const aisle_hybrid_tables *h)
{
    for (int32_t p = 0; p < h->n_parts; p++)
        if (h->table[p].kind == AISLE_TABLE_FACTORS) return true;
    return false;
}

/* x: as trained where nothing new is known, else solved for what was given; of who took nothing, the mean of their groups. */
static aisle_status find_factors(aisle_scorer *s, const aisle_model *m, const aisle_query *q,
                                 hybrid_question *k, aisle_error *err)
{
    const int32_t f = aisle_model_n_factors(m);
    if (!has_factors(k->h)) return AISLE_OK;
    if (k->user.n + k->user.n_further == 0) {
        if (k->h->prior.n_rows == 0) return AISLE_OK;
        AISLE_TRY(score_room(&s->prior, (int64_t)f + AISLE_KERNEL_SLACK, sizeof(float), err));
        rank_prior(&k->h->prior, k->user.group, s->prior.at);
        k->prior = s->prior.at;
        return AISLE_OK;
    }
    bool trained = q->user >= 0 && q->n_recent == 0;
    AISLE_TRY(score_room(&s->vector, (int64_t)f + AISLE_KERNEL_SLACK, sizeof(float), err));
    float *x = s->vector.at;
    if (!trained || q->explain) {
        AISLE_TRY(score_room(&s->system, fold_floats(f), sizeof(float), err));
        k->system = s->system.at;
        AISLE_TRY(fold_factor(m, k->given, k->system, x, err));
    }
    if (trained)
        aisle_model_user_factors(m, q->user, x);
    else
        fold_solve(f, k->system, 1, x);
    k->factors = x;
    return AISLE_OK;
}

static bool weighs(const hybrid_question *k, int32_t p)
{
    return k->h->weight[k->segment][p] > 0 || k->h->weight[AISLE_HYBRID_NEW_ITEM][p] > 0;
}

/* The scale of what was not taken: what was would stretch it, as parts know it by heart. kept: room for user.n scores. */
static rank_scale scale_of_rest(const rank_user *u, int32_t n_items, float *scores, float *kept)
{
    for (int32_t j = 0; j < u->n; j++) {
        kept[j] = scores[u->item[j]];
        scores[u->item[j]] = -INFINITY;
    }
    rank_scale scale = rank_scale_of(n_items, scores);
    for (int32_t j = 0; j < u->n; j++) scores[u->item[j]] = kept[j];
    return scale;
}

/* The scale is that of the model's items. */
static void add_further(const hybrid_question *k, int32_t p, float *row, float *total)
{
    float w = k->h->weight[AISLE_HYBRID_NEW_ITEM][p];
    for (int32_t i = k->n_items; k->scale[p].by > 0 && i < k->n_all; i++)
        total[i] += w * rank_scaled(row[i], k->scale[p]);
}

static aisle_status add_up(aisle_scorer *s, const aisle_query *q, hybrid_question *k, float *total,
                           aisle_error *err)
{
    const int32_t n_items = k->n_items;
    int64_t rows = q->explain ? k->h->n_parts : 1;
    AISLE_TRY(score_room(&s->rows, rows * k->n_all + k->user.n, sizeof(float), err));
    float *row = s->rows.at, *kept = row + rows * k->n_all;
    memset(total, 0, (size_t)k->n_all * sizeof *total);
    for (int32_t p = 0; p < k->h->n_parts; p++) {
        if (!weighs(k, p)) continue;
        k->user.factors = k->h->part[p] == AISLE_PART_ALS_CONTENT && k->prior ? k->prior : k->factors;
        rank_scores(&k->h->table[p], &k->user, &s->room, row);
        k->scale[p] = scale_of_rest(&k->user, n_items, row, kept);
        rank_weight w = {k->h->weight[k->segment][p], k->h->weight[AISLE_HYBRID_NEW_ITEM][p]};
        rank_add_scaled(n_items, row, k->scale[p], w, k->h->fresh, total);
        rank_scores_further(&k->h->table[p], &k->user, &s->room, &k->further, row + n_items);
        add_further(k, p, row, total);
        if (!q->explain) continue;
        k->row[p] = row;
        row += k->n_all;
    }
    return AISLE_OK;
}

aisle_status score_hybrid(aisle_scorer *s, const aisle_model *m, const aisle_query *q, given_items given,
                          const score_filter *f, aisle_hits *out, aisle_error *err)
{
    hybrid_question k = {.h = aisle_model_hybrid(m),
                         .given = given,
                         .n_items = aisle_model_n_items(m),
                         .n_all = score_n_all(m, q->newcomers)};
    if (k.n_all > k.n_items)
        k.further = (rank_further){k.n_all - k.n_items, aisle_newcomers_factors(q->newcomers),
                                   aisle_newcomers_text(q->newcomers)};
    AISLE_TRY(make_room(s, k.h, k.n_items, err));
    AISLE_TRY(know_user(s, q, &k, err));
    AISLE_TRY(find_factors(s, m, q, &k, err));
    AISLE_TRY(score_room(&s->sums, k.n_all, sizeof(float), err));
    AISLE_TRY(add_up(s, q, &k, s->sums.at, err));
    top_heap h = {out->hit, 0, q->n};
    top_offer(&h, f, 0, k.n_all, s->sums.at);
    top_finish(&h);
    out->n = h.n;
    bool known = k.user.n + k.user.n_further > 0;
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) known = known || k.user.group[a] >= 0;
    out->strategy = known ? AISLE_STRATEGY_HYBRID : AISLE_STRATEGY_POPULAR;
    return q->explain ? explain_hybrid(s, m, &k, out, err) : AISLE_OK;
}
