/* GET and PUT /v1/admin/rules: what the shop keeper says of recommendations, as a whole set with a version. */
#include "server/http/handlers/change.h"
#include "server/recommend/rules.h"
#include "server/store/store_rules.h"

typedef struct rules_change {
    aisle_write write; /* first */
    aisle_request *r;
    aisle_rules *rules;
    aisle_str text;
    int64_t expected, version;
    aisle_status outcome;
} rules_change;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the rules");
}

static aisle_status reply(aisle_request *r, aisle_str text, int64_t version)
{
    const char *tag = aisle_arena_printf(aisle_request_arena(r), "\"%lld\"", (long long)version);
    json_t *list = json_loadb(text.ptr, text.len, 0, NULL);
    json_t *body = aisle_answer_with(json_object(), "version", json_integer(version));
    body = aisle_answer_with(body, "rules", list);
    if (!tag || !body) {
        json_decref(body);
        return no_memory(r);
    }
    aisle_reply_header(r, "ETag", tag);
    aisle_reply_header(r, "Cache-Control", "no-store");
    return aisle_reply_json(r, 200, body);
}

aisle_status aisle_on_rules_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_str text;
    int64_t version;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_view_rules(aisle_loop_of(r)->view, aisle_request_arena(r), &text, &version,
                               aisle_request_error(r)));
    return reply(r, text, version);
}

/* ---- PUT ---- */

static aisle_status parse(rules_change *c)
{
    static const char *const known[] = {"version", "rules", NULL};
    aisle_filter_fault fault = {.code = ""};
    aisle_json_scope body;
    AISLE_TRY(aisle_json_body(c->r, &body));
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_required(&body, "rules"));
    AISLE_TRY(aisle_wanted_version(c->r, &body, &c->expected));
    const json_t *list = json_object_get(body.object, "rules");
    aisle_status st = aisle_rules_read(list, "/rules", &c->rules, &fault);
    if (st == AISLE_EINVAL) return aisle_request_invalid(c->r, fault.pointer, fault.code, "%s", fault.text);
    if (st != AISLE_OK) return no_memory(c->r);
    char *text = json_dumps(list, JSON_COMPACT);
    c->text =
        text ? (aisle_str){aisle_arena_strndup(aisle_request_arena(c->r), text, strlen(text)), strlen(text)}
             : (aisle_str){NULL, 0};
    aisle_free(text);
    return c->text.ptr ? AISLE_OK : no_memory(c->r);
}

static aisle_status store(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    rules_change *c = (rules_change *)w;
    return aisle_tx_rules_put(tx, c->text, c->expected, &c->version, err);
}

static void on_loop(aisle_request *r, void *ctx)
{
    const rules_change *c = ctx;
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
    rules_change *c = (rules_change *)w;
    c->outcome = st;
    if (st == AISLE_OK)
        aisle_rules_put(aisle_request_app(c->r)->rules, c->rules, c->version);
    else
        aisle_rules_unref(c->rules);
    if (st != AISLE_OK && err) *aisle_request_error(c->r) = *err;
    aisle_request_finish(c->r, on_loop, c);
}

aisle_status aisle_on_rules_put(aisle_request *r)
{
    static const char *const none[] = {NULL};
    rules_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return no_memory(r);
    *c = (rules_change){.write = {.run = store, .done = stored}, .r = r};
    AISLE_TRY(aisle_request_query_only(r, none));
    aisle_status st = parse(c);
    if (st == AISLE_OK) {
        st = aisle_store_submit(aisle_request_app(r)->store, &c->write);
        if (st != AISLE_OK)
            aisle_fail(aisle_request_error(r), st, "too many writes wait; try again in a second");
    }
    if (st != AISLE_OK) {
        aisle_rules_unref(c->rules);
        return st;
    }
    aisle_request_defer(r);
    return AISLE_OK;
}
