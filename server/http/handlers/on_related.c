/* GET /v1/products/{id}/related and /v1/trending: lists that are the same for everyone. */
#include <math.h>

#include "server/auth/identity.h"
#include "server/http/handlers/answer_hits.h"
#include "server/http/handlers/ask_filter.h"
#include "server/json/json_text.h"
#include "server/recommend/pin.h"
#include "server/recommend/relations.h"
#include "server/recommend/rules.h"

enum { MAX_AGE = 30 };

/* What is asked, and how its answer is told from others. */
typedef struct list_ask {
    const char *kind; /* of the list, for its recommendation_id */
    aisle_str of;
    const char *reason_type;
    int64_t limit;
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
    char *what = aisle_arena_printf(aisle_request_arena(r), "%s %lld %.*s", ask->kind, (long long)ask->limit,
                                    (int)ask->of.len, ask->of.ptr ? ask->of.ptr : "");
    if (what) aisle_recommendation_id_shared(aisle_request_app(r)->ids, &origin, aisle_str_from(what), id);
    return what != NULL;
}

static aisle_status encode(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits,
                           const list_ask *ask, aisle_buf *out)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    aisle_hits_style style = {
        aisle_loop_of(r)->view, AISLE_FIELDS_SHORT, ask->limit, ask->reason_type, NULL, NULL, 0};
    if (!list_id(r, s, ask, id) || !aisle_text_raw(out, "{\"recommendation_id\":\"") ||
        !aisle_text_raw(out, id) || !aisle_text_raw(out, "\",\"model_version\":") ||
        !aisle_text_int(out, s->model_version) || !aisle_text_raw(out, ",\"items\":"))
        return aisle_no_memory(r);
    AISLE_TRY(aisle_encode_hits(r, s, hits, style, out));
    return aisle_text_raw(out, "}") ? AISLE_OK : aisle_no_memory(r);
}

static aisle_status reply(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits, const list_ask *ask)
{
    aisle_buf body = {0};
    aisle_status st = encode(r, s, hits, ask, &body);
    if (st == AISLE_OK) st = aisle_answer_cached_text(r, (aisle_str){body.data, (size_t)body.len}, MAX_AGE);
    aisle_buf_deinit(&body);
    return st;
}

/* What a list is about: items that do not come themselves, as an aisle_pin_hits asks. */
static bool is_itself(const void *ctx, int32_t item)
{
    return *(const int32_t *)ctx == item;
}

/* The list of a source under the shop keeper's rules. place: but for the time. item: what it is about, or -1. */
static aisle_status choose(aisle_request *r, aisle_choosing *c, aisle_rules_place place, aisle_filter filter,
                           int32_t item, aisle_hits *hits)
{
    aisle_wishes wishes = {.min_score = -INFINITY};
    AISLE_TRY(aisle_ask_rules(r, place.scenario, place.category, &filter, &wishes));
    c->filter = &filter;
    c->wishes = &wishes;
    AISLE_TRY(aisle_choose(c, hits, aisle_request_error(r)));
    return aisle_pin_hits(c, 0, is_itself, &item, hits, aisle_request_error(r));
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
    const aisle_filter all = {.key = AISLE_STR("")};
    if (!hits.hit) return aisle_no_memory(r);
    AISLE_TRY(check_shown(r, s, ask->of, &place.category));
    if (item >= 0) AISLE_TRY(choose(r, &c, place, all, item, &hits));
    return reply(r, s, &hits, ask);
}

aisle_status aisle_on_related(aisle_request *r)
{
    aisle_relation relation;
    list_ask ask = {0};
    AISLE_TRY(parse_related(r, &relation, &ask));
    aisle_shelf *s = aisle_shelf_or_refuse(r);
    if (!s) return AISLE_OK;
    aisle_status st = answer_related(r, s, relation, &ask);
    aisle_shelf_unref(s);
    return st;
}

static aisle_status best_trending(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                  aisle_hits *hits, aisle_error *err)
{
    const aisle_model *m = ((const aisle_answering *)ctx)->shelf->model;
    (void)explain;
    return aisle_scorer_popular(m, aisle_model_trending(m) != NULL, n, allowed, hits, err);
}

static aisle_status answer_trending(aisle_request *r, const aisle_shelf *s, const list_ask *ask)
{
    aisle_answering w = aisle_answering_of(r, s, aisle_loop_of(r));
    const aisle_source source = {.best = best_trending, .ctx = &w};
    aisle_choosing c = {.w = &w, .source = &source, .n = (int32_t)ask->limit + AISLE_SPARE_HITS};
    aisle_filter filter = {.key = AISLE_STR("")};
    aisle_hits hits = {.hit = aisle_hits_room(w.arena, ask->limit)};
    if (!hits.hit || (ask->of.ptr && !aisle_filter_category(ask->of, w.arena, &filter)))
        return aisle_no_memory(r);
    const aisle_rules_place place = {.scenario = AISLE_STR("trending")};
    AISLE_TRY(choose(r, &c, place, filter, -1, &hits));
    return reply(r, s, &hits, ask);
}

aisle_status aisle_on_trending(aisle_request *r)
{
    static const char *const known[] = {"limit", "category", NULL};
    list_ask ask = {.kind = "trending", .of = aisle_request_query(r, "category")};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                      &ask.limit));
    aisle_shelf *s = aisle_shelf_or_refuse(r);
    if (!s) return AISLE_OK;
    aisle_status st = answer_trending(r, s, &ask);
    aisle_shelf_unref(s);
    return st;
}
