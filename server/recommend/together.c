/* Two walks and a batch. What is kept between the walks is copied: stages may change their lists in place. */
#include "server/recommend/together.h"

#include <string.h>

static void *copy(aisle_arena *a, const void *from, size_t n, size_t size)
{
    void *to = aisle_arena_alloc(a, n * size + 1);
    if (to && n) memcpy(to, from, n * size);
    return to;
}

static bool copy_lists(aisle_arena *a, aisle_query *q)
{
    q->recent = copy(a, q->recent, (size_t)q->n_recent, sizeof *q->recent);
    q->exclude = copy(a, q->exclude, (size_t)q->n_exclude, sizeof *q->exclude);
    return q->recent && q->exclude;
}

/* ---- taste ---- */

/* Handed out once: whoever asks again gathers anew. */
bool aisle_ahead_taste(const aisle_answering *w, const aisle_ask *ask, aisle_taste *out)
{
    if (!w->ahead || w->ahead->looking || w->ahead->of != ask) return false;
    *out = w->ahead->taste;
    w->ahead->of = NULL;
    return true;
}

void aisle_ahead_keep_taste(const aisle_answering *w, const aisle_ask *ask, const aisle_taste *t)
{
    if (!w->ahead || !w->ahead->looking) return;
    aisle_taste kept = *t;
    /* room for all that the lists may hold: stages add to them */
    kept.recent = copy(w->arena, t->recent, (size_t)(AISLE_RECENT_MAX + ask->n_items), sizeof *t->recent);
    kept.exclude = copy(w->arena, t->exclude, (size_t)t->exclude_room, sizeof *t->exclude);
    if (!kept.recent || !kept.exclude) return;
    w->ahead->taste = kept;
    w->ahead->of = ask;
}

/* ---- scores ---- */

static bool is_same(const aisle_query *a, const aisle_query *b)
{
    return a->user == b->user && a->newcomers == b->newcomers && a->allowed == b->allowed &&
           a->include_seen == b->include_seen && a->explain == b->explain && a->groups == b->groups &&
           a->n == b->n && a->n_recent == b->n_recent && a->n_exclude == b->n_exclude &&
           (!a->n_recent || memcmp(a->recent, b->recent, (size_t)a->n_recent * sizeof *a->recent) == 0) &&
           (!a->n_exclude || memcmp(a->exclude, b->exclude, (size_t)a->n_exclude * sizeof *a->exclude) == 0);
}

aisle_status aisle_score(const aisle_answering *w, const aisle_query *q, aisle_hits *hits, aisle_error *err)
{
    aisle_ahead *a = w->ahead;
    if (a && a->looking && !q->explain && !a->asked) {
        a->query = *q;
        a->hits = (aisle_hits){.hit = aisle_arena_calloc(w->arena, (size_t)q->n, sizeof *a->hits.hit)};
        a->asked = a->hits.hit && copy_lists(w->arena, &a->query);
    }
    if (a && a->looking) return aisle_fail(err, AISLE_EBUSY, "it will be scored with others");
    if (!a || !a->scored || !is_same(&a->query, q))
        return aisle_scorer_recommend(w->scorer, w->shelf->model, q, hits, err);
    aisle_hit *to = hits->hit;
    *hits = a->hits;
    hits->hit = to;
    if (hits->n) memcpy(to, a->hits.hit, (size_t)hits->n * sizeof *to);
    return AISLE_OK;
}

void aisle_ask_ahead(const aisle_answering *w, const aisle_ask *ask)
{
    aisle_recommendation nobody_s;
    aisle_error err = {0};
    w->ahead->looking = true;
    (void)aisle_recommend(w, ask, &nobody_s, &err);
    w->ahead->looking = false;
}

/* Questions with the same items allowed stand together, since one pass serves them. */
static int32_t line_up(aisle_ahead *const *all, int32_t n, aisle_ahead *line[AISLE_TOGETHER_MOST])
{
    bool taken[AISLE_TOGETHER_MOST] = {false};
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = i; k < n; k++) {
            bool same = all[i]->asked && all[k]->asked && all[k]->query.allowed == all[i]->query.allowed;
            if (taken[k] || !same) continue;
            taken[k] = true;
            line[count++] = all[k];
        }
    return count;
}

void aisle_score_together(aisle_scorer *s, const aisle_shelf *shelf, aisle_ahead *const *all, int32_t n)
{
    aisle_ahead *line[AISLE_TOGETHER_MOST];
    aisle_query queries[AISLE_TOGETHER_MOST] = {0};
    aisle_hits hits[AISLE_TOGETHER_MOST];
    aisle_error err = {0};
    int32_t count = line_up(all, n, line);
    for (int32_t i = 0; i < count; i++) {
        queries[i] = line[i]->query;
        hits[i] = line[i]->hits;
    }
    if (aisle_scorer_recommend_batch(s, shelf->model, queries, count, hits, &err) != AISLE_OK) return;
    for (int32_t i = 0; i < count; i++) {
        line[i]->hits = hits[i];
        line[i]->scored = true;
    }
}
