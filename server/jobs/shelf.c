/* Columns instead of rows, in the model's own order of items: a filter is one pass over small integers, exact
 * and before the top-n, with no query to the store. */
#include "server/jobs/shelf.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "aisle/train.h"

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

static void destroy(aisle_shelf *s)
{
    if (!s) return;
    aisle_model_unref(s->model);
    aisle_free(s->price);
    aisle_free(s->category);
    aisle_free(s->brand);
    aisle_free(s->available);
    aisle_idmap_free(s->categories);
    aisle_idmap_free(s->brands);
    aisle_free(s);
}

void aisle_shelf_unref(aisle_shelf *s)
{
    if (s && __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0) destroy(s);
}

/* Takes the reference of m also when it fails. */
static aisle_shelf *make(aisle_model *m)
{
    aisle_shelf *s = aisle_calloc(1, sizeof *s);
    if (!s) {
        aisle_model_unref(m);
        return NULL;
    }
    s->refs = 1;
    s->model = m;
    s->n_items = aisle_model_n_items(m);
    s->price = aisle_array(s->n_items, sizeof *s->price);
    s->category = aisle_array(s->n_items, sizeof *s->category);
    s->brand = aisle_array(s->n_items, sizeof *s->brand);
    s->available = aisle_calloc((size_t)aisle_shelf_words(s), sizeof *s->available);
    s->categories = aisle_idmap_new();
    s->brands = aisle_idmap_new();
    if (!s->price || !s->category || !s->brand || !s->available || !s->categories || !s->brands) {
        destroy(s);
        return NULL;
    }
    for (int32_t i = 0; i < s->n_items; i++) {
        s->price[i] = -1;
        s->category[i] = s->brand[i] = -1;
    }
    return s;
}

static aisle_status place(void *ctx, const aisle_product *p, aisle_error *err)
{
    aisle_shelf *s = ctx;
    int32_t i = aisle_model_find_item(s->model, p->id);
    if (i < 0) return AISLE_OK; /* newer than the model */
    s->n_known++;
    s->price[i] = p->price_minor;
    if (p->category.len) s->category[i] = aisle_idmap_add(s->categories, p->category);
    if (p->brand.len) s->brand[i] = aisle_idmap_add(s->brands, p->brand);
    if (p->stock != 0 && p->visibility != AISLE_HIDDEN) s->available[i / 64] |= (uint64_t)1 << (i % 64);
    bool lost = (p->category.len && s->category[i] < 0) || (p->brand.len && s->brand[i] < 0);
    return lost ? aisle_fail(err, AISLE_ENOMEM, "out of memory for the shelf") : AISLE_OK;
}

/* When the model was made, from its meta; 0 when that does not say. */

static aisle_status build(aisle_shelf_keeper *k, aisle_model *m, aisle_shelf **out, aisle_error *err)
{
    aisle_shelf *s = make(m);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the shelf");
    aisle_sink sink = {.ctx = s, .product = place};
    aisle_status st = aisle_trained_weights(aisle_model_meta(m), &s->weights, err);
    if (st == AISLE_OK) st = aisle_store_load(k->store, &sink, NULL, err);
    if (st != AISLE_OK) {
        destroy(s);
        return st;
    }
    if (s->n_known == 0) memset(s->available, 0xff, (size_t)aisle_shelf_words(s) * sizeof *s->available);
    *out = s;
    return AISLE_OK;
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

aisle_status aisle_shelf_refresh(aisle_shelf_keeper *k, aisle_error *err)
{
    int64_t version = 0;
    aisle_status st = AISLE_OK;
    pthread_mutex_lock(&k->build);
    aisle_model *m = aisle_registry_current(k->registry, &version);
    /* read before the catalogue: a change in between is seen as one more change, never missed */
    int64_t catalogue = aisle_view_catalogue_version(k->view);
    bool same = k->shelf && k->shelf->model == m && k->shelf->model_version == version &&
                k->shelf->catalogue_version == catalogue;
    if (!m || same) {
        aisle_model_unref(m);
        if (!m && k->shelf) put(k, NULL);
    } else {
        aisle_shelf *s = NULL;
        st = build(k, m, &s, err);
        if (st == AISLE_OK) {
            s->model_version = version;
            s->since_ms = aisle_trained_created_ms(aisle_model_meta(s->model));
            s->catalogue_version = catalogue;
            put(k, s);
        }
    }
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
