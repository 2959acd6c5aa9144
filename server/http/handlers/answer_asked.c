/* From a question to an answer: who asks, what they did last, what may be shown, the scorer's best. */
#include "server/http/handlers/answer_asked.h"

#include <string.h>

#include "server/auth/random_id.h"
#include "server/store/person_rows.h"

enum { RECENT = AISLE_RECENT_MAX, DISLIKED_MAX = RECENT };

aisle_status aisle_no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the recommendations");
}

aisle_shelf *aisle_shelf_or_refuse(aisle_request *r)
{
    aisle_shelf *s = aisle_shelf_get(aisle_request_app(r)->shelves);
    if (!s) {
        aisle_reply_header(r, "Retry-After", "30");
        aisle_reply_problem(
            r, 503, "model_not_ready",
            "no model serves yet; start a training (POST /v1/admin/trainings) or activate one");
    }
    return s;
}

aisle_hit *aisle_hits_room(aisle_request *r, int64_t limit)
{
    return aisle_arena_calloc(aisle_request_arena(r), (size_t)limit + AISLE_SPARE_HITS, sizeof(aisle_hit));
}

uint64_t *aisle_allowed(aisle_request *r, const aisle_shelf *s, const aisle_shelf_filter *f)
{
    aisle_arena *a = aisle_request_arena(r);
    uint64_t *bits = aisle_arena_alloc(a, (size_t)aisle_shelf_words(s) * sizeof *bits);
    return bits && aisle_shelf_allowed(s, f, a, bits) ? bits : NULL;
}

/* ---- who asks ---- */

/* Who was erased is unknown at once, also to a model that was made before. */
static int32_t find_user(const aisle_shelf *s, const aisle_ask *ask, aisle_str id)
{
    int32_t user = aisle_model_find_user(s->model, id);
    return user >= 0 && aisle_view_is_erased(ask->with->view, id) ? -1 : user;
}

/* The model's user: an account, or a guest session that took part in training under "session:ID". */
static int32_t known_user(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask)
{
    if (ask->user.ptr) return find_user(s, ask, ask->user);
    if (!ask->session.ptr) return -1;
    char *name =
        aisle_arena_printf(aisle_request_arena(r), "session:%.*s", (int)ask->session.len, ask->session.ptr);
    return name ? find_user(s, ask, aisle_str_from(name)) : -1;
}

typedef struct taste {
    int32_t user;                           /* the model's, -1 = unknown */
    int32_t groups[AISLE_GROUP_ATTRIBUTES]; /* of who has a record and is not the model's */
    aisle_weighted_item *recent;
    int32_t *exclude;
    int32_t n_recent, n_exclude;
} taste;

static aisle_status gather_recent(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask, taste *t)
{
    aisle_recent *events = NULL;
    aisle_recent_event known[RECENT];
    int32_t n = 0, n_known = 0;
    if (!ask->user.ptr && !ask->session.ptr) return AISLE_OK;
    AISLE_TRY(aisle_view_recent(ask->with->view, ask->user, ask->session, RECENT, aisle_request_arena(r),
                                &events, &n, aisle_request_error(r)));
    for (int32_t i = 0; i < n; i++) {
        int32_t item = aisle_shelf_find(s, events[i].item);
        if (item < 0) continue;
        if (events[i].type == AISLE_EVENT_DISLIKE) t->exclude[t->n_exclude++] = item;
        if (!aisle_recent_is_trained(s->model, s->since_ms, t->user, item, events[i].at_ms))
            known[n_known++] = (aisle_recent_event){item, events[i].type, events[i].value};
    }
    t->n_recent = aisle_recent_weigh(&s->weights, known, n_known, t->recent);
    return AISLE_OK;
}

/* Nothing was done yet, but a record came: a hybrid knows what people of its groups take. */
static aisle_status gather_groups(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask, taste *t)
{
    aisle_user record;
    aisle_status st =
        aisle_view_user(ask->with->view, ask->user, aisle_request_arena(r), &record, aisle_request_error(r));
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) t->groups[a] = -1;
    if (st == AISLE_ENOTFOUND) return AISLE_OK;
    AISLE_TRY(st);
    t->groups[0] = aisle_model_group(s->model, 0, record.age_band);
    t->groups[1] = aisle_model_group(s->model, 1, record.gender);
    t->groups[2] = aisle_model_group(s->model, 2, record.country);
    return AISLE_OK;
}

