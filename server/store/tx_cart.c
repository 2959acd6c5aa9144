/* Carts: reading them with the prices and stock of now, and changing them whole or not at all. Orders are in
 * tx_order.c. */
#include "server/store/buying_internal.h"

aisle_status aisle_refuse(aisle_refusals *no, aisle_refused why, aisle_error *err)
{
    if (no->n < AISLE_REFUSED_MAX) no->at[no->n++] = why;
    return aisle_fail(err, AISLE_ECONFLICT, "the cart or order does not allow it");
}

void aisle_stmt_owner(aisle_stmt *q, aisle_owner owner)
{
    aisle_stmt_id(q, 1, owner.user);
    aisle_stmt_id(q, 2, owner.user ? 0 : owner.session);
}

static aisle_status no_memory(aisle_db *db, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for a cart", db->path);
}

static bool copy_line(const aisle_stmt *q, aisle_arena *a, aisle_cart_line *out)
{
    *out = (aisle_cart_line){.product = aisle_stmt_get_int(q, 0),
                             .price_minor = aisle_stmt_get_int(q, 4),
                             .stock = aisle_stmt_get_int(q, 5),
                             .quantity = aisle_stmt_get_int(q, 6),
                             .seen_minor = aisle_stmt_get_int(q, 7),
                             .added_ms = aisle_stmt_get_int(q, 9)};
    return aisle_stmt_copy_text(q, 1, a, &out->id) && aisle_stmt_copy_text(q, 2, a, &out->title) &&
           aisle_stmt_copy_text(q, 3, a, &out->currency) &&
           aisle_stmt_copy_text(q, 8, a, &out->recommendation);
}

bool aisle_money_add(int64_t *total, int64_t price, int64_t quantity)
{
    int64_t part, sum;
    if (__builtin_mul_overflow(price, quantity, &part) || __builtin_add_overflow(*total, part, &sum))
        return false;
    if (sum > AISLE_MONEY_MAX) return false;
    *total = sum;
    return true;
}

static void add_up(aisle_cart *c)
{
    c->total_minor = 0;
    for (int32_t i = 0; i < c->n; i++) {
        const aisle_cart_line *l = &c->lines[i];
        if (l->price_minor < 0 || aisle_money_add(&c->total_minor, l->price_minor, l->quantity)) continue;
        c->total_minor = -1;
        return;
    }
}

static aisle_status read_lines(aisle_db *db, aisle_arena *a, aisle_cart *c, aisle_error *err)
{
    bool row;
    c->n = 0;
    c->lines = aisle_arena_calloc(a, AISLE_CART_LINES + 1,
                                  sizeof *c->lines); /* one above: a change may be refused */
    if (!c->lines) return no_memory(db, err);
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_CART_LINES);
    aisle_stmt_int(&q, 1, c->row);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        bool fits = c->n <= AISLE_CART_LINES, copied = fits && copy_line(&q, a, &c->lines[c->n]);
        if (copied) {
            c->n++;
            continue;
        }
        aisle_stmt_end(&q);
        if (!fits) break;
        return no_memory(db, err);
    }
    add_up(c);
    return AISLE_OK;
}

aisle_status aisle_cart_read(aisle_db *db, aisle_owner owner, aisle_arena *a, aisle_cart *out,
                             aisle_error *err)
{
    bool row, copied;
    aisle_cart c = {0};
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_CART_GET);
    aisle_stmt_owner(&q, owner);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (row) {
        c.row = aisle_stmt_get_int(&q, 0);
        c.version = aisle_stmt_get_int(&q, 1);
        c.changed_ms = aisle_stmt_get_int(&q, 3);
        copied = aisle_stmt_copy_text(&q, 2, a, &c.currency);
        aisle_stmt_end(&q);
        if (!copied) return no_memory(db, err);
        AISLE_TRY(read_lines(db, a, &c, err));
    }
    *out = c;
    return AISLE_OK;
}

aisle_status aisle_view_cart(aisle_view *v, aisle_owner owner, aisle_arena *a, aisle_cart *out,
                             aisle_error *err)
{
    return aisle_cart_read(&v->db, owner, a, out, err);
}

/* ---- changing ---- */

typedef struct change {
    aisle_tx *tx;
    const aisle_cart_change *wish;
    aisle_cart cart;
    aisle_arena *a;
    int64_t now_ms;
    aisle_refusals *no;
} change;

aisle_status aisle_tx_owner_event(aisle_tx *tx, aisle_owner owner, int64_t product, aisle_event *e,
                                  aisle_error *err)
{
    const aisle_event_ids ids = {owner.user, owner.user ? 0 : owner.session, product};
    return aisle_tx_event_insert(tx, e, &ids, NULL, err);
}

