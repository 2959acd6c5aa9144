/* /v1/orders: placing one out of the cart, looking at one's own, cancelling; and the shop's view of all of them. */
#include "server/auth/random_id.h"
#include "server/http/handlers/answer_buying.h"

typedef struct order_change {
    aisle_change base;
    aisle_order_wish wish;
    char id[AISLE_HEX_BYTES];
    aisle_str moved; /* the order that goes on to `to`, and whether it must be one's own */
    aisle_order_state to;
    bool own;
    aisle_order order;
    aisle_refusals no;
} order_change;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the order");
}

static order_change *begin(aisle_request *r, aisle_status (*run)(aisle_change *, aisle_tx *, aisle_error *))
{
    order_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return NULL;
    c->base.r = r;
    c->base.run = run;
    return c;
}

/* ---- placing ---- */

static aisle_status run_place(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    order_change *c = (order_change *)base;
    aisle_arena *a = aisle_request_arena(base->r);
    c->wish.owner = base->owner;
    aisle_status st = aisle_tx_order_place(tx, &c->wish, a, &c->order, &c->no, err);
    if (st == AISLE_ECONFLICT && c->no.n) return aisle_change_refuse_all(base, &c->no, "/items");
    if (st != AISLE_OK) return st;
    base->location = aisle_arena_printf(a, "/v1/orders/%s", c->id);
    return aisle_change_answer(base, 201, aisle_answer_order(&c->order), err);
}

/* One @ with something on both sides, and nothing that could end a line or a header. */
static bool is_email(aisle_str s)
{
    size_t ats = 0;
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] <= 0x20 || s.ptr[i] == 0x7f) return false;
        ats += s.ptr[i] == '@';
    }
    return ats == 1 && s.ptr[0] != '@' && s.ptr[s.len - 1] != '@';
}

static void read_email(aisle_request *r, aisle_json_scope *s, aisle_str *out)
{
    bool guest = !aisle_request_identity(r)->user;
    if (guest) aisle_json_required(s, "email");
    if (aisle_json_text(s, "email", 3, 254, out) == AISLE_OK && out->ptr && !is_email(*out)) {
        aisle_request_invalid(r, "/email", "wrong_format", "an email address wanted");
        s->failed = true;
    }
}

aisle_status aisle_on_order_add(aisle_request *r)
{
    static const char *const none[] = {NULL}, *const known[] = {"email", "total", "version", NULL};
    aisle_json_scope s;
    order_change *c = begin(r, run_place);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    read_email(r, &s, &c->wish.email);
    aisle_json_int(&s, "total", (aisle_int_range){0, AISLE_MONEY_MAX, -1}, &c->wish.total_minor);
    if (aisle_wanted_version(r, &s, &c->wish.version) != AISLE_OK || s.failed) return AISLE_EINVAL;
    aisle_random_id(c->id);
    c->wish.id = c->id;
    return aisle_change_submit(&c->base);
}

/* ---- looking ---- */

static aisle_status not_found(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "no order of yours has this id");
}

/* True, and answered: whoever has no session owns no order. */
static bool refuse_nobody(aisle_request *r)
{
    aisle_owner owner = aisle_owner_of(r);
    if (owner.user || owner.session) return false;
    aisle_reply_header(r, "WWW-Authenticate", "Bearer realm=\"aisle\"");
    aisle_reply_problem(r, 401, "authentication_required",
                        "sign in, or come with the session that has ordered");
    return true;
}

aisle_status aisle_on_order_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_order o;
    aisle_owner owner = aisle_owner_of(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    if (refuse_nobody(r)) return AISLE_OK;
    aisle_status st = aisle_view_order(aisle_loop_of(r)->view, aisle_request_param(r, "id"), &owner,
                                       aisle_request_arena(r), &o, aisle_request_error(r));
    if (st == AISLE_ENOTFOUND) return not_found(r);
    AISLE_TRY(st);
    aisle_reply_header(r, "Cache-Control", "private, no-cache");
    return aisle_reply_json(r, 200, aisle_answer_order(&o));
}

