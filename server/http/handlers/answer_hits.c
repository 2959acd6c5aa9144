/* What is recommended, as JSON: products of the catalogue with score and reasons. */
#include "server/http/handlers/answer_hits.h"

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

static json_t *new_id(aisle_request *r, const aisle_shelf *s, aisle_strategy strategy)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    const aisle_origin origin = {.model_version = s->model_version,
                                 .strategy = aisle_str_from(aisle_strategy_name(strategy))};
    aisle_recommendation_id_new(aisle_request_app(r)->ids, &origin, id);
    return json_string(id);
}

static json_t *envelope(aisle_request *r, const aisle_shelf *s, aisle_strategy strategy, int64_t started_ns,
                        json_t *items)
{
    double took = (double)(aisle_time_monotonic_ns() - started_ns) * 1e-6;
    json_t *o = aisle_answer_with(json_object(), "recommendation_id", new_id(r, s, strategy));
    o = aisle_answer_with(o, "model_version", json_integer(s->model_version));
    o = aisle_answer_with(o, "strategy", json_string(aisle_strategy_name(strategy)));
    o = aisle_answer_with(o, "took_ms", json_real(took));
    return aisle_answer_with(o, "items", items);
}

aisle_status aisle_answer_recommended(aisle_request *r, const aisle_answering *w, const aisle_ask *ask,
                                      json_t **out)
{
    aisle_recommendation found;
    json_t *items = NULL;
    int64_t started_ns = aisle_time_monotonic_ns();
    AISLE_TRY(aisle_recommend(w, ask, &found, aisle_request_error(r)));
    aisle_hits_style style = {w->view, ask->fields, ask->limit, found.reason_type};
    AISLE_TRY(aisle_encode_hits(r, w->shelf, &found.hits, style, &items));
    *out = envelope(r, w->shelf, found.hits.strategy, started_ns, items);
    return *out ? AISLE_OK : aisle_no_memory(r);
}
