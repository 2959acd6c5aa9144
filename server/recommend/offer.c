/* Bitmaps are kept with the number of puts (catalogue_index.h) that they are as of. When products were put since, a copy is
 * changed and kept in its place: who scores by the old one goes on. */
#include "server/recommend/offer.h"

#include <string.h>

#include "server/recommend/filter_cache.h"

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for what may be shown");
}

/* ---- all of them ---- */

/* Nobody says what is for sale: everything that the model knows. */
static void offer_unknown(const aisle_answering *w, const aisle_filter *f, uint64_t *bits)
{
    int32_t n = aisle_model_n_items(w->shelf->model);
    bool passes = aisle_catalogue_passes(w->catalogue, f->where, -1);
    for (int32_t i = 0; i < n && passes; i++) bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static aisle_status compile(const aisle_answering *w, const aisle_filter *f, aisle_item_bits **out,
                            aisle_error *err)
{
    const aisle_catalogue *c = w->catalogue;
    const int64_t words = aisle_catalogue_words(c);
    const uint64_t *in_stock = aisle_catalogue_in_stock(c);
    aisle_item_bits *b = aisle_item_bits_new(aisle_shelf_words(w->shelf));
    uint64_t *slots = aisle_arena_calloc(w->arena, (size_t)words + 1, sizeof *slots);
    aisle_status st = b && slots ? aisle_catalogue_where(c, f->where, w->arena, slots, err) : no_memory(err);
    if (st != AISLE_OK) {
        aisle_item_bits_unref(b);
        return st;
    }
    for (int64_t i = 0; i < words; i++) slots[i] &= in_stock[i];
    aisle_catalogue_gather(c, slots, w->shelf->row, w->shelf->n_items, b->at);
    if (w->shelf->n_known == 0) offer_unknown(w, f, b->at);
    *out = b;
    return AISLE_OK;
}

/* ---- what changed ---- */

static void put(const aisle_answering *w, const aisle_filter *f, int32_t slot, uint64_t *bits)
{
    const aisle_catalogue *c = w->catalogue;
    int32_t i = aisle_shelf_find(w->shelf, aisle_catalogue_id(c, slot));
    if (i < 0 || w->shelf->row[i] < 0) return;
    bool there = aisle_catalogue_is_shown(c, slot) &&
                 aisle_catalogue_in_stock(c)[slot / 64] >> (slot % 64) & 1 &&
                 aisle_catalogue_passes(c, f->where, slot);
    const uint64_t bit = (uint64_t)1 << (i % 64);
    bits[i / 64] = there ? bits[i / 64] | bit : bits[i / 64] & ~bit;
}

static aisle_status bring_up(const aisle_answering *w, const aisle_filter *f, int64_t as_of,
                             const aisle_item_bits *old, aisle_item_bits **out, aisle_error *err)
{
    const int64_t words = aisle_shelf_words(w->shelf), puts = aisle_catalogue_puts(w->catalogue);
    aisle_item_bits *b = aisle_item_bits_new(words);
    if (!b) return no_memory(err);
    if (words) memcpy(b->at, old->at, (size_t)words * sizeof *b->at);
    for (int64_t n = as_of; n < puts; n++) put(w, f, aisle_catalogue_put(w->catalogue, n), b->at);
    *out = b;
    return AISLE_OK;
}

/* Between begin and end of the catalogue. */
static aisle_status find(const aisle_answering *w, const aisle_filter *f, aisle_item_bits **out,
                         aisle_error *err)
{
    const int64_t puts = aisle_catalogue_puts(w->catalogue);
    int64_t as_of = 0;
    if (!f->key.ptr) return compile(w, f, out, err);
    aisle_item_bits *kept = aisle_filter_cache_find(w->shelf->filters, f->key, &as_of);
    if (kept && as_of == puts) {
        *out = kept;
        return AISLE_OK;
    }
    const bool near = kept && puts - as_of <= AISLE_CATALOGUE_PUTS;
    aisle_status st = near ? bring_up(w, f, as_of, kept, out, err) : compile(w, f, out, err);
    if (st == AISLE_OK) aisle_filter_cache_put(w->shelf->filters, f->key, puts, *out);
    aisle_item_bits_unref(kept);
    return st;
}

aisle_status aisle_offer_bits(const aisle_answering *w, const aisle_filter *f, const uint64_t **out,
                              aisle_error *err)
{
    aisle_item_bits *bits = NULL;
    AISLE_TRY(aisle_catalogue_begin_own(w->catalogue, w->view, err));
    aisle_status st = find(w, f, &bits, err);
    aisle_catalogue_end(w->catalogue);
    if (st != AISLE_OK) return st;
    if (!aisle_arena_at_end(w->arena, aisle_item_bits_unref, bits)) {
        aisle_item_bits_unref(bits);
        return no_memory(err);
    }
    *out = bits->at;
    return AISLE_OK;
}
