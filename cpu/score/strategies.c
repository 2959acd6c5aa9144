/* Recommendations of one user or several: gather what is known, choose the strategy, find the best items, explain. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/score/factor_scan.h"

static aisle_status check_query(const aisle_model *m, const aisle_query *q, aisle_error *err)
{
    int32_t n_items = score_n_all(m, q->newcomers), n_users = aisle_model_n_users(m);
    if (q->newcomers && aisle_newcomers_model(q->newcomers) != m)
        return aisle_fail(err, AISLE_EINVAL, "newcomers of another model");
    if (q->n < 1 || q->n > SCORE_MAX_N)
        return aisle_fail(err, AISLE_EINVAL, "%d recommendations: wanted 1 to %d", q->n, SCORE_MAX_N);
    if (q->user < -1 || q->user >= n_users)
        return aisle_fail(err, AISLE_EINVAL, "user %d: the model has %d users", q->user, n_users);
    if (q->n_exclude < 0 || (q->n_exclude && !q->exclude))
        return aisle_fail(err, AISLE_EINVAL, "%d excluded items at no address", q->n_exclude);
    for (int32_t i = 0; i < q->n_exclude; i++)
        if (q->exclude[i] < 0 || q->exclude[i] >= n_items)
            return aisle_fail(err, AISLE_EINVAL, "excluded item %d: there are %d items", q->exclude[i],
                              n_items);
    const aisle_hybrid_tables *h = aisle_model_hybrid(m);
    for (int a = 0; h && q->groups && a < AISLE_GROUP_ATTRIBUTES; a++)
        if (q->groups[a] < -1 || q->groups[a] >= h->n_groups)
            return aisle_fail(err, AISLE_EINVAL, "group %d: the model has %d groups", q->groups[a],
                              h->n_groups);
    return score_check_items(n_items, q->recent, q->n_recent, err);
}

/* History and recent items as one ascending list without repeats. Where both have an item a recent
 * dislike counts, or else the larger weight: the recent event may be one that was trained. n_history: liked ones. */
static aisle_status gather_given(aisle_scorer *s, const aisle_model *m, const aisle_query *q,
                                 given_items *given, int32_t *n_history, aisle_error *err)
{
    aisle_csr seen = aisle_model_seen(m);
    int64_t first = q->user >= 0 ? seen.row_ptr[q->user] : 0;
    int64_t last = q->user >= 0 ? seen.row_ptr[q->user + 1] : 0;
    int64_t room = last - first + q->n_recent;
    AISLE_TRY(score_room(&s->given, room + q->n_recent, sizeof *given->at, err));
    aisle_weighted_item *out = s->given.at;
    aisle_weighted_item *recent = out + room; /* behind the room of the merged list */
    if (q->n_recent) memcpy(recent, q->recent, (size_t)q->n_recent * sizeof *recent);
    int32_t n_recent = score_merge(recent, q->n_recent), n = 0, r = 0;
    *n_history = 0;
    for (int64_t e = first; e < last; e++) {
        aisle_weighted_item old = {seen.col[e], seen.val ? seen.val[e] : 1.0f};
        *n_history += old.weight > 0;
        while (r < n_recent && recent[r].item < old.item) out[n++] = recent[r++];
        if (r < n_recent && recent[r].item == old.item) {
            if (recent[r].weight < 0 || recent[r].weight > old.weight) old.weight = recent[r].weight;
            r++;
        }
        out[n++] = old;
    }
    while (r < n_recent) out[n++] = recent[r++];
    *given = (given_items){out, n, q->newcomers};
    return AISLE_OK;
}

