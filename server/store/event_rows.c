/* Rows in memory as a virtual table that exists during one INSERT ... SELECT. One statement for all rows
 * keeps the cursors of the table and of its indexes where they are: rows that come in order are appended
 * without a search, and nothing is bound, reset and opened again for each of them. */
#include "server/store/event_rows.h"

static const char name[] = "staged_events";

enum { USER, SESSION, PRODUCT, TYPE, AT, VALUE, PRICE, POSITION, ORDER, RECOMMENDATION };

typedef struct table {
    sqlite3_vtab base; /* first: SQLite's */
    const aisle_event_rows *rows;
} table;

typedef struct cursor {
    sqlite3_vtab_cursor base; /* first: SQLite's */
    int32_t at;
    aisle_event event;
    aisle_event_ids ids;
} cursor;

static const aisle_event_rows *rows_of(const cursor *c)
{
    return ((const table *)c->base.pVtab)->rows;
}

static int table_connect(sqlite3 *db, void *rows, int argc, const char *const *argv, sqlite3_vtab **out,
                         char **message)
{
    (void)argc, (void)argv, (void)message;
    int rc = sqlite3_declare_vtab(
        db, "CREATE TABLE staged_events (user_id, session_id, product_id, type, at_ms, value, "
            "price_minor, position, order_ref, recommendation)");
    if (rc != SQLITE_OK) return rc;
    table *t = sqlite3_malloc(sizeof *t);
    if (!t) return SQLITE_NOMEM;
    *t = (table){.rows = rows};
    *out = &t->base;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

/* There is one way: all rows in their order. */
static int table_plan(sqlite3_vtab *t, sqlite3_index_info *plan)
{
    plan->estimatedRows = ((const table *)t)->rows->n;
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    (void)t;
    cursor *c = sqlite3_malloc(sizeof *c);
    if (!c) return SQLITE_NOMEM;
    *c = (cursor){.at = 0};
    *out = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

static int go_to(cursor *c, int32_t at)
{
    const aisle_event_rows *rows = rows_of(c);
    c->at = at;
    if (at < rows->n) rows->get(rows->ctx, at, &c->event, &c->ids);
    return SQLITE_OK;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                         sqlite3_value **argv)
{
    (void)plan, (void)text, (void)argc, (void)argv;
    return go_to((cursor *)base, 0);
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    cursor *c = (cursor *)base;
    return go_to(c, c->at + 1);
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    const cursor *c = (const cursor *)base;
    return c->at >= rows_of(c)->n;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((const cursor *)base)->at;
    return SQLITE_OK;
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

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
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
    return SQLITE_OK;
}

static const sqlite3_module module = {.xConnect = table_connect,
                                      .xBestIndex = table_plan,
                                      .xDisconnect = table_disconnect,
                                      .xOpen = cursor_open,
                                      .xClose = cursor_close,
                                      .xFilter = cursor_filter,
                                      .xNext = cursor_next,
                                      .xEof = cursor_eof,
                                      .xColumn = cursor_column,
                                      .xRowid = cursor_rowid};

aisle_status aisle_tx_event_rows(aisle_tx *tx, const aisle_event_rows *rows, aisle_error *err)
{
    sqlite3 *handle = tx->db->handle;
    sqlite3_stmt *stmt = NULL;
    aisle_str text = aisle_sql_text("event_insert_rows");
    int64_t last;
    if (rows->n == 0) return AISLE_OK;
    AISLE_TRY(aisle_tx_event_last(tx, &last, err));
    int rc = sqlite3_create_module(handle, name, &module, (void *)rows);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(handle, text.ptr, (int)text.len, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    aisle_status st = rc == SQLITE_DONE ? AISLE_OK : aisle_db_fail(tx->db, rc, err);
    sqlite3_finalize(stmt);
    sqlite3_create_module(handle, name, NULL, NULL); /* rows are the caller's */
    if (st != AISLE_OK) return st;
    tx->deltas.events += rows->n;
    aisle_people_touch_all(tx->people);
    return aisle_tx_events_merge_after(tx, last, err);
}
