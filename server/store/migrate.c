/* Numbered, forward-only migrations out of the embedded files; one transaction for all that are missing. */
#include "server/store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/embedded.h"

static const char folder[] = "sql/migrations/";

static int64_t number_of(const aisle_embedded *f)
{
    size_t n = sizeof folder - 1;
    return strncmp(f->name, folder, n) == 0 ? strtol(f->name + n, NULL, 10) : 0;
}

static const aisle_embedded *migration(int64_t number)
{
    for (const aisle_embedded *f = aisle_embedded_files; f->name; f++)
        if (number_of(f) == number) return f;
    return NULL;
}

static aisle_status pragma(aisle_db *db, const char *sql, int64_t *out, aisle_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) *out = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? AISLE_OK : aisle_db_fail(db, rc, err);
}

/* Ours, or empty: a database of another program is never touched. */
aisle_status aisle_db_version(aisle_db *db, int64_t *version, aisle_error *err)
{
    int64_t id = 0, tables = 0, latest = 0;
    AISLE_TRY(pragma(db, "PRAGMA application_id", &id, err));
    AISLE_TRY(pragma(db, "PRAGMA user_version", version, err));
    AISLE_TRY(pragma(db, "SELECT count(*) FROM sqlite_schema", &tables, err));
    if (id != AISLE_DB_APPLICATION_ID && (id != 0 || *version != 0 || tables != 0))
        return aisle_fail(err, AISLE_EFORMAT,
                          "%s: a database of another program; move it away or name another folder", db->path);
    while (migration(latest + 1)) latest++;
    if (*version > latest)
        return aisle_fail(
            err, AISLE_EUNSUPPORTED,
            "%s: has schema %lld, this program knows up to %lld; run the newer aisle that wrote it", db->path,
            (long long)*version, (long long)latest);
    return AISLE_OK;
}

static aisle_status apply(aisle_db *db, int64_t *version, aisle_error *err)
{
    char mark[96];
    for (const aisle_embedded *f = migration(*version + 1); f; f = migration(*version + 1)) {
        AISLE_TRY(aisle_db_run(db, (const char *)f->data, err));
        (*version)++;
    }
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %lld",
             AISLE_DB_APPLICATION_ID, (long long)*version);
    return aisle_db_run(db, mark, err);
}

aisle_status aisle_db_migrate(aisle_db *db, aisle_error *err)
{
    int64_t version = 0;
    AISLE_TRY(aisle_db_version(db, &version, err));
    if (!migration(version + 1)) return AISLE_OK;
    /* Two processes may open a new folder at once: the second finds the work done under the lock. */
    AISLE_TRY(aisle_db_run(db, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE", err));
    aisle_status st = aisle_db_version(db, &version, err);
    if (st == AISLE_OK) st = apply(db, &version, err);
    if (st == AISLE_OK) st = aisle_db_run(db, "COMMIT", err);
    if (st != AISLE_OK) aisle_db_run(db, "ROLLBACK", NULL);
    return st;
}
