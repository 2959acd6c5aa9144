/* What a person has bought, wishes for, or has in the cart: products, for questions that leave them out. */
#include "server/store/store_internal.h"
#include "server/store/view_kept.h"

typedef struct list {
    aisle_arena *arena;
    aisle_str *ids;
    int32_t n, cap;
} list;

static bool stands(const list *l, aisle_str id)
{
    for (int32_t i = 0; i < l->n; i++)
        if (aisle_str_eq(l->ids[i], id)) return true;
    return false;
}

static bool add(list *l, aisle_str id)
{
    if (l->n == l->cap) {
        int32_t cap = l->cap ? l->cap * 2 : 64;
        aisle_str *more = aisle_arena_calloc(l->arena, (size_t)cap, sizeof *more);
        if (!more) return false;
        if (l->n) memcpy(more, l->ids, (size_t)l->n * sizeof *more);
        l->ids = more;
        l->cap = cap;
    }
    l->ids[l->n++] = id;
    return true;
}

/* The newest of a purchase and its cancellation counts; of an earlier one nothing is said any more. */
static aisle_status read_bought(aisle_view *v, aisle_str user, aisle_str session, list *out, aisle_error *err)
{
    enum { EVENTS = 2000 };
    list undone = {.arena = out->arena};
    aisle_recent *events = NULL;
    int32_t n = 0;
    AISLE_TRY(aisle_view_recent(v, user, session, EVENTS, out->arena, &events, &n, err));
    for (int32_t i = 0; i < n; i++) {
        bool bought = events[i].type == AISLE_EVENT_PURCHASE;
        if (!bought && events[i].type != AISLE_EVENT_CANCEL) continue;
        if (stands(out, events[i].item) || stands(&undone, events[i].item)) continue;
        if (!add(bought ? out : &undone, events[i].item))
            return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
    }
    return AISLE_OK;
}

static aisle_status read_rows(aisle_view *v, aisle_sql sql, aisle_str who, list *out, aisle_error *err)
{
    bool row, ok = true;
    aisle_stmt q = aisle_stmt_begin(&v->db, sql);
    aisle_stmt_text(&q, 1, who);
    while (ok) {
        aisle_str id;
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;
        ok = aisle_stmt_copy_text(&q, 0, out->arena, &id) && (stands(out, id) || add(out, id));
    }
    aisle_stmt_end(&q);
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
}

aisle_status aisle_view_kept(aisle_view *v, aisle_str user, aisle_str session, unsigned which, aisle_arena *a,
                             aisle_str **ids, int32_t *n, aisle_error *err)
{
    const aisle_str who = user.ptr ? user : session;
    list all = {.arena = a};
    if (who.ptr && which & AISLE_KEPT_BOUGHT) AISLE_TRY(read_bought(v, user, session, &all, err));
    if (who.ptr && which & AISLE_KEPT_WISHED)
        AISLE_TRY(
            read_rows(v, user.ptr ? AISLE_SQL_KEPT_WISHED : AISLE_SQL_KEPT_WISHED_GUEST, who, &all, err));
    if (who.ptr && which & AISLE_KEPT_CART)
        AISLE_TRY(read_rows(v, user.ptr ? AISLE_SQL_KEPT_CART : AISLE_SQL_KEPT_CART_GUEST, who, &all, err));
    *ids = all.ids;
    *n = all.n;
    return AISLE_OK;
}
