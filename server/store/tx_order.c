/* Orders: placed out of a cart, moved from state to state, paid. Stock and money stay whole: every step is in one
 * transaction. Reading them is in view_orders.c. */
#include "server/store/buying_internal.h"
#include "server/store/order_rows.h"

static const char *const names[AISLE_ORDER_STATES] = {"pending", "paid", "shipped", "delivered", "cancelled"};

const char *aisle_order_state_name(aisle_order_state s)
{
    return (unsigned)s < AISLE_ORDER_STATES ? names[s] : NULL;
}

bool aisle_order_state_parse(aisle_str s, aisle_order_state *out)
{
    for (int i = 0; i < AISLE_ORDER_STATES; i++)
        if (aisle_str_eq(s, aisle_str_from(names[i]))) {
            *out = (aisle_order_state)i;
            return true;
        }
    return false;
}

static aisle_status note_lines(aisle_tx *tx, const aisle_order *o, aisle_event_type type, int64_t now_ms,
                               const aisle_cart *from, aisle_error *err)
{
    if (!o->owner.user && !o->owner.session) return AISLE_OK; /* erased: nobody's interest */
    for (int32_t i = 0; i < o->n; i++) {
        const aisle_order_line *l = &o->lines[i];
        aisle_event e = {.type = type,
                         .at_ms = now_ms,
                         .value = (double)l->quantity,
                         .price_minor = l->price_minor,
                         .order = o->id};
        if (from) e.recommendation = from->lines[i].recommendation;
        AISLE_TRY(aisle_tx_owner_event(tx, o->owner, l->product, &e, err));
    }
    return AISLE_OK;
}

/* ---- placing ---- */

typedef struct placing {
    aisle_tx *tx;
    const aisle_order_wish *wish;
    aisle_cart cart;
    aisle_refusals *no;
    int64_t now_ms;
} placing;

static void check_line(placing *p, const aisle_cart_line *l)
{
    bool agreed = p->wish->total_minor >= 0 || l->price_minor == l->seen_minor;
    if (l->price_minor < 0)
        aisle_refuse(p->no, (aisle_refused){AISLE_WHY_NOT_FOR_SALE, l->id, 0}, NULL);
    else if (!aisle_str_eq(l->currency, p->cart.currency))
        aisle_refuse(p->no, (aisle_refused){AISLE_WHY_CURRENCY, l->id, 0}, NULL);
    else if (l->stock >= 0 && l->stock < l->quantity)
        aisle_refuse(p->no, (aisle_refused){AISLE_WHY_STOCK, l->id, l->stock}, NULL);
    else if (!agreed)
        aisle_refuse(p->no, (aisle_refused){AISLE_WHY_PRICE, l->id, l->price_minor}, NULL);
}

static aisle_status check_cart(placing *p, aisle_error *err)
{
    const aisle_order_wish *w = p->wish;
    const aisle_cart *c = &p->cart;
    const aisle_str whole = {NULL, 0};
    if (w->version >= 0 && w->version != c->version)
        return aisle_refuse(p->no, (aisle_refused){AISLE_WHY_VERSION, whole, c->version}, err);
    if (c->n == 0) return aisle_refuse(p->no, (aisle_refused){AISLE_WHY_EMPTY, whole, 0}, err);
    for (int32_t i = 0; i < c->n; i++) check_line(p, &c->lines[i]);
    if (p->no->n == 0 && c->total_minor < 0)
        aisle_refuse(p->no, (aisle_refused){AISLE_WHY_TOTAL, whole, AISLE_MONEY_MAX}, NULL);
    if (p->no->n == 0 && w->total_minor >= 0 && w->total_minor != c->total_minor)
        aisle_refuse(p->no, (aisle_refused){AISLE_WHY_PRICE, whole, c->total_minor}, NULL);
    return p->no->n ? aisle_fail(err, AISLE_ECONFLICT, "the cart cannot be ordered as it is") : AISLE_OK;
}

