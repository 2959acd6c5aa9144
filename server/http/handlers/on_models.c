/* /v1/admin/models: the versions of the data folder; activating one promotes it or rolls back to it. */
#include "server/http/handlers/handlers.h"

typedef struct listing {
    aisle_work work;
    aisle_model_entry *entries;
    int32_t n;
} listing;

static aisle_status list(aisle_work *w, aisle_error *err)
{
    listing *l = (listing *)w;
    return aisle_registry_list(aisle_request_app(w->r)->registry, aisle_request_arena(w->r), &l->entries,
                               &l->n, err);
}

static json_t *encode(const aisle_model_entry *e)
{
    json_t *o = aisle_answer_with(json_object(), "version", json_integer(e->version));
    o = aisle_answer_with(o, "current", json_boolean(e->current));
    o = aisle_answer_with(o, "bytes", json_integer(e->bytes));
    o = aisle_answer_with(o, "created", aisle_answer_time(e->created_ms));
    o = aisle_answer_with(o, "meta", aisle_answer_parsed(e->meta));
    return aisle_answer_with(o, "fault", e->fault ? json_string(e->fault) : json_null());
}

static aisle_status reply_list(aisle_work *w)
{
    listing *l = (listing *)w;
    json_t *items = json_array();
    for (int32_t i = 0; i < l->n; i++) json_array_append_new(items, encode(&l->entries[i]));
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
} activation;

static aisle_status activate(aisle_work *w, aisle_error *err)
{
    return aisle_app_activate(aisle_request_app(w->r), ((activation *)w)->version, err);
}

static aisle_status reply_activated(aisle_work *w)
{
    json_t *o = aisle_answer_with(json_object(), "version", json_integer(((activation *)w)->version));
    return aisle_reply_json(w->r, 200, aisle_answer_with(o, "current", json_true()));
}

aisle_status aisle_on_model_activate(aisle_request *r)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    activation *a = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *a);
    if (!a) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the activation");
    if (!aisle_str_to_i64(aisle_request_param(r, "version"), &a->version))
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a model version is a number");
    a->work = (aisle_work){.r = r, .run = activate, .reply = reply_activated};
    return aisle_work_submit(&a->work);
}
