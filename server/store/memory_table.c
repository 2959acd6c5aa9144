/* What SQLite asks of a virtual table (sqlite.org/vtab.html), answered from the table's row of functions. */
#include "server/store/memory_table.h"

/* What a name stands for on a connection. */
typedef struct use {
    const aisle_memory_table *table;
    void *ctx;
} use;

typedef struct connected {
    sqlite3_vtab base; /* first: SQLite's */
    use use;
} connected;

static const use *use_of(const sqlite3_vtab_cursor *c)
{
    return &((const connected *)c->pVtab)->use;
}

static int connect(sqlite3 *handle, void *ctx, int argc, const char *const *argv, sqlite3_vtab **out,
                   char **message)
{
    (void)argc, (void)argv, (void)message;
    const use *u = ctx;
    int rc = sqlite3_declare_vtab(handle, u->table->schema);
    if (rc != SQLITE_OK) return rc;
    connected *t = sqlite3_malloc(sizeof *t);
    if (!t) return SQLITE_NOMEM;
    *t = (connected){.use = *u};
    *out = &t->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

/* All arguments must be there; they come in their order. */
static int plan(sqlite3_vtab *base, sqlite3_index_info *p)
{
    const aisle_memory_table *t = ((const connected *)base)->use.table;
    unsigned found = 0;
    for (int i = 0; i < p->nConstraint; i++) {
        int argument = p->aConstraint[i].iColumn - t->n_columns;
        if (argument < 0 || p->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
        if (!p->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        p->aConstraintUsage[i].argvIndex = argument + 1;
        p->aConstraintUsage[i].omit = 1;
        found |= 1u << argument;
    }
    if (found != (1u << t->n_arguments) - 1) return SQLITE_CONSTRAINT;
    p->estimatedRows = t->rows;
    p->estimatedCost = (double)t->rows;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    const use *u = &((const connected *)base)->use;
    aisle_memory_cursor *c = sqlite3_malloc64(u->table->cursor_bytes);
    if (!c) return SQLITE_NOMEM;
    memset(c, 0, u->table->cursor_bytes);
    c->ctx = u->ctx;
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *c)
{
    const use *u = use_of(c);
    if (u->table->clear) u->table->clear((aisle_memory_cursor *)c);
    sqlite3_free(c);
    return SQLITE_OK;
}

static int go(aisle_memory_cursor *c, int64_t at)
{
    const use *u = use_of(&c->base);
    c->at = at;
    if (u->table->go && at < c->n) u->table->go(c);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc, sqlite3_value **argv)
{
    (void)number, (void)text, (void)argc;
    aisle_memory_cursor *c = (aisle_memory_cursor *)base;
    c->n = 0;
    int rc = use_of(base)->table->fill(c, argv);
    return rc == SQLITE_OK ? go(c, 0) : rc;
}

static int next(sqlite3_vtab_cursor *base)
{
    aisle_memory_cursor *c = (aisle_memory_cursor *)base;
    return go(c, c->at + 1);
}

static int at_end(sqlite3_vtab_cursor *base)
{
    const aisle_memory_cursor *c = (const aisle_memory_cursor *)base;
    return c->at >= c->n;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *out, int which)
{
    const aisle_memory_table *t = use_of(base)->table;
    if (which < t->n_columns) t->column((const aisle_memory_cursor *)base, out, which);
    return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((const aisle_memory_cursor *)base)->at;
    return SQLITE_OK;
}

static const sqlite3_module module = {.xConnect = connect, /* and no xCreate: it is there without CREATE */
                                      .xBestIndex = plan,
                                      .xDisconnect = disconnect,
                                      .xOpen = open_cursor,
                                      .xClose = close_cursor,
                                      .xFilter = filter,
                                      .xNext = next,
                                      .xEof = at_end,
                                      .xColumn = column,
                                      .xRowid = row_id};

aisle_status aisle_memory_table_add(aisle_db *db, const char *name, const aisle_memory_table *table,
                                    void *ctx, aisle_error *err)
{
    use *u = table ? sqlite3_malloc(sizeof *u) : NULL;
    if (table && !u) return aisle_db_fail(db, SQLITE_NOMEM, err);
    if (u) *u = (use){table, ctx};
    int rc = sqlite3_create_module_v2(db->handle, name, u ? &module : NULL, u, u ? sqlite3_free : NULL);
    return rc == SQLITE_OK ? AISLE_OK : aisle_db_fail(db, rc, err); /* SQLite frees u in any case */
}
