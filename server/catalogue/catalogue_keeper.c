/* Keeps the columns in step with the store. A change is one bit or a few numbers, so they are changed in place under a
 * lock that readers share: copying 92,000 products for each sold piece would cost more than the question. */
#include <math.h>

#include "server/catalogue/catalogue_columns.h"

/* What one call takes in at most: rows read and entries moved in the orders, about 1 ms of each. */
enum { SLICE_ROWS = 128, SLICE_MOVES = 1 << 21, BULK = 2000 };

/* ---- building ---- */

static aisle_status put_bulk(void *ctx, const aisle_product_facts *p, aisle_error *err)
{
    return aisle_columns_put(ctx, p, false, err);
}

static int64_t popular_key(float popularity)
{
    double v = (double)popularity * 1048576;
    return v >= 0 && v < 9e18 ? (int64_t)v : 0; /* NaN too */
}

/* The new columns' popularity, from those that they replace. */
static void carry_popularity(aisle_columns *c, const aisle_columns *old)
{
    int32_t n = aisle_idmap_count(c->ids);
    for (int32_t i = 0; i < n; i++) {
        int32_t was = aisle_idmap_find(old->ids, aisle_idmap_get(c->ids, i));
        if (was >= 0) c->popular[i] = old->popular[was];
    }
}

/* The whole catalogue. The version is read first: a change in between comes once more, and is never missed. */
static aisle_status build(aisle_catalogue *k, aisle_columns **out, aisle_error *err)
{
    aisle_columns *c = aisle_columns_new();
    if (!c) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the catalogue");
    c->version = aisle_view_catalogue_version(k->view);
    c->from = (aisle_changes_from){c->version, INT64_MAX};
    aisle_status st = aisle_view_facts(k->view, put_bulk, c, err);
    if (st == AISLE_OK && c->version < 0) st = aisle_fail(err, AISLE_EIO, "the catalogue cannot be read");
    if (st == AISLE_OK && k->now) {
        pthread_rwlock_rdlock(&k->lock);
        carry_popularity(c, k->now);
        pthread_rwlock_unlock(&k->lock);
    }
    if (st == AISLE_OK) st = aisle_columns_sort(c, err);
    if (st == AISLE_OK)
        *out = c;
    else
        aisle_columns_free(c);
    return st;
}

aisle_status aisle_catalogue_open(aisle_store *store, aisle_catalogue **out, aisle_error *err)
{
    pthread_rwlockattr_t attr;
    *out = NULL;
    aisle_catalogue *k = aisle_calloc(1, sizeof *k);
    if (!k) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the catalogue");
    k->store = store;
    pthread_mutex_init(&k->refreshing, NULL);
    pthread_rwlockattr_init(&attr); /* readers never stop coming: whoever takes in a change goes first */
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&k->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    aisle_status st = aisle_view_open(store, &k->view, err);
    if (st == AISLE_OK) st = build(k, &k->now, err);
    if (st == AISLE_OK)
        *out = k;
    else
        aisle_catalogue_close(k);
    return st;
}

void aisle_catalogue_close(aisle_catalogue *k)
{
    if (!k) return;
    aisle_view_close(k->view);
    aisle_columns_free(k->now);
    pthread_rwlock_destroy(&k->lock);
    pthread_mutex_destroy(&k->refreshing);
    aisle_free(k);
}

/* ---- changes ---- */

typedef struct slice {
    aisle_columns *c;
    int64_t moves; /* of the columns at its begin */
    int32_t n;
} slice;

static aisle_status put_change(void *ctx, const aisle_product_facts *p, aisle_error *err)
{
    slice *s = ctx;
    AISLE_TRY(aisle_columns_put(s->c, p, true, err));
    s->c->from = (aisle_changes_from){p->changed, p->row};
    s->n++;
    return s->c->moves - s->moves < SLICE_MOVES ? AISLE_OK : AISLE_ECANCELED;
}

/* Under the lock: takes in a slice of the changes; *done when there are no more. */
static aisle_status take_in(aisle_catalogue *k, aisle_view *v, bool *done, aisle_error *err)
{
    aisle_columns *c = k->now;
    slice s = {c, c->moves, 0};
    int64_t version = aisle_view_catalogue_version(v);
    if (version < 0) return aisle_fail(err, AISLE_EIO, "the catalogue cannot be read");
    aisle_status st = aisle_view_changes(v, c->from, SLICE_ROWS, put_change, &s, err);
    if (st != AISLE_OK && st != AISLE_ECANCELED) return st;
    *done = st == AISLE_OK && s.n < SLICE_ROWS;
    if (*done && c->version < version) c->version = version;
    return AISLE_OK;
}

