/* /v1/admin/models: the versions of the data folder; activating one promotes it or rolls back to it. */
#include <string.h>

#include "server/http/handlers/handlers.h"
#include "server/jobs/gate.h"

typedef struct listing {
    aisle_work work;
    aisle_model_entry *entries;
    int32_t n;
    int64_t pinned;
} listing;

static aisle_status list(aisle_work *w, aisle_error *err)
{
    listing *l = (listing *)w;
    l->pinned = aisle_registry_pinned(aisle_request_app(w->r)->registry);
    return aisle_registry_list(aisle_request_app(w->r)->registry, aisle_request_arena(w->r), &l->entries,
                               &l->n, err);
}

static json_t *encode(const aisle_model_entry *e, int64_t pinned)
{
    json_t *o = aisle_answer_with(json_object(), "version", json_integer(e->version));
    o = aisle_answer_with(o, "current", json_boolean(e->current));
    o = aisle_answer_with(o, "pinned", json_boolean(e->version == pinned));
    o = aisle_answer_with(o, "bytes", json_integer(e->bytes));
    o = aisle_answer_with(o, "created", aisle_answer_time(e->created_ms));
    o = aisle_answer_with(o, "meta", aisle_answer_parsed(e->meta));
    return aisle_answer_with(o, "fault", e->fault ? json_string(e->fault) : json_null());
}

static aisle_status reply_list(aisle_work *w)
{
    listing *l = (listing *)w;
    json_t *items = json_array();
    for (int32_t i = 0; i < l->n; i++) json_array_append_new(items, encode(&l->entries[i], l->pinned));
    return aisle_reply_json(w->r, 200, aisle_answer_with(json_object(), "items", items));
}

aisle_status aisle_on_models_list(aisle_request *r)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    listing *l = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *l);
    if (!l) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the list of models");
    l->work = (aisle_work){.r = r, .run = list, .reply = reply_list};
    return aisle_work_submit(&l->work);
}

typedef struct activation {
    aisle_work work;
    int64_t version;
    bool force;
} activation;

/* Unless forced: not beside a pin, and not what the gate refuses. */
static aisle_status activate(aisle_work *w, aisle_error *err)
{
    const activation *a = (const activation *)w;
    aisle_app *app = aisle_request_app(w->r);
    aisle_verdict v = {0};
    int64_t pinned = 0;
    if (!a->force && strcmp(app->config->gate, "refuse") == 0)
        aisle_gate_judge(app->registry, a->version, app->config->gate_tolerance, &v);
    if (v.worse)
        return aisle_fail(err, AISLE_ECONFLICT, "version %lld is refused: %s; activate it with force=true",
                          (long long)a->version, v.why);
    AISLE_TRY(a->force ? aisle_registry_activate(app->registry, a->version, AISLE_REGISTRY_SHORT_MS, err)
                       : aisle_registry_activate_unless_pinned(app->registry, a->version,
                                                               AISLE_REGISTRY_SHORT_MS, &pinned, err));
    if (pinned)
        return aisle_fail(err, AISLE_ECONFLICT,
                          "version %lld is pinned; unpin it, or activate with force=true", (long long)pinned);
    return aisle_shelf_refresh(app->shelves, err);
}

static aisle_status reply_activated(aisle_work *w)
{
    json_t *o = aisle_answer_with(json_object(), "version", json_integer(((activation *)w)->version));
    return aisle_reply_json(w->r, 200, aisle_answer_with(o, "current", json_true()));
}

aisle_status aisle_on_model_activate(aisle_request *r)
{
    static const char *const known[] = {"force", NULL};
    AISLE_TRY(aisle_request_query_only(r, known));
    activation *a = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *a);
    if (!a) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the activation");
    if (!aisle_str_to_i64(aisle_request_param(r, "version"), &a->version))
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a model version is a number");
    AISLE_TRY(aisle_request_query_bool(r, "force", false, &a->force));
    a->work = (aisle_work){.r = r, .run = activate, .reply = reply_activated};
    return aisle_work_submit(&a->work);
}