/* The cursor is the id of the last order of the page before. */
static aisle_status read_cursor(aisle_request *r, aisle_order_filter *f)
{
    aisle_order last;
    aisle_str cursor = aisle_request_query(r, "cursor");
    if (!cursor.ptr) return AISLE_OK;
    aisle_status st = aisle_view_order(aisle_loop_of(r)->view, cursor, f->owner, aisle_request_arena(r),
                                       &last, aisle_request_error(r));
    if (st == AISLE_ENOTFOUND)
        return aisle_request_invalid(r, "?cursor", "unknown", "`next` of a page of this list wanted");
    if (st == AISLE_OK) f->before = last.row;
    return st;
}

static aisle_status reply_list(aisle_request *r, aisle_order_filter *f)
{
    int64_t limit = 24;
    aisle_order *list;
    int32_t n;
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, 24}, &limit));
    AISLE_TRY(read_cursor(r, f));
    f->limit = (int32_t)limit;
    AISLE_TRY(aisle_view_orders(aisle_loop_of(r)->view, f, aisle_request_arena(r), &list, &n,
                                aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++) json_array_append_new(items, aisle_answer_order(&list[i]));
    json_t *body = aisle_answer_with(json_object(), "items", items);
    body = aisle_answer_with(body, "next", n == f->limit ? aisle_answer_text(list[n - 1].id) : json_null());
    aisle_reply_header(r, "Cache-Control", "private, no-cache");
    return aisle_reply_json(r, 200, body);
}

aisle_status aisle_on_orders_list(aisle_request *r)
{
    static const char *const known[] = {"cursor", "limit", NULL};
    aisle_owner owner = aisle_owner_of(r);
    aisle_order_filter f = {.owner = &owner, .state = -1};
    AISLE_TRY(aisle_request_query_only(r, known));
    return reply_list(r, &f);
}

static aisle_status read_state(aisle_request *r, aisle_str text, const char *pointer, aisle_order_state *out)
{
    if (aisle_order_state_parse(text, out)) return AISLE_OK;
    return aisle_request_invalid(r, pointer, "unknown",
                                 "one of pending, paid, shipped, delivered, cancelled wanted");
}

aisle_status aisle_on_admin_orders_list(aisle_request *r)
{
    static const char *const known[] = {"state", "cursor", "limit", NULL};
    aisle_order_filter f = {.state = -1};
    aisle_order_state state;
    AISLE_TRY(aisle_request_query_only(r, known));
    aisle_str text = aisle_request_query(r, "state");
    if (text.ptr) {
        AISLE_TRY(read_state(r, text, "?state", &state));
        f.state = state;
    }
    return reply_list(r, &f);
}

/* ---- moving ---- */

static aisle_status run_move(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    order_change *c = (order_change *)base;
    aisle_arena *a = aisle_request_arena(base->r);
    aisle_status st =
        aisle_tx_order_move(tx, c->moved, c->own ? &base->owner : NULL, c->to, a, &c->order, &c->no, err);
    if (st == AISLE_ECONFLICT && c->no.n) {
        const char *detail = aisle_arena_printf(a, "the order is %s: it cannot become %s",
                                                aisle_order_state_name((aisle_order_state)c->no.at[0].left),
                                                aisle_order_state_name(c->to));
        return aisle_change_refuse(base, 409, "order_state",
                                   detail ? detail : "the order cannot be changed so");
    }
    return st == AISLE_OK ? aisle_change_answer(base, 200, aisle_answer_order(&c->order), err) : st;
}

aisle_status aisle_on_order_cancel(aisle_request *r)
{
    static const char *const none[] = {NULL};
    order_change *c = begin(r, run_move);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    if (refuse_nobody(r)) return AISLE_OK;
    c->moved = aisle_request_param(r, "id");
    c->to = AISLE_ORDER_CANCELLED;
    c->own = true;
    return aisle_change_submit(&c->base);
}

aisle_status aisle_on_admin_order_patch(aisle_request *r)
{
    static const char *const none[] = {NULL}, *const known[] = {"state", NULL};
    aisle_json_scope s;
    aisle_str state = {NULL, 0};
    order_change *c = begin(r, run_move);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "state");
    aisle_json_text(&s, "state", 1, 16, &state);
    if (s.failed) return AISLE_EINVAL;
    AISLE_TRY(read_state(r, state, "/state", &c->to));
    c->moved = aisle_request_param(r, "id");
    return aisle_change_submit(&c->base);
}
