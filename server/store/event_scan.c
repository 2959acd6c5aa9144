/* The table of events is in the order of ids: a slice of it is one short read. */
#include "server/store/event_scan.h"

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
