/* The folder of the models: NNNNNN.aisle files and `current`. Not what of it is open. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aisle/file.h"
#include "aisle/log.h"
#include "aisle/str.h"
#include "server/jobs/lock_file.h"
#include "server/jobs/registry_internal.h"

enum { DIGITS = 6 };
static const char making[] = "making the next version";

void aisle_registry_path(const aisle_registry *r, int64_t version, const char *ending,
                         char path[AISLE_REGISTRY_PATH])
{
    snprintf(path, AISLE_REGISTRY_PATH, "%s/%06lld%s", r->folder, (long long)version, ending);
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

aisle_status aisle_registry_scan(const aisle_registry *r, int64_t **out, int64_t *n, aisle_error *err)
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

aisle_status aisle_registry_read_current(const aisle_registry *r, int64_t *version, aisle_error *err)
{
    char path[AISLE_REGISTRY_PATH], text[32];
    snprintf(path, sizeof path, "%s/current", r->folder);
    *version = 0;
    FILE *f = fopen(path, "re");
    if (!f) return errno == ENOENT ? AISLE_OK : aisle_fail_errno(err, "open", path);
    size_t n = fread(text, 1, sizeof text, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    aisle_str s = aisle_str_trim((aisle_str){text, n});
    if (failed || !aisle_str_to_i64(s, version) || *version < 1 || *version > AISLE_VERSION_MOST) {
        *version = 0;
        return aisle_fail(err, AISLE_EFORMAT, "%s: does not hold one version number", path);
    }
    return AISLE_OK;
}

aisle_status aisle_registry_write_current(const aisle_registry *r, int64_t version, aisle_error *err)
{
    char path[AISLE_REGISTRY_PATH];
    aisle_replace file;
    snprintf(path, sizeof path, "%s/current", r->folder);
    AISLE_TRY(aisle_replace_open(path, &file, err));
    if (fprintf(file.stream, "%06lld\n", (long long)version) < 0) {
        aisle_replace_abort(&file);
        return aisle_fail(err, AISLE_EIO, "write %s", path);
    }
    return aisle_replace_commit(&file, err);
}

aisle_status aisle_registry_get(const aisle_registry *r, int64_t version, aisle_model **out, aisle_error *err)
{
    char path[AISLE_REGISTRY_PATH];
    if (version < 1 || version > AISLE_VERSION_MOST)
        return aisle_fail(err, AISLE_ENOTFOUND, "model version %lld: there is none", (long long)version);
    aisle_registry_path(r, version, ".aisle", path);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return aisle_fail(err, AISLE_ENOTFOUND, "model version %lld: there is none (%s)", (long long)version,
                          path);
    return aisle_model_open(path, out, err);
}

aisle_status aisle_registry_watched(const aisle_registry *r, aisle_watched *out, aisle_error *err)
{
    return aisle_watched_read(r->folder, out, err);
}

aisle_status aisle_registry_watch(const aisle_registry *r, const aisle_watched *w, aisle_error *err)
{
    return aisle_watched_write(r->folder, w, err);
}

/* ---- the next version ---- */

void aisle_registry_next_lock(const aisle_registry *r, char path[AISLE_REGISTRY_PATH])
{
    snprintf(path, AISLE_REGISTRY_PATH, "%s/next.lock", r->folder);
}

static aisle_status next_version(const aisle_registry *r, int64_t *version, aisle_error *err)
{
    int64_t *versions = NULL, n = 0;
    AISLE_TRY(aisle_registry_scan(r, &versions, &n, err));
    int64_t next = n ? versions[0] + 1 : 1;
    aisle_free(versions);
    if (next > AISLE_VERSION_MOST)
        return aisle_fail(err, AISLE_ECONFLICT, "%s: version %lld is the last; remove or rename old models",
                          r->folder, (long long)AISLE_VERSION_MOST);
    *version = next;
    return AISLE_OK;
}

aisle_status aisle_registry_next(aisle_registry *r, int64_t *version, char path[AISLE_REGISTRY_PATH],
                                 aisle_error *err)
{
    char lock[AISLE_REGISTRY_PATH];
    pthread_mutex_lock(&r->change);
    aisle_registry_next_lock(r, lock);
    aisle_status st = r->next_lock >= 0 ? AISLE_OK : aisle_lock_file_take(lock, making, &r->next_lock, err);
    if (st == AISLE_OK) st = next_version(r, version, err);
    pthread_mutex_unlock(&r->change);
    if (st == AISLE_OK) aisle_registry_path(r, *version, ".aisle", path);
    return st;
}

static void remove_litter(const aisle_registry *r)
{
    char path[AISLE_REGISTRY_PATH];
    DIR *dir = opendir(r->folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (!strstr(e->d_name, ".tmp.")) continue;
        int len = snprintf(path, sizeof path, "%s/%s", r->folder, e->d_name);
        if (len < 0 || (size_t)len >= sizeof path || unlink(path)) continue;
        aisle_log(AISLE_LOG_INFO, "removed %s: its writer is gone", path);
    }
    if (dir) closedir(dir);
}

/* Not by the process numbers in the names: a number may be another process's by now, or a zombie's. */
void aisle_registry_sweep(aisle_registry *r)
{
    char path[AISLE_REGISTRY_PATH];
    int next, change;
    aisle_registry_next_lock(r, path);
    if (aisle_lock_file_take(path, making, &next, NULL) != AISLE_OK) return;
    if (aisle_registry_begin(r, 0, &change, NULL) == AISLE_OK) {
        remove_litter(r);
        aisle_registry_end(r, change);
    }
    aisle_lock_file_release(path, next);
}