static aisle_status gather(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask, taste *t)
{
    aisle_arena *a = aisle_request_arena(r);
    float weight = aisle_named_weight(&s->weights);
    t->recent = aisle_arena_calloc(a, (size_t)(RECENT + ask->n_items), sizeof *t->recent);
    t->exclude = aisle_arena_calloc(a, (size_t)(DISLIKED_MAX + ask->n_exclude), sizeof *t->exclude);
    if (!t->recent || !t->exclude) return aisle_no_memory(r);
    AISLE_TRY(gather_recent(r, s, ask, t));
    for (int64_t i = 0; i < ask->n_items; i++) {
        int32_t item = aisle_shelf_find(s, ask->items[i]);
        if (item >= 0) t->recent[t->n_recent++] = (aisle_weighted_item){item, weight};
    }
    for (int64_t i = 0; i < ask->n_exclude; i++) {
        int32_t item = aisle_shelf_find(s, ask->exclude[i]);
        if (item >= 0) t->exclude[t->n_exclude++] = item;
    }
    return AISLE_OK;
}

/* ---- encoding ---- */

static json_t *encode_reasons(const aisle_shelf *s, const aisle_hit *hit, const char *type)
{
    json_t *reasons = json_array();
    for (int32_t k = 0; k < hit->n_reasons && reasons; k++) {
        aisle_str id = aisle_shelf_id(s, hit->reasons[k].item);
        json_t *one = json_pack("{s:s, s:o, s:f}", "type", type, "item", aisle_answer_text(id), "weight",
                                (double)hit->reasons[k].share);
        json_array_append_new(reasons, one);
    }
    return reasons;
}

/* Which part of a hybrid gave which share of hit h's score; those that gave nothing are left out. */
static json_t *encode_parts(const aisle_shelf *s, const aisle_hits *hits, int32_t h)
{
    json_t *parts = json_array();
    for (int32_t p = 0; p < hits->n_parts && parts; p++) {
        double share = (double)hits->shares[(int64_t)h * hits->n_parts + p];
        if (share > 0)
            json_array_append_new(parts, json_pack("{s:s, s:f}", "part",
                                                   aisle_part_name(aisle_model_hybrid(s->model)->part[p]),
                                                   "share", share));
    }
    return parts;
}

/* AISLE_ENOTFOUND: not to be shown any more. */
static aisle_status encode_hit(aisle_request *r, const aisle_shelf *s, const aisle_hit *hit,
                               const aisle_hits_style *style, json_t **out)
{
    aisle_product p;
    int64_t version;
    aisle_str id = aisle_shelf_id(s, hit->item);
    aisle_status st =
        aisle_view_product(style->view, id, aisle_request_arena(r), &p, &version, aisle_request_error(r));
    bool no_catalogue = s->n_known == 0;
    if (st == AISLE_ENOTFOUND && no_catalogue) {
        p = (aisle_product){.id = id, .price_minor = -1, .stock = -1};
        st = AISLE_OK;
    }
    if (st != AISLE_OK) return st;
    if (p.stock == 0 || p.visibility == AISLE_HIDDEN) return AISLE_ENOTFOUND;
    json_t *o = aisle_answer_product(&p, style->fields);
    o = aisle_answer_with(o, "score", json_real((double)hit->score));
    if (style->reason_type) o = aisle_answer_with(o, "reasons", encode_reasons(s, hit, style->reason_type));
    *out = o;
    return o ? AISLE_OK : aisle_no_memory(r);
}

aisle_status aisle_encode_hits(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits,
                               aisle_hits_style style, json_t **out)
{
    json_t *items = json_array();
    aisle_status st = items ? AISLE_OK : aisle_no_memory(r);
    for (int32_t i = 0; i < hits->n && st == AISLE_OK && (int64_t)json_array_size(items) < style.limit; i++) {
        json_t *one = NULL;
        st = encode_hit(r, s, &hits->hit[i], &style, &one);
        if (st == AISLE_OK && hits->shares) one = aisle_answer_with(one, "parts", encode_parts(s, hits, i));
        if (st == AISLE_OK && json_array_append_new(items, one)) st = aisle_no_memory(r);
        if (st == AISLE_ENOTFOUND) st = AISLE_OK;
    }
    if (st == AISLE_OK)
        *out = items;
    else
        json_decref(items);
    return st;
}

static const char *reason_type(const aisle_ask *ask, bool known, aisle_strategy strategy)
{
    static const char *const names[] = {[AISLE_STRATEGY_PERSONAL] = "history",
                                        [AISLE_STRATEGY_SESSION] = "session",
                                        [AISLE_STRATEGY_CONTENT] = "content",
                                        [AISLE_STRATEGY_POPULAR] = "popular"};
    if (strategy == AISLE_STRATEGY_HYBRID)
        strategy = known ? AISLE_STRATEGY_PERSONAL : AISLE_STRATEGY_SESSION;
    return ask->explain ? names[strategy] : NULL;
}

static json_t *new_id(void)
{
    char hex[AISLE_HEX_BYTES];
    aisle_random_id(hex);
    return json_string(hex);
}

static json_t *envelope(const aisle_shelf *s, aisle_strategy strategy, int64_t started_ns, json_t *items)
{
    double took = (double)(aisle_time_monotonic_ns() - started_ns) * 1e-6;
    json_t *o = aisle_answer_with(json_object(), "recommendation_id", new_id());
    o = aisle_answer_with(o, "model_version", json_integer(s->model_version));
    o = aisle_answer_with(o, "strategy", json_string(aisle_strategy_name(strategy)));
    o = aisle_answer_with(o, "took_ms", json_real(took));
    return aisle_answer_with(o, "items", items);
}

