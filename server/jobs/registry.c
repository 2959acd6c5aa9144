/* What is open of the registry, which is the folder itself (registry_folder.c). Nothing is kept beside the open model,
 * so that a trainer in another process, a copy or a deletion by hand is simply seen. */
#include "aisle/file.h"
#include "aisle/log.h"
#include "server/jobs/lock_file.h"
#include "server/jobs/registry_internal.h"

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

void aisle_registry_close(aisle_registry *r)
{
    char lock[AISLE_REGISTRY_PATH];
    if (!r) return;
    aisle_registry_next_lock(r, lock);
    aisle_lock_file_release(lock, r->next_lock);
    aisle_model_unref(r->model);
    pthread_mutex_destroy(&r->change);
    pthread_mutex_destroy(&r->lock);
    aisle_free(r);
}

void aisle_registry_swap(aisle_registry *r, aisle_model *m, int64_t version)
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
    AISLE_TRY(aisle_registry_scan(r, &versions, &n, err));
    for (int64_t i = 0; i < n && !m; i++) {
        if (versions[i] > wanted) continue;
        if (aisle_registry_get(r, versions[i], &m, &why) == AISLE_OK)
            got = versions[i];
        else
            aisle_log(AISLE_LOG_ERROR, "model version %lld does not serve: %s", (long long)versions[i],
                      why.message);
    }
    r->refused = got != wanted ? wanted : 0;
    if (m && got != wanted && wanted <= AISLE_VERSION_MOST)
        aisle_log(AISLE_LOG_WARN, "model version %lld serves instead of %lld", (long long)got,
                  (long long)wanted);
    aisle_registry_swap(r, m, got);
    aisle_free(versions);
    return AISLE_OK;
}

static aisle_status load_current(aisle_registry *r, aisle_error *err)
{
    int64_t wanted;
    aisle_error why = {0};
    aisle_status st = aisle_registry_read_current(r, &wanted, &why);
    if (st == AISLE_EFORMAT) { /* no number to go by: the newest that opens */
        aisle_log(AISLE_LOG_ERROR, "%s", why.message);
        return load(r, AISLE_VERSION_MOST + 1, err);
    }
    if (st != AISLE_OK) return aisle_fail(err, st, "%s", why.message);
    if (wanted) return load(r, wanted, err);
    aisle_registry_swap(r, NULL, 0);
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
    aisle_status st =
        aisle_registry_read_current(r, &wanted, err); /* under the lock, else an activation is undone */
    if (!r->loaded)
        st = load_current(r, err);
    else if (st == AISLE_OK && wanted && wanted != r->version && wanted != r->refused) {
        aisle_model *m = NULL; /* a broken newcomer must not push out what serves */
        st = aisle_registry_get(r, wanted, &m, err);
        if (st == AISLE_OK) aisle_registry_swap(r, m, wanted);
        r->refused = st == AISLE_OK ? 0 : wanted;
    }
    pthread_mutex_unlock(&r->change);
    return st;
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
    aisle_status st = aisle_registry_scan(r, &versions, &n, err);
    for (int64_t i = 0; i < n && st == AISLE_OK; i++) {
        char path[AISLE_REGISTRY_PATH];
        bool changed = false;
        aisle_registry_path(r, versions[i], ".aisle", path);
        st = fn(ctx, versions[i], path, &changed, err);
        if (changed) __atomic_add_fetch(&r->rewrites, 1, __ATOMIC_ACQ_REL);
        if (st != AISLE_OK || !changed || !r->loaded || versions[i] != r->version) continue;
        aisle_model *m = NULL;
        st = aisle_registry_get(r, versions[i], &m, err);
        if (st == AISLE_OK) aisle_registry_swap(r, m, versions[i]);
    }
    pthread_mutex_unlock(&r->change);
    aisle_free(versions);
    return st;
}
