/* /v1/admin/models/{version}/pin, and /v1/admin/models/rollback. */
#include <string.h>

#include "server/http/handlers/handlers.h"

typedef struct marking {
    aisle_work work;
    int64_t version; /* 0: of pinning, none */
    bool pinned;
} marking;

static aisle_status parse_version(aisle_request *r, int64_t *out)
{
    if (aisle_str_to_i64(aisle_request_param(r, "version"), out) && *out > 0) return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a model version is a number");
}

static aisle_status submit(aisle_request *r, bool named, aisle_status (*run)(aisle_work *w, aisle_error *err),
                           aisle_status (*reply)(aisle_work *w))
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    marking *m = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *m);
    if (!m) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a model's marks");
    if (named) AISLE_TRY(parse_version(r, &m->version));
    m->work = (aisle_work){.r = r, .run = run, .reply = reply};
    return aisle_work_submit(&m->work);
}

static aisle_status reply_marks(aisle_work *w)
{
    const marking *m = (const marking *)w;
    json_t *o = aisle_answer_with(json_object(), "version", json_integer(m->version));
    o = aisle_answer_with(o, "current", json_true());
    return aisle_reply_json(w->r, 200, aisle_answer_with(o, "pinned", json_boolean(m->pinned)));
}

static aisle_status pin(aisle_work *w, aisle_error *err)
{
    marking *m = (marking *)w;
    aisle_app *app = aisle_request_app(w->r);
    AISLE_TRY(aisle_registry_pin(app->registry, m->version, AISLE_REGISTRY_SHORT_MS, err));
    m->pinned = true;
    return aisle_shelf_refresh(app->shelves, err);
}

aisle_status aisle_on_model_pin(aisle_request *r)
{
    return submit(r, true, pin, reply_marks);
}

static aisle_status unpin(aisle_work *w, aisle_error *err)
{
    return aisle_registry_unpin(aisle_request_app(w->r)->registry, ((const marking *)w)->version,
                                AISLE_REGISTRY_SHORT_MS, err);
}

static aisle_status reply_nothing(aisle_work *w)
{
    return aisle_reply_empty(w->r, 204);
}

aisle_status aisle_on_model_unpin(aisle_request *r)
{
    return submit(r, true, unpin, reply_nothing);
}

static aisle_status roll_back(aisle_work *w, aisle_error *err)
{
    marking *m = (marking *)w;
    aisle_app *app = aisle_request_app(w->r);
    AISLE_TRY(aisle_registry_rollback(app->registry, AISLE_REGISTRY_SHORT_MS, &m->version, err));
    m->pinned = aisle_registry_pinned(app->registry) == m->version;
    return aisle_shelf_refresh(app->shelves, err);
}

aisle_status aisle_on_model_rollback(aisle_request *r)
{
    return submit(r, false, roll_back, reply_marks);
}
