/* numbers(list) in SQL. The list comes as a pointer with a type, which no SQL text can make up. */
#include "server/store/number_list.h"

static const char type[] = "aisle numbers";

typedef struct cursor {
    sqlite3_vtab_cursor base; /* first: SQLite's */
    const aisle_number_list *list;
    int64_t at;
} cursor;

static int table_connect(sqlite3 *handle, void *ctx, int argc, const char *const *argv, sqlite3_vtab **out,
                         char **message)
{
    (void)ctx, (void)argc, (void)argv, (void)message;
    int rc = sqlite3_declare_vtab(handle, "CREATE TABLE numbers (value INTEGER, list HIDDEN)");
    if (rc != SQLITE_OK) return rc;
    sqlite3_vtab *t = sqlite3_malloc(sizeof *t);
    if (!t) return SQLITE_NOMEM;
    *t = (sqlite3_vtab){0};
    *out = t;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

static int table_plan(sqlite3_vtab *t, sqlite3_index_info *plan)
{
    (void)t;
    for (int i = 0; i < plan->nConstraint; i++) {
        if (plan->aConstraint[i].iColumn != 1 || plan->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!plan->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        plan->aConstraintUsage[i].argvIndex = 1;
        plan->aConstraintUsage[i].omit = 1;
        plan->estimatedRows = 4096;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
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

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                         sqlite3_value **argv)
{
    (void)plan, (void)text, (void)argc;
    cursor *c = (cursor *)base;
    c->list = sqlite3_value_pointer(argv[0], type);
    c->at = 0;
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    ((cursor *)base)->at++;
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    const cursor *c = (const cursor *)base;
    return !c->list || c->at >= c->list->n;
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
    const cursor *c = (const cursor *)base;
    if (column == 0) sqlite3_result_int64(out, c->list->at[c->at * c->list->stride]);
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((const cursor *)base)->at;
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

aisle_status aisle_number_list_register(aisle_db *db, aisle_error *err)
{
    int rc = sqlite3_create_module(db->handle, "numbers", &module, NULL);
    return rc == SQLITE_OK ? AISLE_OK : aisle_db_fail(db, rc, err);
}

void aisle_stmt_numbers(aisle_stmt *q, int index, const aisle_number_list *list)
{
    if (q->rc == SQLITE_OK) q->rc = sqlite3_bind_pointer(q->stmt, index, (void *)list, type, NULL);
}
