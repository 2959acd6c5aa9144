/* /v1/admin/models/{version}/shadow: a candidate that is watched beside the serving model, and how the two compare. */
#include <math.h>

#include "server/http/handlers/handlers.h"
#include "server/recommend/shadow.h"

typedef struct watching {
    aisle_work work;
    int64_t version;
    double share;
} watching;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for shadow scoring");
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static aisle_status reply_report(aisle_request *r, int64_t version)
{
    aisle_shadow_report s;
    aisle_shadow_read(aisle_request_app(r)->shadow, &s);
    if (s.version != version)
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "model version %lld is not watched",
                          (long long)version);
    json_t *o =
        json_pack("{s:I, s:f, s:I, s:I, s:I}", "version", (json_int_t)s.version, "share", s.share, "answered",
                  (json_int_t)s.answered, "dropped", (json_int_t)s.dropped, "failed", (json_int_t)s.failed);
    o = aisle_answer_with(o, "since", aisle_answer_time(s.since_ms));
    o = aisle_answer_with(o, "overlap", number(s.overlap));
    o = aisle_answer_with(o, "rank_correlation", number(s.rank_correlation));
    o = aisle_answer_with(o, "mean_ms", json_real(s.mean_ms));
    o = aisle_answer_with(o, "most_ms", json_real(s.most_ms));
    o = aisle_answer_with(o, "served_items", json_integer(s.served_items));
    o = aisle_answer_with(o, "shadow_items", json_integer(s.shadow_items));
    aisle_reply_header(r, "Cache-Control", "no-store");
    return aisle_reply_json(r, 200, o);
}

static aisle_status parse_version(aisle_request *r, int64_t *out)
{
    if (aisle_str_to_i64(aisle_request_param(r, "version"), out) && *out > 0) return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a model version is a number");
}

aisle_status aisle_on_shadow_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    int64_t version;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(parse_version(r, &version));
    return reply_report(r, version);
}

/* Kept on the rack first: what is offered from then on finds it there. Then in the folder, so that what was answered lasts. */
static aisle_status begin(aisle_app *app, const aisle_watched *w, aisle_error *err)
{
    aisle_model *m = NULL;
    AISLE_TRY(aisle_registry_get(app->registry, w->version, &m, err));
    aisle_model_unref(m);
    aisle_status st = aisle_app_keep_models(app, w->version, err);
    if (aisle_shelf_rack_has(app->rack, w->version)) /* else the error may be another model's */
        st = aisle_registry_watch(app->registry, w, err);
    if (st == AISLE_OK)
        aisle_shadow_watch(app->shadow, w->version, w->share);
    else
        (void)aisle_app_keep_models(app, aisle_shadow_version(app->shadow), NULL); /* as it was */
    return st;
}

static aisle_status watch(aisle_work *w, aisle_error *err)
{
    const watching *x = (const watching *)w;
    aisle_app *app = aisle_request_app(w->r);
    if (x->share > 0) return begin(app, &(aisle_watched){x->version, x->share}, err);
    aisle_watched kept; /* of a start that could not go on with it; none where that cannot be read */
    (void)aisle_registry_watched(app->registry, &kept, NULL);
    if (aisle_shadow_version(app->shadow) != x->version && kept.version != x->version)
        return aisle_fail(err, AISLE_ENOTFOUND, "model version %lld is not watched", (long long)x->version);
    AISLE_TRY(aisle_registry_watch(app->registry, &(aisle_watched){0}, err));
    aisle_shadow_watch(app->shadow, x->version, 0);
    return aisle_app_keep_models(app, 0, err);
}

static aisle_status reply_watched(aisle_work *w)
{
    return reply_report(w->r, ((watching *)w)->version);
}

aisle_status aisle_on_shadow_post(aisle_request *r)
{
    static const char *const none[] = {NULL}, *const known[] = {"share", NULL};
    aisle_json_scope body;
    watching *x = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *x);
    if (!x) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(parse_version(r, &x->version));
    AISLE_TRY(aisle_json_body(r, &body));
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_required(&body, "share"));
    AISLE_TRY(aisle_json_real(&body, "share", (aisle_real_range){0, 1, 0}, &x->share));
    x->work = (aisle_work){.r = r, .run = watch, .reply = reply_watched};
    return aisle_work_submit(&x->work);
}
