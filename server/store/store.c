/* A data folder: its database, its lock file, its spool folder. Reading is in view*.c, writing in writer.c
 * and tx_*.c. */
#include "server/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/file.h"
#include "server/store/store_internal.h"

static char *path_in(const char *folder, const char *name)
{
    aisle_buf b = {0};
    if (!aisle_buf_printf(&b, "%s/%s", folder, name)) aisle_buf_deinit(&b);
    return b.data;
}

static aisle_status make_folder(const char *path, aisle_error *err)
{
    aisle_error why;
    aisle_status st = aisle_folder_make(path, &why);
    if (st == AISLE_OK) return AISLE_OK;
    return aisle_fail(err, st, "%s; make its parent folder or name another one with --data", why.message);
}

static aisle_status check_folder(const char *path, aisle_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode)) return AISLE_OK;
        return aisle_fail(err, AISLE_ECONFLICT, "%s: not a folder; name the data folder", path);
    }
    if (errno == ENOENT)
        return aisle_fail(err, AISLE_ENOTFOUND,
                          "%s: no such folder; make a shop with `aisle import --data %s`", path, path);
    return aisle_fail_errno(err, "open data folder", path);
}

static aisle_status make_folders(aisle_store *s, aisle_error *err)
{
    static const char *const inner[] = {"models", "spool"};
    AISLE_TRY(make_folder(s->folder, err));
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        char *path = path_in(s->folder, inner[i]);
        aisle_status st = path ? make_folder(path, err) : aisle_fail(err, AISLE_ENOMEM, "%s", s->folder);
        aisle_free(path);
        if (st != AISLE_OK) return st;
    }
    return AISLE_OK;
}

/* 131,072 rows are some 6 MB of memory and 30 ms to read at the start; a slice of 16,384 takes some 10 ms. */
static const aisle_merge_rule default_rule = {
    .rows = 1 << 17, .idle_rows = 1 << 12, .idle_ns = INT64_C(200000000), .slice = 1 << 14};

/* Waits end by the clock that no one sets. */
static void init_condition(pthread_cond_t *c)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
}

aisle_status aisle_store_open(const char *folder, bool create, aisle_store **out, aisle_error *err)
{
    aisle_status st;
    *out = NULL;
    if (sodium_init() < 0)
        return aisle_fail(err, AISLE_EINTERNAL, "libsodium cannot be used on this machine");
    aisle_store *s = aisle_calloc(1, sizeof *s);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", folder);
    s->lock_fd = -1;
    pthread_mutex_init(&s->applying, NULL);
    pthread_mutex_init(&s->queue_mutex, NULL);
    init_condition(&s->queue_filled);
    aisle_event_tail_init(&s->tail);
    s->merge_rule = default_rule;
    s->folder = aisle_strdup(folder);
    s->path = path_in(folder, "aisle.db");
    st = s->folder && s->path ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", folder);
    if (st == AISLE_OK) st = create ? make_folders(s, err) : check_folder(folder, err);
    if (st == AISLE_OK) st = aisle_db_open(s->path, create ? AISLE_DB_CREATE : AISLE_DB_WRITE, &s->db, err);
    if (st == AISLE_OK) st = aisle_db_migrate(&s->db, err);
    s->db.tail = &s->tail;
    if (st == AISLE_OK) {
        *out = s;
        s = NULL;
    }
    aisle_store_close(s);
    return st;
}

void aisle_store_close(aisle_store *s)
{
    if (!s) return;
    aisle_store_stop_writer(s);
    /* The last connection to close folds the whole log in; this does what it can when others stay open. */
    if (s->db.handle) sqlite3_wal_checkpoint_v2(s->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    aisle_db_close(&s->db);
    aisle_event_merge_end(&s->merge);
    aisle_event_tail_deinit(&s->tail);
    aisle_id_cache_deinit(&s->ids);
    aisle_people_deinit(&s->people);
    if (s->lock_fd >= 0) {
        if (ftruncate(s->lock_fd, 0)) errno = 0; /* the pid in it is only a courtesy */
        close(s->lock_fd);
    }
    pthread_cond_destroy(&s->queue_filled);
    pthread_mutex_destroy(&s->queue_mutex);
    pthread_mutex_destroy(&s->applying);
    aisle_free(s->folder);
    aisle_free(s->path);
    aisle_free(s);
}

int64_t aisle_store_catalogue_version(const aisle_store *s)
{
    return __atomic_load_n(&s->catalogue, __ATOMIC_ACQUIRE);
}

void aisle_store_note_catalogue(aisle_store *s, int64_t version)
{
    int64_t known = __atomic_load_n(&s->catalogue, __ATOMIC_RELAXED);
    while (known < version && !__atomic_compare_exchange_n(&s->catalogue, &known, version, false,
                                                           __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
}

const char *aisle_store_folder(const aisle_store *s)
{
    return s->folder;
}

/* flock, not fcntl: the latter is lost when any descriptor of the file is closed. */
aisle_status aisle_store_lock(aisle_store *s, aisle_error *err)
{
    char text[32] = "";
    aisle_status st = AISLE_OK;
    char *path = path_in(s->folder, "server.lock");
    if (!path) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", s->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0) {
        st = aisle_fail_errno(err, "open", path);
    } else if (flock(fd, LOCK_EX | LOCK_NB)) {
        ssize_t n = read(fd, text, sizeof text - 1);
        text[n > 0 ? strspn(text, "0123456789") : 0] = '\0';
        st = errno == EWOULDBLOCK
                 ? aisle_fail(err, AISLE_EBUSY,
                              "%s: another server (process %s) has this data folder; stop it first",
                              s->folder, text[0] ? text : "unknown")
                 : aisle_fail_errno(err, "lock", path);
    } else if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        st = aisle_fail_errno(err, "write", path);
    }
    if (st == AISLE_OK)
        s->lock_fd = fd;
    else if (fd >= 0)
        close(fd);
    aisle_free(path);
    return st;
}

void aisle_store_look(aisle_store *s)
{
    bool row;
    pthread_mutex_lock(&s->applying);
    aisle_stmt q = aisle_stmt_begin(&s->db, AISLE_SQL_EVENT_DATA_VERSION);
    if (aisle_stmt_next(&q, &row, NULL) == AISLE_OK && row) {
        int64_t version = aisle_stmt_get_int(&q, 0);
        aisle_stmt_end(&q);
        if (version != s->people_version) aisle_people_touch_all(&s->people);
        s->people_version = version;
        aisle_people_settle(&s->people);
    }
    pthread_mutex_unlock(&s->applying);
}
