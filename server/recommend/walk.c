/* Each step is a source for the stages that choose (choose.h): filters, boosts, diversity and caps hold over the whole list. */
#include "server/recommend/walk.h"

#include <math.h>
#include <string.h>

#include "server/recommend/best_hits.h"
#include "server/recommend/relations.h"
#include "server/recommend/together.h"
#include "server/recommend/trends.h"

enum { ABOUT_MOST = 20 };

typedef struct walk {
    const aisle_walking *k;
    aisle_wishes wishes;
    uint64_t *excluded, *seen; /* bitmaps: what comes of no source; what comes of "viewed" alone */
    int32_t *about;            /* items that similar ones are looked for of */
    int32_t n_about;
    int32_t *viewed; /* newest first, distinct */
    int32_t n_viewed;
    bool is_known;
    int64_t at_ms; /* one moment for all that is counted as of now */
} walk;

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for a scenario");
}

const char *aisle_source_reason(aisle_step_source source)
{
    switch (source) {
    case AISLE_FROM_SIMILAR: return "similar";
    case AISLE_FROM_COMPLEMENTARY: return "bought_with";
    case AISLE_FROM_CONTENT: return "content";
    default: return NULL;
    }
}

/* ---- who asks ---- */

static void mark(uint64_t *bits, int32_t i)
{
    bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static aisle_status mark_seen(walk *s, aisle_error *err)
{
    const aisle_taste *t = s->k->taste;
    const aisle_shelf *shelf = s->k->w->shelf;
    const aisle_csr seen = aisle_model_seen(shelf->model);
    const size_t words = (size_t)aisle_shelf_words(shelf) + 1;
    s->excluded = aisle_arena_calloc(s->k->w->arena, words, sizeof *s->excluded);
    s->seen = aisle_arena_calloc(s->k->w->arena, words, sizeof *s->seen);
    if (!s->excluded || !s->seen) return no_memory(err);
    for (int32_t i = 0; i < t->n_exclude; i++) mark(s->excluded, t->exclude[i]);
    for (int32_t i = 0; i < t->n_recent; i++) mark(s->seen, t->recent[i].item);
    for (int64_t e = t->user < 0 ? 0 : seen.row_ptr[t->user]; t->user >= 0 && e < seen.row_ptr[t->user + 1];
         e++)
        mark(s->seen, seen.col[e]);
    return AISLE_OK;
}

static bool add_distinct(int32_t *list, int32_t *n, int32_t most, int32_t item)
{
    for (int32_t i = 0; i < *n; i++)
        if (list[i] == item) return false;
    if (*n < most) list[(*n)++] = item;
    return true;
}

/* What the question is about, or else what was done last; and what was looked at. */
static aisle_status look_back(walk *s, aisle_error *err)
{
    const aisle_answering *w = s->k->w;
    const aisle_ask *ask = s->k->ask;
    const aisle_recents_ask of = {ask->user, ask->session, AISLE_RECENT_MAX};
    aisle_recents_found done = {.n = 0};
    aisle_str ids[AISLE_RECENT_MAX];
    int32_t items[AISLE_RECENT_MAX];
    const int32_t most = ask->n_items ? (int32_t)ask->n_items : ABOUT_MOST;
    s->about = aisle_arena_calloc(w->arena, (size_t)most + 1, sizeof *s->about);
    s->viewed = aisle_arena_calloc(w->arena, AISLE_RECENT_MAX, sizeof *s->viewed);
    if (!s->about || !s->viewed) return no_memory(err);
    if (ask->user.ptr || ask->session.ptr)
        AISLE_TRY(aisle_recents_get(w->recents, w->view, &of, w->arena, &done, err));
    for (int64_t i = 0; i < ask->n_items; i++) {
        int32_t item = aisle_shelf_find(w->shelf, ask->items[i]);
        if (item >= 0) add_distinct(s->about, &s->n_about, most, item);
    }
    for (int32_t i = 0; i < done.n; i++) ids[i] = done.events[i].item;
    aisle_shelf_find_all(w->shelf, ids, done.n, items);
    for (int32_t i = 0; i < done.n; i++) {
        const aisle_recent *e = &done.events[i];
        const int32_t item = items[i];
        bool looked = e->type == AISLE_EVENT_VIEW || e->type == AISLE_EVENT_CLICK;
        bool likes = aisle_weights_event(&w->shelf->weights, e->type, e->value) > 0;
        if (item < 0) continue;
        if (looked) add_distinct(s->viewed, &s->n_viewed, AISLE_RECENT_MAX, item);
        if (!ask->n_items && likes) add_distinct(s->about, &s->n_about, most, item);
    }
    s->is_known = done.n > 0 || s->k->taste->user >= 0;
    return AISLE_OK;
}

/* ---- sources ---- */

typedef struct step_ctx {
    const walk *s;
    aisle_step_source source;
    const aisle_window *window; /* of what is trending; NULL: as the model has it */
} step_ctx;

/* Days since 1970, as a float to some three minutes: products of the same moment are in the order of their numbers. */
static aisle_status best_newest(const walk *s, const uint64_t *allowed, int32_t n, aisle_hits *hits,
                                aisle_error *err)
{
    const aisle_answering *w = s->k->w;
    AISLE_TRY(aisle_catalogue_begin(w->catalogue, w->view, err));
    hits->n = 0;
    for (int32_t i = 0; i < w->shelf->n_items; i++) {
        const int32_t row = w->shelf->row[i];
        if (row < 0 || !(allowed[i / 64] >> (i % 64) & 1)) continue;
        const int32_t slot = aisle_catalogue_slot_of_row(w->catalogue, row);
        const int64_t created_ms = slot < 0 ? 0 : aisle_catalogue_traits(w->catalogue, slot).created_ms;
        const aisle_hit hit = {.item = i, .score = (float)((double)created_ms / 86400000)};
        if (created_ms > 0) aisle_best_offer(hits, n, hit);
    }
    aisle_catalogue_end(w->catalogue);
    aisle_best_sort(hits);
    hits->strategy = AISLE_STRATEGY_POPULAR;
    return AISLE_OK;
}

static void best_viewed(const walk *s, const uint64_t *allowed, int32_t n, aisle_hits *hits)
{
    hits->n = 0;
    hits->strategy = AISLE_STRATEGY_SESSION;
    for (int32_t i = 0; i < s->n_viewed && hits->n < n; i++)
        if (allowed[s->viewed[i] / 64] >> (s->viewed[i] % 64) & 1)
            hits->hit[hits->n++] = (aisle_hit){.item = s->viewed[i], .score = 1 / (float)(1 + i)};
}

static aisle_status best_related(const walk *s, aisle_relation relation, const uint64_t *allowed, int32_t n,
                                 aisle_hits *hits, aisle_error *err)
{
    const aisle_related_ask q = {relation, s->about, s->n_about, n, allowed};
    if (s->n_about == 0) return AISLE_OK;
    return aisle_related(s->k->w, &q, hits, err);
}

static aisle_status best_personal(const walk *s, const uint64_t *allowed, int32_t n, bool explain,
                                  aisle_hits *hits, aisle_error *err)
{
    aisle_query q = *s->k->personal;
    q.allowed = allowed;
    q.n = n;
    q.explain = explain;
    return aisle_score(s->k->w, &q, hits, err);
}

static aisle_status best_of(void *ctx, const uint64_t *allowed, int32_t n, bool explain, aisle_hits *hits,
                            aisle_error *err)
{
    const step_ctx *c = ctx;
    const walk *s = c->s;
    const aisle_answering *w = s->k->w;
    const bool viewed = c->source == AISLE_FROM_VIEWED;
    hits->n = hits->n_parts = 0; /* most sources say nothing of parts: those of one before are not theirs */
    hits->shares = NULL;
    if (c->source == AISLE_FROM_PERSONAL) return best_personal(s, allowed, n, explain, hits, err);
    uint64_t *bits = aisle_arena_calloc(w->arena, (size_t)aisle_shelf_words(w->shelf) + 1, sizeof *bits);
    if (!bits) return no_memory(err);
    for (int64_t i = 0; i < aisle_shelf_words(w->shelf); i++)
        bits[i] = allowed[i] & ~s->excluded[i] & (viewed ? UINT64_MAX : ~s->seen[i]);
    switch (c->source) {
    case AISLE_FROM_SIMILAR: return best_related(s, AISLE_RELATED_SIMILAR, bits, n, hits, err);
    case AISLE_FROM_COMPLEMENTARY: return best_related(s, AISLE_RELATED_COMPLEMENTARY, bits, n, hits, err);
    case AISLE_FROM_CONTENT: return best_related(s, AISLE_RELATED_CONTENT, bits, n, hits, err);
    case AISLE_FROM_NEWEST: return best_newest(s, bits, n, hits, err);
    case AISLE_FROM_VIEWED: best_viewed(s, bits, n, hits); return AISLE_OK;
    default: break;
    }
    if (c->window) {
        aisle_trends_best(w->trends, w->shelf, (int32_t)(c->window - aisle_windows), s->at_ms, bits, n, hits);
        return AISLE_OK;
    }
    return aisle_scorer_popular(w->shelf->model, c->source == AISLE_FROM_TRENDING, n, bits, hits, err);
}

/* ---- steps ---- */

static bool applies(const walk *s, const aisle_step *step)
{
    switch (step->when) {
    case AISLE_WHEN_KNOWN: return s->is_known;
    case AISLE_WHEN_NEW: return !s->is_known;
    case AISLE_WHEN_ITEMS: return s->k->ask->n_items > 0;
    default: return true;
    }
}

/* What passes both: one, and not the others. */
static bool filter_both(const aisle_filter *a, const aisle_filter *b, aisle_arena *arena, aisle_filter *out)
{
    *out = a->where ? *a : *b;
    if (!a->where || !b->where) return true;
    aisle_where *w = aisle_arena_calloc(arena, 2, sizeof *w);
    if (!w) return false;
    w[0] = (aisle_where){.kind = AISLE_WHERE_NOT, .child = &w[1]};
    w[1] = *b->where;
    w[1].next = NULL;
    const aisle_filter others = {.where = w};
    return aisle_filter_without(a, &others, 1, arena, out);
}

static aisle_status take_step(const walk *s, const aisle_step *step, int32_t n, aisle_hits *hits,
                              aisle_sourced *from, aisle_error *err)
{
    const aisle_walking *k = s->k;
    const int32_t before = hits->n;
    aisle_filter both;
    step_ctx ctx = {s, step->source, k->w->trends ? step->window : NULL};
    const aisle_source source = {
        .best = best_of, .ctx = &ctx, .unsorted = step->source == AISLE_FROM_SIMILAR};
    if (!filter_both(&k->ask->filter, &step->filter, k->w->arena, &both)) return no_memory(err);
    const aisle_choosing c = {.w = k->w,
                              .source = &source,
                              .filter = &both,
                              .wishes = &s->wishes,
                              .n = n,
                              .explain = k->ask->explain};
    AISLE_TRY(aisle_choose(&c, hits, err));
    if (ctx.window && hits->n < n) { /* no more is done now */
        ctx.window = NULL;
        AISLE_TRY(aisle_choose(&c, hits, err));
    }
    for (int32_t i = before; i < hits->n; i++) from[i] = (aisle_sourced){hits->hit[i].item, step->source};
    return AISLE_OK;
}

static aisle_status take_steps(const walk *s, bool shared, aisle_hits *hits, aisle_sourced *from,
                               aisle_error *err)
{
    const aisle_scenario *sc = s->k->ask->scenario;
    const int32_t limit = (int32_t)s->k->ask->limit, all = limit + AISLE_SPARE_SCORED;
    for (int32_t i = 0; i < sc->n_steps && hits->n < all; i++) {
        int32_t share = (int32_t)ceil(sc->step[i].share * limit - 1e-9), n = all;
        if (!applies(s, &sc->step[i])) continue;
        if (share > sc->step[i].limit) share = sc->step[i].limit;
        if (shared) n = hits->n + share < limit ? hits->n + share : limit;
        if (n > hits->n) AISLE_TRY(take_step(s, &sc->step[i], n, hits, from, err));
    }
    return AISLE_OK;
}

aisle_status aisle_walk(const aisle_walking *k, aisle_hits *hits, aisle_sourced **out, aisle_error *err)
{
    walk s = {.k = k, .wishes = k->ask->wishes, .at_ms = aisle_time_now_ms()};
    aisle_sourced *from =
        aisle_arena_calloc(k->w->arena, (size_t)k->ask->limit + AISLE_SPARE_HITS, sizeof *from);
    if (!from) return no_memory(err);
    if (!(s.wishes.diversity > 0)) s.wishes.diversity = k->ask->scenario->diversity;
    AISLE_TRY(mark_seen(&s, err));
    AISLE_TRY(look_back(&s, err));
    AISLE_TRY(take_steps(&s, true, hits, from, err));
    AISLE_TRY(take_steps(&s, false, hits, from, err));
    *out = from;
    return AISLE_OK;
}
