/* Columns instead of rows, in the model's own order of items: a filter is one pass over small integers, exact
 * and before the top-n, with no query to the store. */
#include "server/jobs/shelf.h"

#include <pthread.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/train.h"
#include "server/jobs/shelf_build.h"

struct aisle_shelf_keeper {
    aisle_store *store;
    aisle_registry *registry;
    aisle_view *view;      /* guarded by build */
    pthread_mutex_t build; /* one build at a time */
    pthread_mutex_t lock;  /* guards shelf, for nanoseconds */
    aisle_shelf *shelf;
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

/* The keeper's own shelf is only changed under `build`, so it stays while it is read here. */
static aisle_status make_next(aisle_shelf_keeper *k, aisle_model *m, int64_t version, aisle_shelf **out,
                              aisle_error *err)
{
    const aisle_shelf *now = k->shelf;
    bool same_model = now && now->model == m;
    if (same_model) AISLE_TRY(aisle_shelf_renew(k->view, now, out, err));
    if (!*out) AISLE_TRY(aisle_shelf_build(k->store, m, same_model ? now : NULL, out, err));
    (*out)->model_version = version;
    (*out)->since_ms = aisle_trained_created_ms(aisle_model_meta(m));
    return AISLE_OK;
}

aisle_status aisle_shelf_refresh(aisle_shelf_keeper *k, aisle_error *err)
{
    int64_t version = 0;
    aisle_status st = AISLE_OK;
    aisle_shelf *next = NULL;
    pthread_mutex_lock(&k->build);
    aisle_model *m = aisle_registry_current(k->registry, &version);
    /* read before the catalogue: a change in between is seen as one more change, never missed */
    int64_t catalogue = aisle_view_catalogue_version(k->view);
    bool same = k->shelf && k->shelf->model == m && k->shelf->model_version == version &&
                k->shelf->catalogue_version == catalogue;
    if (m && !same) st = make_next(k, m, version, &next, err);
    if (next) next->catalogue_version = catalogue;
    if (next || (!m && k->shelf)) put(k, next);
    aisle_model_unref(m);
    pthread_mutex_unlock(&k->build);
    return st;
}

aisle_status aisle_shelf_keeper_open(aisle_store *store, aisle_registry *registry, aisle_shelf_keeper **out,
                                     aisle_error *err)
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

/* "Home > Garden" is below "Home", "Homewares" is not. */
static bool is_below(aisle_str path, aisle_str node)
{
    static const char separator[] = " > ";
    const size_t n = sizeof separator - 1;
    if (path.len < node.len || memcmp(path.ptr, node.ptr, node.len) != 0) return false;
    return path.len == node.len ||
           (path.len >= node.len + n && memcmp(path.ptr + node.len, separator, n) == 0);
}

bool aisle_shelf_allowed(const aisle_shelf *s, const aisle_shelf_filter *f, aisle_arena *a, uint64_t *bits)
{
    bool *inside = NULL;
    int32_t n_categories = aisle_idmap_count(s->categories);
    int32_t brand = f->brand.ptr ? aisle_idmap_find(s->brands, f->brand) : -1;
    if (f->category.ptr) {
        inside = aisle_arena_alloc(a, (size_t)n_categories + 1);
        if (!inside) return false;
        for (int32_t c = 0; c < n_categories; c++)
            inside[c] = is_below(aisle_idmap_get(s->categories, c), f->category);
    }
    memcpy(bits, s->available, (size_t)aisle_shelf_words(s) * sizeof *bits);
    bool any = !f->category.ptr && !f->brand.ptr && f->price_min < 0 && f->price_max < 0;
    for (int32_t i = 0; i < s->n_items && !any; i++) {
        bool passes = (!inside || (s->category[i] >= 0 && inside[s->category[i]])) &&
                      (!f->brand.ptr || (brand >= 0 && s->brand[i] == brand)) &&
                      (f->price_min < 0 || s->price[i] >= f->price_min) &&
                      (f->price_max < 0 || (s->price[i] >= 0 && s->price[i] <= f->price_max));
        if (!passes) bits[i / 64] &= ~((uint64_t)1 << (i % 64));
    }
    return true;
}
