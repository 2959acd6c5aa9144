/* event_tail(user, session) in SQL: the ids of the events beyond event_merge.upto that may be of that user or of that
 * session (NULL: of none), in no order. From memory, and what memory does not know from the table, in the transaction
 * of the statement that asks. */
#include "aisle/memory.h"
#include "server/store/event_tail.h"

enum { ID, USER, SESSION, ARGUMENTS = 2 };

typedef struct table {
    sqlite3_vtab base; /* first: SQLite's */
    aisle_db *db;
} table;

typedef struct cursor {
    sqlite3_vtab_cursor base; /* first: SQLite's */
    int64_t *ids;
    int64_t n, cap, at;
} cursor;

static int table_connect(sqlite3 *handle, void *db, int argc, const char *const *argv, sqlite3_vtab **out,
                         char **message)
{
    (void)argc, (void)argv, (void)message;
    int rc =
        sqlite3_declare_vtab(handle, "CREATE TABLE event_tail (id INTEGER, user HIDDEN, session HIDDEN)");
    if (rc != SQLITE_OK) return rc;
    table *t = sqlite3_malloc(sizeof *t);
    if (!t) return SQLITE_NOMEM;
    *t = (table){.db = db};
    *out = &t->base;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

/* Both arguments must be there: they come first, as argv[0] and argv[1]. */
static int table_plan(sqlite3_vtab *t, sqlite3_index_info *plan)
{
    (void)t;
    int found = 0;
    for (int i = 0; i < plan->nConstraint; i++) {
        int column = plan->aConstraint[i].iColumn;
        if (column == ID || column < 0 || plan->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
        if (!plan->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        plan->aConstraintUsage[i].argvIndex = column;
        plan->aConstraintUsage[i].omit = 1;
        found |= 1 << column;
    }
    if (found != (1 << USER | 1 << SESSION)) return SQLITE_CONSTRAINT;
    plan->estimatedRows = 16;
    plan->estimatedCost = 16;
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
    aisle_free(((cursor *)base)->ids);
    sqlite3_free(base);
    return SQLITE_OK;
}

static bool take_id(cursor *c, int64_t id)
{
    if (!aisle_grow((void **)&c->ids, &c->cap, c->n + 1, sizeof *c->ids)) return false;
    c->ids[c->n++] = id;
    return true;
}

static bool take_rows(cursor *c, const aisle_tail_table *t, int64_t name)
{
    for (uint32_t row = aisle_tail_table_find(t, name); row; row = t->rows[row - 1].before)
        if (!take_id(c, t->rows[row - 1].event)) return false;
    return true;
}

/* What memory lists; *from: the table must be read beyond it. Where the tail was merged after this transaction began to
 * read, memory lists too little for it. */
static bool take_known(cursor *c, aisle_event_tail *t, int64_t user, int64_t session, int64_t *from)
{
    bool taken = true;
    pthread_mutex_lock(&t->mutex);
    if (t->known && t->upto <= *from) {
        if (user) taken = take_rows(c, &t->owners, aisle_tail_user(user));
        if (session) taken = taken && take_rows(c, &t->owners, aisle_tail_session(session));
        if (t->seen > *from) *from = t->seen;
    }
    pthread_mutex_unlock(&t->mutex);
    return taken;
}

static aisle_status read_from(aisle_db *db, int64_t *from)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_EVENT_TAIL_FROM);
    AISLE_TRY(aisle_stmt_next(&q, &row, NULL));
    *from = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status read_rest(cursor *c, aisle_db *db, const int64_t key[3])
{
    bool row;
    aisle_status st;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_EVENT_TAIL_OF);
    aisle_stmt_int(&q, 1, key[0]);
    aisle_stmt_id(&q, 2, key[1]);
    aisle_stmt_id(&q, 3, key[2]);
    while ((st = aisle_stmt_next(&q, &row, NULL)) == AISLE_OK && row) {
        if (take_id(c, aisle_stmt_get_int(&q, 0))) continue;
        aisle_stmt_end(&q);
        return AISLE_ENOMEM;
    }
    return st;
}

/* The status of a step inside a step is SQLite's own again. */
static int code_of(aisle_db *db, aisle_status st)
{
    if (st == AISLE_OK) return SQLITE_OK;
    if (st == AISLE_ENOMEM) return SQLITE_NOMEM;
    int rc = sqlite3_extended_errcode(db->handle);
    return rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_ERROR : rc;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                         sqlite3_value **argv)
{
    (void)plan, (void)text, (void)argc;
    cursor *c = (cursor *)base;
    aisle_db *db = ((const table *)base->pVtab)->db;
    int64_t from, user = sqlite3_value_int64(argv[0]), session = sqlite3_value_int64(argv[1]);
    c->n = c->at = 0;
    if (!user && !session) return SQLITE_OK;
    aisle_status st = read_from(db, &from);
    if (st == AISLE_OK && db->tail && !take_known(c, db->tail, user, session, &from)) st = AISLE_ENOMEM;
    const int64_t key[3] = {from, user, session};
    if (st == AISLE_OK) st = read_rest(c, db, key);
    return code_of(db, st);
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    ((cursor *)base)->at++;
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    const cursor *c = (const cursor *)base;
    return c->at >= c->n;
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
    const cursor *c = (const cursor *)base;
    if (column == ID) sqlite3_result_int64(out, c->ids[c->at]);
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

aisle_status aisle_event_tail_register(aisle_db *db, aisle_error *err)
{
    int rc = sqlite3_create_module(db->handle, "event_tail", &module, db);
    return rc == SQLITE_OK ? AISLE_OK : aisle_db_fail(db, rc, err);
}
