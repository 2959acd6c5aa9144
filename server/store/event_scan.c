/* The table of events is in the order of ids: a slice of it is one short read. */
#include "server/store/event_scan.h"

#include <string.h>

#include "server/store/store_internal.h"

aisle_status aisle_view_scan(aisle_view *v, int64_t id, bool down, aisle_scanned *out, int32_t *n,
                             aisle_error *err)
{
    const int32_t most = *n;
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, down ? AISLE_SQL_EVENT_SCAN_DOWN : AISLE_SQL_EVENT_SCAN_UP);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_int(&q, 2, most);
    for (*n = 0;; ++*n) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;
        out[*n] = (aisle_scanned){.id = aisle_stmt_get_int(&q, 0),
                                  .product = aisle_stmt_get_int(&q, 1),
                                  .at_ms = aisle_stmt_get_int(&q, 2),
                                  .value = aisle_stmt_get_real(&q, 3),
                                  .type = (aisle_event_type)aisle_stmt_get_int(&q, 4)};
    }
}

aisle_status aisle_view_scan_last(aisle_view *v, int64_t *id, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_EVENT_LAST);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *id = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

/* ---- who buys ---- */

static aisle_status no_memory(aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for purchases", v->db.path);
}

/* One more of a list that grows in an arena: what it outgrew stays there until the arena's end. NULL: out of memory. */
static void *next_of(aisle_arena *a, void **list, int32_t n, int32_t *cap, size_t size)
{
    if (n == *cap) {
        const int32_t more = *cap ? 2 * *cap : 16;
        void *made = aisle_arena_calloc(a, (size_t)more, size);
        if (!made) return NULL;
        if (n) memcpy(made, *list, (size_t)n * size);
        *list = made;
        *cap = more;
    }
    return (char *)*list + (size_t)n * size;
}

aisle_status aisle_view_buyers(aisle_view *v, int64_t after, int64_t last, aisle_arena *a, aisle_buyer **out,
                               int32_t *n, aisle_error *err)
{
    bool row;
    int32_t cap = 0;
    void *list = NULL;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_EVENT_BUYERS);
    aisle_stmt_int(&q, 1, after);
    aisle_stmt_int(&q, 2, last);
    for (*n = 0;; ++*n) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        aisle_buyer *b = next_of(a, &list, *n, &cap, sizeof *b);
        if (!b) {
            aisle_stmt_end(&q);
            return no_memory(v, err);
        }
        b->user = aisle_stmt_get_int(&q, 0);
        b->session = b->user ? 0 : aisle_stmt_get_int(&q, 1);
    }
    *out = list;
    return AISLE_OK;
}

aisle_status aisle_view_bought(aisle_view *v, const aisle_buyer *who, int64_t last, aisle_arena *a,
                               aisle_bought **out, int32_t *n, aisle_error *err)
{
    bool row;
    int32_t cap = 0;
    void *list = NULL;
    aisle_stmt q =
        aisle_stmt_begin(&v->db, who->user ? AISLE_SQL_EVENT_BOUGHT_USER : AISLE_SQL_EVENT_BOUGHT_SESSION);
    aisle_stmt_int(&q, 1, who->user ? who->user : who->session);
    aisle_stmt_int(&q, 2, last);
    aisle_stmt_int(&q, 3, AISLE_BUYER_EVENTS);
    for (*n = 0;; ++*n) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        aisle_bought *b = next_of(a, &list, *n, &cap, sizeof *b);
        if (b)
            *b = (aisle_bought){.id = aisle_stmt_get_int(&q, 0),
                                .product = aisle_stmt_get_int(&q, 1),
                                .type = (aisle_event_type)aisle_stmt_get_int(&q, 2),
                                .at_ms = aisle_stmt_get_int(&q, 3),
                                .value = aisle_stmt_get_real(&q, 4),
                                .session = aisle_stmt_get_int(&q, 6)};
        if (!b || !aisle_stmt_copy_text(&q, 5, a, &b->order)) {
            aisle_stmt_end(&q);
            return no_memory(v, err);
        }
    }
    *out = list;
    return AISLE_OK;
}
