/* One condition on all products: a pass over a column that a table of flags or a range decides, without branches. */
#include "server/catalogue/catalogue_columns.h"

/* Columns have room for whole words. */
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

void aisle_pass_ids(const aisle_columns *c, const aisle_str *ids, int32_t n, uint64_t *bits)
{
    memset(bits, 0, (size_t)aisle_columns_words(c) * sizeof *bits);
    for (int32_t i = 0; i < n; i++) {
        int32_t slot = aisle_idmap_find(c->ids, ids[i]);
        if (slot >= 0) bits[slot / 64] |= (uint64_t)1 << (slot % 64);
    }
}

bool aisle_pass_categories(const aisle_columns *c, const aisle_str *nodes, int32_t n, bool below,
                           aisle_arena *a, uint64_t *bits)
{
    int32_t n_nodes = aisle_idmap_count(c->categories);
    uint8_t *inside = aisle_arena_calloc(a, (size_t)n_nodes + 2, 1);
    if (!inside) return false;
    for (int32_t i = 0; i < n; i++) {
        int32_t node = aisle_idmap_find(c->categories, nodes[i]);
        if (node >= 0) inside[node + 1] = 1;
    }
    for (int32_t k = 0; k < n_nodes && below; k++) /* parents come before their children */
        if (c->category_parent[k] >= 0) inside[k + 1] |= inside[c->category_parent[k] + 1];
    pass_flags(c, c->category, inside, bits);
    return true;
}

bool aisle_pass_brands(const aisle_columns *c, const aisle_str *brands, int32_t n, aisle_arena *a,
                       uint64_t *bits)
{
    uint8_t *wanted = aisle_arena_calloc(a, (size_t)aisle_idmap_count(c->brands) + 2, 1);
    if (!wanted) return false;
    for (int32_t i = 0; i < n; i++) {
        int32_t brand = aisle_idmap_find(c->brands, brands[i]);
        if (brand >= 0) wanted[brand + 1] = 1;
    }
    pass_flags(c, c->brand, wanted, bits);
    return true;
}

void aisle_pass_range(const aisle_columns *c, const int64_t *column, int64_t low, int64_t high,
                      uint64_t *bits)
{
    EACH_SLOT(c, bits, i, (column[i] >= low) & (column[i] <= high))
}

void aisle_pass_stock(const aisle_columns *c, int64_t least, uint64_t *bits)
{
    const int64_t *stock = c->stock;
    EACH_SLOT(c, bits, i, (stock[i] < 0) | (stock[i] >= least))
}

void aisle_pass_ratings(const aisle_columns *c, int32_t least, uint64_t *bits)
{
    const uint8_t *rating = c->rating;
    EACH_SLOT(c, bits, i, rating[i] >= least)
}

void aisle_pass_rated(const aisle_columns *c, int64_t least, uint64_t *bits)
{
    const int32_t *count = c->rating_count;
    EACH_SLOT(c, bits, i, count[i] >= least)
}

void aisle_pass_pairs(const aisle_columns *c, const uint8_t *wanted, uint64_t *bits)
{
    int32_t n_slots = aisle_idmap_count(c->ids);
    memset(bits, 0, (size_t)aisle_columns_words(c) * sizeof *bits);
    for (int32_t i = 0; i < n_slots; i++) {
        const int32_t *pairs = c->pairs_of + c->pair_at[i];
        unsigned has = 0;
        for (int32_t k = 0; k < c->n_pairs[i]; k++) has |= wanted[pairs[k]];
        bits[i / 64] |= (uint64_t)(has != 0) << (i % 64);
    }
}
