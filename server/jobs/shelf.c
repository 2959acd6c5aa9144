/* The keeper of the newest shelf. */
#include "server/jobs/shelf.h"

#include <pthread.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/train.h"
#include "server/jobs/shelf_build.h"

struct aisle_shelf_keeper {
    aisle_store *store;
    aisle_registry *registry;
    int64_t fixed;         /* the one version that it is about; 0 = that which serves */
    int64_t rewrites;      /* guarded by build: of the registry, when the fixed version was opened */
    aisle_view *view;      /* guarded by build */
    pthread_mutex_t build; /* one build at a time */
    pthread_mutex_t lock;  /* guards shelf, for nanoseconds */
    aisle_shelf *shelf;
    int64_t catalogue_version; /* guarded by build: what has changed up to here is in the shelf */
};

int64_t aisle_shelf_words(const aisle_shelf *s)
{
    return ((int64_t)s->n_items + 63) / 64;
}

int32_t aisle_shelf_find(const aisle_shelf *s, aisle_str id)
{
    int32_t i = aisle_model_find_item(s->model, id);
    return i >= 0 ? i : aisle_newcomers_find(s->newcomers, id);
}

void aisle_shelf_find_all(const aisle_shelf *s, const aisle_str *ids, int64_t n, int32_t *items)
{
    aisle_model_find_items(s->model, ids, n, items);
    for (int64_t i = 0; i < n; i++)
        if (items[i] < 0) items[i] = aisle_newcomers_find(s->newcomers, ids[i]);
}

aisle_str aisle_shelf_id(const aisle_shelf *s, int32_t item)
{
    return item < aisle_model_n_items(s->model) ? aisle_model_item_id(s->model, item)
                                                : aisle_newcomers_id(s->newcomers, item);
}

void aisle_shelf_unref(aisle_shelf *s)
{
    if (s && __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0) aisle_shelf_destroy(s);
}

static void put(aisle_shelf_keeper *k, aisle_shelf *s)
{
    pthread_mutex_lock(&k->lock);
    aisle_shelf *old = k->shelf;
    k->shelf = s;
    pthread_mutex_unlock(&k->lock);
    aisle_shelf_unref(old);
}

aisle_shelf *aisle_shelf_get(aisle_shelf_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    aisle_shelf *s = k->shelf;
    if (s) __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&k->lock);
    return s;
}

/* The keeper's own shelf is only changed under `build`, so it stays while it is read here. *out stays NULL when it is as it would
 * be made. */
static aisle_status make_next(aisle_shelf_keeper *k, aisle_model *m, int64_t version, aisle_shelf **out,
                              aisle_error *err)
{
    const aisle_shelf *now = k->shelf;
    bool same_model = now && now->model == m, same = false;
    if (same_model) AISLE_TRY(aisle_shelf_renew(k->view, now, k->catalogue_version, out, &same, err));
    if (same && now->model_version == version) return AISLE_OK;
    if (!*out) AISLE_TRY(aisle_shelf_build(k->store, k->view, m, same_model ? now : NULL, out, err));
    (*out)->model_version = version;
    (*out)->since_ms = aisle_trained_created_ms(aisle_model_meta(m));
    return AISLE_OK;
}

/* A reference of the caller's; NULL: there is none. A fixed version whose file was replaced is opened anew. */
static aisle_status find_model(aisle_shelf_keeper *k, aisle_model **out, int64_t *version, aisle_error *err)
{
    *version = k->fixed;
    *out = NULL;
    if (!k->fixed) {
        *out = aisle_registry_current(k->registry, version);
        return AISLE_OK;
    }
    int64_t rewrites = aisle_registry_rewrites(k->registry);
    if (k->shelf && rewrites == k->rewrites) {
        *out = aisle_model_ref(k->shelf->model);
        return AISLE_OK;
    }
    AISLE_TRY(aisle_registry_get(k->registry, k->fixed, out, err));
    k->rewrites = rewrites;
    return AISLE_OK;
}

aisle_status aisle_shelf_refresh(aisle_shelf_keeper *k, aisle_error *err)
{
    int64_t version = 0;
    aisle_shelf *next = NULL;
    aisle_model *m = NULL;
    pthread_mutex_lock(&k->build);
    aisle_status st = find_model(k, &m, &version, err);
    /* read before the catalogue: a change in between is seen as one more change, never missed */
    int64_t catalogue = aisle_view_catalogue_version(k->view);
    bool same = k->shelf && k->shelf->model == m && k->shelf->model_version == version &&
                k->catalogue_version == catalogue;
    if (m && !same) st = make_next(k, m, version, &next, err);
    if (st == AISLE_OK) k->catalogue_version = catalogue;
    if (next || (!m && k->shelf)) put(k, next);
    aisle_model_unref(m);
    pthread_mutex_unlock(&k->build);
    return st;
}

aisle_status aisle_shelf_keeper_open(aisle_store *store, aisle_registry *registry, int64_t version,
                                     aisle_shelf_keeper **out, aisle_error *err)
{
    aisle_shelf_keeper *k = aisle_calloc(1, sizeof *k);
    *out = NULL;
    if (!k) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the shelf");
    aisle_status st = aisle_view_open(store, &k->view, err);
    if (st != AISLE_OK) {
        aisle_free(k);
        return st;
    }
    k->store = store;
    k->registry = registry;
    k->fixed = version;
    pthread_mutex_init(&k->build, NULL);
    pthread_mutex_init(&k->lock, NULL);
    *out = k;
    return AISLE_OK;
}

void aisle_shelf_keeper_close(aisle_shelf_keeper *k)
{
    if (!k) return;
    aisle_shelf_unref(k->shelf);
    aisle_view_close(k->view);
    pthread_mutex_destroy(&k->build);
    pthread_mutex_destroy(&k->lock);
    aisle_free(k);
}
