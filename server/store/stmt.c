/* Named statements out of the embedded .sql files, and binding, stepping and reading them. */
#include "server/store/db.h"

#include <string.h>

#include "server/embedded.h"

#define AISLE_SQL_NAME(id, name) name,
static const char *const names[AISLE_SQL_COUNT] = {AISLE_SQL_LIST(AISLE_SQL_NAME)};

/* A statement reaches from the line after its name to the next name or the end of the file. */
static aisle_str find_in(const char *text, const char *name)
{
    static const char mark[] = "-- name: ";
    size_t n = strlen(name);
    for (const char *at = strstr(text, mark); at; at = strstr(at, mark)) {
        at += sizeof mark - 1;
        if (strncmp(at, name, n) != 0 || at[n] != '\n') continue;
        const char *end = strstr(at, mark);
        return (aisle_str){at + n + 1, end ? (size_t)(end - at) - n - 1 : strlen(at + n + 1)};
    }
    return (aisle_str){NULL, 0};
}

aisle_str aisle_sql_text(const char *name)
{
    for (const aisle_embedded *f = aisle_embedded_files; f->name; f++) {
        if (strncmp(f->name, "sql/", 4) != 0 || strchr(f->name + 4, '/')) continue;
        aisle_str found = find_in((const char *)f->data, name);
        if (found.ptr) return found;
    }
    return (aisle_str){NULL, 0};
}

aisle_stmt aisle_stmt_begin(aisle_db *db, aisle_sql id)
{
    aisle_stmt q = {db, db->statements[id], SQLITE_OK};
    if (!q.stmt) {
        aisle_str text = aisle_sql_text(names[id]);
        q.rc = sqlite3_prepare_v3(db->handle, text.ptr, (int)text.len, SQLITE_PREPARE_PERSISTENT,
                                  &db->statements[id], NULL);
        q.stmt = db->statements[id];
        if (q.rc == SQLITE_OK && !q.stmt) q.rc = SQLITE_ERROR;
    }
    return q;
}

aisle_stmt aisle_stmt_with(aisle_db *db, sqlite3_stmt *stmt)
{
    return (aisle_stmt){db, stmt, SQLITE_OK};
}

void aisle_stmt_text(aisle_stmt *q, int index, aisle_str s)
{
    if (q->rc == SQLITE_OK)
        q->rc = s.ptr ? sqlite3_bind_text64(q->stmt, index, s.ptr, s.len, SQLITE_STATIC, SQLITE_UTF8)
                      : sqlite3_bind_null(q->stmt, index);
}

void aisle_stmt_cstr(aisle_stmt *q, int index, const char *s)
{
    aisle_stmt_text(q, index, aisle_str_from(s));
}

void aisle_stmt_blob(aisle_stmt *q, int index, const void *p, int bytes)
{
    if (q->rc == SQLITE_OK) q->rc = sqlite3_bind_blob(q->stmt, index, p, bytes, SQLITE_STATIC);
}

void aisle_stmt_int(aisle_stmt *q, int index, int64_t v)
{
    if (q->rc == SQLITE_OK) q->rc = sqlite3_bind_int64(q->stmt, index, v);
}

void aisle_stmt_id(aisle_stmt *q, int index, int64_t id)
{
    if (q->rc == SQLITE_OK)
        q->rc = id ? sqlite3_bind_int64(q->stmt, index, id) : sqlite3_bind_null(q->stmt, index);
}

void aisle_stmt_real(aisle_stmt *q, int index, double v)
{
    if (q->rc == SQLITE_OK) q->rc = sqlite3_bind_double(q->stmt, index, v);
}

aisle_status aisle_stmt_next(aisle_stmt *q, bool *row, aisle_error *err)
{
    int rc = q->rc == SQLITE_OK ? sqlite3_step(q->stmt) : q->rc;
    *row = rc == SQLITE_ROW;
    if (*row) return AISLE_OK;
    aisle_status st = rc == SQLITE_DONE ? AISLE_OK : aisle_db_fail(q->db, rc, err);
    aisle_stmt_end(q);
    return st;
}

aisle_status aisle_stmt_run(aisle_stmt *q, aisle_error *err)
{
    bool row;
    aisle_status st = aisle_stmt_next(q, &row, err);
    if (row) aisle_stmt_end(q);
    return st;
}

aisle_status aisle_db_step(aisle_db *db, aisle_sql id, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(db, id);
    return aisle_stmt_run(&q, err);
}

void aisle_stmt_end(aisle_stmt *q)
{
    if (!q->stmt) return;
    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
}

aisle_str aisle_stmt_get_text(const aisle_stmt *q, int column)
{
    const char *p = (const char *)sqlite3_column_text(q->stmt, column);
    return (aisle_str){p, p ? (size_t)sqlite3_column_bytes(q->stmt, column) : 0};
}

bool aisle_stmt_copy_text(const aisle_stmt *q, int column, aisle_arena *a, aisle_str *out)
{
    bool absent = sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
    aisle_str s = aisle_stmt_get_text(q, column);
    *out = (aisle_str){NULL, 0};
    if (absent) return true;
    char *copy = s.ptr ? aisle_arena_strndup(a, s.ptr, s.len) : NULL;
    if (!copy) return false;
    *out = (aisle_str){copy, s.len};
    return true;
}

aisle_status aisle_stmt_list(aisle_stmt *q, aisle_arena *a, int32_t most, size_t bytes, aisle_row_copy *copy,
                             void **out, int32_t *n, aisle_error *err)
{
    char *list = aisle_arena_calloc(a, (size_t)most, bytes);
    bool good = list != NULL, row = true;
    int32_t count = 0;
    while (good && count < most) {
        AISLE_TRY(aisle_stmt_next(q, &row, err));
        if (!row) break;
        good = copy(q, a, list + (size_t)count++ * bytes);
    }
    aisle_stmt_end(q);
    if (!good) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for a list", q->db->path);
    *out = list;
    *n = count;
    return AISLE_OK;
}