static aisle_status note_move(change *c, int64_t product, int64_t moved, int64_t price,
                              aisle_str recommendation, aisle_error *err)
{
    if (moved == 0) return AISLE_OK;
    aisle_event e = {.type = moved > 0 ? AISLE_EVENT_ADD_TO_CART : AISLE_EVENT_REMOVE_FROM_CART,
                     .at_ms = c->now_ms,
                     .value = (double)(moved > 0 ? moved : -moved),
                     .price_minor = price,
                     .recommendation = recommendation};
    return aisle_tx_owner_event(c->tx, c->wish->owner, product, &e, err);
}

static const aisle_cart_line *line_of(const aisle_cart *c, aisle_str item)
{
    for (int32_t i = 0; i < c->n; i++)
        if (aisle_str_eq(c->lines[i].id, item)) return &c->lines[i];
    return NULL;
}

static aisle_status find_offer(change *c, aisle_str item, bool *found, aisle_cart_line *out, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(c->tx->db, AISLE_SQL_PRODUCT_OFFER);
    aisle_stmt_text(&q, 1, item);
    AISLE_TRY(aisle_stmt_next(&q, found, err));
    if (!*found) return AISLE_OK;
    *out = (aisle_cart_line){.product = aisle_stmt_get_int(&q, 0),
                             .price_minor = aisle_stmt_get_int(&q, 4),
                             .stock = aisle_stmt_get_int(&q, 5)};
    bool copied = aisle_stmt_copy_text(&q, 3, c->a, &out->currency);
    aisle_stmt_end(&q);
    return copied ? AISLE_OK : no_memory(c->tx->db, err);
}

static aisle_status take_out(change *c, aisle_str item, aisle_error *err)
{
    const aisle_cart_line *l = line_of(&c->cart, item);
    if (!l) return aisle_refuse(c->no, (aisle_refused){AISLE_WHY_UNKNOWN, item, 0}, err);
    aisle_stmt q = aisle_stmt_begin(c->tx->db, AISLE_SQL_CART_ITEM_REMOVE);
    aisle_stmt_int(&q, 1, c->cart.row);
    aisle_stmt_int(&q, 2, l->product);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return note_move(c, l->product, -l->quantity, l->price_minor, (aisle_str){NULL, 0}, err);
}

/* The currency is that of the lines that stay. */
static bool other_currency(const change *c, const aisle_cart_put *p, aisle_str currency)
{
    for (int32_t i = 0; i < c->cart.n && !c->wish->clear; i++) {
        bool same_item = aisle_str_eq(c->cart.lines[i].id, p->item);
        if (!same_item) return !aisle_str_eq(c->cart.currency, currency);
    }
    return false;
}

static aisle_status put_in(change *c, const aisle_cart_put *p, aisle_error *err)
{
    bool found;
    aisle_cart_line offer;
    const aisle_cart_line *old = c->wish->clear ? NULL : line_of(&c->cart, p->item);
    AISLE_TRY(find_offer(c, p->item, &found, &offer, err));
    if (!found) return aisle_refuse(c->no, (aisle_refused){AISLE_WHY_UNKNOWN, p->item, 0}, err);
    if (offer.price_minor < 0)
        return aisle_refuse(c->no, (aisle_refused){AISLE_WHY_NOT_FOR_SALE, p->item, 0}, err);
    if (other_currency(c, p, offer.currency))
        return aisle_refuse(c->no, (aisle_refused){AISLE_WHY_CURRENCY, p->item, 0}, err);
    if (offer.stock >= 0 && offer.stock < p->quantity)
        return aisle_refuse(c->no, (aisle_refused){AISLE_WHY_STOCK, p->item, offer.stock}, err);
    aisle_stmt q = aisle_stmt_begin(c->tx->db, AISLE_SQL_CART_ITEM_PUT);
    aisle_stmt_int(&q, 1, c->cart.row);
    aisle_stmt_int(&q, 2, offer.product);
    aisle_stmt_int(&q, 3, p->quantity);
    aisle_stmt_int(&q, 4, offer.price_minor);
    aisle_stmt_text(&q, 5, p->recommendation);
    aisle_stmt_int(&q, 6, c->now_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    c->cart.currency = offer.currency;
    return note_move(c, offer.product, p->quantity - (old ? old->quantity : 0), offer.price_minor,
                     p->recommendation, err);
}

static aisle_status clear(change *c, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(c->tx->db, AISLE_SQL_CART_ITEMS_REMOVE);
    aisle_stmt_int(&q, 1, c->cart.row);
    AISLE_TRY(aisle_stmt_run(&q, err));
    for (int32_t i = 0; i < c->cart.n; i++) {
        const aisle_cart_line *l = &c->cart.lines[i];
        AISLE_TRY(note_move(c, l->product, -l->quantity, l->price_minor, (aisle_str){NULL, 0}, err));
    }
    return AISLE_OK;
}

static aisle_status make_cart(change *c, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(c->tx->db, AISLE_SQL_CART_ADD);
    aisle_stmt_owner(&q, c->wish->owner);
    aisle_stmt_int(&q, 3, c->now_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    c->cart.row = sqlite3_last_insert_rowid(c->tx->db->handle);
    return AISLE_OK;
}

aisle_status aisle_tx_cart_touch(aisle_tx *tx, aisle_cart *c, int64_t now_ms, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_CART_TOUCH);
    aisle_stmt_int(&q, 1, c->row);
    aisle_stmt_text(&q, 2, c->n ? c->currency : (aisle_str){NULL, 0});
    aisle_stmt_int(&q, 3, now_ms);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_EINTERNAL, "%s: the cart has gone", tx->db->path);
    c->version = aisle_stmt_get_int(&q, 0);
    c->changed_ms = now_ms;
    aisle_stmt_end(&q);
    return AISLE_OK;
}