aisle_status aisle_catalogue_begin(aisle_catalogue *k, aisle_view *v, aisle_error *err)
{
    bool done = false;
    int64_t version = aisle_view_catalogue_version(v);
    if (version < 0) return aisle_fail(err, AISLE_EIO, "the catalogue cannot be read");
    pthread_rwlock_rdlock(&k->lock);
    if (k->now->version >= version || __atomic_load_n(&k->behind, __ATOMIC_RELAXED)) return AISLE_OK;
    pthread_rwlock_unlock(&k->lock);
    pthread_rwlock_wrlock(&k->lock);
    aisle_status st = k->now->version < version ? take_in(k, v, &done, err) : AISLE_OK;
    if (st == AISLE_OK && k->now->version < version) __atomic_store_n(&k->behind, 1, __ATOMIC_RELAXED);
    pthread_rwlock_unlock(&k->lock);
    if (st != AISLE_OK) return st;
    pthread_rwlock_rdlock(&k->lock);
    return AISLE_OK;
}

aisle_status aisle_catalogue_begin_own(aisle_catalogue *k, aisle_view *v, aisle_error *err)
{
    pthread_rwlock_rdlock(&k->lock);
    if (k->now->version >= aisle_store_catalogue_version(k->store)) return AISLE_OK;
    pthread_rwlock_unlock(&k->lock);
    return aisle_catalogue_begin(k, v, err);
}

void aisle_catalogue_end(aisle_catalogue *k)
{
    pthread_rwlock_unlock(&k->lock);
}

static void swap(aisle_catalogue *k, aisle_columns *c)
{
    pthread_rwlock_wrlock(&k->lock);
    aisle_columns *old = k->now;
    c->shape += old->shape + 1;
    c->puts += old->puts + AISLE_CATALOGUE_PUTS + 1; /* nothing that was noted before holds */
    k->now = c;
    pthread_rwlock_unlock(&k->lock);
    aisle_columns_free(old);
}

/* Whether it is better read anew: too much has changed, or too much of it points nowhere. */
static aisle_status look(aisle_catalogue *k, int64_t version, bool *same, bool *bulk, aisle_error *err)
{
    int64_t n = 0;
    pthread_rwlock_rdlock(&k->lock);
    const aisle_columns *c = k->now;
    aisle_changes_from from = c->from;
    int64_t slots = aisle_idmap_count(c->ids);
    *same = c->version >= version;
    *bulk = c->waste > (c->titles.len + c->pairs_of_n) / 2 + (1 << 20);
    pthread_rwlock_unlock(&k->lock);
    if (*same || *bulk) return AISLE_OK;
    int64_t most = slots / 8 > BULK ? slots / 8 : BULK;
    AISLE_TRY(aisle_view_changes_count(k->view, from, most, &n, err));
    *bulk = n >= most;
    return AISLE_OK;
}

static aisle_status refresh(aisle_catalogue *k, aisle_error *err)
{
    bool same, bulk, done = false;
    int64_t version = aisle_view_catalogue_version(k->view);
    if (version < 0) return aisle_fail(err, AISLE_EIO, "the catalogue cannot be read");
    AISLE_TRY(look(k, version, &same, &bulk, err));
    if (bulk) {
        aisle_columns *c;
        AISLE_TRY(build(k, &c, err));
        swap(k, c);
        done = true;
    }
    while (!same && !done) {
        pthread_rwlock_wrlock(&k->lock);
        aisle_status st = take_in(k, k->view, &done, err);
        pthread_rwlock_unlock(&k->lock);
        if (st != AISLE_OK) return st;
    }
    return AISLE_OK;
}

aisle_status aisle_catalogue_refresh(aisle_catalogue *k, aisle_error *err)
{
    pthread_mutex_lock(&k->refreshing);
    aisle_status st = refresh(k, err);
    if (st == AISLE_OK) __atomic_store_n(&k->behind, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&k->refreshing);
    return st;
}

/* ---- popularity ---- */

static void set_popularity(aisle_columns *c, const aisle_model *m)
{
    const float *popularity = m ? aisle_model_popularity(m) : NULL;
    int32_t n_slots = aisle_idmap_count(c->ids), n_items = popularity ? aisle_model_n_items(m) : 0;
    if (n_slots) memset(c->popular, 0, (size_t)n_slots * sizeof *c->popular);
    for (int32_t i = 0; i < n_items; i++) {
        int32_t slot = aisle_idmap_find(c->ids, aisle_model_item_id(m, i));
        if (slot >= 0) c->popular[slot] = popular_key(popularity[i]);
    }
}