static aisle_status add_order(placing *p, aisle_order *o, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(p->tx->db, AISLE_SQL_ORDER_ADD);
    aisle_stmt_text(&q, 1, o->id);
    aisle_stmt_id(&q, 2, o->owner.user);
    aisle_stmt_id(&q, 3, o->owner.session);
    aisle_stmt_text(&q, 4, o->email);
    aisle_stmt_text(&q, 5, o->currency);
    aisle_stmt_int(&q, 6, o->total_minor);
    aisle_stmt_int(&q, 7, p->now_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    o->row = sqlite3_last_insert_rowid(p->tx->db->handle);
    return AISLE_OK;
}

static aisle_status add_line(placing *p, const aisle_order *o, int32_t i, aisle_error *err)
{
    aisle_order_line *l = &o->lines[i];
    if (l->tracked) AISLE_TRY(aisle_tx_product_stock(p->tx, l->product, -l->quantity, NULL, err));
    aisle_stmt q = aisle_stmt_begin(p->tx->db, AISLE_SQL_ORDER_LINE_ADD);
    aisle_stmt_int(&q, 1, o->row);
    aisle_stmt_int(&q, 2, i);
    aisle_stmt_int(&q, 3, l->product);
    aisle_stmt_text(&q, 4, l->title);
    aisle_stmt_int(&q, 5, l->price_minor);
    aisle_stmt_int(&q, 6, l->quantity);
    aisle_stmt_int(&q, 7, l->tracked);
    return aisle_stmt_run(&q, err);
}

static aisle_status empty_cart(placing *p, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(p->tx->db, AISLE_SQL_CART_ITEMS_REMOVE);
    aisle_stmt_int(&q, 1, p->cart.row);
    AISLE_TRY(aisle_stmt_run(&q, err));
    p->cart.n = 0;
    return aisle_tx_cart_touch(p->tx, &p->cart, p->now_ms, err);
}

static aisle_status fill(placing *p, aisle_arena *a, aisle_order *o, aisle_error *err)
{
    const aisle_owner w = p->wish->owner;
    *o = (aisle_order){.owner = {w.user, w.user ? 0 : w.session},
                       .id = aisle_str_from(p->wish->id),
                       .email = p->wish->email,
                       .currency = p->cart.currency,
                       .total_minor = p->cart.total_minor,
                       .created_ms = p->now_ms,
                       .changed_ms = p->now_ms,
                       .n = p->cart.n};
    o->lines = aisle_arena_calloc(a, (size_t)o->n, sizeof *o->lines);
    if (!o->lines) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for an order", p->tx->db->path);
    for (int32_t i = 0; i < o->n; i++) {
        const aisle_cart_line *l = &p->cart.lines[i];
        o->lines[i] =
            (aisle_order_line){l->product, l->id, l->title, l->price_minor, l->quantity, l->stock >= 0};
    }
    return AISLE_OK;
}

aisle_status aisle_tx_order_place(aisle_tx *tx, const aisle_order_wish *w, aisle_arena *a, aisle_order *out,
                                  aisle_refusals *no, aisle_error *err)
{
    placing p = {.tx = tx, .wish = w, .no = no, .now_ms = aisle_time_now_ms()};
    aisle_order o;
    no->n = 0;
    AISLE_TRY(aisle_cart_read(tx->db, w->owner, a, &p.cart, err));
    AISLE_TRY(check_cart(&p, err));
    AISLE_TRY(fill(&p, a, &o, err));
    AISLE_TRY(add_order(&p, &o, err));
    for (int32_t i = 0; i < o.n; i++) AISLE_TRY(add_line(&p, &o, i, err));
    AISLE_TRY(note_lines(tx, &o, AISLE_EVENT_PURCHASE, p.now_ms, &p.cart, err));
    AISLE_TRY(empty_cart(&p, err));
    *out = o;
    return AISLE_OK;
}

/* ---- moving ---- */

static bool may_go(aisle_order_state from, aisle_order_state to)
{
    static const bool open[AISLE_ORDER_STATES][AISLE_ORDER_STATES] = {
        [AISLE_ORDER_PENDING] = {[AISLE_ORDER_PAID] = true, [AISLE_ORDER_CANCELLED] = true},
        [AISLE_ORDER_PAID] = {[AISLE_ORDER_SHIPPED] = true, [AISLE_ORDER_CANCELLED] = true},
        [AISLE_ORDER_SHIPPED] = {[AISLE_ORDER_DELIVERED] = true}};
    return open[from][to];
}

/* A product that was removed, or has more than can be counted, takes nothing back: no reason to keep the order. */
static aisle_status return_stock(aisle_tx *tx, const aisle_order *o, aisle_error *err)
{
    for (int32_t i = 0; i < o->n; i++) {
        const aisle_order_line *l = &o->lines[i];
        aisle_status st =
            l->tracked ? aisle_tx_product_stock(tx, l->product, l->quantity, NULL, err) : AISLE_OK;
        if (st != AISLE_OK && st != AISLE_ENOTFOUND && st != AISLE_ECONFLICT) return st;
    }
    return AISLE_OK;
}

static aisle_status set_state(aisle_tx *tx, aisle_order *o, aisle_order_state to, int64_t paid_ms,
                              aisle_error *err)
{
    int64_t now_ms = aisle_time_now_ms();
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ORDER_SET_STATE);
    aisle_stmt_int(&q, 1, o->row);
    aisle_stmt_int(&q, 2, to);
    aisle_stmt_int(&q, 3, now_ms);
    aisle_stmt_int(&q, 4, paid_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    if (to == AISLE_ORDER_CANCELLED && o->state != to) {
        AISLE_TRY(return_stock(tx, o, err));
        AISLE_TRY(note_lines(tx, o, AISLE_EVENT_CANCEL, now_ms, NULL, err));
    }
    o->state = to;
    o->changed_ms = now_ms;
    if (paid_ms) o->paid_ms = paid_ms;
    return AISLE_OK;
}

aisle_status aisle_tx_order_move(aisle_tx *tx, aisle_str id, const aisle_owner *owner, aisle_order_state to,
                                 aisle_arena *a, aisle_order *out, aisle_refusals *no, aisle_error *err)
{
    aisle_order o;
    no->n = 0;
    AISLE_TRY(aisle_order_read(tx->db, id, owner, a, &o, err));
    if (!may_go(o.state, to)) return aisle_refuse(no, (aisle_refused){AISLE_WHY_STATE, o.id, o.state}, err);
    AISLE_TRY(set_state(tx, &o, to, to == AISLE_ORDER_PAID ? aisle_time_now_ms() : 0, err));
    *out = o;
    return AISLE_OK;
}

/* ---- payment ---- */

/* Notes are refused by their time after minutes: a day is long enough to know them again. */
static aisle_status claim_note(aisle_tx *tx, const aisle_payment_note *n, bool *known, aisle_error *err)
{
    const int64_t keep_ms = 24 * 3600 * 1000;
    int64_t now_ms = aisle_time_now_ms();
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PAYMENT_NOTES_FORGET);
    aisle_stmt_int(&q, 1, now_ms - keep_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_PAYMENT_NOTE_ADD);
    aisle_stmt_blob(&q, 1, n->id, sizeof n->id);
    aisle_stmt_int(&q, 2, now_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *known = sqlite3_changes(tx->db->handle) == 0;
    return AISLE_OK;
}

aisle_status aisle_tx_payment(aisle_tx *tx, const aisle_payment_note *n, aisle_arena *a, aisle_order *out,
                              bool *known, aisle_error *err)
{
    aisle_order o;
    AISLE_TRY(aisle_order_read(tx->db, n->order, NULL, a, &o, err));
    if (n->amount_minor != o.total_minor || !aisle_str_eq(n->currency, o.currency))
        return aisle_fail(err, AISLE_EINVAL, "the amount is not the order's: %lld %.*s",
                          (long long)o.total_minor, (int)o.currency.len,
                          o.currency.ptr ? o.currency.ptr : "");
    AISLE_TRY(claim_note(tx, n, known, err));
    if (!*known && n->paid && o.paid_ms == 0)
        AISLE_TRY(set_state(tx, &o, o.state == AISLE_ORDER_PENDING ? AISLE_ORDER_PAID : o.state,
                            aisle_time_now_ms(), err));
    else if (!*known && !n->paid && o.state == AISLE_ORDER_PENDING)
        AISLE_TRY(set_state(tx, &o, AISLE_ORDER_CANCELLED, 0, err));
    *out = o;
    return AISLE_OK;
}
