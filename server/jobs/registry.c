/* The registry is the folder itself: NNNNNN.aisle files and `current`. Nothing is kept beside the open model,
 * so that a trainer in another process, a copy or a deletion by hand is simply seen. */
#include "server/jobs/registry.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/file.h"
#include "aisle/log.h"
#include "aisle/str.h"
#include "server/jobs/lock_file.h"
#include "server/jobs/marks.h"

enum { DIGITS = 6, PATH_BYTES = 4096 };
static const int64_t max_version = 999999;

struct aisle_registry {
    char folder[PATH_BYTES - 64]; /* .../models */
    pthread_mutex_t change;       /* held while a model is opened and published: one change at a time */
    pthread_mutex_t lock;         /* guards model, version, loaded; for nanoseconds */
    aisle_model *model;
    int64_t version;
    bool loaded;
    int next_lock; /* guarded by `change`: models/next.lock, held since aisle_registry_next; -1 = not held */
    int64_t rewrites; /* atomic */
    int64_t refused;  /* guarded by `change`: named by `current`, did not open; not tried at every refresh */
};

aisle_status aisle_registry_open(const char *data_folder, aisle_registry **out, aisle_error *err)
{
    *out = NULL;
    aisle_registry *r = aisle_calloc(1, sizeof *r);
    if (!r) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the model registry");
    aisle_status st = AISLE_OK;
    int n = snprintf(r->folder, sizeof r->folder, "%s/models", data_folder);
    if (n < 0 || (size_t)n >= sizeof r->folder)
        st = aisle_fail(err, AISLE_EINVAL, "data folder %.60s...: the path is too long", data_folder);
    else
        st = aisle_folder_make(r->folder, err);
    if (st != AISLE_OK) {
        aisle_free(r);
        return st;
    }
    r->next_lock = -1;
    pthread_mutex_init(&r->change, NULL);
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return AISLE_OK;
}

static void version_path(const aisle_registry *r, int64_t version, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%06lld.aisle", r->folder, (long long)version);
}

