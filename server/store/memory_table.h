/* A table-valued function of SQL whose rows are in memory: one way through it, all rows in their order. Internal to store/. */
#ifndef AISLE_SERVER_MEMORY_TABLE_H
#define AISLE_SERVER_MEMORY_TABLE_H

#include "server/store/db.h"

/* One pass. The first member of a kind's own, which SQLite allocates as zeros. */
typedef struct aisle_memory_cursor {
    sqlite3_vtab_cursor base; /* SQLite's */
    void *ctx;                /* of aisle_memory_table_add */
    int64_t n, at;            /* rows; the one that is asked for */
} aisle_memory_cursor;

typedef struct aisle_memory_table {
    const char *schema;         /* CREATE TABLE ...: the columns, and behind them the arguments, HIDDEN */
    int n_columns, n_arguments; /* a statement that does not give all arguments is not prepared */
    int64_t rows;               /* about so many */
    size_t cursor_bytes;
    /* Sets n, for these arguments. A code of SQLite's. */
    int (*fill)(aisle_memory_cursor *c, sqlite3_value **arguments);
    void (*go)(aisle_memory_cursor *c); /* `at` has moved, to a row that is there; or NULL */
    void (*column)(const aisle_memory_cursor *c, sqlite3_context *out,
                   int column);            /* not asked for arguments */
    void (*clear)(aisle_memory_cursor *c); /* gives back what fill has taken; or NULL */
} aisle_memory_table;

/* The table is static; ctx is borrowed until the connection closes, or the name is added with table NULL, which takes it away. */
aisle_status aisle_memory_table_add(aisle_db *db, const char *name, const aisle_memory_table *table,
                                    void *ctx, aisle_error *err);

#endif