/* Once a model: lists wait the some ten milliseconds that it takes to sort 92,000 products. */
static aisle_status sort_by_popularity(aisle_columns *c, const aisle_model *m, aisle_error *err)
{
    size_t bytes = (size_t)aisle_idmap_count(c->ids) * sizeof *c->popular;
    if (!c->n_ordered) return AISLE_OK;
    int64_t *before = aisle_alloc(bytes);
    if (!before) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the popularity of products");
    memcpy(before, c->popular, bytes);
    set_popularity(c, m);
    aisle_status st = aisle_columns_sort_one(c, AISLE_ORDER_POPULAR, c->order[AISLE_ORDER_POPULAR], err);
    if (st != AISLE_OK) memcpy(c->popular, before, bytes); /* keys and order must agree */
    aisle_free(before);
    return st;
}

aisle_status aisle_catalogue_popularity(aisle_catalogue *k, const aisle_model *m, aisle_error *err)
{
    pthread_mutex_lock(&k->refreshing);
    pthread_rwlock_wrlock(&k->lock);
    aisle_status st = sort_by_popularity(k->now, m, err);
    pthread_rwlock_unlock(&k->lock);
    pthread_mutex_unlock(&k->refreshing);
    return st;
}

/* ---- small questions ---- */

int32_t aisle_catalogue_slots(const aisle_catalogue *k)
{
    return aisle_idmap_count(k->now->ids);
}

int64_t aisle_catalogue_words(const aisle_catalogue *k)
{
    return aisle_columns_words(k->now);
}

int64_t aisle_catalogue_version(const aisle_catalogue *k)
{
    return k->now->version;
}

int64_t aisle_catalogue_shape(const aisle_catalogue *k)
{
    return k->now->shape;
}

int64_t aisle_catalogue_puts(const aisle_catalogue *k)
{
    return k->now->puts;
}

int32_t aisle_catalogue_put(const aisle_catalogue *k, int64_t n)
{
    return k->now->put[n % AISLE_CATALOGUE_PUTS];
}

aisle_traits aisle_catalogue_traits(const aisle_catalogue *c, int32_t slot)
{
    const aisle_columns *k = c->now;
    const int32_t unrated = AISLE_RATING_MIXED_HALVES * 1000000;
    return (aisle_traits){k->price[slot], k->created[slot], k->category[slot], k->brand[slot],
                          k->rating_key[slot] < 0 ? unrated : k->rating_key[slot]};
}

static aisle_str name_of(const aisle_idmap *names, int32_t number)
{
    return number < 0 ? (aisle_str){NULL, 0} : aisle_idmap_get(names, number);
}

aisle_str aisle_catalogue_category(const aisle_catalogue *k, int32_t slot)
{
    return name_of(k->now->categories, k->now->category[slot]);
}

aisle_str aisle_catalogue_brand(const aisle_catalogue *k, int32_t slot)
{
    return name_of(k->now->brands, k->now->brand[slot]);
}

const uint64_t *aisle_catalogue_in_stock(const aisle_catalogue *k)
{
    return k->now->in_stock;
}

int32_t aisle_catalogue_slot(const aisle_catalogue *k, aisle_str id)
{
    return aisle_idmap_find(k->now->ids, id);
}

int32_t aisle_catalogue_slot_of_row(const aisle_catalogue *k, int64_t row)
{
    return row >= 0 && row < k->now->row_cap ? k->now->slot_of_row[row] : -1;
}

aisle_str aisle_catalogue_id(const aisle_catalogue *k, int32_t slot)
{
    return aisle_idmap_get(k->now->ids, slot);
}

bool aisle_catalogue_is_shown(const aisle_catalogue *k, int32_t slot)
{
    return aisle_bit(k->now->shown, slot);
}

/* Measured on one core of the machine of bench/README.md, with room for a slower one. */
int64_t aisle_catalogue_cost(const aisle_catalogue *k, const aisle_catalogue_filter *f, int32_t n_facets)
{
    const int64_t page_ns = 300000;
    int64_t parts = (f->category.ptr != NULL) + (f->n_brands > 0) + (f->price_min >= 0 || f->price_max >= 0) +
                    (f->rating_min > 0) + 3 * (f->n_attributes > 0);
    return page_ns + (int64_t)aisle_idmap_count(k->now->ids) * (1 + parts + 2 * n_facets);
}
