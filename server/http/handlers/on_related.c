/* GET /v1/products/{id}/related and /v1/trending: lists that are the same for everyone. */
#include <math.h>

#include "server/auth/identity.h"
#include "server/http/handlers/answer_hits.h"
#include "server/http/handlers/ask_filter.h"
#include "server/json/json_text.h"
#include "server/recommend/pin.h"
#include "server/recommend/relations.h"
#include "server/recommend/rules.h"
#include "server/recommend/trends.h"

enum { MAX_AGE = 30, WINDOW_MAX_AGE = 1 /* seconds; of what counts events as they come */ };

/* What is asked, and how its answer is told from others. */
typedef struct list_ask {
    const char *kind; /* of the list, for its recommendation_id */
    aisle_str of;
    const char *reason_type;
    int64_t limit;
    int32_t window;     /* of trending (decayed.h), -1 = none */
    const char *source; /* of trending: "events", "model" */
} list_ask;

static aisle_status parse_related(aisle_request *r, aisle_relation *relation, list_ask *ask)
{
    static const char *const known[] = {"intent", "limit", "explain", NULL};
    static const char *const reasons[] = {"similar", "bought_with", "similar", "content"};
    bool explain;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                      &ask->limit));
    AISLE_TRY(aisle_request_query_bool(r, "explain", false, &explain));
    aisle_str name = aisle_request_query(r, "intent");
    *relation = AISLE_RELATED_SIMILAR;
    if (name.ptr && !aisle_relation_parse(name, relation))
        return aisle_request_invalid(r, "?intent", "unknown",
                                     "similar, complementary, upgrade or content wanted");
    ask->kind = aisle_relation_names[*relation];
    ask->of = aisle_request_param(r, "id");
    if (explain) ask->reason_type = reasons[*relation];
    return AISLE_OK;
}

/* The list's own: whoever is shown it, from a cache too, names the same in events. */
static bool list_id(aisle_request *r, const aisle_shelf *s, const list_ask *ask,
                    char id[AISLE_RECOMMENDATION_ID_BYTES])
{
    const aisle_origin origin = {.model_version = s->model_version, .strategy = aisle_str_from(ask->kind)};
    char *what = aisle_arena_printf(aisle_request_arena(r), "%s%s %lld %.*s", ask->kind,
                                    ask->window < 0 ? "" : aisle_windows[ask->window].name,
                                    (long long)ask->limit, (int)ask->of.len, ask->of.ptr ? ask->of.ptr : "");
    if (what) aisle_recommendation_id_shared(aisle_request_app(r)->ids, &origin, aisle_str_from(what), id);
    return what != NULL;
}

/* ,"source":"events","window":"6h" */
static bool add_trend(const list_ask *ask, aisle_buf *out)
{
    if (!ask->source) return true;
    return aisle_text_raw(out, ",\"source\":\"") && aisle_text_raw(out, ask->source) &&
           aisle_text_raw(out, "\"") &&
           (ask->window < 0 ||
            (aisle_text_raw(out, ",\"window\":\"") && aisle_text_raw(out, aisle_windows[ask->window].name) &&
             aisle_text_raw(out, "\"")));
}

static aisle_status encode(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits,
                           const list_ask *ask, aisle_buf *out)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    aisle_hits_style style = {
        aisle_loop_of(r)->view, AISLE_FIELDS_SHORT, ask->limit, ask->reason_type, NULL, NULL, 0};
    if (!list_id(r, s, ask, id) || !aisle_text_raw(out, "{\"recommendation_id\":\"") ||
        !aisle_text_raw(out, id) || !aisle_text_raw(out, "\",\"model_version\":") ||
        !aisle_text_int(out, s->model_version) || !add_trend(ask, out) || !aisle_text_raw(out, ",\"items\":"))
        return aisle_no_memory(r);
    AISLE_TRY(aisle_encode_hits(r, s, hits, style, out));
    return aisle_text_raw(out, "}") ? AISLE_OK : aisle_no_memory(r);
}

