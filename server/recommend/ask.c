/* The plot of an answer: taste, what may be shown, the scorer's best. */
#include "server/recommend/ask.h"

#include "server/recommend/choose.h"
#include "server/recommend/pin.h"
#include "server/recommend/together.h"
#include "server/recommend/walk.h"

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the recommendations");
}

aisle_hit *aisle_hits_room(aisle_arena *a, int64_t limit)
{
    return aisle_arena_calloc(a, (size_t)limit + AISLE_SPARE_HITS, sizeof(aisle_hit));
}

static const char *reason_type(bool known, aisle_strategy strategy)
{
    static const char *const names[] = {[AISLE_STRATEGY_PERSONAL] = "history",
                                        [AISLE_STRATEGY_SESSION] = "session",
                                        [AISLE_STRATEGY_CONTENT] = "content",
                                        [AISLE_STRATEGY_POPULAR] = "popular"};
    if (strategy > AISLE_STRATEGY_POPULAR)
        strategy = known ? AISLE_STRATEGY_PERSONAL : AISLE_STRATEGY_SESSION;
    return names[strategy];
}

typedef struct best_ctx {
    const aisle_answering *w;
    const aisle_query *q; /* allowed, n and explain are the caller's */
} best_ctx;

static aisle_status best_of_query(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                  aisle_hits *hits, aisle_error *err)
{
    const best_ctx *b = ctx;
    aisle_query q = *b->q;
    q.allowed = allowed;
    q.n = n;
    q.explain = explain;
    return aisle_score(b->w, &q, hits, err);
}

static aisle_status walk(const aisle_answering *w, const aisle_ask *ask, const aisle_taste *t,
                         const aisle_query *q, aisle_recommendation *found, aisle_error *err)
{
    aisle_sourced *sourced = NULL;
    const aisle_walking k = {w, ask, t, q};
    AISLE_TRY(aisle_walk(&k, &found->hits, &sourced, err));
    found->sourced = sourced;
    found->n_sourced = found->hits.n;
    return AISLE_OK;
}

aisle_status aisle_recommend(const aisle_answering *w, const aisle_ask *ask, aisle_recommendation *out,
                             aisle_error *err)
{
    aisle_taste t;
    AISLE_TRY(aisle_taste_gather(w, ask, &t, err));
    AISLE_TRY(aisle_taste_narrow(w, ask, &t, err));
    aisle_query q = {.user = t.user,
                     .newcomers = w->shelf->newcomers,
                     .groups = t.groups,
                     .recent = t.recent,
                     .n_recent = t.n_recent,
                     .exclude = t.exclude,
                     .n_exclude = t.n_exclude};
    aisle_recommendation found = {.hits = {.hit = aisle_hits_room(w->arena, ask->limit)}};
    if (!found.hits.hit) return no_memory(err);
    best_ctx best = {w, &q};
    const aisle_source source = {.best = best_of_query, .ctx = &best};
    const aisle_choosing c = {.w = w,
                              .source = &source,
                              .filter = &ask->filter,
                              .wishes = &ask->wishes,
                              .n = (int32_t)ask->limit + AISLE_SPARE_SCORED,
                              .explain = ask->explain};
    AISLE_TRY(ask->scenario ? walk(w, ask, &t, &q, &found, err) : aisle_choose(&c, &found.hits, err));
    AISLE_TRY(aisle_pin_hits(&c, ask->n_shown, aisle_taste_masks, &(aisle_tasting){w->shelf, &t}, &found.hits,
                             err));
    found.known = t.user >= 0;
    found.reason_type = ask->explain ? reason_type(found.known, found.hits.strategy) : NULL;
    *out = found;
    return AISLE_OK;
}

aisle_status aisle_score_for(const aisle_answering *w, const aisle_ask *ask, const uint64_t *allowed,
                             int32_t n, aisle_hits *hits, aisle_error *err)
{
    aisle_taste t;
    AISLE_TRY(aisle_taste_gather(w, ask, &t, err));
    AISLE_TRY(aisle_taste_narrow(w, ask, &t, err));
    aisle_query q = {.user = t.user,
                     .newcomers = w->shelf->newcomers,
                     .groups = t.groups,
                     .recent = t.recent,
                     .n_recent = t.n_recent,
                     .allowed = allowed,
                     .include_seen = true,
                     .n = n};
    return aisle_scorer_recommend(w->scorer, w->shelf->model, &q, hits, err);
}