static aisle_status mask_items(aisle_scorer *s, const aisle_model *m, const aisle_query *q, given_items given,
                               score_filter *f, aisle_error *err)
{
    int64_t words = ((int64_t)score_n_all(m, q->newcomers) + 63) / 64;
    AISLE_TRY(score_room(&s->masked, words, sizeof(uint64_t), err));
    uint64_t *masked = s->masked.at;
    memset(masked, 0, (size_t)words * sizeof *masked);
    for (int32_t i = 0; i < q->n_exclude; i++) score_mask(masked, q->exclude[i]);
    for (int32_t i = 0; i < given.n; i++)
        if (!q->include_seen || given.at[i].weight < 0) score_mask(masked, given.at[i].item);
    *f = (score_filter){q->allowed, masked};
    return AISLE_OK;
}

/* Whether training solved for the item's factors; those that its text gave are the worse guess of what is like it. */
static bool was_trained(const aisle_model *m, int32_t item)
{
    const float *popularity = aisle_model_popularity(m);
    return item < aisle_model_n_items(m) && score_factors(m, NULL, item) &&
           (!popularity || popularity[item] > 0);
}

/* Whether factors of who is given it come of training. */
static bool speaks(const aisle_model *m, int32_t item, float weight)
{
    return weight > 0 && was_trained(m, item);
}

bool aisle_scorer_knows(const aisle_model *m, int32_t user)
{
    const aisle_csr seen = aisle_model_seen(m);
    if (aisle_model_hybrid(m)) return false;
    for (int64_t e = seen.row_ptr[user]; e < seen.row_ptr[user + 1]; e++)
        if (speaks(m, seen.col[e], seen.val ? seen.val[e] : 1.0f)) return true;
    return false;
}

static aisle_strategy choose(const aisle_model *m, given_items given, int32_t n_history)
{
    bool factors = false;
    for (int32_t i = 0; i < given.n; i++) {
        if (speaks(m, given.at[i].item, given.at[i].weight))
            return n_history ? AISLE_STRATEGY_PERSONAL : AISLE_STRATEGY_SESSION;
        factors = factors || (given.at[i].weight > 0 && score_factors(m, given.newcomers, given.at[i].item));
    }
    if (score_has_content(m, given)) return AISLE_STRATEGY_CONTENT;
    return factors ? AISLE_STRATEGY_SESSION : AISLE_STRATEGY_POPULAR;
}

/* Finds the user's factors and leaves him with those who wait. *room: the factored system, where there is one. */
static aisle_status by_factors(aisle_scorer *s, const aisle_query *q, given_items given, bool trained,
                               const score_filter *f, factor_asks *asks, aisle_hits *out, aisle_error *err)
{
    const aisle_model *m = asks->m;
    const int32_t n_f = aisle_model_n_factors(m);
    float *x = factor_asks_next(s, asks);
    if (!trained || q->explain) {
        AISLE_TRY(score_room(&s->system, fold_floats(n_f), sizeof(float), err));
        AISLE_TRY(fold_factor(m, given, s->system.at, x, err));
    }
    if (trained)
        aisle_model_user_factors(m, q->user, x);
    else
        fold_solve(n_f, s->system.at, 1, x);
    factor_asks_add(s, asks, q, given, f, out);
    return AISLE_OK;
}

static aisle_status by_content(aisle_scorer *s, const aisle_model *m, const aisle_query *q, given_items given,
                               const score_filter *f, aisle_hits *out, aisle_error *err)
{
    top_heap h = {out->hit, 0, q->n};
    AISLE_TRY(score_content(s, m, given, f, &h, err));
    top_finish(&h);
    out->n = h.n;
    if (q->explain) explain_content(m, given, out);
    return AISLE_OK;
}

static void by_popularity(const aisle_model *m, const aisle_query *q, const score_filter *f, aisle_hits *out)
{
    const float *scores = aisle_model_popularity(m);
    top_heap h = {out->hit, 0, q->n};
    const int32_t n_items = aisle_model_n_items(m), n_all = score_n_all(m, q->newcomers);
    if (scores) top_offer(&h, f, 0, n_items, scores);
    for (int32_t i = n_items; scores && i < n_all && top_threshold(&h) < 0; i++) /* nobody took them yet: 0 */
        if (score_passes(f, i)) top_push(&h, i, 0);
    top_finish(&h);
    out->n = h.n;
}

