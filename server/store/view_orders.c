/* Reading orders: one by its id, and lists from the newest. */
#include "server/store/order_rows.h"

static aisle_status no_memory(aisle_db *db, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for orders", db->path);
}

static bool copy_order(const aisle_stmt *q, aisle_arena *a, aisle_order *o)
{
    *o = (aisle_order){.row = aisle_stmt_get_int(q, 0),
                       .owner = {aisle_stmt_get_int(q, 2), aisle_stmt_get_int(q, 3)},
                       .state = (aisle_order_state)aisle_stmt_get_int(q, 5),
                       .total_minor = aisle_stmt_get_int(q, 7),
                       .created_ms = aisle_stmt_get_int(q, 8),
                       .changed_ms = aisle_stmt_get_int(q, 9),
                       .paid_ms = aisle_stmt_get_int(q, 10)};
    return aisle_stmt_copy_text(q, 1, a, &o->id) && aisle_stmt_copy_text(q, 4, a, &o->email) &&
           aisle_stmt_copy_text(q, 6, a, &o->currency);
}

static aisle_status read_lines(aisle_db *db, aisle_arena *a, aisle_order *o, aisle_error *err)
{
    bool row;
    o->lines = aisle_arena_calloc(a, AISLE_CART_LINES, sizeof *o->lines);
    if (!o->lines) return no_memory(db, err);
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_ORDER_LINES);
    aisle_stmt_int(&q, 1, o->row);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;
        aisle_order_line *l = &o->lines[o->n];
        bool fits = o->n < AISLE_CART_LINES;
        if (fits && aisle_stmt_copy_text(&q, 1, a, &l->id) && aisle_stmt_copy_text(&q, 2, a, &l->title)) {
            l->product = aisle_stmt_get_int(&q, 0);
            l->price_minor = aisle_stmt_get_int(&q, 3);
            l->quantity = aisle_stmt_get_int(&q, 4);
            l->tracked = aisle_stmt_get_int(&q, 5) != 0;
            o->n++;
            continue;
        }
        aisle_stmt_end(&q);
        return fits ? no_memory(db, err)
                    : aisle_fail(err, AISLE_EIO, "%s: an order of more than %d lines", db->path,
                                 AISLE_CART_LINES);
    }
}

static bool owns(const aisle_owner *who, const aisle_owner *whose)
{
    return who->user ? who->user == whose->user : who->session && who->session == whose->session;
}

aisle_status aisle_order_read(aisle_db *db, aisle_str id, const aisle_owner *owner, aisle_arena *a,
                              aisle_order *out, aisle_error *err)
{
    bool row, copied;
    aisle_order o;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_ORDER_GET);
    aisle_stmt_text(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (row) {
        copied = copy_order(&q, a, &o);
        aisle_stmt_end(&q);
        if (!copied) return no_memory(db, err);
    }
    if (!row || (owner && !owns(owner, &o.owner)))
        return aisle_fail(err, AISLE_ENOTFOUND, "order %.*s: not found", (int)id.len, id.ptr);
    AISLE_TRY(read_lines(db, a, &o, err));
    *out = o;
    return AISLE_OK;
}

aisle_status aisle_view_order(aisle_view *v, aisle_str id, const aisle_owner *owner, aisle_arena *a,
                              aisle_order *out, aisle_error *err)
{
    return aisle_order_read(&v->db, id, owner, a, out, err);
}

static aisle_stmt page_stmt(aisle_view *v, const aisle_order_filter *f)
{
    int64_t before = f->before ? f->before : INT64_MAX;
    aisle_stmt q;
    if (f->owner) {
        q = aisle_stmt_begin(&v->db, AISLE_SQL_ORDER_PAGE_OWN);
        aisle_stmt_owner(&q, *f->owner);
        aisle_stmt_int(&q, 3, before);
        aisle_stmt_int(&q, 4, f->limit);
    } else if (f->state >= 0) {
        q = aisle_stmt_begin(&v->db, AISLE_SQL_ORDER_PAGE_STATE);
        aisle_stmt_int(&q, 1, f->state);
        aisle_stmt_int(&q, 2, before);
        aisle_stmt_int(&q, 3, f->limit);
    } else {
        q = aisle_stmt_begin(&v->db, AISLE_SQL_ORDER_PAGE_ALL);
        aisle_stmt_int(&q, 1, before);
        aisle_stmt_int(&q, 2, f->limit);
    }
    return q;
}

aisle_status aisle_view_orders(aisle_view *v, const aisle_order_filter *f, aisle_arena *a, aisle_order **out,
                               int32_t *n, aisle_error *err)
{
    bool row;
    int32_t count = 0;
    aisle_order *list = aisle_arena_calloc(a, (size_t)f->limit, sizeof *list);
    if (!list) return no_memory(&v->db, err);
    aisle_stmt q = page_stmt(v, f);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        if (copy_order(&q, a, &list[count])) {
            count++;
            continue;
        }
        aisle_stmt_end(&q);
        return no_memory(&v->db, err);
    }
    for (int32_t i = 0; i < count; i++) AISLE_TRY(read_lines(&v->db, a, &list[i], err));
    *out = list;
    *n = count;
    return AISLE_OK;
}
