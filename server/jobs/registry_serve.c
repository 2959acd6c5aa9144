/* Which version serves: activate, pin, roll back. One at a time, in whatever process. */
#include "aisle/log.h"
#include "server/jobs/lock_file.h"
#include "server/jobs/marks.h"
#include "server/jobs/registry_internal.h"

/* It serves now: a list that cannot be kept is no reason to undo that. */
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

/* Makes it current on disk, then swaps it in; takes m's reference. Under `change`, as all that is static here. */
static aisle_status serve(aisle_registry *r, aisle_model *m, int64_t version, aisle_error *err)
{
    aisle_status st = aisle_registry_write_current(r, version, err);
    if (st != AISLE_OK) {
        aisle_model_unref(m);
        return st;
    }
    aisle_registry_swap(r, m, version);
    r->refused = 0;
    return AISLE_OK;
}

/* What served before the first note is noted, too. */
static aisle_status activate(aisle_registry *r, int64_t version, aisle_error *err)
{
    aisle_model *m = NULL;
    int64_t before = 0;
    AISLE_TRY(aisle_registry_get(r, version, &m, err));
    if (aisle_registry_read_current(r, &before, NULL) == AISLE_OK && before) note_served(r, before);
    AISLE_TRY(serve(r, m, version, err));
    note_served(r, version);
    return AISLE_OK;
}

/* ---- one change at a time ---- */

static void lock_path(const aisle_registry *r, char path[AISLE_REGISTRY_PATH])
{
    snprintf(path, AISLE_REGISTRY_PATH, "%s/change.lock", r->folder);
}

/* The file first: whoever waits for another process holds up nobody here who reads. */
aisle_status aisle_registry_begin(aisle_registry *r, int64_t wait_ms, int *lock, aisle_error *err)
{
    char path[AISLE_REGISTRY_PATH];
    lock_path(r, path);
    AISLE_TRY(aisle_lock_file_wait(path, "changing which model serves", wait_ms, lock, err));
    pthread_mutex_lock(&r->change);
    return AISLE_OK;
}

void aisle_registry_end(aisle_registry *r, int lock)
{
    char path[AISLE_REGISTRY_PATH];
    lock_path(r, path);
    pthread_mutex_unlock(&r->change);
    aisle_lock_file_release(path, lock);
}

aisle_status aisle_registry_activate(aisle_registry *r, int64_t version, int64_t wait_ms, aisle_error *err)
{
    int lock;
    AISLE_TRY(aisle_registry_begin(r, wait_ms, &lock, err));
    aisle_status st = activate(r, version, err);
    aisle_registry_end(r, lock);
    return st;
}

aisle_status aisle_registry_activate_unless_pinned(aisle_registry *r, int64_t version, int64_t wait_ms,
                                                   int64_t *pinned, aisle_error *err)
{
    aisle_marks m;
    int lock;
    AISLE_TRY(aisle_registry_begin(r, wait_ms, &lock, err));
    aisle_status st = aisle_marks_read(r->folder, &m, err);
    const bool free_to = st == AISLE_OK && (!m.pinned || m.pinned == version);
    if (free_to) st = activate(r, version, err);
    aisle_registry_end(r, lock);
    if (st == AISLE_OK) *pinned = free_to ? 0 : m.pinned;
    return st;
}

int64_t aisle_registry_pinned(aisle_registry *r)
{
    aisle_marks m;
    aisle_error why = {0};
    if (aisle_marks_read(r->folder, &m, &why) == AISLE_OK) return m.pinned;
    aisle_log(AISLE_LOG_ERROR, "%s", why.message);
    return 0;
}

/* version 0: none */
static aisle_status mark_pinned(const aisle_registry *r, int64_t version, aisle_error *err)
{
    aisle_marks m;
    AISLE_TRY(aisle_marks_read(r->folder, &m, err));
    m.pinned = version;
    return aisle_marks_write(r->folder, &m, err);
}

aisle_status aisle_registry_pin(aisle_registry *r, int64_t version, int64_t wait_ms, aisle_error *err)
{
    int lock;
    AISLE_TRY(aisle_registry_begin(r, wait_ms, &lock, err));
    aisle_status st = activate(r, version, err);
    if (st == AISLE_OK) st = mark_pinned(r, version, err);
    aisle_registry_end(r, lock);
    return st;
}

aisle_status aisle_registry_unpin(aisle_registry *r, int64_t version, int64_t wait_ms, aisle_error *err)
{
    aisle_marks m;
    int lock;
    AISLE_TRY(aisle_registry_begin(r, wait_ms, &lock, err));
    aisle_status st = aisle_marks_read(r->folder, &m, err);
    if (st == AISLE_OK && m.pinned != version)
        st = aisle_fail(err, AISLE_ENOTFOUND, "model version %lld is not pinned", (long long)version);
    if (st == AISLE_OK) st = mark_pinned(r, 0, err);
    aisle_registry_end(r, lock);
    return st;
}

/* Shortens the list until it ends with a version that had served before the last one and is still there, and opens that. What is
 * gone, or does not open, will not serve again, and is passed over. */
static aisle_status open_earlier(const aisle_registry *r, aisle_marks *m, aisle_model **out, aisle_error *err)
{
    const int64_t present = m->n ? m->served[m->n - 1] : 0;
    while (m->n > 1) {
        aisle_error why = {0};
        const int64_t version = m->served[--m->n - 1];
        if (version == present) continue;
        aisle_status st = aisle_registry_get(r, version, out, &why);
        if (st == AISLE_OK) return AISLE_OK;
        if (st != AISLE_ENOTFOUND && st != AISLE_EFORMAT) return aisle_fail(err, st, "%s", why.message);
        aisle_log(AISLE_LOG_WARN, "rolling back passes over what had served: %s", why.message);
    }
    return aisle_fail(err, AISLE_ECONFLICT,
                      "no other version that is there has served before; activate one by its number");
}

/* The list before `current`: killed in between, `current` is noted again as what serves, and the next rollback goes to the same
 * version. The other way round it would go forward. */
static aisle_status roll_back(aisle_registry *r, int64_t *version, aisle_error *err)
{
    aisle_marks m;
    aisle_model *model = NULL;
    int64_t before = 0;
    AISLE_TRY(aisle_marks_read(r->folder, &m, err));
    if (aisle_registry_read_current(r, &before, NULL) == AISLE_OK && before) aisle_marks_serve(&m, before);
    AISLE_TRY(open_earlier(r, &m, &model, err));
    const int64_t to = m.served[m.n - 1];
    aisle_status st = AISLE_OK;
    if (m.pinned && m.pinned != to)
        st = aisle_fail(err, AISLE_ECONFLICT, "version %lld is pinned; unpin it first", (long long)m.pinned);
    if (st == AISLE_OK) st = aisle_marks_write(r->folder, &m, err);
    if (st == AISLE_OK) return serve(r, model, *version = to, err);
    aisle_model_unref(model);
    return st;
}

aisle_status aisle_registry_rollback(aisle_registry *r, int64_t wait_ms, int64_t *version, aisle_error *err)
{
    int lock;
    AISLE_TRY(aisle_registry_begin(r, wait_ms, &lock, err));
    aisle_status st = roll_back(r, version, err);
    aisle_registry_end(r, lock);
    return st;
}