static aisle_status reply(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits, const list_ask *ask)
{
    aisle_buf body = {0};
    aisle_status st = encode(r, s, hits, ask, &body);
    const int max_age = ask->window < 0 ? MAX_AGE : WINDOW_MAX_AGE;
    if (st == AISLE_OK) st = aisle_answer_cached_text(r, (aisle_str){body.data, (size_t)body.len}, max_age);
    aisle_buf_deinit(&body);
    return st;
}

/* What a list is about: items that do not come themselves, as an aisle_pin_hits asks. */
static bool is_itself(const void *ctx, int32_t item)
{
    return *(const int32_t *)ctx == item;
}

/* The shop keeper's rules: into filter and wishes, which c borrows. place: but for the time. */
static aisle_status take_rules(aisle_request *r, aisle_choosing *c, aisle_rules_place place,
                               aisle_filter *filter, aisle_wishes *wishes)
{
    *wishes = (aisle_wishes){.min_score = -INFINITY};
    c->filter = filter;
    c->wishes = wishes;
    return aisle_ask_rules(r, place.scenario, place.category, filter, wishes);
}

/* AISLE_ENOTFOUND: no such product, or one that is hidden from who asks. A shop that keeps no catalogue has what its model
 * knows. */
static aisle_status check_shown(aisle_request *r, const aisle_shelf *s, aisle_str id, aisle_str *category)
{
    aisle_product product;
    int64_t version;
    if (s->n_known == 0 && aisle_shelf_find(s, id) >= 0) return AISLE_OK;
    AISLE_TRY(aisle_view_product(aisle_loop_of(r)->view, id, aisle_request_arena(r), &product, &version,
                                 aisle_request_error(r)));
    *category = product.category;
    if (product.visibility != AISLE_HIDDEN || aisle_request_identity(r)->scopes & AISLE_SCOPE_ADMIN)
        return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "product %.*s: not found", (int)id.len,
                      id.ptr);
}

typedef struct related_ctx {
    const aisle_answering *w;
    aisle_related_ask q; /* allowed and n are the caller's */
} related_ctx;

static aisle_status best_related(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                 aisle_hits *hits, aisle_error *err)
{
    const related_ctx *c = ctx;
    aisle_related_ask q = c->q;
    (void)explain; /* there is always the one reason */
    q.allowed = allowed;
    q.n = n;
    return aisle_related(c->w, &q, hits, err);
}

/* A product that the model knows nothing of, not by its text either, has an empty list; one that does not exist is an error. */
static aisle_status answer_related(aisle_request *r, const aisle_shelf *s, aisle_relation relation,
                                   const list_ask *ask)
{
    const aisle_answering w = aisle_answering_of(r, s, aisle_loop_of(r));
    const int32_t item = aisle_shelf_find(s, ask->of);
    related_ctx ctx = {&w, {.relation = relation, .items = &item, .n_items = 1}};
    const aisle_source source = {.best = best_related, .ctx = &ctx, .unsorted = true};
    aisle_choosing c = {.w = &w,
                        .source = &source,
                        .n = (int32_t)ask->limit + AISLE_SPARE_HITS,
                        .explain = ask->reason_type != NULL};
    aisle_hits hits = {.hit = aisle_hits_room(w.arena, ask->limit)};
    aisle_rules_place place = {.scenario = AISLE_STR("related")};
    aisle_filter filter = {.key = AISLE_STR("")};
    aisle_wishes wishes;
    if (!hits.hit) return aisle_no_memory(r);
    AISLE_TRY(check_shown(r, s, ask->of, &place.category));
    if (item < 0) return reply(r, s, &hits, ask);
    AISLE_TRY(take_rules(r, &c, place, &filter, &wishes));
    AISLE_TRY(aisle_choose(&c, &hits, aisle_request_error(r)));
    AISLE_TRY(aisle_pin_hits(&c, 0, is_itself, &item, &hits, aisle_request_error(r)));
    return reply(r, s, &hits, ask);
}

