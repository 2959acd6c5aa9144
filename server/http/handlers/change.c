/* One write of one request: begun on its loop, done on the writer's thread, answered on the loop. */
#include "server/http/handlers/change.h"

#include "server/store/accounts.h"

aisle_owner aisle_owner_of(const aisle_request *r)
{
    const aisle_identity *who = aisle_request_identity(r);
    return (aisle_owner){who->user, who->user ? 0 : who->session};
}

/* ---- Idempotency-Key ---- */

/* A refusal is kept too; an outage is not. */
static aisle_status keep(aisle_change *c, aisle_tx *tx, bool refused, aisle_error *err)
{
    json_t *body = refused ? aisle_problem_json(c->r, c->status, c->code, c->detail) : c->body;
    aisle_status st =
        aisle_once_keep(tx, &c->once, c->status, refused ? "application/problem+json" : "application/json",
                        c->location, body, err);
    if (refused) json_decref(body);
    return st;
}

static aisle_status run_once(aisle_change *c, aisle_tx *tx, aisle_error *err)
{
    aisle_status found =
        aisle_tx_once_find(tx, &c->once, aisle_request_arena(c->r), &c->replayed, &c->kept, err);
    if (found == AISLE_ECONFLICT) {
        c->replayed = false;
        return aisle_change_refuse(c, 422, aisle_once_reused, aisle_once_reused_detail);
    }
    if (found != AISLE_OK || c->replayed) return found;
    AISLE_TRY(aisle_tx_mark(tx, err));
    aisle_status st = c->run(c, tx, err);
    bool refused = st != AISLE_OK && c->status >= 400 && c->status < 500;
    if (st != AISLE_OK && !refused) return st;
    if (refused) AISLE_TRY(aisle_tx_undo(tx, err));
    AISLE_TRY(aisle_tx_settle(tx, err));
    return keep(c, tx, refused, err);
}

/* ---- the write ---- */

static aisle_status run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    aisle_change *c = (aisle_change *)w;
    const aisle_identity *who = aisle_request_identity(c->r);
    c->owner = aisle_owner_of(c->r);
    aisle_status st = aisle_tx_asker(tx, who->user, who->user_ext, who->session, who->session_ext, err);
    if (st == AISLE_EDENIED)
        return aisle_change_refuse(c, 401, "authentication_required", aisle_session_erased);
    if (st != AISLE_OK) return st;
    if (c->guest.fresh)
        AISLE_TRY(
            aisle_tx_guest(tx, c->guest.hash, c->guest.session_ext, c->guest.now_ms, &c->owner.session, err));
    c->once.user = c->owner.user;
    c->once.session = c->owner.session;
    return c->has_once ? run_once(c, tx, err) : c->run(c, tx, err);
}

static aisle_status reply(aisle_change *c)
{
    aisle_request *r = c->r;
    json_t *body = c->body;
    c->body = NULL;
    if (c->replayed) return aisle_once_reply(r, &c->kept);
    if (c->status >= 400) {
        json_decref(body);
        return aisle_reply_problem(r, c->status, c->code, c->detail);
    }
    if (c->location) aisle_reply_header(r, "Location", c->location);
    if (c->etag) aisle_reply_header(r, "ETag", c->etag);
    return body ? aisle_reply_json(r, c->status, body) : aisle_reply_empty(r, c->status);
}

