/* GET /v1/admin/outcomes: what came of recommendations, by strategy, model, scenario, variant or day. */
#include <string.h>

#include "server/http/handlers/handlers.h"
#include "server/recommend/rates.h"
#include "server/store/learning.h"

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;
static const char *const groups[] = {"strategy", "model", "scenario", "variant", "day"};
enum { GROUPS = sizeof groups / sizeof *groups, DAYS = 28 };

typedef struct asked {
    aisle_outcome_group by;
    int64_t from, to; /* days */
} asked;

static aisle_status parse_day(aisle_request *r, const char *name, int64_t absent, int64_t *out)
{
    char pointer[32];
    int64_t ms;
    aisle_str text = aisle_request_query(r, name);
    *out = absent;
    if (!text.ptr) return AISLE_OK;
    snprintf(pointer, sizeof pointer, "?%s", name);
    if (text.len != strlen("2026-01-31") || !aisle_time_parse(text, &ms))
        return aisle_request_invalid(r, pointer, "wrong_type", "a day like 2026-01-31 wanted");
    *out = ms / day_ms;
    return AISLE_OK;
}

static aisle_status parse(aisle_request *r, asked *q)
{
    static const char *const known[] = {"group", "from", "to", NULL};
    int64_t today = aisle_time_now_ms() / day_ms;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(parse_day(r, "to", today, &q->to));
    AISLE_TRY(parse_day(r, "from", q->to - DAYS + 1, &q->from));
    if (q->from > q->to)
        return aisle_request_invalid(r, "?from", "out_of_range", "a day not after `to` wanted");
    aisle_str group = aisle_request_query(r, "group");
    q->by = AISLE_BY_STRATEGY;
    for (int i = 0; group.ptr && i < GROUPS; i++)
        if (aisle_str_eq(group, aisle_str_from(groups[i]))) {
            q->by = (aisle_outcome_group)i;
            return AISLE_OK;
        }
    return group.ptr ? aisle_request_invalid(r, "?group", "unknown",
                                             "strategy, model, scenario, variant or day wanted")
                     : AISLE_OK;
}

static json_t *encode_day(int64_t day)
{
    char text[32];
    aisle_time_format(day * day_ms, text);
    return json_stringn(text, strlen("2026-01-31"));
}

static json_t *encode_interval(aisle_interval i)
{
    return json_pack("{s:f, s:f, s:f}", "value", i.value, "low", i.low, "high", i.high);
}

static json_t *encode_rate(int64_t hits, int64_t n)
{
    return n ? encode_interval(aisle_rate_interval(hits, n)) : json_null();
}

static json_t *encode_revenue(const aisle_outcome_sum *s)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < s->n_revenue; i++) {
        const aisle_outcome_revenue *v = &s->revenue[i];
        json_t *one = aisle_answer_with(json_object(), "currency",
                                        v->currency.len ? aisle_answer_text(v->currency) : json_null());
        one = aisle_answer_with(one, "total", json_integer(v->minor));
        one = aisle_answer_with(
            one, "per_impression",
            encode_interval(aisle_mean_interval((double)v->minor, v->squares, s->counts.impressions)));
        json_array_append_new(list, one);
    }
    return list;
}

/* The group's own member first: a model is a number, a variant has its experiment. */
static json_t *encode_group(const aisle_outcome_sum *s, aisle_outcome_group by)
{
    int64_t number = 0;
    json_t *o = json_object(), *name = NULL;
    if (by == AISLE_BY_MODEL || by == AISLE_BY_DAY) aisle_str_to_i64(s->name, &number);
    if (by == AISLE_BY_MODEL)
        name = json_integer(number);
    else if (by == AISLE_BY_DAY)
        name = encode_day(number);
    else
        name = s->name.len ? aisle_answer_text(s->name) : json_null();
    if (by == AISLE_BY_VARIANT)
        o = aisle_answer_with(o, "experiment",
                              s->experiment.len ? aisle_answer_text(s->experiment) : json_null());
    return aisle_answer_with(o, groups[by], name);
}

static json_t *encode_sum(const aisle_outcome_sum *s, aisle_outcome_group by)
{
    const aisle_outcome_counts *c = &s->counts;
    json_t *o = encode_group(s, by);
    o = aisle_answer_with(o, "impressions", json_integer(c->impressions));
    o = aisle_answer_with(o, "clicks", json_integer(c->clicks));
    o = aisle_answer_with(o, "carts", json_integer(c->carts));
    o = aisle_answer_with(o, "purchases", json_integer(c->purchases));
    o = aisle_answer_with(o, "click_rate", encode_rate(c->clicks, c->impressions));
    o = aisle_answer_with(o, "purchase_rate", encode_rate(c->purchases, c->impressions));
    return aisle_answer_with(o, "revenue", encode_revenue(s));
}

typedef struct outcomes_work {
    aisle_work work;
    asked q;
    aisle_outcome_sum *sums;
    int32_t n;
} outcomes_work;

/* Sums over the asked days take milliseconds where there are many names. */
static aisle_status run(aisle_work *w, aisle_error *err)
{
    outcomes_work *o = (outcomes_work *)w;
    return aisle_view_outcomes(aisle_request_app(w->r)->view, o->q.by, o->q.from, o->q.to,
                               aisle_request_arena(w->r), &o->sums, &o->n, err);
}

static aisle_status reply(aisle_work *w)
{
    const outcomes_work *o = (const outcomes_work *)w;
    json_t *items = json_array();
    for (int32_t i = 0; i < o->n; i++) json_array_append_new(items, encode_sum(&o->sums[i], o->q.by));
    json_t *body = aisle_answer_with(json_object(), "from", encode_day(o->q.from));
    body = aisle_answer_with(body, "to", encode_day(o->q.to));
    body = aisle_answer_with(body, "group", json_string(groups[o->q.by]));
    aisle_reply_header(w->r, "Cache-Control", "no-store");
    return aisle_reply_json(w->r, 200, aisle_answer_with(body, "items", items));
}

aisle_status aisle_on_outcomes(aisle_request *r)
{
    outcomes_work *o = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *o);
    if (!o) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for outcomes");
    o->work = (aisle_work){.r = r, .run = run, .reply = reply};
    AISLE_TRY(parse(r, &o->q));
    return aisle_work_submit(&o->work);
}
