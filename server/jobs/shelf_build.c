/* Making a shelf. Columns of the model's items lie in its order, those of newcomers behind them. A renewed shelf costs a copy
 * of the columns and the changed products' rows, not the catalogue. */
#include "server/jobs/shelf_build.h"

#include <string.h>

#include "aisle/memory.h"
#include "aisle/train.h"

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the shelf");
}

void aisle_shelf_destroy(aisle_shelf *s)
{
    if (!s) return;
    aisle_model_unref(s->model);
    aisle_newcomers_unref(s->newcomers);
    aisle_free(s->price);
    aisle_free(s->category);
    aisle_free(s->brand);
    aisle_free(s->available);
    aisle_free(s->known);
    aisle_idmap_free(s->categories);
    aisle_idmap_free(s->brands);
    aisle_free(s);
}

/* ---- columns ---- */

static bool get_bit(const uint64_t *bits, int32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void set_bit(uint64_t *bits, int32_t i, bool on)
{
    const uint64_t bit = (uint64_t)1 << (i % 64);
    bits[i / 64] = on ? bits[i / 64] | bit : bits[i / 64] & ~bit;
}

/* Room for n items; those added are unknown. */
static aisle_status grow(aisle_shelf *s, int32_t n, aisle_error *err)
{
    int64_t caps[5] = {s->cap, s->cap, s->cap, s->cap / 64, s->cap / 64}, need = ((int64_t)n + 63) / 64 * 64;
    if (n > s->cap && (!aisle_grow((void **)&s->price, &caps[0], need, sizeof *s->price) ||
                       !aisle_grow((void **)&s->category, &caps[1], need, sizeof *s->category) ||
                       !aisle_grow((void **)&s->brand, &caps[2], need, sizeof *s->brand) ||
                       !aisle_grow((void **)&s->available, &caps[3], need / 64, sizeof *s->available) ||
                       !aisle_grow((void **)&s->known, &caps[4], need / 64, sizeof *s->known)))
        return no_memory(err);
    if (n > s->cap) s->cap = caps[0] < caps[3] * 64 ? caps[0] / 64 * 64 : caps[3] * 64;
    for (int32_t i = s->n_items; i < n; i++) {
        s->price[i] = s->category[i] = s->brand[i] = -1;
        set_bit(s->available, i, false);
        set_bit(s->known, i, false);
    }
    if (n > s->n_items) s->n_items = n;
    return AISLE_OK;
}

static aisle_status make(aisle_model *m, aisle_shelf **out, aisle_error *err)
{
    aisle_shelf *s = aisle_calloc(1, sizeof *s);
    if (!s) return no_memory(err);
    s->refs = 1;
    s->model = aisle_model_ref(m);
    s->categories = aisle_idmap_new();
    s->brands = aisle_idmap_new();
    aisle_status st = s->categories && s->brands ? grow(s, aisle_model_n_items(m), err) : no_memory(err);
    if (st == AISLE_OK)
        *out = s;
    else
        aisle_shelf_destroy(s);
    return st;
}

/* What the catalogue says of item i. */
static aisle_status place(aisle_shelf *s, int32_t i, const aisle_product *p, aisle_error *err)
{
    AISLE_TRY(grow(s, i + 1, err));
    s->n_known += i < aisle_model_n_items(s->model) && !get_bit(s->known, i);
    set_bit(s->known, i, true);
    s->price[i] = p->price_minor;
    s->category[i] = p->category.len ? aisle_idmap_add(s->categories, p->category) : -1;
    s->brand[i] = p->brand.len ? aisle_idmap_add(s->brands, p->brand) : -1;
    set_bit(s->available, i, p->stock != 0 && p->visibility != AISLE_HIDDEN);
    bool lost = (p->category.len && s->category[i] < 0) || (p->brand.len && s->brand[i] < 0);
    return lost ? no_memory(err) : AISLE_OK;
}

static void remove_item(aisle_shelf *s, int32_t i)
{
    s->n_known -= get_bit(s->known, i);
    set_bit(s->known, i, false);
    set_bit(s->available, i, false);
    s->price[i] = s->category[i] = s->brand[i] = -1;
}

/* ---- from the whole catalogue ---- */

typedef struct building {
    aisle_shelf *s;
    aisle_newcomers_maker *newer;
} building;

static aisle_status take(void *ctx, const aisle_product *p, aisle_error *err)
{
    building *b = ctx;
    int32_t i = aisle_model_find_item(b->s->model, p->id);
    if (i < 0) AISLE_TRY(aisle_newcomers_add(b->newer, p, &i, err));
    return i < 0 ? AISLE_OK : place(b->s, i, p, err);
}

/* Everything is for sale where the shop keeps no catalogue; then nothing of it can be new. */
static void settle(aisle_shelf *s)
{
    int32_t n = aisle_model_n_items(s->model);
    if (s->n_known == 0)
        for (int32_t i = 0; i < n; i++) set_bit(s->available, i, true);
}

aisle_status aisle_shelf_build(aisle_store *store, aisle_model *m, const aisle_shelf *before,
                               aisle_shelf **out, aisle_error *err)
{
    building b = {0};
    aisle_sink sink = {.ctx = &b, .product = take};
    aisle_status st = make(m, &b.s, err);
    if (st == AISLE_OK) st = aisle_trained_weights(aisle_model_meta(m), &b.s->weights, err);
    if (st == AISLE_OK) st = aisle_newcomers_begin(m, before ? before->newcomers : NULL, &b.newer, err);
    if (st == AISLE_OK) st = aisle_store_load(store, &sink, NULL, err);
    if (st == AISLE_OK) st = aisle_newcomers_end(b.newer, &b.s->newcomers, err);
    aisle_newcomers_maker_free(b.newer);
    if (st == AISLE_OK) {
        settle(b.s);
        *out = b.s;
    } else {
        aisle_shelf_destroy(b.s);
    }
    return st;
}

/* ---- from the shelf before ---- */

typedef struct renewal {
    const aisle_shelf *before;
    aisle_shelf *s;
    aisle_idmap *changed; /* products that are no items of the model */
} renewal;

static aisle_status copy_names(const aisle_idmap *from, aisle_idmap *to, aisle_error *err)
{
    for (int32_t i = 0; i < aisle_idmap_count(from); i++)
        if (aisle_idmap_add(to, aisle_idmap_get(from, i)) != i) return no_memory(err);
    return AISLE_OK;
}

static aisle_status copy_columns(renewal *r, aisle_error *err)
{
    const aisle_shelf *b = r->before;
    aisle_shelf *s = r->s;
    size_t n = (size_t)aisle_model_n_items(s->model), words = (n + 63) / 64;
    AISLE_TRY(copy_names(b->categories, s->categories, err));
    AISLE_TRY(copy_names(b->brands, s->brands, err));
    memcpy(s->price, b->price, n * sizeof *s->price);
    memcpy(s->category, b->category, n * sizeof *s->category);
    memcpy(s->brand, b->brand, n * sizeof *s->brand);
    memcpy(s->available, b->available,
           words * sizeof *s->available); /* bits of newcomers too: grow clears them */
    memcpy(s->known, b->known, words * sizeof *s->known);
    s->n_known = b->n_known;
    s->weights = b->weights;
    s->since_ms = b->since_ms;
    s->model_version = b->model_version;
    return AISLE_OK;
}

static aisle_status note_change(void *ctx, const aisle_product_facts *p, aisle_error *err)
{
    renewal *r = ctx;
    int32_t i = aisle_model_find_item(r->s->model, p->product.id);
    if (i < 0) return aisle_idmap_add(r->changed, p->product.id) >= 0 ? AISLE_OK : no_memory(err);
    if (p->version > 0) return place(r->s, i, &p->product, err);
    remove_item(r->s, i);
    return AISLE_OK;
}

/* Newcomers that did not change, as they were. */
static aisle_status keep_newcomers(renewal *r, aisle_newcomers_maker *k, aisle_error *err)
{
    const aisle_shelf *b = r->before;
    for (int32_t was = aisle_model_n_items(b->model), i; was < b->n_items; was++) {
        if (aisle_idmap_find(r->changed, aisle_newcomers_id(b->newcomers, was)) >= 0) continue;
        AISLE_TRY(aisle_newcomers_keep(k, was, &i, err));
        AISLE_TRY(grow(r->s, i + 1, err));
        r->s->price[i] = b->price[was];
        r->s->category[i] = b->category[was];
        r->s->brand[i] = b->brand[was];
        set_bit(r->s->known, i, true);
        set_bit(r->s->available, i, get_bit(b->available, was));
    }
    return AISLE_OK;
}

/* Those that changed or came, with their whole texts. */
static aisle_status add_newcomers(renewal *r, aisle_view *v, aisle_newcomers_maker *k, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    for (int32_t c = 0; c < aisle_idmap_count(r->changed) && st == AISLE_OK; c++) {
        aisle_arena arena;
        aisle_product p;
        int64_t version;
        int32_t i = -1;
        aisle_arena_init(&arena);
        st = aisle_view_product(v, aisle_idmap_get(r->changed, c), &arena, &p, &version, err);
        if (st == AISLE_OK) st = aisle_newcomers_add(k, &p, &i, err);
        if (st == AISLE_OK && i >= 0) st = place(r->s, i, &p, err);
        if (st == AISLE_ENOTFOUND) st = AISLE_OK; /* removed */
        aisle_arena_deinit(&arena);
    }
    return st;
}

static aisle_status renew(renewal *r, aisle_view *v, aisle_error *err)
{
    const aisle_changes_from from = {r->before->catalogue_version, INT64_MAX};
    aisle_newcomers_maker *k = NULL;
    AISLE_TRY(make(r->before->model, &r->s, err));
    if (!(r->changed = aisle_idmap_new())) return no_memory(err);
    AISLE_TRY(copy_columns(r, err));
    AISLE_TRY(aisle_view_changes(v, from, AISLE_SHELF_BULK, note_change, r, err));
    aisle_status st = aisle_newcomers_begin(r->s->model, r->before->newcomers, &k, err);
    if (st == AISLE_OK) st = keep_newcomers(r, k, err);
    if (st == AISLE_OK) st = add_newcomers(r, v, k, err);
    if (st == AISLE_OK) st = aisle_newcomers_end(k, &r->s->newcomers, err);
    aisle_newcomers_maker_free(k);
    return st;
}

aisle_status aisle_shelf_renew(aisle_view *v, const aisle_shelf *before, aisle_shelf **out, aisle_error *err)
{
    const aisle_changes_from from = {before->catalogue_version, INT64_MAX};
    renewal r = {.before = before};
    int64_t n = 0;
    *out = NULL;
    AISLE_TRY(aisle_view_changes_count(v, from, AISLE_SHELF_BULK, &n, err));
    if (before->n_known == 0 || n >= AISLE_SHELF_BULK) return AISLE_OK;
    aisle_status st = renew(&r, v, err);
    if (st == AISLE_OK && r.s->n_known > 0) { /* the last product may have gone: all are for sale then */
        *out = r.s;
        r.s = NULL;
    }
    aisle_shelf_destroy(r.s);
    aisle_idmap_free(r.changed);
    return st;
}