static void on_loop(aisle_request *r, void *ctx)
{
    aisle_change *c = ctx;
    bool refused = c->outcome == AISLE_ECONFLICT && c->status >= 400;
    aisle_status st = c->outcome == AISLE_OK || refused ? reply(c) : c->outcome;
    json_decref(c->body);
    c->body = NULL;
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void done(aisle_write *w, aisle_status st, const aisle_error *err)
{
    aisle_change *c = (aisle_change *)w;
    c->outcome = st;
    if (st != AISLE_OK && err) *aisle_request_error(c->r) = *err;
    aisle_request_finish(c->r, on_loop, c);
}

aisle_status aisle_change_submit(aisle_change *c)
{
    c->w = (aisle_write){.run = run, .done = done};
    AISLE_TRY(aisle_once_of(c->r, &c->has_once, &c->once));
    if (c->for_guests && !aisle_request_identity(c->r)->user) AISLE_TRY(aisle_guest_begin(c->r, &c->guest));
    aisle_request_defer(c->r);
    aisle_status st = aisle_store_submit(aisle_request_app(c->r)->store, &c->w);
    if (st != AISLE_OK) {
        aisle_error full;
        aisle_fail(&full, st, "too many writes wait; try again in a second");
        done(&c->w, st, &full);
    }
    return AISLE_OK;
}

/* ---- answers ---- */

aisle_status aisle_change_refuse(aisle_change *c, int status, const char *code, const char *detail)
{
    c->status = status;
    c->code = code;
    c->detail = detail;
    return AISLE_ECONFLICT;
}

aisle_status aisle_change_answer(aisle_change *c, int status, json_t *body, aisle_error *err)
{
    c->status = status;
    c->body = body;
    return body ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer");
}

typedef struct meaning {
    int status;
    const char *code, *detail, *error; /* error: of the entry, NULL = no entry */
} meaning;

static const meaning meanings[] = {
    [AISLE_WHY_VERSION] = {409, "version_conflict", "the cart has changed since; read it again", NULL},
    [AISLE_WHY_UNKNOWN] = {422, "validation_failed", "a product is not there", "unknown"},
    [AISLE_WHY_NOT_FOR_SALE] = {422, "not_for_sale", "a product is not for sale", "not_for_sale"},
    [AISLE_WHY_CURRENCY] = {422, "currency_mismatch", "a cart holds prices of one currency",
                            "currency_mismatch"},
    [AISLE_WHY_STOCK] = {422, "insufficient_stock", "not so many are left", "insufficient_stock"},
    [AISLE_WHY_LINES] = {422, "validation_failed", "a cart holds at most 100 products", NULL},
    [AISLE_WHY_TOTAL] = {422, "total_too_large", "the total is beyond what can be charged", NULL},
    [AISLE_WHY_EMPTY] = {422, "cart_empty", "there is nothing in the cart", NULL},
    [AISLE_WHY_PRICE] = {409, "price_changed", "a price is not the one that was shown; read the cart again",
                         "price_changed"},
    [AISLE_WHY_STATE] = {409, "order_state", "the order cannot be changed like this any more", NULL},
};

static const char *pointer_of(aisle_change *c, const char *member, aisle_str item)
{
    char escaped[2 * 255 + 1];
    size_t n = 0;
    if (!member) return "/quantity";
    for (size_t i = 0; i < item.len && n + 2 < sizeof escaped; i++) {
        bool special = item.ptr[i] == '~' || item.ptr[i] == '/';
        escaped[n++] = special ? '~' : item.ptr[i];
        if (special) escaped[n++] = item.ptr[i] == '~' ? '0' : '1';
    }
    const char *text = aisle_arena_printf(aisle_request_arena(c->r), "%s/%.*s", member, (int)n, escaped);
    return text ? text : member;
}

static void add_error(aisle_change *c, const aisle_refused *f, const char *member)
{
    const meaning *m = &meanings[f->why];
    const char *pointer = f->item.ptr ? pointer_of(c, member, f->item) : "";
    if (!m->error) return;
    if (f->why == AISLE_WHY_STOCK)
        aisle_request_invalid(c->r, pointer, m->error, "%lld left", (long long)f->left);
    else if (f->why == AISLE_WHY_PRICE)
        aisle_request_invalid(c->r, pointer, m->error, "%lld now", (long long)f->left);
    else
        aisle_request_invalid(c->r, pointer, m->error, "%s", m->detail);
    if (f->why == AISLE_WHY_STOCK || f->why == AISLE_WHY_PRICE)
        aisle_request_invalid_value(c->r, f->why == AISLE_WHY_STOCK ? "left" : "price", f->left);
}

aisle_status aisle_change_refuse_all(aisle_change *c, const aisle_refusals *no, const char *member)
{
    for (int32_t i = 0; i < no->n; i++) add_error(c, &no->at[i], member);
    const meaning *m = &meanings[no->n ? no->at[0].why : AISLE_WHY_STATE];
    return aisle_change_refuse(c, m->status, m->code, m->detail);
}

aisle_status aisle_wanted_version(aisle_request *r, aisle_json_scope *s, int64_t *out)
{
    aisle_str tag = aisle_request_header(r, "If-Match");
    *out = -1;
    if (tag.len >= 2 && tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"')
        tag = (aisle_str){tag.ptr + 1, tag.len - 2};
    const char *dash = tag.len ? memchr(tag.ptr, '-', tag.len) : NULL;
    if (dash) tag.len = (size_t)(dash - tag.ptr);
    if (tag.ptr && !aisle_str_eq(tag, AISLE_STR("*")) && (!aisle_str_to_i64(tag, out) || *out < 0))
        return aisle_request_invalid(r, "If-Match", "wrong_type", "the ETag of an answer wanted");
    if (tag.ptr || !s) return AISLE_OK;
    return aisle_json_int(s, "version", (aisle_int_range){0, INT64_MAX, -1}, out);
}
