/* numbers(list) in SQL. The list comes as a pointer with a type, which no SQL text can make up. */
#include "server/store/number_list.h"

#include "server/store/memory_table.h"

static const char type[] = "aisle numbers";

typedef struct cursor {
    aisle_memory_cursor base; /* first */
    const aisle_number_list *list;
} cursor;

static int fill(aisle_memory_cursor *base, sqlite3_value **arguments)
{
    cursor *c = (cursor *)base;
    c->list = sqlite3_value_pointer(arguments[0], type);
    base->n = c->list ? c->list->n : 0;
    return SQLITE_OK;
}

static void value(const aisle_memory_cursor *base, sqlite3_context *out, int column)
{
    const cursor *c = (const cursor *)base;
    (void)column;
    sqlite3_result_int64(out, c->list->at[base->at * c->list->stride]);
}

static const aisle_memory_table numbers = {.schema = "CREATE TABLE numbers (value INTEGER, list HIDDEN)",
                                           .n_columns = 1,
                                           .n_arguments = 1,
                                           .rows = 4096,
                                           .cursor_bytes = sizeof(cursor),
                                           .fill = fill,
                                           .column = value};

aisle_status aisle_number_list_register(aisle_db *db, aisle_error *err)
{
    return aisle_memory_table_add(db, "numbers", &numbers, NULL, err);
}

void aisle_stmt_numbers(aisle_stmt *q, int index, const aisle_number_list *list)
{
    if (q->rc == SQLITE_OK) q->rc = sqlite3_bind_pointer(q->stmt, index, (void *)list, type, NULL);
}