/* 0 when the name is not that of a model version. */
static int64_t version_of(const char *name)
{
    int64_t v = 0;
    if (strlen(name) != DIGITS + strlen(".aisle") || strcmp(name + DIGITS, ".aisle") != 0) return 0;
    return aisle_str_to_i64((aisle_str){name, DIGITS}, &v) && v > 0 ? v : 0;
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* Versions on disk, newest first; *out by aisle_alloc. */
static aisle_status scan(const aisle_registry *r, int64_t **out, int64_t *n, aisle_error *err)
{
    int64_t *found = NULL, cap = 0, count = 0;
    DIR *dir = opendir(r->folder);
    if (!dir) return aisle_fail_errno(err, "open folder", r->folder);
    for (struct dirent *e; (e = readdir(dir));) {
        int64_t v = version_of(e->d_name);
        if (v == 0) continue;
        if (!aisle_grow((void **)&found, &cap, count + 1, sizeof *found)) {
            closedir(dir);
            aisle_free(found);
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for the list of %s", r->folder);
        }
        found[count++] = v;
    }
    closedir(dir);
    if (count) qsort(found, (size_t)count, sizeof *found, newest_first);
    *out = found;
    *n = count;
    return AISLE_OK;
}

/* The version that `current` names; 0 when there is no such file. */
static aisle_status read_current(const aisle_registry *r, int64_t *version, aisle_error *err)
{
    char path[PATH_BYTES], text[32];
    snprintf(path, sizeof path, "%s/current", r->folder);
    *version = 0;
    FILE *f = fopen(path, "re");
    if (!f) return errno == ENOENT ? AISLE_OK : aisle_fail_errno(err, "open", path);
    size_t n = fread(text, 1, sizeof text, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    aisle_str s = aisle_str_trim((aisle_str){text, n});
    if (failed || !aisle_str_to_i64(s, version) || *version < 1 || *version > max_version) {
        *version = 0;
        return aisle_fail(err, AISLE_EFORMAT, "%s: does not hold one version number", path);
    }
    return AISLE_OK;
}

static aisle_status write_current(const aisle_registry *r, int64_t version, aisle_error *err)
{
    char path[PATH_BYTES];
    aisle_replace file;
    snprintf(path, sizeof path, "%s/current", r->folder);
    AISLE_TRY(aisle_replace_open(path, &file, err));
    if (fprintf(file.stream, "%06lld\n", (long long)version) < 0) {
        aisle_replace_abort(&file);
        return aisle_fail(err, AISLE_EIO, "write %s", path);
    }
    return aisle_replace_commit(&file, err);
}

static aisle_status open_version(const aisle_registry *r, int64_t version, aisle_model **out,
                                 aisle_error *err)
{
    char path[PATH_BYTES];
    if (version < 1 || version > max_version)
        return aisle_fail(err, AISLE_ENOTFOUND, "model version %lld: there is none", (long long)version);
    version_path(r, version, path);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return aisle_fail(err, AISLE_ENOTFOUND, "model version %lld: there is none (%s)", (long long)version,
                          path);
    return aisle_model_open(path, out, err);
}

/* Takes the reference of m. */
static void swap(aisle_registry *r, aisle_model *m, int64_t version)
{
    pthread_mutex_lock(&r->lock);
    aisle_model *old = r->model;
    r->model = m;
    r->version = m ? version : 0;
    r->loaded = true;
    pthread_mutex_unlock(&r->lock);
    aisle_model_unref(old);
}

/* Opens the version that `current` names, else the newest older one that opens. Called with `change` held. */
static aisle_status load(aisle_registry *r, int64_t wanted, aisle_error *err)
{
    aisle_error why = {0};
    aisle_model *m = NULL;
    int64_t *versions = NULL, n = 0, got = 0;
    AISLE_TRY(scan(r, &versions, &n, err));
    for (int64_t i = 0; i < n && !m; i++) {
        if (versions[i] > wanted) continue;
        if (open_version(r, versions[i], &m, &why) == AISLE_OK)
            got = versions[i];
        else
            aisle_log(AISLE_LOG_ERROR, "model version %lld does not serve: %s", (long long)versions[i],
                      why.message);
    }
    r->refused = got != wanted ? wanted : 0;
    if (m && got != wanted && wanted <= max_version)
        aisle_log(AISLE_LOG_WARN, "model version %lld serves instead of %lld", (long long)got,
                  (long long)wanted);
    swap(r, m, got);
    aisle_free(versions);
    return AISLE_OK;
}

static aisle_status load_current(aisle_registry *r, aisle_error *err)
{
    int64_t wanted;
    aisle_error why = {0};
    aisle_status st = read_current(r, &wanted, &why);
    if (st == AISLE_EFORMAT) { /* no number to go by: the newest that opens */
        aisle_log(AISLE_LOG_ERROR, "%s", why.message);
        return load(r, max_version + 1, err);
    }
    if (st != AISLE_OK) return aisle_fail(err, st, "%s", why.message);
    if (wanted) return load(r, wanted, err);
    swap(r, NULL, 0);
    return AISLE_OK;
}

aisle_model *aisle_registry_current(aisle_registry *r, int64_t *version)
{
    pthread_mutex_lock(&r->lock);
    bool loaded = r->loaded;
    pthread_mutex_unlock(&r->lock);
    if (!loaded) {
        aisle_error err = {0};
        pthread_mutex_lock(&r->change);
        if (!r->loaded && load_current(r, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
        pthread_mutex_unlock(&r->change);
    }
    pthread_mutex_lock(&r->lock);
    aisle_model *m = r->model ? aisle_model_ref(r->model) : NULL;
    if (version) *version = r->version;
    pthread_mutex_unlock(&r->lock);
    return m;
}

aisle_status aisle_registry_refresh(aisle_registry *r, aisle_error *err)
{
    int64_t wanted = 0;
    pthread_mutex_lock(&r->change);
    aisle_status st = read_current(r, &wanted, err); /* under the lock, else an activation is undone */
    if (!r->loaded)
        st = load_current(r, err);
    else if (st == AISLE_OK && wanted && wanted != r->version && wanted != r->refused) {
        aisle_model *m = NULL; /* a broken newcomer must not push out what serves */
        st = open_version(r, wanted, &m, err);
        if (st == AISLE_OK) swap(r, m, wanted);
        r->refused = st == AISLE_OK ? 0 : wanted;
    }
    pthread_mutex_unlock(&r->change);
    return st;
}

static void lock_path(const aisle_registry *r, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/next.lock", r->folder);
}

static aisle_status next_version(const aisle_registry *r, int64_t *version, aisle_error *err)
{
    int64_t *versions = NULL, n = 0;
    AISLE_TRY(scan(r, &versions, &n, err));
    int64_t next = n ? versions[0] + 1 : 1;
    aisle_free(versions);
    if (next > max_version)
        return aisle_fail(err, AISLE_ECONFLICT, "%s: version %lld is the last; remove or rename old models",
                          r->folder, (long long)max_version);
    *version = next;
    return AISLE_OK;
}

aisle_status aisle_registry_next(aisle_registry *r, int64_t *version, char path[PATH_BYTES], aisle_error *err)
{
    char lock[PATH_BYTES];
    pthread_mutex_lock(&r->change);
    lock_path(r, lock);
    aisle_status st = r->next_lock >= 0
                          ? AISLE_OK
                          : aisle_lock_file_take(lock, "making the next version", &r->next_lock, err);
    if (st == AISLE_OK) st = next_version(r, version, err);
    pthread_mutex_unlock(&r->change);
    if (st == AISLE_OK) version_path(r, *version, path);
    return st;
}

void aisle_registry_close(aisle_registry *r)
{
    char lock[PATH_BYTES];
    if (!r) return;
    lock_path(r, lock);
    aisle_lock_file_release(lock, r->next_lock);
    aisle_model_unref(r->model);
    pthread_mutex_destroy(&r->change);
    pthread_mutex_destroy(&r->lock);
    aisle_free(r);
}

/* It serves now: a list that cannot be kept is no reason to undo that. Under `change`. */
static void note_served(const aisle_registry *r, int64_t version)
{
    aisle_marks m;
    aisle_error why = {0};
    aisle_status st = aisle_marks_read(r->folder, &m, &why);
    if (st == AISLE_OK && (m.n == 0 || m.served[m.n - 1] != version)) {
        aisle_marks_serve(&m, version);
        st = aisle_marks_write(r->folder, &m, &why);
    }
    if (st != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", why.message);
}

/* Under `change`. What served before the first note is noted, too. */
static aisle_status activate(aisle_registry *r, int64_t version, aisle_error *err)
{
    aisle_model *m = NULL;
    int64_t before = 0;
    aisle_status st = open_version(r, version, &m, err);
    if (st == AISLE_OK && read_current(r, &before, NULL) == AISLE_OK && before) note_served(r, before);
    if (st == AISLE_OK) st = write_current(r, version, err);
    if (st != AISLE_OK) {
        aisle_model_unref(m);
        return st;
    }
    swap(r, m, version);
    r->refused = 0;
    note_served(r, version);
    return AISLE_OK;
}

aisle_status aisle_registry_activate(aisle_registry *r, int64_t version, aisle_error *err)
{
    pthread_mutex_lock(&r->change);
    aisle_status st = activate(r, version, err);
    pthread_mutex_unlock(&r->change);
    return st;
}

aisle_status aisle_registry_activate_unless_pinned(aisle_registry *r, int64_t version, int64_t *pinned,
                                                   aisle_error *err)
{
    aisle_marks m;
    pthread_mutex_lock(&r->change);
    aisle_status st = aisle_marks_read(r->folder, &m, err);
    if (st == AISLE_OK && !m.pinned) st = activate(r, version, err);
    pthread_mutex_unlock(&r->change);
    if (st == AISLE_OK) *pinned = m.pinned;
    return st;
}

int64_t aisle_registry_pinned(aisle_registry *r)
{
    aisle_marks m;
    aisle_error why = {0};
    pthread_mutex_lock(&r->change);
    aisle_status st = aisle_marks_read(r->folder, &m, &why);
    pthread_mutex_unlock(&r->change);
    if (st != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", why.message);
    return st == AISLE_OK ? m.pinned : 0;
}

aisle_status aisle_registry_pin(aisle_registry *r, int64_t version, aisle_error *err)
{
    aisle_marks m;
    pthread_mutex_lock(&r->change);
    aisle_status st = version ? activate(r, version, err) : AISLE_OK;
    if (st == AISLE_OK) st = aisle_marks_read(r->folder, &m, err);
    if (st == AISLE_OK) {
        m.pinned = version;
        st = aisle_marks_write(r->folder, &m, err);
    }
    pthread_mutex_unlock(&r->change);
    return st;
}

aisle_status aisle_registry_rollback(aisle_registry *r, int64_t *version, aisle_error *err)
{
    aisle_marks m;
    pthread_mutex_lock(&r->change);
    aisle_status st = aisle_marks_read(r->folder, &m, err);
    if (st == AISLE_OK && m.n < 2)
        st = aisle_fail(err, AISLE_ECONFLICT,
                        "no other version has served before; activate one by its number");
    int64_t to = st == AISLE_OK ? m.served[m.n - 2] : 0;
    if (st == AISLE_OK && m.pinned && m.pinned != to)
        st = aisle_fail(err, AISLE_ECONFLICT, "version %lld is pinned; unpin it first", (long long)m.pinned);
    if (st == AISLE_OK) st = activate(r, to, err);
    if (st == AISLE_OK) {
        m.n--;
        st = aisle_marks_write(r->folder, &m, err);
        *version = to;
    }
    pthread_mutex_unlock(&r->change);
    return st;
}

void aisle_registry_path(aisle_registry *r, int64_t version, const char *ending, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%06lld%s", r->folder, (long long)version, ending);
}

static bool is_among(const int64_t *list, int32_t n, int64_t v)
{
    for (int32_t i = 0; i < n; i++)
        if (list[i] == v) return true;
    return false;
}

static void remove_version(aisle_registry *r, int64_t version)
{
    char path[PATH_BYTES];
    version_path(r, version, path);
    if (unlink(path))
        aisle_log(AISLE_LOG_ERROR, "remove %s: %s", path, strerror(errno));
    else
        aisle_log(AISLE_LOG_INFO, "removed model version %lld: it never served, and newer ones are there",
                  (long long)version);
    aisle_registry_path(r, version, ".report", path);
    unlink(path);
}

int32_t aisle_registry_trim(aisle_registry *r, int32_t most, const int64_t *spared, int32_t n_spared)
{
    aisle_marks m;
    aisle_error why = {0};
    int64_t *versions = NULL, n = 0;
    int32_t removed = 0;
    pthread_mutex_lock(&r->change);
    aisle_status st = aisle_marks_read(r->folder, &m, &why);
    if (st == AISLE_OK) st = scan(r, &versions, &n, &why);
    if (st != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", why.message);
    for (int64_t i = n - 1; st == AISLE_OK && i > 0 && n - removed > most; i--) {
        if (versions[i] == r->version || aisle_marks_has(&m, versions[i]) ||
            is_among(spared, n_spared, versions[i]))
            continue;
        remove_version(r, versions[i]);
        removed++;
    }
    aisle_free(versions);
    pthread_mutex_unlock(&r->change);
    return removed;
}

aisle_status aisle_registry_get(aisle_registry *r, int64_t version, aisle_model **out, aisle_error *err)
{
    return open_version(r, version, out, err);
}

int64_t aisle_registry_rewrites(aisle_registry *r)
{
    return __atomic_load_n(&r->rewrites, __ATOMIC_ACQUIRE);
}

aisle_status aisle_registry_each(aisle_registry *r,
                                 aisle_status (*fn)(void *ctx, int64_t version, const char *path,
                                                    bool *changed, aisle_error *err),
                                 void *ctx, aisle_error *err)
{
    int64_t *versions = NULL, n = 0;
    pthread_mutex_lock(&r->change);
    aisle_status st = scan(r, &versions, &n, err);
    for (int64_t i = 0; i < n && st == AISLE_OK; i++) {
        char path[PATH_BYTES];
        bool changed = false;
        version_path(r, versions[i], path);
        st = fn(ctx, versions[i], path, &changed, err);
        if (changed) __atomic_add_fetch(&r->rewrites, 1, __ATOMIC_ACQ_REL);
        if (st != AISLE_OK || !changed || !r->loaded || versions[i] != r->version) continue;
        aisle_model *m = NULL;
        st = open_version(r, versions[i], &m, err);
        if (st == AISLE_OK) swap(r, m, versions[i]);
    }
    pthread_mutex_unlock(&r->change);
    aisle_free(versions);
    return st;
}

static aisle_status describe(const aisle_registry *r, int64_t version, aisle_arena *a, aisle_model_entry *out)
{
    char path[PATH_BYTES];
    struct stat info;
    aisle_error why = {0};
    aisle_model *m = NULL;
    version_path(r, version, path);
    *out = (aisle_model_entry){.version = version};
    if (stat(path, &info) == 0) {
        out->bytes = info.st_size;
        out->created_ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    }
    const char *text = why.message, **to = &out->fault;
    if (open_version(r, version, &m, &why) == AISLE_OK) {
        text = aisle_model_meta(m);
        to = &out->meta;
    }
    *to = aisle_arena_strndup(a, text, strlen(text));
    aisle_model_unref(m);
    return *to ? AISLE_OK : AISLE_ENOMEM;
}

aisle_status aisle_registry_list(aisle_registry *r, aisle_arena *a, aisle_model_entry **out, int32_t *n,
                                 aisle_error *err)
{
    int64_t *versions = NULL, count = 0, serving = 0;
    aisle_model_unref(aisle_registry_current(r, &serving));
    AISLE_TRY(scan(r, &versions, &count, err));
    aisle_model_entry *list = aisle_arena_calloc(a, (size_t)count, sizeof *list);
    aisle_status st = list ? AISLE_OK : AISLE_ENOMEM;
    for (int64_t i = 0; i < count && st == AISLE_OK; i++) {
        st = describe(r, versions[i], a, &list[i]);
        list[i].current = versions[i] == serving;
    }
    aisle_free(versions);
    if (st != AISLE_OK) return aisle_fail(err, st, "out of memory for the list of models");
    *out = list;
    *n = (int32_t)count;
    return AISLE_OK;
}

/* Not by the process numbers in the names: a number may be another process's by now, or a zombie's. */
void aisle_registry_sweep(aisle_registry *r)
{
    char lock[PATH_BYTES], path[PATH_BYTES];
    int fd = -1;
    lock_path(r, lock);
    if (aisle_lock_file_take(lock, "making the next version", &fd, NULL) != AISLE_OK) return;
    DIR *dir = opendir(r->folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (!strstr(e->d_name, ".tmp.")) continue;
        int len = snprintf(path, sizeof path, "%s/%s", r->folder, e->d_name);
        if (len < 0 || (size_t)len >= sizeof path || unlink(path)) continue;
        aisle_log(AISLE_LOG_INFO, "removed %s: its writer is gone", path);
    }
    if (dir) closedir(dir);
    aisle_lock_file_release(lock, fd);
}
