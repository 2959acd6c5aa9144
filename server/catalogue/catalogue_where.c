/* Conditions on all products are passes over columns, joined word by word; those on one product look its values up. */
#include "server/catalogue/catalogue_where.h"

#include "server/catalogue/catalogue_columns.h"

static uint64_t *new_bits(const aisle_columns *c, aisle_arena *a)
{
    return aisle_arena_calloc(a, (size_t)aisle_columns_words(c) + 1, sizeof(uint64_t));
}

/* ---- all at once ---- */

/* Which pairs satisfy a condition on an attribute: wanted[pairs]. */
static void choose_pairs(const aisle_columns *c, const aisle_where *w, uint8_t *wanted)
{
    int32_t n = aisle_idmap_count(c->pairs), name = aisle_idmap_find(c->names, w->name);
    if (w->kind == AISLE_WHERE_ATTRIBUTE) {
        for (int32_t i = 0; i < w->n_values; i++) {
            int32_t pair = aisle_columns_find_pair(c, w->name, w->values[i]);
            if (pair >= 0) wanted[pair] = 1;
        }
        return;
    }
    for (int32_t p = 0; p < n && name >= 0; p++)
        wanted[p] =
            c->pair_name[p] == name &&
            (w->kind == AISLE_WHERE_HAS || (c->pair_number[p] >= w->least && c->pair_number[p] <= w->most));
}

static bool pass_attribute(const aisle_columns *c, const aisle_where *w, aisle_arena *a, uint64_t *bits)
{
    uint8_t *wanted = aisle_arena_calloc(a, (size_t)aisle_idmap_count(c->pairs) + 1, 1);
    if (!wanted) return false;
    choose_pairs(c, w, wanted);
    aisle_pass_pairs(c, wanted, bits);
    return true;
}

static bool pass_leaf(const aisle_columns *c, const aisle_where *w, aisle_arena *a, uint64_t *bits)
{
    switch (w->kind) {
    case AISLE_WHERE_ID: aisle_pass_ids(c, w->values, w->n_values, bits); return true;
    case AISLE_WHERE_CATEGORY:
    case AISLE_WHERE_NODE:
        return aisle_pass_categories(c, w->values, w->n_values, w->kind == AISLE_WHERE_CATEGORY, a, bits);
    case AISLE_WHERE_BRAND: return aisle_pass_brands(c, w->values, w->n_values, a, bits);
    case AISLE_WHERE_PRICE: aisle_pass_range(c, c->price, w->low, w->high, bits); return true;
    case AISLE_WHERE_RATING: aisle_pass_ratings(c, (int32_t)w->low, bits); return true;
    case AISLE_WHERE_RATED: aisle_pass_rated(c, w->low, bits); return true;
    case AISLE_WHERE_CREATED: aisle_pass_range(c, c->created, w->low, INT64_MAX, bits); return true;
    case AISLE_WHERE_STOCK: aisle_pass_stock(c, w->low, bits); return true;
    default: return pass_attribute(c, w, a, bits);
    }
}

static bool pass(const aisle_columns *c, const aisle_where *w, aisle_arena *a, uint64_t *bits)
{
    const int64_t words = aisle_columns_words(c);
    if (w->kind > AISLE_WHERE_NOT) return pass_leaf(c, w, a, bits);
    uint64_t *one = w->child ? new_bits(c, a) : NULL;
    if (w->child && !one) return false;
    memset(bits, w->kind == AISLE_WHERE_ANY ? 0 : 0xff, (size_t)words * sizeof *bits);
    for (const aisle_where *child = w->child; child; child = child->next) {
        if (!pass(c, child, a, one)) return false;
        for (int64_t i = 0; i < words; i++) {
            if (w->kind == AISLE_WHERE_ANY)
                bits[i] |= one[i];
            else
                bits[i] &= w->kind == AISLE_WHERE_NOT ? ~one[i] : one[i];
        }
    }
    return true;
}