/* Answers the query, or leaves it with those who wait. *given: valid until the next. */
static aisle_status begin(aisle_scorer *s, const aisle_model *m, const aisle_query *q, factor_asks *asks,
                          given_items *given, aisle_hits *out, aisle_error *err)
{
    score_filter filter;
    int32_t n_history;
    AISLE_TRY(gather_given(s, m, q, given, &n_history, err));
    AISLE_TRY(mask_items(s, m, q, *given, &filter, err));
    if (aisle_model_hybrid(m)) return score_hybrid(s, m, q, *given, &filter, out, err);
    out->strategy = choose(m, *given, n_history);
    if (out->strategy == AISLE_STRATEGY_CONTENT) {
        AISLE_TRY(by_content(s, m, q, *given, &filter, out, err));
        if (!out->n) out->strategy = AISLE_STRATEGY_POPULAR;
    } else if (out->strategy != AISLE_STRATEGY_POPULAR) {
        bool trained = out->strategy == AISLE_STRATEGY_PERSONAL && q->n_recent == 0;
        return by_factors(s, q, *given, trained, &filter, asks, out, err);
    }
    if (out->strategy == AISLE_STRATEGY_POPULAR) by_popularity(m, q, &filter, out);
    return AISLE_OK;
}

static bool has_factors(aisle_strategy s)
{
    return s == AISLE_STRATEGY_PERSONAL || s == AISLE_STRATEGY_SESSION;
}

aisle_status aisle_scorer_recommend(aisle_scorer *s, const aisle_model *m, const aisle_query *q,
                                    aisle_hits *out, aisle_error *err)
{
    given_items given;
    factor_asks asks;
    if (!s || !m || !q || !out || !out->hit)
        return aisle_fail(err, AISLE_EINVAL, "recommend: no scorer, model, query or room for hits");
    AISLE_TRY(check_query(m, q, err));
    AISLE_TRY(factor_asks_start(s, m, q, 1, &asks, err));
    aisle_hits result = {.hit = out->hit};
    AISLE_TRY(begin(s, m, q, &asks, &given, &result, err));
    AISLE_TRY(factor_asks_finish(s, &asks, err));
    if (q->explain && has_factors(result.strategy))
        AISLE_TRY(explain_factors(s, m, given, s->system.at, &result, err));
    *out = result;
    return AISLE_OK;
}

aisle_status aisle_scorer_recommend_batch(aisle_scorer *s, const aisle_model *m, const aisle_query *q,
                                          int32_t n, aisle_hits *out, aisle_error *err)
{
    factor_asks asks;
    given_items given;
    if (!s || !m || n < 0 || (n && (!q || !out)))
        return aisle_fail(err, AISLE_EINVAL, "recommend: no scorer, model, queries or room for hits");
    for (int32_t i = 0; i < n; i++) {
        if (q[i].explain || !out[i].hit)
            return aisle_fail(err, AISLE_EINVAL, "query %d of a batch %s", i,
                              q[i].explain ? "asks for reasons: ask it alone" : "has no room for hits");
        AISLE_TRY(check_query(m, &q[i], err));
    }
    for (int32_t first = 0, k; first < n; first += k) {
        k = n - first < FACTOR_ASKS ? n - first : FACTOR_ASKS;
        AISLE_TRY(factor_asks_start(s, m, q + first, k, &asks, err));
        for (int32_t i = first; i < first + k; i++) {
            out[i] = (aisle_hits){.hit = out[i].hit};
            AISLE_TRY(begin(s, m, &q[i], &asks, &given, &out[i], err));
        }
        AISLE_TRY(factor_asks_finish(s, &asks, err));
    }
    return AISLE_OK;
}
