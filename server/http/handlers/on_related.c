/* GET /v1/products/{id}/related and /v1/trending: lists that are the same for everyone. */
#include "server/auth/identity.h"
#include "server/http/handlers/answer_hits.h"
#include "server/json/json_text.h"
#include "server/recommend/offer.h"

enum { MAX_AGE = 30 };

static aisle_status parse_related(aisle_request *r, aisle_intent *intent, int64_t *limit)
{
    static const char *const known[] = {"intent", "limit", NULL};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(
        aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT}, limit));
    aisle_str name = aisle_request_query(r, "intent");
    *intent = AISLE_INTENT_SIMILAR;
    if (!name.ptr || aisle_str_eq(name, AISLE_STR("similar"))) return AISLE_OK;
    *intent = AISLE_INTENT_CONTENT;
    if (aisle_str_eq(name, AISLE_STR("content"))) return AISLE_OK;
    return aisle_request_invalid(r, "?intent", "unknown", "similar or content wanted");
}

static aisle_status encode(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits, int64_t limit,
                           aisle_buf *out)
{
    aisle_hits_style style = {aisle_loop_of(r)->view, AISLE_FIELDS_SHORT, limit, NULL};
    if (!aisle_text_raw(out, "{\"model_version\":") || !aisle_text_int(out, s->model_version) ||
        !aisle_text_raw(out, ",\"items\":"))
        return aisle_no_memory(r);
    AISLE_TRY(aisle_encode_hits(r, s, hits, style, out));
    return aisle_text_raw(out, "}") ? AISLE_OK : aisle_no_memory(r);
}

static aisle_status reply(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits, int64_t limit)
{
    aisle_buf body = {0};
    aisle_status st = encode(r, s, hits, limit, &body);
    if (st == AISLE_OK) st = aisle_answer_cached_text(r, (aisle_str){body.data, (size_t)body.len}, MAX_AGE);
    aisle_buf_deinit(&body);
    return st;
}

/* AISLE_ENOTFOUND: no such product, or one that is hidden from who asks. A shop that keeps no catalogue has what its model
 * knows. */
static aisle_status check_shown(aisle_request *r, const aisle_shelf *s, aisle_str id)
{
    aisle_product product;
    int64_t version;
    if (s->n_known == 0 && aisle_shelf_find(s, id) >= 0) return AISLE_OK;
    AISLE_TRY(aisle_view_product(aisle_loop_of(r)->view, id, aisle_request_arena(r), &product, &version,
                                 aisle_request_error(r)));
    if (product.visibility != AISLE_HIDDEN || aisle_request_identity(r)->scopes & AISLE_SCOPE_ADMIN)
        return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "product %.*s: not found", (int)id.len,
                      id.ptr);
}

/* A product that the model knows nothing of, not by its text either, has an empty list; one that does not exist is an error. */
static aisle_status answer_related(aisle_request *r, const aisle_shelf *s, aisle_intent intent, int64_t limit)
{
    aisle_str id = aisle_request_param(r, "id");
    const aisle_answering w = aisle_answering_of(r, s, aisle_loop_of(r));
    const aisle_filter all = {.key = AISLE_STR("")};
    aisle_hits hits = {.hit = aisle_hits_room(w.arena, limit)};
    aisle_related_query q = {.item = aisle_shelf_find(s, id),
                             .intent = intent,
                             .n = (int32_t)limit + AISLE_SPARE_HITS,
                             .newcomers = s->newcomers};
    if (!hits.hit) return aisle_no_memory(r);
    AISLE_TRY(aisle_offer_bits(&w, &all, &q.allowed, aisle_request_error(r)));
    AISLE_TRY(check_shown(r, s, id));
    if (q.item >= 0) AISLE_TRY(aisle_scorer_related(w.scorer, s->model, &q, &hits, aisle_request_error(r)));
    return reply(r, s, &hits, limit);
}

aisle_status aisle_on_related(aisle_request *r)
{
    aisle_intent intent;
    int64_t limit;
    AISLE_TRY(parse_related(r, &intent, &limit));
    aisle_shelf *s = aisle_shelf_or_refuse(r);
    if (!s) return AISLE_OK;
    aisle_status st = answer_related(r, s, intent, limit);
    aisle_shelf_unref(s);
    return st;
}

static aisle_status answer_trending(aisle_request *r, const aisle_shelf *s, int64_t limit)
{
    const aisle_answering w = aisle_answering_of(r, s, aisle_loop_of(r));
    aisle_str category = aisle_request_query(r, "category");
    aisle_filter filter = {.key = AISLE_STR("")};
    const uint64_t *allowed = NULL;
    aisle_hits hits = {.hit = aisle_hits_room(w.arena, limit)};
    if (!hits.hit || (category.ptr && !aisle_filter_category(category, w.arena, &filter)))
        return aisle_no_memory(r);
    AISLE_TRY(aisle_offer_bits(&w, &filter, &allowed, aisle_request_error(r)));
    bool rising = aisle_model_trending(s->model) != NULL;
    AISLE_TRY(aisle_scorer_popular(s->model, rising, (int32_t)limit + AISLE_SPARE_HITS, allowed, &hits,
                                   aisle_request_error(r)));
    return reply(r, s, &hits, limit);
}

aisle_status aisle_on_trending(aisle_request *r)
{
    static const char *const known[] = {"limit", "category", NULL};
    int64_t limit;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                      &limit));
    aisle_shelf *s = aisle_shelf_or_refuse(r);
    if (!s) return AISLE_OK;
    aisle_status st = answer_trending(r, s, limit);
    aisle_shelf_unref(s);
    return st;
}
