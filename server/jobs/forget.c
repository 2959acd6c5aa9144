/* Which model files were looked at since the last erasure, and the look. Only hashes of erased ids are known, so each user
 * of a model is hashed: a million a second, in the background and seldom. */
#include "server/jobs/forget.h"

#include <stdlib.h>
#include <string.h>

#include "aisle/log.h"
#include "server/store/person_rows.h"

typedef struct seen {
    int64_t version, n_erased; /* how many erasures there were when it was looked at */
} seen;

struct aisle_forgetter {
    aisle_store *store;
    aisle_registry *registry;
    aisle_view *view;
    seen *seen;
    int64_t n_seen, cap_seen;
    int wanted;                  /* atomic */
    bool log_is_dirty;           /* the write-ahead log may hold what was erased */
    int64_t resume_ns;           /* not again before: a look takes a tenth of the time at most */
    unsigned char (*hashes)[16]; /* sorted; of this run */
    int64_t n, n_before;
};

aisle_status aisle_forgetter_open(aisle_store *store, aisle_registry *registry, aisle_forgetter **out,
                                  aisle_error *err)
{
    *out = NULL;
    aisle_forgetter *f = aisle_calloc(1, sizeof *f);
    if (!f) return aisle_fail(err, AISLE_ENOMEM, "out of memory for erasures");
    f->store = store;
    f->registry = registry;
    f->log_is_dirty = true; /* of a server that was killed */
    aisle_status st = aisle_view_open(store, &f->view, err);
    if (st == AISLE_OK)
        *out = f;
    else
        aisle_forgetter_close(f);
    return st;
}

void aisle_forgetter_close(aisle_forgetter *f)
{
    if (!f) return;
    aisle_view_close(f->view);
    aisle_free(f->seen);
    aisle_free(f);
}

void aisle_forget_soon(aisle_forgetter *f)
{
    __atomic_store_n(&f->wanted, 1, __ATOMIC_RELEASE);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static bool is_erased(const aisle_forgetter *f, aisle_str id)
{
    unsigned char hash[16];
    aisle_erased_hash(id, hash);
    return bsearch(hash, f->hashes, (size_t)f->n, sizeof hash, compare) != NULL;
}

static seen *find_seen(aisle_forgetter *f, int64_t version)
{
    for (int64_t i = 0; i < f->n_seen; i++)
        if (f->seen[i].version == version) return &f->seen[i];
    if (!aisle_grow((void **)&f->seen, &f->cap_seen, f->n_seen + 1, sizeof *f->seen)) return NULL;
    f->seen[f->n_seen] = (seen){version, 0};
    return &f->seen[f->n_seen++];
}

static aisle_status find_users(const aisle_forgetter *f, const char *path, int32_t **users, int64_t *n,
                               aisle_error *err)
{
    aisle_model *m = NULL;
    int64_t cap = 0;
    AISLE_TRY(aisle_model_open(path, &m, err));
    bool ok = true;
    for (int32_t u = 0; u < aisle_model_n_users(m) && ok; u++) {
        if (!is_erased(f, aisle_model_user_id(m, u))) continue;
        ok = aisle_grow((void **)users, &cap, *n + 1, sizeof **users);
        if (ok) (*users)[(*n)++] = u;
    }
    aisle_model_unref(m);
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for erasures");
}

/* One version; a file that does not open holds nobody back, but stays for the next erasure to look at. */
static aisle_status look_at(void *ctx, int64_t version, const char *path, bool *changed, aisle_error *err)
{
    aisle_forgetter *f = ctx;
    aisle_error why = {0};
    int32_t *users = NULL;
    int64_t n = 0;
    seen *s = find_seen(f, version);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "out of memory for erasures");
    if (s->n_erased == f->n) return AISLE_OK;
    aisle_status st = find_users(f, path, &users, &n, &why);
    if (st == AISLE_OK && n) st = aisle_model_forget(path, users, (int32_t)n, &why);
    if (st == AISLE_OK && n)
        aisle_log(AISLE_LOG_INFO, "model version %lld forgot %lld people", (long long)version, (long long)n);
    if (st != AISLE_OK && st != AISLE_EFORMAT && st != AISLE_EUNSUPPORTED)
        aisle_log(AISLE_LOG_ERROR, "erasing from model version %lld: %s", (long long)version, why.message);
    else
        s->n_erased = f->n;
    *changed = st == AISLE_OK && n > 0;
    aisle_free(users);
    return AISLE_OK;
}

aisle_status aisle_forget_run(aisle_forgetter *f, aisle_error *err)
{
    aisle_arena arena = {0};
    int64_t started_ns = aisle_time_monotonic_ns();
    if (__atomic_exchange_n(&f->wanted, 0, __ATOMIC_ACQUIRE)) f->log_is_dirty = true;
    if (started_ns < f->resume_ns) return AISLE_OK;
    aisle_status st = aisle_view_erased(f->view, 0, &arena, &f->hashes, &f->n, err);
    if (st == AISLE_OK && f->n != f->n_before) f->log_is_dirty = true; /* by another process, too */
    f->n_before = f->n;
    if (st == AISLE_OK && f->n) {
        qsort(f->hashes, (size_t)f->n, sizeof *f->hashes, compare);
        st = aisle_registry_each(f->registry, look_at, f, err);
        f->resume_ns = aisle_time_monotonic_ns() + 10 * (aisle_time_monotonic_ns() - started_ns);
    }
    aisle_arena_deinit(&arena);
    if (st != AISLE_OK || !f->n || !f->log_is_dirty) return st;
    st = aisle_store_scrub(f->store, err);
    f->log_is_dirty = st != AISLE_OK;
    return st == AISLE_EBUSY ? AISLE_OK : st; /* a reader: the next time */
}
