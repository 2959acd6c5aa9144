/* event_tail(user, session) in SQL: the ids of the events beyond event_merge.upto that may be of that user or of that
 * session (NULL: of none), in no order. From memory, and what memory does not know from the table, in the transaction
 * of the statement that asks. */
#include "aisle/memory.h"
#include "server/store/event_tail.h"
#include "server/store/memory_table.h"

typedef struct cursor {
    aisle_memory_cursor base; /* first */
    int64_t *ids;
    int64_t cap;
} cursor;

static void clear(aisle_memory_cursor *c)
{
    aisle_free(((cursor *)c)->ids);
}

static bool take_id(cursor *c, int64_t id)
{
    if (!aisle_grow((void **)&c->ids, &c->cap, c->base.n + 1, sizeof *c->ids)) return false;
    c->ids[c->base.n++] = id;
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

static int fill(aisle_memory_cursor *base, sqlite3_value **arguments)
{
    cursor *c = (cursor *)base;
    aisle_db *db = base->ctx;
    int64_t from, user = sqlite3_value_int64(arguments[0]), session = sqlite3_value_int64(arguments[1]);
    if (!user && !session) return SQLITE_OK;
    aisle_status st = read_from(db, &from);
    if (st == AISLE_OK && db->tail && !take_known(c, db->tail, user, session, &from)) st = AISLE_ENOMEM;
    const int64_t key[3] = {from, user, session};
    if (st == AISLE_OK) st = read_rest(c, db, key);
    return code_of(db, st);
}

static void value(const aisle_memory_cursor *c, sqlite3_context *out, int column)
{
    (void)column;
    sqlite3_result_int64(out, ((const cursor *)c)->ids[c->at]);
}

static const aisle_memory_table event_tail = {
    .schema = "CREATE TABLE event_tail (id INTEGER, user HIDDEN, session HIDDEN)",
    .n_columns = 1,
    .n_arguments = 2,
    .rows = 16,
    .cursor_bytes = sizeof(cursor),
    .fill = fill,
    .column = value,
    .clear = clear};

aisle_status aisle_event_tail_register(aisle_db *db, aisle_error *err)
{
    return aisle_memory_table_add(db, "event_tail", &event_tail, db, err);
}
