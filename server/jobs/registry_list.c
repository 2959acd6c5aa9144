/* All versions: listed, and the oldest removed. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/log.h"
#include "server/jobs/beside.h"
#include "server/jobs/marks.h"
#include "server/jobs/registry_internal.h"

static bool is_among(const int64_t *list, int32_t n, int64_t v)
{
    for (int32_t i = 0; i < n; i++)
        if (list[i] == v) return true;
    return false;
}

static void remove_version(aisle_registry *r, int64_t version)
{
    char path[AISLE_REGISTRY_PATH];
    aisle_registry_path(r, version, ".aisle", path);
    if (unlink(path))
        aisle_log(AISLE_LOG_ERROR, "remove %s: %s", path, strerror(errno));
    else
        aisle_log(AISLE_LOG_INFO, "removed model version %lld: it never served, and newer ones are there",
                  (long long)version);
    (void)aisle_beside_remove(r, version, ".report", NULL);
    (void)aisle_beside_remove(r, version, ".curve", NULL);
}

int32_t aisle_registry_trim(aisle_registry *r, int32_t most, const int64_t *spared, int32_t n_spared)
{
    aisle_marks m;
    aisle_error why = {0};
    int64_t *versions = NULL, n = 0;
    int32_t removed = 0;
    int lock;
    aisle_status st = aisle_registry_begin(r, AISLE_REGISTRY_LONG_MS, &lock, &why);
    if (st != AISLE_OK) {
        aisle_log(AISLE_LOG_ERROR, "%s", why.message);
        return 0;
    }
    st = aisle_marks_read(r->folder, &m, &why);
    if (st == AISLE_OK) st = aisle_registry_scan(r, &versions, &n, &why);
    if (st != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", why.message);
    for (int64_t i = n - 1; st == AISLE_OK && i > 0 && n - removed > most; i--) {
        if (versions[i] == r->version || aisle_marks_has(&m, versions[i]) ||
            is_among(spared, n_spared, versions[i]))
            continue;
        remove_version(r, versions[i]);
        removed++;
    }
    aisle_free(versions);
    aisle_registry_end(r, lock);
    return removed;
}

static aisle_status describe(const aisle_registry *r, int64_t version, aisle_arena *a, aisle_model_entry *out)
{
    char path[AISLE_REGISTRY_PATH];
    struct stat info;
    aisle_error why = {0};
    aisle_model *m = NULL;
    aisle_registry_path(r, version, ".aisle", path);
    *out = (aisle_model_entry){.version = version};
    if (stat(path, &info) == 0) {
        out->bytes = info.st_size;
        out->created_ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    }
    const char *text = why.message, **to = &out->fault;
    if (aisle_registry_get(r, version, &m, &why) == AISLE_OK) {
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
    AISLE_TRY(aisle_registry_scan(r, &versions, &count, err));
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
