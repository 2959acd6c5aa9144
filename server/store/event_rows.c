/* Rows in memory as a virtual table that exists during one INSERT ... SELECT. One statement for all rows
 * keeps the cursors of the table and of its indexes where they are: rows that come in order are appended
 * without a search, and nothing is bound, reset and opened again for each of them. */
#include "server/store/event_rows.h"

#include "server/store/memory_table.h"

static const char name[] = "staged_events";

enum { USER, SESSION, PRODUCT, TYPE, AT, VALUE, PRICE, POSITION, ORDER, RECOMMENDATION };

typedef struct cursor {
    aisle_memory_cursor base; /* first; its context is the rows */
    aisle_event event;
    aisle_event_ids ids;
} cursor;

static int fill(aisle_memory_cursor *c, sqlite3_value **arguments)
{
    const aisle_event_rows *rows = c->ctx;
    (void)arguments;
    c->n = rows->n;
    return SQLITE_OK;
}

static void go(aisle_memory_cursor *base)
{
    const aisle_event_rows *rows = base->ctx;
    cursor *c = (cursor *)base;
    rows->get(rows->ctx, (int32_t)base->at, &c->event, &c->ids);
}

static void result_id(sqlite3_context *out, int64_t id)
{
    if (id) sqlite3_result_int64(out, id); /* else NULL */
}

/* Static: the row stays where it is until the statement has written it. */
static void result_text(sqlite3_context *out, aisle_str s)
{
    if (s.ptr) sqlite3_result_text64(out, s.ptr, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void value(const aisle_memory_cursor *base, sqlite3_context *out, int column)
{
    const cursor *c = (const cursor *)base;
    const aisle_event *e = &c->event;
    switch (column) {
    case USER: result_id(out, c->ids.user); break;
    case SESSION: result_id(out, c->ids.session); break;
    case PRODUCT: result_id(out, c->ids.product); break;
    case TYPE: sqlite3_result_int(out, (int)e->type); break;
    case AT: sqlite3_result_int64(out, e->at_ms); break;
    case VALUE: sqlite3_result_double(out, e->value); break;
    case PRICE: sqlite3_result_int64(out, e->price_minor); break;
    case POSITION: sqlite3_result_int(out, e->position); break;
    case ORDER: result_text(out, e->order); break;
    case RECOMMENDATION: result_text(out, e->recommendation); break;
    default: break;
    }
}

static const aisle_memory_table staged_events = {
    .schema = "CREATE TABLE staged_events (user_id, session_id, product_id, type, at_ms, value, "
              "price_minor, position, order_ref, recommendation)",
    .n_columns = RECOMMENDATION + 1,
    .rows = 4096,
    .cursor_bytes = sizeof(cursor),
    .fill = fill,
    .go = go,
    .column = value};

aisle_status aisle_tx_event_rows(aisle_tx *tx, const aisle_event_rows *rows, aisle_error *err)
{
    sqlite3 *handle = tx->db->handle;
    sqlite3_stmt *stmt = NULL;
    aisle_str text = aisle_sql_text("event_insert_rows");
    int64_t last;
    if (rows->n == 0) return AISLE_OK;
    AISLE_TRY(aisle_tx_event_last(tx, &last, err));
    AISLE_TRY(aisle_memory_table_add(tx->db, name, &staged_events, (void *)rows, err));
    int rc = sqlite3_prepare_v2(handle, text.ptr, (int)text.len, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    aisle_status st = rc == SQLITE_DONE ? AISLE_OK : aisle_db_fail(tx->db, rc, err);
    sqlite3_finalize(stmt);
    aisle_memory_table_add(tx->db, name, NULL, NULL, NULL); /* rows are the caller's */
    if (st != AISLE_OK) return st;
    tx->deltas.events += rows->n;
    aisle_people_touch_all(tx->people);
    return aisle_tx_events_merge_after(tx, last, err);
}
