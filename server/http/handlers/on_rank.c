/* POST /v1/rank: a given list in the order of somebody's taste. */
#include "server/auth/identity.h"
#include "server/http/handlers/answer_hits.h"
#include "server/http/handlers/ask_recommend.h"

enum { RANKED = 1000, ID_BYTES = 255 };

typedef struct ranking {
    aisle_work work;
    aisle_shelf *shelf; /* a reference */
    aisle_ask ask;      /* items: the context */
    aisle_trial trial;
    aisle_str *ids; /* to be ordered */
    int64_t n;
    json_t *body;
} ranking;

static aisle_status parse(aisle_request *r, ranking *k)
{
    static const char *const known[] = {"user", "session", "items", "context", NULL};
    aisle_json_scope s;
    AISLE_TRY(aisle_json_body(r, &s));
    AISLE_TRY(aisle_json_only(&s, known));
    AISLE_TRY(aisle_json_required(&s, "items"));
    AISLE_TRY(aisle_json_text(&s, "user", 1, ID_BYTES, &k->ask.user));
    AISLE_TRY(aisle_json_text(&s, "session", 1, ID_BYTES, &k->ask.session));
    AISLE_TRY(aisle_json_ids(&s, "items", RANKED, &k->ids, &k->n));
    AISLE_TRY(aisle_json_ids(&s, "context", AISLE_ASK_ITEMS, &k->ask.items, &k->ask.n_items));
    if (k->n < 1) return aisle_request_invalid(r, "/items", "out_of_range", "1 to %d ids wanted", RANKED);
    return AISLE_OK;
}

/* ---- the answer ---- */

static bool add(json_t *items, aisle_str id, const aisle_hit *hit, bool known)
{
    json_t *score = hit ? json_real((double)hit->score) : json_null();
    json_t *one = json_pack("{s:o, s:o, s:b}", "id", aisle_answer_text(id), "score", score, "known", known);
    return one && json_array_append_new(items, one) == 0;
}

typedef struct places {
    int32_t *item;     /* [n]: of each id, -1 = unknown */
    bool *done;        /* [n]: it is in the answer, or was named before */
    uint64_t *allowed; /* what there is to order */
    int32_t n_known;   /* distinct */
} places;

static aisle_status find(const aisle_answering *w, const ranking *k, places *p, aisle_error *err)
{
    p->item = aisle_arena_calloc(w->arena, (size_t)k->n, sizeof *p->item);
    p->done = aisle_arena_calloc(w->arena, (size_t)k->n, sizeof *p->done);
    p->allowed = aisle_arena_calloc(w->arena, (size_t)aisle_shelf_words(w->shelf) + 1, sizeof *p->allowed);
    aisle_idmap *seen = aisle_idmap_new();
    bool ok = p->item && p->done && p->allowed && seen;
    for (int64_t i = 0; i < k->n && ok; i++) {
        const int32_t before = aisle_idmap_count(seen), at = aisle_idmap_add(seen, k->ids[i]);
        const int32_t item = p->item[i] = aisle_shelf_find(w->shelf, k->ids[i]);
        ok = at >= 0;
        p->done[i] = at < before;
        if (item < 0 || p->done[i]) continue;
        p->allowed[item / 64] |= (uint64_t)1 << (item % 64);
        p->n_known++;
    }
    aisle_idmap_free(seen);
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for a ranking");
}

static bool encode(const aisle_shelf *s, const ranking *k, const places *p, const aisle_hits *hits,
                   json_t *items)
{
    bool ok = items != NULL;
    for (int32_t h = 0; h < hits->n && ok; h++) {
        ok = add(items, aisle_shelf_id(s, hits->hit[h].item), &hits->hit[h], true);
        for (int64_t i = 0; i < k->n; i++) p->done[i] = p->done[i] || p->item[i] == hits->hit[h].item;
    }
    for (int64_t i = 0; i < k->n && ok; i++)
        if (!p->done[i]) ok = add(items, k->ids[i], NULL, p->item[i] >= 0);
    return ok;
}

static aisle_status score(ranking *k, const aisle_answering *w, aisle_error *err)
{
    int64_t started_ns = aisle_time_monotonic_ns();
    places p = {0};
    AISLE_TRY(find(w, k, &p, err));
    aisle_hits hits = {.hit = aisle_arena_calloc(w->arena, (size_t)p.n_known + 1, sizeof *hits.hit),
                       .strategy = AISLE_STRATEGY_POPULAR};
    if (!hits.hit) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a ranking");
    if (p.n_known) AISLE_TRY(aisle_score_for(w, &k->ask, p.allowed, p.n_known, &hits, err));
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    const char *strategy = aisle_strategy_name(hits.strategy);
    aisle_origin origin = {.model_version = k->shelf->model_version,
                           .strategy = aisle_str_from(strategy),
                           .scenario = AISLE_STR("rank")};
    aisle_trial_mark(&k->trial, &origin);
    aisle_recommendation_id_new(aisle_request_app(k->work.r)->ids, &origin, id);
    json_t *items = json_array();
    if (!encode(k->shelf, k, &p, &hits, items)) {
        json_decref(items);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a ranking");
    }
    double took = (double)(aisle_time_monotonic_ns() - started_ns) * 1e-6;
    k->body =
        json_pack("{s:s, s:I, s:s, s:o, s:f}", "recommendation_id", id, "model_version",
                  (json_int_t)k->shelf->model_version, "strategy", strategy, "items", items, "took_ms", took);
    if (k->trial.course.experiment[0])
        k->body = aisle_answer_with(k->body, "experiment", aisle_answer_trial(&k->trial));
    return k->body ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for a ranking");
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    ranking *k = (ranking *)w;
    const aisle_answering a = aisle_answering_of(w->r, k->shelf, aisle_loop_of(w->r)->beside);
    aisle_status st = score(k, &a, err);
    aisle_shelf_unref(k->shelf);
    return st;
}

static aisle_status reply(aisle_work *w)
{
    aisle_reply_header(w->r, "Cache-Control", "private, no-store");
    return aisle_reply_json(w->r, 200, ((ranking *)w)->body);
}

/* The shelf is that of the variant of who asks, where it has one. */
static aisle_status begin_trial(aisle_request *r, ranking *k)
{
    const aisle_trying with = aisle_trying_of(r, k->shelf, AISLE_ON_RANK);
    AISLE_TRY(aisle_trial_begin(&with, &k->ask, &k->trial, aisle_request_error(r)));
    if (!k->trial.shelf) return AISLE_OK;
    aisle_shelf_unref(k->shelf);
    k->shelf = k->trial.shelf;
    k->trial.shelf = NULL;
    return AISLE_OK;
}

/* A thousand products are looked up and written: beside the loop. */
aisle_status aisle_on_rank(aisle_request *r)
{
    static const char *const none[] = {NULL};
    ranking *k = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *k);
    if (!k) return aisle_no_memory(r);
    *k = (ranking){.work = {.r = r, .run = run, .reply = reply, .on = aisle_loop_of(r)->scoring}};
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(parse(r, k));
    if (!aisle_ask_admitted(r, &k->ask, 1)) return AISLE_OK;
    if (!(k->shelf = aisle_shelf_or_refuse(r))) return AISLE_OK;
    aisle_status st = begin_trial(r, k);
    if (st == AISLE_OK) st = aisle_work_submit(&k->work);
    if (st != AISLE_OK) aisle_shelf_unref(k->shelf);
    return st;
}
