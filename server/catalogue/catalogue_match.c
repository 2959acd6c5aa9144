/* A filter as bitmaps, one for each of its parts, so that a facet can leave its own part out. Each is one pass over a
 * column that a table of flags or a range decides, without branches. */
#include "server/catalogue/catalogue_columns.h"

static uint64_t *new_bits(const aisle_columns *c, aisle_arena *a)
{
    return aisle_arena_calloc(a, (size_t)aisle_columns_words(c) + 1, sizeof(uint64_t));
}

/* Columns have room for whole words: the rest of the last word is masked by `shown`. */
#define EACH_SLOT(c, bits, i, passes)                                                                        \
    for (int64_t w_ = 0; w_ < aisle_columns_words(c); w_++) {                                                \
        uint64_t word_ = 0;                                                                                  \
        for (int64_t b_ = 0; b_ < 64; b_++) {                                                                \
            int64_t i = w_ * 64 + b_;                                                                        \
            word_ |= (uint64_t)(passes) << b_;                                                               \
        }                                                                                                    \
        (bits)[w_] = word_;                                                                                  \
    }

/* flags[0] is that of "none". */
static void pass_flags(const aisle_columns *c, const int32_t *column, const uint8_t *flags, uint64_t *bits)
{
    EACH_SLOT(c, bits, i, flags[column[i] + 1])
}

static bool pass_category(const aisle_columns *c, aisle_str wanted, aisle_arena *a, uint64_t **out)
{
    int32_t n = aisle_idmap_count(c->categories), node = aisle_idmap_find(c->categories, wanted);
    uint8_t *inside = aisle_arena_calloc(a, (size_t)n + 2, 1);
    *out = new_bits(c, a);
    if (!inside || !*out) return false;
    for (int32_t k = 0; k < n && node >= 0; k++) { /* parents come before their children */
        int32_t parent = c->category_parent[k];
        inside[k + 1] = k == node || (parent >= 0 && inside[parent + 1]);
    }
    if (node >= 0) pass_flags(c, c->category, inside, *out);
    return true;
}

static bool pass_brands(const aisle_columns *c, const aisle_catalogue_filter *f, aisle_arena *a,
                        uint64_t **out)
{
    uint8_t *wanted = aisle_arena_calloc(a, (size_t)aisle_idmap_count(c->brands) + 2, 1);
    *out = new_bits(c, a);
    if (!wanted || !*out) return false;
    for (int32_t i = 0; i < f->n_brands; i++) {
        int32_t brand = aisle_idmap_find(c->brands, f->brands[i]);
        if (brand >= 0) wanted[brand + 1] = 1;
    }
    pass_flags(c, c->brand, wanted, *out);
    return true;
}

static bool pass_prices(const aisle_columns *c, const aisle_catalogue_filter *f, aisle_arena *a,
                        uint64_t **out)
{
    int64_t low = f->price_min >= 0 ? f->price_min : 0, high = f->price_max >= 0 ? f->price_max : INT64_MAX;
    const int64_t *price = c->price;
    *out = new_bits(c, a);
    if (!*out) return false;
    EACH_SLOT(c, *out, i, (price[i] >= low) & (price[i] <= high))
    return true;
}

static bool pass_ratings(const aisle_columns *c, int32_t least, aisle_arena *a, uint64_t **out)
{
    const uint8_t *rating = c->rating;
    *out = new_bits(c, a);
    if (!*out) return false;
    EACH_SLOT(c, *out, i, rating[i] >= least)
    return true;
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
    if (f->category.ptr && !pass_category(c, f->category, a, &p->category)) return false;
    if (f->n_brands && !pass_brands(c, f, a, &p->brand)) return false;
    if ((f->price_min >= 0 || f->price_max >= 0) && !pass_prices(c, f, a, &p->price)) return false;
    if (f->rating_min > 0 && !pass_ratings(c, f->rating_min, a, &p->rating)) return false;
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