/* The cart as it is now, refused when it has grown beyond the limits. */
static aisle_status finish(change *c, aisle_cart *out, aisle_error *err)
{
    AISLE_TRY(read_lines(c->tx->db, c->a, &c->cart, err));
    if (c->cart.n > AISLE_CART_LINES)
        return aisle_refuse(c->no, (aisle_refused){AISLE_WHY_LINES, {NULL, 0}, AISLE_CART_LINES}, err);
    if (c->cart.total_minor < 0 && c->wish->n)
        return aisle_refuse(c->no, (aisle_refused){AISLE_WHY_TOTAL, {NULL, 0}, AISLE_MONEY_MAX}, err);
    AISLE_TRY(aisle_tx_cart_touch(c->tx, &c->cart, c->now_ms, err));
    aisle_stmt q = aisle_stmt_begin(c->tx->db, AISLE_SQL_CART_ITEMS_SEE);
    aisle_stmt_int(&q, 1, c->cart.row);
    AISLE_TRY(aisle_stmt_run(&q, err));
    if (!c->cart.n) c->cart.currency = (aisle_str){NULL, 0};
    *out = c->cart;
    return AISLE_OK;
}

aisle_status aisle_tx_cart_change(aisle_tx *tx, const aisle_cart_change *wish, aisle_arena *a,
                                  aisle_cart *out, aisle_refusals *no, aisle_error *err)
{
    change c = {.tx = tx, .wish = wish, .a = a, .now_ms = aisle_time_now_ms(), .no = no};
    aisle_status st = AISLE_OK;
    no->n = 0;
    AISLE_TRY(aisle_cart_read(tx->db, wish->owner, a, &c.cart, err));
    if (wish->version >= 0 && wish->version != c.cart.version)
        return aisle_refuse(no, (aisle_refused){AISLE_WHY_VERSION, {NULL, 0}, c.cart.version}, err);
    if (!c.cart.row) AISLE_TRY(make_cart(&c, err));
    if (wish->clear) AISLE_TRY(clear(&c, err));
    for (int32_t i = 0; i < wish->n; i++) {
        const aisle_cart_put *p = &wish->puts[i];
        aisle_status one = p->quantity ? put_in(&c, p, err) : take_out(&c, p->item, err);
        if (one != AISLE_OK && one != AISLE_ECONFLICT) return one;
        if (one != AISLE_OK) st = one; /* go on: one answer names every wrong line */
    }
    return st == AISLE_OK ? finish(&c, out, err) : st;
}

/* ---- the owner changes ---- */

static aisle_status run_ids(aisle_tx *tx, aisle_sql id, int64_t one, int64_t two, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, id);
    aisle_stmt_id(&q, 1, one);
    if (two >= 0) aisle_stmt_id(&q, 2, two);
    return aisle_stmt_run(&q, err);
}

static aisle_status join_carts(aisle_tx *tx, aisle_cart *mine, const aisle_cart *guests, aisle_error *err)
{
    if (!mine->n) mine->currency = guests->currency;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_CART_MERGE);
    aisle_stmt_int(&q, 1, mine->row);
    aisle_stmt_int(&q, 2, guests->row);
    aisle_stmt_text(&q, 3, mine->currency);
    AISLE_TRY(aisle_stmt_run(&q, err));
    mine->n += guests->n; /* 0 only when there are no lines at all */
    AISLE_TRY(aisle_tx_cart_touch(tx, mine, aisle_time_now_ms(), err));
    AISLE_TRY(run_ids(tx, AISLE_SQL_CART_ITEMS_REMOVE, guests->row, -1, err));
    return run_ids(tx, AISLE_SQL_CART_REMOVE, guests->row, -1, err);
}

aisle_status aisle_tx_buying_merge(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err)
{
    aisle_arena a = {0};
    aisle_cart mine, guests;
    aisle_status st = aisle_cart_read(tx->db, (aisle_owner){0, session}, &a, &guests, err);
    if (st == AISLE_OK) st = aisle_cart_read(tx->db, (aisle_owner){user, 0}, &a, &mine, err);
    if (st == AISLE_OK && guests.row)
        st = mine.row ? join_carts(tx, &mine, &guests, err)
                      : run_ids(tx, AISLE_SQL_CART_ADOPT, user, guests.row, err);
    if (st == AISLE_OK) st = run_ids(tx, AISLE_SQL_ORDERS_ADOPT, user, session, err);
    aisle_arena_deinit(&a);
    return st;
}