aisle_status aisle_catalogue_where(const aisle_catalogue *k, const aisle_where *w, aisle_arena *a,
                                   uint64_t *bits, aisle_error *err)
{
    const aisle_columns *c = k->now;
    const int64_t words = aisle_columns_words(c);
    if (w && !pass(c, w, a, bits)) return aisle_fail(err, AISLE_ENOMEM, "out of memory to filter products");
    for (int64_t i = 0; i < words; i++) bits[i] = w ? bits[i] & c->shown[i] : c->shown[i];
    return AISLE_OK;
}

void aisle_catalogue_gather(const aisle_catalogue *k, const uint64_t *bits, const int32_t *rows, int32_t n,
                            uint64_t *out)
{
    const aisle_columns *c = k->now;
    for (int32_t first = 0; first < n; first += 64) {
        uint64_t word = 0;
        for (int32_t b = 0; b < 64 && first + b < n; b++) {
            int32_t row = rows[first + b], slot = row >= 0 && row < c->row_cap ? c->slot_of_row[row] : -1;
            if (slot >= 0) word |= (uint64_t)aisle_bit(bits, slot) << b;
        }
        out[first / 64] = word;
    }
}

/* ---- one by one ---- */

static bool is_among(const aisle_idmap *names, int32_t number, const aisle_where *w)
{
    for (int32_t i = 0; i < w->n_values && number >= 0; i++)
        if (aisle_idmap_find(names, w->values[i]) == number) return true;
    return false;
}

static bool has_category(const aisle_columns *c, const aisle_where *w, int32_t slot)
{
    for (int32_t node = c->category[slot]; node >= 0; node = c->category_parent[node])
        if (is_among(c->categories, node, w)) return true;
    return false;
}

static bool has_attribute(const aisle_columns *c, const aisle_where *w, int32_t slot)
{
    const int32_t *pairs = c->pairs_of + c->pair_at[slot];
    int32_t name = aisle_idmap_find(c->names, w->name);
    for (int32_t k = 0; k < c->n_pairs[slot]; k++) {
        int32_t p = pairs[k];
        if (c->pair_name[p] != name) continue;
        if (w->kind == AISLE_WHERE_HAS) return true;
        if (w->kind == AISLE_WHERE_NUMBER && c->pair_number[p] >= w->least && c->pair_number[p] <= w->most)
            return true;
        for (int32_t i = 0; w->kind == AISLE_WHERE_ATTRIBUTE && i < w->n_values; i++)
            if (aisle_columns_find_pair(c, w->name, w->values[i]) == p) return true;
    }
    return false;
}

static bool leaf_passes(const aisle_columns *c, const aisle_where *w, int32_t slot)
{
    if (slot < 0) return false;
    switch (w->kind) {
    case AISLE_WHERE_ID: return is_among(c->ids, slot, w);
    case AISLE_WHERE_CATEGORY: return has_category(c, w, slot);
    case AISLE_WHERE_NODE: return is_among(c->categories, c->category[slot], w);
    case AISLE_WHERE_BRAND: return is_among(c->brands, c->brand[slot], w);
    case AISLE_WHERE_PRICE: return c->price[slot] >= w->low && c->price[slot] <= w->high;
    case AISLE_WHERE_STOCK: return c->stock[slot] < 0 || c->stock[slot] >= w->low;
    case AISLE_WHERE_RATING: return c->rating[slot] >= w->low;
    case AISLE_WHERE_RATED: return c->rating_count[slot] >= w->low;
    case AISLE_WHERE_CREATED: return c->created[slot] >= w->low;
    default: return has_attribute(c, w, slot);
    }
}

static bool passes(const aisle_columns *c, const aisle_where *w, int32_t slot)
{
    if (w->kind > AISLE_WHERE_NOT) return leaf_passes(c, w, slot);
    for (const aisle_where *child = w->child; child; child = child->next) {
        bool one = passes(c, child, slot);
        if (w->kind == AISLE_WHERE_ANY && one) return true;
        if (w->kind != AISLE_WHERE_ANY && one == (w->kind == AISLE_WHERE_NOT)) return false;
    }
    return w->kind != AISLE_WHERE_ANY;
}

bool aisle_catalogue_passes(const aisle_catalogue *k, const aisle_where *w, int32_t slot)
{
    return !w || passes(k->now, w, slot);
}
