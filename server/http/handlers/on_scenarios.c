/* GET and PUT /v1/admin/scenarios: what the places of the shop show, as a whole set with a version. */
#include <string.h>

#include "server/http/handlers/change.h"
#include "server/recommend/scenario.h"
#include "server/store/store_scenarios.h"

typedef struct scenarios_change {
    aisle_write write; /* first */
    aisle_request *r;
    aisle_scenarios *set;
    aisle_str text;
    int64_t expected, version;
    aisle_status outcome;
} scenarios_change;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the scenarios");
}

static aisle_status reply(aisle_request *r, aisle_str text, int64_t version)
{
    const char *tag = aisle_arena_printf(aisle_request_arena(r), "\"%lld\"", (long long)version);
    json_t *body = aisle_answer_with(json_object(), "version", json_integer(version));
    body = aisle_answer_with(body, "scenarios", json_loadb(text.ptr, text.len, 0, NULL));
    body = aisle_answer_with(body, "built_in", json_loads(aisle_scenarios_built_in, 0, NULL));
    if (!tag || !body) {
        json_decref(body);
        return no_memory(r);
    }
    aisle_reply_header(r, "ETag", tag);
    aisle_reply_header(r, "Cache-Control", "no-store");
    return aisle_reply_json(r, 200, body);
}

aisle_status aisle_on_scenarios_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_str text;
    int64_t version;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_view_scenarios(aisle_loop_of(r)->view, aisle_request_arena(r), &text, &version,
                                   aisle_request_error(r)));
    return reply(r, text, version);
}

/* ---- PUT ---- */

static aisle_status parse(scenarios_change *c)
{
    static const char *const known[] = {"version", "scenarios", NULL};
    aisle_filter_fault fault = {.code = ""};
    aisle_json_scope body;
    AISLE_TRY(aisle_json_body(c->r, &body));
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_required(&body, "scenarios"));
    AISLE_TRY(aisle_wanted_version(c->r, &body, &c->expected));
    const json_t *list = json_object_get(body.object, "scenarios");
    aisle_status st = aisle_scenarios_read(list, "/scenarios", &c->set, &fault);
    if (st == AISLE_EINVAL) return aisle_request_invalid(c->r, fault.pointer, fault.code, "%s", fault.text);
    if (st != AISLE_OK) return no_memory(c->r);
    char *text = json_dumps(list, JSON_COMPACT);
    if (text) c->text.ptr = aisle_arena_strndup(aisle_request_arena(c->r), text, strlen(text));
    if (text) c->text.len = strlen(text);
    aisle_free(text);
    return c->text.ptr ? AISLE_OK : no_memory(c->r);
}

static aisle_status store(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    scenarios_change *c = (scenarios_change *)w;
    return aisle_tx_scenarios_put(tx, c->text, c->expected, &c->version, err);
}

static void on_loop(aisle_request *r, void *ctx)
{
    const scenarios_change *c = ctx;
    aisle_status st = c->outcome;
    if (st == AISLE_ECONFLICT)
        st = aisle_reply_problem(r, 409, "version_conflict",
                                 aisle_request_error(r)->message); /* it names the version that there is */
    else if (st == AISLE_OK)
        st = reply(r, c->text, c->version);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

/* On the writer's thread: what is answered counts already. */
static void stored(aisle_write *w, aisle_status st, const aisle_error *err)
{
    scenarios_change *c = (scenarios_change *)w;
    c->outcome = st;
    if (st == AISLE_OK)
        aisle_scenarios_put(aisle_request_app(c->r)->scenarios, c->set, c->version);
    else
        aisle_scenarios_unref(c->set);
    if (st != AISLE_OK && err) *aisle_request_error(c->r) = *err;
    aisle_request_finish(c->r, on_loop, c);
}

aisle_status aisle_on_scenarios_put(aisle_request *r)
{
    static const char *const none[] = {NULL};
    scenarios_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return no_memory(r);
    *c = (scenarios_change){.write = {.run = store, .done = stored}, .r = r};
    AISLE_TRY(aisle_request_query_only(r, none));
    aisle_status st = parse(c);
    if (st == AISLE_OK) {
        st = aisle_store_submit(aisle_request_app(r)->store, &c->write);
        if (st != AISLE_OK)
            aisle_fail(aisle_request_error(r), st, "too many writes wait; try again in a second");
    }
    if (st != AISLE_OK) {
        aisle_scenarios_unref(c->set);
        return st;
    }
    aisle_request_defer(r);
    return AISLE_OK;
}
