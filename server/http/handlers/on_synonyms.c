/* GET and PUT /v1/admin/synonyms: the sets of words that mean the same, as a whole. */
#include "server/http/handlers/handlers.h"
#include "server/store/store_search.h"

enum { SETS = 1000, MEMBERS = 20, MEMBER_BYTES = 64 };

typedef struct change {
    aisle_write write; /* first */
    aisle_request *r;
    aisle_synonym *list;
    int32_t n;
    aisle_status outcome;
} change;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the synonyms");
}

static aisle_status encode(aisle_request *r, const aisle_synonym *list, int32_t n, json_t **out)
{
    json_t *sets = json_array(), *set = NULL;
    bool ok = sets != NULL;
    for (int32_t i = 0; i < n && ok; i++) {
        if (i == 0 || list[i].set != list[i - 1].set) {
            set = json_array();
            ok = json_array_append_new(sets, set) == 0;
        }
        ok = ok && json_array_append_new(set, aisle_answer_text(list[i].phrase)) == 0;
    }
    if (!ok) {
        json_decref(sets);
        return no_memory(r);
    }
    *out = aisle_answer_with(json_object(), "synonyms", sets);
    return *out ? AISLE_OK : no_memory(r);
}

aisle_status aisle_on_synonyms_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_synonym *list;
    int32_t n;
    json_t *body;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_view_synonyms(aisle_loop_of(r)->view, aisle_request_arena(r), &list, &n,
                                  aisle_request_error(r)));
    AISLE_TRY(encode(r, list, n, &body));
    aisle_reply_header(r, "Cache-Control", "no-store");
    return aisle_reply_json(r, 200, body);
}

static aisle_status invalid(change *c, int32_t set, int32_t member, const char *code, const char *text)
{
    char pointer[64];
    if (member < 0)
        snprintf(pointer, sizeof pointer, "/synonyms/%d", set);
    else
        snprintf(pointer, sizeof pointer, "/synonyms/%d/%d", set, member);
    return aisle_request_invalid(c->r, pointer, code, "%s", text);
}

static aisle_status take_set(change *c, const json_t *set, int32_t number)
{
    int32_t n = (int32_t)json_array_size(set);
    if (!json_is_array(set)) return invalid(c, number, -1, "wrong_type", "an array of words wanted");
    if (n < 2 || n > MEMBERS) return invalid(c, number, -1, "out_of_range", "2 to 20 words wanted");
    for (int32_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(set, (size_t)i);
        aisle_str text = {json_string_value(one), json_string_length(one)};
        if (!text.ptr) return invalid(c, number, i, "wrong_type", "a string wanted");
        if (text.len < 1 || text.len > MEMBER_BYTES)
            return invalid(c, number, i, text.len ? "too_long" : "too_short", "1 to 64 bytes wanted");
        c->list[c->n++] = (aisle_synonym){number, text};
    }
    return AISLE_OK;
}

static aisle_status parse(change *c)
{
    static const char *const known[] = {"synonyms", NULL};
    aisle_json_scope body;
    json_t *sets;
    AISLE_TRY(aisle_json_body(c->r, &body));
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_required(&body, "synonyms"));
    AISLE_TRY(aisle_json_array(&body, "synonyms", SETS, &sets));
    c->list = aisle_arena_calloc(aisle_request_arena(c->r), json_array_size(sets) * MEMBERS, sizeof *c->list);
    if (!c->list) return no_memory(c->r);
    for (size_t i = 0; i < json_array_size(sets); i++)
        AISLE_TRY(take_set(c, json_array_get(sets, i), (int32_t)i));
    return AISLE_OK;
}

static aisle_status store(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const change *c = (change *)w;
    return aisle_tx_synonyms(tx, c->list, c->n, err);
}

static void on_loop(aisle_request *r, void *ctx)
{
    change *c = ctx;
    json_t *body = NULL;
    aisle_status st = c->outcome;
    if (st == AISLE_OK) st = encode(r, c->list, c->n, &body);
    if (st == AISLE_OK) st = aisle_reply_json(r, 200, body);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void stored(aisle_write *w, aisle_status st, const aisle_error *err)
{
    change *c = (change *)w;
    c->outcome = st;
    if (st != AISLE_OK && err) *aisle_request_error(c->r) = *err;
    aisle_request_finish(c->r, on_loop, c);
}

aisle_status aisle_on_synonyms_put(aisle_request *r)
{
    static const char *const none[] = {NULL};
    change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return no_memory(r);
    c->r = r;
    c->write = (aisle_write){.run = store, .done = stored};
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(parse(c));
    aisle_status st = aisle_store_submit(aisle_request_app(r)->store, &c->write);
    if (st != AISLE_OK)
        return aisle_fail(aisle_request_error(r), st, "too many writes wait; try again in a second");
    aisle_request_defer(r);
    return AISLE_OK;
}