/* What a hybrid adds: three passes over the scores of each part, and the links of what was taken; with `explain`, each
 * taken item is compared with each hit. Measured with 4,000 to 9,000 items: 1.4 ns an item and part, 1 ns a link, 20 ns a pair
 * beside its factors. */
static int64_t hybrid_work(const aisle_shelf *s, const aisle_ask *ask, int64_t taken)
{
    const int64_t of_pass = 7, of_link = 5, of_pair = 100;
    const aisle_hybrid_tables *h = aisle_model_hybrid(s->model);
    int64_t links = 0, pairs = ask->explain ? taken * (ask->limit + AISLE_SPARE_HITS) : 0;
    if (!h) return 0;
    for (int32_t p = 0; p < h->n_parts; p++)
        if (h->table[p].kind == AISLE_TABLE_LINKS) links += aisle_csr_nnz(&h->table[p].links);
    return (int64_t)s->n_items * h->n_parts * of_pass + taken * (links / (s->n_items + 1)) * of_link +
           pairs * (of_pair + aisle_model_n_factors(s->model));
}

static int64_t history_of(const aisle_shelf *s, const aisle_ask *ask)
{
    int32_t user = ask->user.ptr ? aisle_model_find_user(s->model, ask->user) : -1;
    aisle_csr seen = aisle_model_seen(s->model);
    return user < 0 ? 0 : seen.row_ptr[user + 1] - seen.row_ptr[user];
}

/* As of scorer.h: n_items * f for the scores, events * f^2 + f^3 / 3 for the fold-in. Measured with 20,000
 * items of 128 factors on one core: 5 multiply-adds a nanosecond, 12 us to look up and encode one product. */
int64_t aisle_ask_work(const aisle_shelf *s, const aisle_ask *ask)
{
    const int64_t look_up = 60000;
    int64_t f = aisle_model_n_factors(s->model), events = history_of(s, ask) + RECENT + ask->n_items;
    bool somebody = ask->user.ptr || ask->session.ptr || ask->n_items;
    return s->n_items * (somebody ? f + 1 : 1) + (somebody ? events * f * f + f * f * f / 3 : 0) +
           hybrid_work(s, ask, somebody ? events : 0) + ask->limit * look_up;
}

aisle_status aisle_recommend(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask, json_t **out)
{
    taste t = {.user = known_user(r, s, ask)};
    json_t *items = NULL;
    int64_t started_ns = aisle_time_monotonic_ns();
    AISLE_TRY(gather(r, s, ask, &t));
    bool has_groups = t.user < 0 && ask->user.ptr && aisle_model_hybrid(s->model);
    if (has_groups) AISLE_TRY(gather_groups(r, s, ask, &t));
    aisle_query q = {.user = t.user,
                     .newcomers = s->newcomers,
                     .groups = has_groups ? t.groups : NULL,
                     .recent = t.recent,
                     .n_recent = t.n_recent,
                     .exclude = t.exclude,
                     .n_exclude = t.n_exclude,
                     .allowed = aisle_allowed(r, s, &ask->filter),
                     .explain = ask->explain,
                     .n = (int32_t)ask->limit + AISLE_SPARE_HITS};
    aisle_hits hits = {.hit = aisle_hits_room(r, ask->limit)};
    if (!q.allowed || !hits.hit) return aisle_no_memory(r);
    AISLE_TRY(aisle_scorer_recommend(ask->with->scorer, s->model, &q, &hits, aisle_request_error(r)));
    aisle_hits_style style = {ask->with->view, ask->fields, ask->limit,
                              reason_type(ask, t.user >= 0, hits.strategy)};
    AISLE_TRY(aisle_encode_hits(r, s, &hits, style, &items));
    *out = envelope(s, hits.strategy, started_ns, items);
    return *out ? AISLE_OK : aisle_no_memory(r);
}

aisle_status aisle_score_for(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask,
                             const uint64_t *allowed, int32_t n, aisle_hits *hits)
{
    taste t = {.user = known_user(r, s, ask)};
    AISLE_TRY(gather(r, s, ask, &t));
    bool has_groups = t.user < 0 && ask->user.ptr && aisle_model_hybrid(s->model);
    if (has_groups) AISLE_TRY(gather_groups(r, s, ask, &t));
    aisle_query q = {.user = t.user,
                     .groups = has_groups ? t.groups : NULL,
                     .recent = t.recent,
                     .n_recent = t.n_recent,
                     .allowed = allowed,
                     .include_seen = true,
                     .n = n};
    return aisle_scorer_recommend(ask->with->scorer, s->model, &q, hits, aisle_request_error(r));
}
