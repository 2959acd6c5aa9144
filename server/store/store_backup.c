/* SQLite's online backup, inside one read transaction: pages come from one snapshot, and writers go on beside it. */
#include "server/store/store_backup.h"

#include <stdio.h>
#include <unistd.h>

#include "server/store/db.h"
#include "server/store/file_copy.h"

enum { PAGES_A_STEP = 1024, PATH_BYTES = 4096 };

static aisle_status first_row(aisle_db *db, const char *sql, aisle_arena *a, char **text, aisle_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    const char *got = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    *text = got ? aisle_arena_printf(a, "%s", got) : NULL;
    sqlite3_finalize(stmt);
    if (rc != SQLITE_ROW) return aisle_db_fail(db, rc, err);
    return *text ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", db->path);
}

static aisle_status check_pages(aisle_db *db, aisle_error *err)
{
    aisle_arena a = {0};
    char *text;
    aisle_status st = first_row(db, "PRAGMA integrity_check(1)", &a, &text, err);
    if (st == AISLE_OK && strcmp(text, "ok") != 0)
        st = aisle_fail(err, AISLE_EFORMAT, "%s: the database is damaged: %.200s", db->path, text);
    aisle_arena_deinit(&a);
    return st;
}

/* Opened for writing, so that closing it leaves no log beside it. */
aisle_status aisle_store_check(const char *path, int64_t *schema, aisle_error *err)
{
    aisle_db db;
    AISLE_TRY(aisle_db_open(path, AISLE_DB_WRITE, &db, err));
    aisle_status st = aisle_db_version(&db, schema, err);
    if (st == AISLE_OK && *schema == 0)
        st = aisle_fail(err, AISLE_EFORMAT, "%s: an empty database, not a shop's", path);
    if (st == AISLE_OK) st = check_pages(&db, err);
    aisle_db_close(&db);
    return st;
}

static aisle_status copy_pages(aisle_db *from, aisle_db *to, const aisle_progress *progress, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    int rc = SQLITE_OK;
    sqlite3_backup *b = sqlite3_backup_init(to->handle, "main", from->handle, "main");
    if (!b) return aisle_db_fail(to, sqlite3_errcode(to->handle), err);
    while (rc == SQLITE_OK && st == AISLE_OK) {
        rc = sqlite3_backup_step(b, PAGES_A_STEP);
        int64_t total = sqlite3_backup_pagecount(b);
        aisle_progress_report(progress, "copy", total - sqlite3_backup_remaining(b), total, "");
        if (aisle_canceled(progress)) st = aisle_fail(err, AISLE_ECANCELED, "canceled");
    }
    sqlite3_backup_finish(b);
    if (st != AISLE_OK || rc == SQLITE_DONE) return st;
    return aisle_db_fail((rc & 0xff) == SQLITE_CORRUPT ? from : to, rc, err);
}

static aisle_status copy(const char *path, const char *to, const aisle_progress *progress, aisle_error *err)
{
    aisle_db from, copy;
    int64_t schema;
    AISLE_TRY(aisle_db_open(path, AISLE_DB_READ, &from, err));
    aisle_status st = aisle_db_version(&from, &schema, err);
    if (st == AISLE_OK && schema == 0)
        st = aisle_fail(err, AISLE_EFORMAT, "%s: an empty database, not a shop's", path);
    if (st == AISLE_OK) st = aisle_db_run(&from, "BEGIN; SELECT count(*) FROM sqlite_schema", err);
    if (st == AISLE_OK) st = aisle_db_open(to, AISLE_DB_CREATE, &copy, err);
    if (st == AISLE_OK) {
        st = copy_pages(&from, &copy, progress, err);
        aisle_db_close(&copy);
    }
    aisle_db_close(&from);
    return st;
}

aisle_status aisle_store_backup(const char *folder, const char *to, const aisle_progress *progress,
                                int64_t *schema, aisle_error *err)
{
    char path[PATH_BYTES];
    if (access(to, F_OK) == 0)
        return aisle_fail(err, AISLE_ECONFLICT, "%s: is there already; name another place", to);
    snprintf(path, sizeof path, "%s/aisle.db", folder);
    aisle_status st = copy(path, to, progress, err);
    if (st == AISLE_OK) {
        aisle_progress_report(progress, "check", 0, 0, "");
        st = aisle_store_check(to, schema, err);
    }
    if (st == AISLE_OK) st = aisle_path_sync(to, err);
    if (st != AISLE_OK) unlink(to);
    return st;
}