aisle_status aisle_on_related(aisle_request *r)
{
    aisle_relation relation;
    list_ask ask = {.window = -1};
    AISLE_TRY(parse_related(r, &relation, &ask));
    aisle_shelf *s = aisle_shelf_or_refuse(r);
    if (!s) return AISLE_OK;
    aisle_status st = answer_related(r, s, relation, &ask);
    aisle_shelf_unref(s);
    return st;
}

typedef struct trending_ctx {
    const aisle_answering *w;
    aisle_trends *trends;
    int32_t window; /* -1: as the model has it */
    int64_t at_ms;
} trending_ctx;

static aisle_status best_trending(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                  aisle_hits *hits, aisle_error *err)
{
    const trending_ctx *c = ctx;
    const aisle_model *m = c->w->shelf->model;
    (void)explain;
    if (c->window < 0) return aisle_scorer_popular(m, aisle_model_trending(m) != NULL, n, allowed, hits, err);
    aisle_trends_best(c->trends, c->w->shelf, c->window, c->at_ms, allowed, n, hits);
    return AISLE_OK;
}

/* Scores are as of the end of ten seconds: while nothing is done, the answer stays the same. */
static int64_t soon_ms(void)
{
    const int64_t step_ms = 10000;
    return (aisle_time_now_ms() / step_ms + 1) * step_ms;
}

static aisle_status answer_trending(aisle_request *r, const aisle_shelf *s, list_ask *ask)
{
    const aisle_answering w = aisle_answering_of(r, s, aisle_loop_of(r));
    trending_ctx ctx = {&w, aisle_request_app(r)->trends, ask->window, soon_ms()};
    const aisle_source source = {.best = best_trending, .ctx = &ctx};
    aisle_choosing c = {.w = &w, .source = &source, .n = (int32_t)ask->limit + AISLE_SPARE_HITS};
    aisle_filter filter = {.key = AISLE_STR("")};
    aisle_hits hits = {.hit = aisle_hits_room(w.arena, ask->limit)};
    aisle_wishes wishes;
    if (!hits.hit || (ask->of.ptr && !aisle_filter_category(ask->of, w.arena, &filter)))
        return aisle_no_memory(r);
    AISLE_TRY(take_rules(r, &c, (aisle_rules_place){.scenario = AISLE_STR("trending")}, &filter, &wishes));
    AISLE_TRY(aisle_choose(&c, &hits, aisle_request_error(r)));
    if (hits.n == 0 && ctx.window >= 0) {
        ctx.window = -1;
        AISLE_TRY(aisle_choose(&c, &hits, aisle_request_error(r)));
    }
    ask->source = ctx.window < 0 ? "model" : "events";
    AISLE_TRY(aisle_pin_hits(&c, 0, NULL, NULL, &hits, aisle_request_error(r)));
    return reply(r, s, &hits, ask);
}

static aisle_status parse_trending(aisle_request *r, list_ask *ask)
{
    static const char *const known[] = {"limit", "category", "window", NULL};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                      &ask->limit));
    const aisle_str window = aisle_request_query(r, "window");
    ask->of = aisle_request_query(r, "category");
    ask->window = window.ptr ? aisle_window_find(window) : -1;
    if (window.ptr && ask->window < 0)
        return aisle_request_invalid(r, "?window", "unknown", "1h, 6h, 24h, 3d, 7d or 30d wanted");
    return AISLE_OK;
}

aisle_status aisle_on_trending(aisle_request *r)
{
    list_ask ask = {.kind = "trending"};
    AISLE_TRY(parse_trending(r, &ask));
    aisle_shelf *s = aisle_shelf_or_refuse(r);
    if (!s) return AISLE_OK;
    aisle_status st = answer_trending(r, s, &ask);
    aisle_shelf_unref(s);
    return st;
}
