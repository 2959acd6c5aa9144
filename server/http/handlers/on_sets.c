/* GET and PUT of what the shop keeper says as a whole set with a version: /v1/admin/rules, /v1/admin/scenarios. */
#include <string.h>

#include "server/http/handlers/change.h"
#include "server/recommend/sets.h"

typedef struct set_change {
    aisle_write write; /* first */
    aisle_request *r;
    aisle_set_name name;
    aisle_set *set;
    aisle_str text;
    int64_t expected, version;
    aisle_status outcome;
} set_change;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a set");
}

static aisle_status reply(aisle_request *r, aisle_set_name name, aisle_str text, int64_t version)
{
    const char *tag = aisle_arena_printf(aisle_request_arena(r), "\"%lld\"", (long long)version);
    const char *built_in = aisle_set_kind_of(name)->built_in;
    json_t *body = aisle_answer_with(json_object(), "version", json_integer(version));
    body = aisle_answer_with(body, aisle_set_names[name], json_loadb(text.ptr, text.len, 0, NULL));
    if (built_in) body = aisle_answer_with(body, "built_in", json_loads(built_in, 0, NULL));
    if (!tag || !body) {
        json_decref(body);
        return no_memory(r);
    }
    aisle_reply_header(r, "ETag", tag);
    aisle_reply_header(r, "Cache-Control", "no-store");
    return aisle_reply_json(r, 200, body);
}

static aisle_status get(aisle_request *r, aisle_set_name name)
{
    static const char *const none[] = {NULL};
    aisle_str text;
    int64_t version;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_view_set(aisle_loop_of(r)->view, name, aisle_request_arena(r), &text, &version,
                             aisle_request_error(r)));
    return reply(r, name, text, version);
}

/* ---- PUT ---- */

static aisle_status parse(set_change *c)
{
    const char *member = aisle_set_names[c->name], *known[] = {"version", member, NULL};
    const char *pointer = aisle_arena_printf(aisle_request_arena(c->r), "/%s", member);
    aisle_filter_fault fault = {.code = ""};
    aisle_json_scope body;
    AISLE_TRY(aisle_json_body(c->r, &body));
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_required(&body, member));
    AISLE_TRY(aisle_wanted_version(c->r, &body, &c->expected));
    const json_t *list = json_object_get(body.object, member);
    aisle_status st = pointer ? aisle_set_read(c->name, list, pointer, &c->set, &fault) : AISLE_ENOMEM;
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
    set_change *c = (set_change *)w;
    return aisle_tx_set_put(tx, c->name, c->text, c->expected, &c->version, err);
}

static void on_loop(aisle_request *r, void *ctx)
{
    const set_change *c = ctx;
    aisle_status st = c->outcome;
    if (st == AISLE_ECONFLICT)
        st = aisle_reply_problem(r, 409, "version_conflict",
                                 aisle_request_error(r)->message); /* it names the version that there is */
    else if (st == AISLE_OK)
        st = reply(r, c->name, c->text, c->version);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

/* On the writer's thread: what is answered counts already. */
static void stored(aisle_write *w, aisle_status st, const aisle_error *err)
{
    set_change *c = (set_change *)w;
    c->outcome = st;
    if (st == AISLE_OK)
        aisle_set_keeper_put(aisle_request_app(c->r)->sets[c->name], c->set, c->version);
    else
        aisle_set_unref(c->set);
    if (st != AISLE_OK && err) *aisle_request_error(c->r) = *err;
    aisle_request_finish(c->r, on_loop, c);
}

static aisle_status put(aisle_request *r, aisle_set_name name)
{
    static const char *const none[] = {NULL};
    set_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return no_memory(r);
    *c = (set_change){.write = {.run = store, .done = stored}, .r = r, .name = name};
    AISLE_TRY(aisle_request_query_only(r, none));
    aisle_status st = parse(c);
    if (st == AISLE_OK) {
        st = aisle_store_submit(aisle_request_app(r)->store, &c->write);
        if (st != AISLE_OK)
            aisle_fail(aisle_request_error(r), st, "too many writes wait; try again in a second");
    }
    if (st != AISLE_OK) {
        aisle_set_unref(c->set);
        return st;
    }
    aisle_request_defer(r);
    return AISLE_OK;
}

/* ---- one pair a kind ---- */

aisle_status aisle_on_rules_get(aisle_request *r)
{
    return get(r, AISLE_SET_RULES);
}

aisle_status aisle_on_rules_put(aisle_request *r)
{
    return put(r, AISLE_SET_RULES);
}

aisle_status aisle_on_scenarios_get(aisle_request *r)
{
    return get(r, AISLE_SET_SCENARIOS);
}

aisle_status aisle_on_scenarios_put(aisle_request *r)
{
    return put(r, AISLE_SET_SCENARIOS);
}
