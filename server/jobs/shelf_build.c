/* Making a shelf. A renewed one costs a copy of the rows and what changed, not the catalogue. */
#include "server/jobs/shelf_build.h"

#include <string.h>

#include "aisle/memory.h"
#include "aisle/train.h"
#include "server/recommend/filter_cache.h"

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the shelf");
}

void aisle_shelf_destroy(aisle_shelf *s)
{
    if (!s) return;
    aisle_model_unref(s->model);
    aisle_newcomers_unref(s->newcomers);
    aisle_filter_cache_free(s->filters);
    aisle_free(s->row);
    aisle_free(s);
}

/* ---- rows ---- */

/* Room for n items; those added are unknown. */
static aisle_status grow(aisle_shelf *s, int32_t n, aisle_error *err)
{
    if (!aisle_grow((void **)&s->row, &s->cap, n, sizeof *s->row)) return no_memory(err);
    for (int32_t i = s->n_items; i < n; i++) s->row[i] = -1;
    if (n > s->n_items) s->n_items = n;
    return AISLE_OK;
}

static aisle_status make(aisle_model *m, aisle_shelf **out, aisle_error *err)
{
    aisle_shelf *s = aisle_calloc(1, sizeof *s);
    if (!s) return no_memory(err);
    s->refs = 1;
    s->model = aisle_model_ref(m);
    s->filters = aisle_filter_cache_new();
    aisle_status st = s->filters ? grow(s, aisle_model_n_items(m), err) : no_memory(err);
    if (st == AISLE_OK)
        *out = s;
    else
        aisle_shelf_destroy(s);
    return st;
}

/* Item i is the product of that row; -1: it has no record. */
static aisle_status place(aisle_shelf *s, int32_t i, int64_t row, aisle_error *err)
{
    const bool of_model = i < aisle_model_n_items(s->model);
    if (row > INT32_MAX) return aisle_fail(err, AISLE_EUNSUPPORTED, "more than %d products", INT32_MAX);
    AISLE_TRY(grow(s, i + 1, err));
    if (of_model) s->n_known += (row >= 0) - (s->row[i] >= 0);
    s->row[i] = (int32_t)row;
    return AISLE_OK;
}

/* ---- from the whole catalogue ---- */

typedef struct building {
    aisle_shelf *s;
    aisle_newcomers_maker *newer;
} building;

static aisle_status take_newcomer(void *ctx, const aisle_product *p, aisle_error *err)
{
    building *b = ctx;
    int32_t i;
    if (aisle_model_find_item(b->s->model, p->id) >= 0) return AISLE_OK;
    AISLE_TRY(aisle_newcomers_add(b->newer, p, &i, err));
    return i < 0 ? AISLE_OK : grow(b->s, i + 1, err);
}

/* After the newcomers, so that every item has its number. */
static aisle_status take_row(void *ctx, const aisle_product_facts *p, aisle_error *err)
{
    aisle_shelf *s = ctx;
    int32_t i = aisle_shelf_find(s, p->product.id);
    return i < 0 ? AISLE_OK : place(s, i, p->row, err);
}

aisle_status aisle_shelf_build(aisle_store *store, aisle_view *v, aisle_model *m, const aisle_shelf *before,
                               aisle_shelf **out, aisle_error *err)
{
    building b = {0};
    aisle_sink sink = {.ctx = &b, .product = take_newcomer};
    aisle_status st = make(m, &b.s, err);
    if (st == AISLE_OK) st = aisle_trained_weights(aisle_model_meta(m), &b.s->weights, err);
    if (st == AISLE_OK) st = aisle_newcomers_begin(m, before ? before->newcomers : NULL, &b.newer, err);
    if (st == AISLE_OK) st = aisle_store_load(store, &sink, NULL, err);
    if (st == AISLE_OK) st = aisle_newcomers_end(b.newer, &b.s->newcomers, err);
    aisle_newcomers_maker_free(b.newer);
    if (st == AISLE_OK) st = aisle_view_facts(v, take_row, b.s, err);
    if (st == AISLE_OK)
        *out = b.s;
    else
        aisle_shelf_destroy(b.s);
    return st;
}

/* ---- from the shelf before ---- */

typedef struct renewal {
    const aisle_shelf *before;
    aisle_shelf *s;
    aisle_idmap *changed; /* products that are no items of the model, or were none of the catalogue ... */
    int64_t *row;         /* ... and their rows, -1 = removed */
    int64_t cap;
} renewal;

