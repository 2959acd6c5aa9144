/* A filter as bitmaps, one for each of its parts, so that a facet can leave its own part out. */
#include "server/catalogue/catalogue_columns.h"

static uint64_t *new_bits(const aisle_columns *c, aisle_arena *a)
{
    return aisle_arena_calloc(a, (size_t)aisle_columns_words(c) + 1, sizeof(uint64_t));
}

int32_t aisle_columns_find_pair(const aisle_columns *c, aisle_str name, aisle_str value)
{
    char key[2 * AISLE_ATTRIBUTE_BYTES + 2];
    if (name.len > AISLE_ATTRIBUTE_BYTES || value.len > AISLE_ATTRIBUTE_BYTES) return -1;
    if (name.len) memcpy(key, name.ptr, name.len);
    key[name.len] = '\0';
    if (value.len) memcpy(key + name.len + 1, value.ptr, value.len);
    return aisle_idmap_find(c->pairs, (aisle_str){key, name.len + 1 + value.len});
}

/* All attributes in one pass: a product's pairs say which of them it has. */
static bool pass_attributes(const aisle_columns *c, const aisle_catalogue_filter *f, aisle_arena *a,
                            uint64_t *out[AISLE_FILTER_ATTRIBUTES])
{
    uint8_t *part = aisle_arena_calloc(a, (size_t)aisle_idmap_count(c->pairs) + 1, 1);
    if (!part) return false;
    for (int32_t k = 0; k < f->n_attributes; k++) {
        const aisle_attribute_filter *want = &f->attributes[k];
        if (!(out[k] = new_bits(c, a))) return false;
        for (int32_t i = 0; i < want->n_values; i++) {
            int32_t pair = aisle_columns_find_pair(c, want->name, want->values[i]);
            if (pair >= 0) part[pair] |= (uint8_t)(1u << k);
        }
    }
    int32_t n_slots = aisle_idmap_count(c->ids);
    for (int32_t i = 0; i < n_slots; i++) {
        const int32_t *pairs = c->pairs_of + c->pair_at[i];
        unsigned has = 0;
        for (int32_t k = 0; k < c->n_pairs[i]; k++) has |= part[pairs[k]];
        for (int32_t k = 0; has; k++, has >>= 1)
            if (has & 1) out[k][i / 64] |= (uint64_t)1 << (i % 64);
    }
    return true;
}

static bool make_parts(const aisle_columns *c, const aisle_catalogue_filter *f, aisle_arena *a,
                       struct aisle_match_parts *p)
{
    const bool of_price = f->price_min >= 0 || f->price_max >= 0;
    const int64_t low = f->price_min >= 0 ? f->price_min : 0,
                  high = f->price_max >= 0 ? f->price_max : INT64_MAX;
    if (f->category.ptr && !(p->category = new_bits(c, a))) return false;
    if (f->n_brands && !(p->brand = new_bits(c, a))) return false;
    if (of_price && !(p->price = new_bits(c, a))) return false;
    if (f->rating_min > 0 && !(p->rating = new_bits(c, a))) return false;
    if (p->category && !aisle_pass_categories(c, &f->category, 1, true, a, p->category)) return false;
    if (p->brand && !aisle_pass_brands(c, f->brands, f->n_brands, a, p->brand)) return false;
    if (p->price) aisle_pass_range(c, c->price, low, high, p->price);
    if (p->rating) aisle_pass_ratings(c, f->rating_min, p->rating);
    return !f->n_attributes || pass_attributes(c, f, a, p->attribute);
}

static void narrow(uint64_t *bits, const uint64_t *by, int64_t words)
{
    for (int64_t w = 0; w < words && by; w++) bits[w] &= by[w];
}

aisle_status aisle_catalogue_match(const aisle_catalogue *k, const aisle_catalogue_filter *f,
                                   const uint64_t *candidates, aisle_arena *a, aisle_matches *out,
                                   aisle_error *err)
{
    const aisle_columns *c = k->now;
    int64_t words = aisle_columns_words(c);
    if (f->n_attributes > AISLE_FILTER_ATTRIBUTES)
        return aisle_fail(err, AISLE_EINVAL, "%d attributes: at most %d", f->n_attributes,
                          AISLE_FILTER_ATTRIBUTES);
    struct aisle_match_parts *p = aisle_arena_calloc(a, 1, sizeof *p);
    aisle_catalogue_filter *copy = aisle_arena_alloc(a, sizeof *copy);
    uint64_t *bits = new_bits(c, a);
    if (p) p->base = new_bits(c, a);
    if (!p || !copy || !bits || !p->base || !make_parts(c, f, a, p))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory to filter the catalogue");
    *copy = *f;
    p->filter = copy;
    if (words) memcpy(p->base, c->shown, (size_t)words * sizeof *p->base);
    if (f->in_stock) narrow(p->base, c->in_stock, words);
    narrow(p->base, candidates, words);
    *out = (aisle_matches){.bits = bits, .parts = p};
    aisle_match_without(p, NULL, words, bits);
    for (int64_t w = 0; w < words; w++) out->total += __builtin_popcountll(bits[w]);
    return AISLE_OK;
}

void aisle_match_without(const struct aisle_match_parts *p, const uint64_t *own, int64_t words, uint64_t *out)
{
    const uint64_t *parts[4 + AISLE_FILTER_ATTRIBUTES] = {p->category, p->brand, p->price, p->rating};
    memcpy(parts + 4, p->attribute, sizeof p->attribute);
    if (words) memcpy(out, p->base, (size_t)words * sizeof *out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i] != own) narrow(out, parts[i], words);
}
