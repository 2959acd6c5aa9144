/* Opening a connection and translating SQLite's failures. Statements are in stmt.c, the schema in migrate.c.
 */
#include "server/store/db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/store/event_tail.h"
#include "server/store/number_list.h"
#include "server/store/search_index.h"
#include "server/store/sqlite_memory.h"

/* What the system said of the last failed call on the database or its log. A failing step does not fill
 * sqlite3_system_errno, so the files themselves are asked. */
static int system_errno(aisle_db *db)
{
    static const int files[] = {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER};
    int e = db->handle ? sqlite3_system_errno(db->handle) : 0;
    for (size_t i = 0; db->handle && !e && i < sizeof files / sizeof *files; i++) {
        sqlite3_file *f = NULL;
        if (sqlite3_file_control(db->handle, "main", files[i], &f) == SQLITE_OK && f && f->pMethods)
            f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &e);
    }
    return e;
}

static aisle_status fail_io(aisle_db *db, int rc, aisle_error *err)
{
    int e = system_errno(db);
    if (e == ENOSPC || e == EDQUOT || e == EFBIG)
        return aisle_fail(err, AISLE_ENOSPC, "%s: the disk is full; free some space and try again", db->path);
    return aisle_fail(err, AISLE_EIO, "%s: reading or writing failed (%s, %s); check the disk", db->path,
                      sqlite3_errstr(rc), e ? strerrordesc_np(e) : "no system error");
}

aisle_status aisle_db_fail(aisle_db *db, int rc, aisle_error *err)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return aisle_fail(err, AISLE_EBUSY, "%s: another process is writing to it; try again later",
                          db->path);
    case SQLITE_FULL:
        return aisle_fail(err, AISLE_ENOSPC, "%s: the disk is full; free some space and try again", db->path);
    case SQLITE_NOMEM: return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", db->path);
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_NOMEM) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", db->path);
        return fail_io(db, rc, err);
    /* All of these are an outage of the store, whoever asked: EIO, never the status of a wrong request. */
    case SQLITE_NOTADB:
        return aisle_fail(err, AISLE_EIO,
                          "%s: not a database; move it away to start empty, or restore a backup", db->path);
    case SQLITE_CORRUPT:
        return aisle_fail(err, AISLE_EIO, "%s: the database is damaged (%s); restore a backup", db->path,
                          db->handle ? sqlite3_errmsg(db->handle) : "corrupt");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return aisle_fail(err, AISLE_EIO, "%s: may not be written to; check the owner and mode of the folder",
                          db->path);
    case SQLITE_CANTOPEN:
        return aisle_fail(
            err, AISLE_EIO, "%s: cannot be opened (%s); check the owner and mode of the folder", db->path,
            db->handle && sqlite3_system_errno(db->handle) ? strerrordesc_np(sqlite3_system_errno(db->handle))
                                                           : "no system error");
    case SQLITE_CONSTRAINT:
        return aisle_fail(err, AISLE_ECONFLICT, "%s: %s", db->path, sqlite3_errmsg(db->handle));
    case SQLITE_TOOBIG: return aisle_fail(err, AISLE_EINVAL, "%s: a text is too long", db->path);
    case SQLITE_INTERRUPT: return aisle_fail(err, AISLE_ECANCELED, "%s: interrupted", db->path);
    default:
        return aisle_fail(err, AISLE_EINTERNAL, "%s: %s", db->path,
                          db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc));
    }
}

aisle_status aisle_db_run(aisle_db *db, const char *sql, aisle_error *err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? AISLE_OK : aisle_db_fail(db, rc, err);
}

/* SQLite would open a FIFO and hang, and calls a directory "unable to open". */
static aisle_status check_file(const char *path, aisle_db_mode mode, aisle_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        if (S_ISREG(info.st_mode)) return AISLE_OK;
        return aisle_fail(err, AISLE_ECONFLICT,
                          "%s: is %s, not a database; move it away or name another folder", path,
                          S_ISDIR(info.st_mode) ? "a directory" : "a pipe or device");
    }
    if (errno == ENOENT && mode == AISLE_DB_CREATE) return AISLE_OK;
    if (errno == ENOENT)
        return aisle_fail(err, AISLE_ENOTFOUND,
                          "%s: no shop there; make one with `aisle import --data FOLDER`", path);
    return aisle_fail_errno(err, "open", path);
}

static aisle_status setup(aisle_db *db, aisle_db_mode mode, aisle_error *err)
{
    sqlite3_busy_timeout(db->handle, AISLE_DB_BUSY_MS);
    sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
    AISLE_TRY(aisle_search_register(db, err));
    /* The first statement reads the file: what is no database shows here. */
    AISLE_TRY(
        aisle_db_run(db,
                     "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                     "PRAGMA schema_version",
                     err));
    if (mode == AISLE_DB_READ)
        return aisle_db_run(db, "PRAGMA query_only = ON; PRAGMA cache_size = -16384", err);
    /* What is erased is zeroed, not only unlinked. A bulk import dirties its indexes at random: what does not fit the cache goes to the log again and
     * again. */
    return aisle_db_run(db,
                        "PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; PRAGMA cache_size = -131072;"
                        "PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000",
                        err);
}

aisle_status aisle_db_open(const char *path, aisle_db_mode mode, aisle_db *out, aisle_error *err)
{
    aisle_db db = {0};
    aisle_status st;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    *out = db;
    aisle_sqlite_use_our_memory();
    AISLE_TRY(check_file(path, mode, err));
    /* "./" keeps SQLite from reading a name such as "file:x" as a URI. */
    size_t bytes = strlen(path) + 3;
    db.path = aisle_alloc(bytes);
    if (!db.path) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", path);
    snprintf(db.path, bytes, "%s%s", path[0] == '/' || path[0] == '.' ? "" : "./", path);
    flags |= mode == AISLE_DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= mode == AISLE_DB_CREATE ? SQLITE_OPEN_CREATE : 0;
    int rc = sqlite3_open_v2(db.path, &db.handle, flags, NULL);
    st = rc == SQLITE_OK ? setup(&db, mode, err) : aisle_db_fail(&db, rc, err);
    *out = db;
    if (st == AISLE_OK) st = aisle_event_tail_register(out, err);
    if (st == AISLE_OK) st = aisle_number_list_register(out, err);
    if (st != AISLE_OK) aisle_db_close(out);
    return st;
}

void aisle_db_close(aisle_db *db)
{
    for (int i = 0; i < AISLE_SQL_COUNT; i++) sqlite3_finalize(db->statements[i]);
    sqlite3_close_v2(db->handle);
    aisle_free(db->path);
    *db = (aisle_db){0};
}