/* What an item of the model costs or has in stock is nothing to the shelf. */
static aisle_status note_change(void *ctx, const aisle_product_facts *p, aisle_error *err)
{
    renewal *r = ctx;
    int64_t row = p->version > 0 ? p->row : -1;
    int32_t i = aisle_model_find_item(r->before->model, p->product.id);
    if (i >= 0 && r->before->row[i] == row) return AISLE_OK;
    int32_t k = aisle_idmap_add(r->changed, p->product.id);
    if (k < 0 || !aisle_grow((void **)&r->row, &r->cap, (int64_t)k + 1, sizeof *r->row))
        return no_memory(err);
    r->row[k] = row;
    return AISLE_OK;
}

static bool has_changed(const renewal *r, aisle_str id)
{
    return aisle_idmap_find(r->changed, id) >= 0;
}

static aisle_status keep_items(renewal *r, aisle_error *err)
{
    const aisle_shelf *b = r->before;
    for (int32_t i = 0; i < aisle_model_n_items(b->model); i++) AISLE_TRY(place(r->s, i, b->row[i], err));
    r->s->weights = b->weights;
    r->s->since_ms = b->since_ms;
    r->s->model_version = b->model_version;
    return AISLE_OK;
}

/* Newcomers that did not change, as they were. */
static aisle_status keep_newcomers(renewal *r, aisle_newcomers_maker *k, aisle_error *err)
{
    const aisle_shelf *b = r->before;
    for (int32_t was = aisle_model_n_items(b->model), i; was < b->n_items; was++) {
        if (has_changed(r, aisle_newcomers_id(b->newcomers, was))) continue;
        AISLE_TRY(aisle_newcomers_keep(k, was, &i, err));
        AISLE_TRY(place(r->s, i, b->row[was], err));
    }
    return AISLE_OK;
}

/* Those that changed or came, with their whole texts. */
static aisle_status add_newcomer(renewal *r, aisle_view *v, aisle_newcomers_maker *k, int32_t c,
                                 aisle_error *err)
{
    aisle_arena arena;
    aisle_product p;
    int64_t version;
    int32_t i = -1;
    aisle_arena_init(&arena);
    aisle_status st = aisle_view_product(v, aisle_idmap_get(r->changed, c), &arena, &p, &version, err);
    if (st == AISLE_OK) st = aisle_newcomers_add(k, &p, &i, err);
    if (st == AISLE_OK && i >= 0) st = place(r->s, i, r->row[c], err);
    if (st == AISLE_ENOTFOUND) st = AISLE_OK; /* removed meanwhile */
    aisle_arena_deinit(&arena);
    return st;
}

static aisle_status take_changes(renewal *r, aisle_view *v, aisle_newcomers_maker *k, aisle_error *err)
{
    for (int32_t c = 0; c < aisle_idmap_count(r->changed); c++) {
        int32_t i = aisle_model_find_item(r->s->model, aisle_idmap_get(r->changed, c));
        if (i >= 0)
            AISLE_TRY(place(r->s, i, r->row[c], err));
        else if (r->row[c] >= 0)
            AISLE_TRY(add_newcomer(r, v, k, c, err));
    }
    return AISLE_OK;
}

static aisle_status renew(renewal *r, aisle_view *v, aisle_error *err)
{
    aisle_newcomers_maker *k = NULL;
    AISLE_TRY(make(r->before->model, &r->s, err));
    AISLE_TRY(keep_items(r, err));
    aisle_status st = aisle_newcomers_begin(r->s->model, r->before->newcomers, &k, err);
    if (st == AISLE_OK) st = keep_newcomers(r, k, err);
    if (st == AISLE_OK) st = take_changes(r, v, k, err);
    if (st == AISLE_OK) st = aisle_newcomers_end(k, &r->s->newcomers, err);
    aisle_newcomers_maker_free(k);
    return st;
}

aisle_status aisle_shelf_renew(aisle_view *v, const aisle_shelf *before, int64_t since, aisle_shelf **out,
                               bool *same, aisle_error *err)
{
    const aisle_changes_from from = {since, INT64_MAX};
    renewal r = {.before = before};
    int64_t n = 0;
    *out = NULL;
    *same = false;
    AISLE_TRY(aisle_view_changes_count(v, from, AISLE_SHELF_BULK, &n, err));
    if (before->n_known == 0 || n >= AISLE_SHELF_BULK) return AISLE_OK;
    if (!(r.changed = aisle_idmap_new())) return no_memory(err);
    aisle_status st = aisle_view_changes(v, from, AISLE_SHELF_BULK, note_change, &r, err);
    *same = st == AISLE_OK && aisle_idmap_count(r.changed) == 0;
    if (st == AISLE_OK && !*same) st = renew(&r, v, err);
    if (st == AISLE_OK && r.s &&
        r.s->n_known > 0) { /* the last product may have gone: all are for sale then */
        *out = r.s;
        r.s = NULL;
    }
    aisle_shelf_destroy(r.s);
    aisle_idmap_free(r.changed);
    aisle_free(r.row);
    return st;
}
