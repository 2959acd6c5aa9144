/* Pairs in a list, each in two chains, its products', and found by a table with open addressing. */
#include "server/recommend/pair_counts.h"

#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"

typedef struct pair {
    int32_t row[2];  /* row[0] < row[1] */
    int32_t next[2]; /* 1 + where the next pair of row[0], of row[1] is; 0 = none */
    int32_t both;
    uint32_t owner; /* a hash of the first who put it in */
    uint8_t owners; /* 0, 1, 2 = several */
} pair;

typedef struct product {
    int32_t baskets, first; /* first: 1 + where its chain begins */
} product;

struct aisle_pair_counts {
    pair *pairs;
    int64_t n, cap, most, left_out;
    int32_t *slot;     /* [slots]: 1 + where the pair is, 0 = free */
    int64_t slots;     /* a power of 2, at least 2 cap; 0 before the first */
    product *products; /* [n_products], by row */
    int64_t n_products;
    int32_t baskets;
};

aisle_pair_counts *aisle_pair_counts_new(int32_t most_pairs)
{
    aisle_pair_counts *c = aisle_calloc(1, sizeof *c);
    if (c) c->most = most_pairs;
    return c;
}

void aisle_pair_counts_free(aisle_pair_counts *c)
{
    if (!c) return;
    aisle_free(c->pairs);
    aisle_free(c->slot);
    aisle_free(c->products);
    aisle_free(c);
}

void aisle_pair_counts_clear(aisle_pair_counts *c)
{
    c->n = c->left_out = 0;
    c->baskets = 0;
    if (c->slots) memset(c->slot, 0, (size_t)c->slots * sizeof *c->slot);
    if (c->n_products) memset(c->products, 0, (size_t)c->n_products * sizeof *c->products);
}

/* ---- room ---- */

static int64_t slot_of(const aisle_pair_counts *c, int32_t low, int32_t high)
{
    const int32_t key[2] = {low, high};
    int64_t i = (int64_t)(aisle_hash64(key, sizeof key, 0) & (uint64_t)(c->slots - 1));
    while (c->slot[i]) {
        const pair *p = &c->pairs[c->slot[i] - 1];
        if (p->row[0] == low && p->row[1] == high) break;
        i = (i + 1) & (c->slots - 1);
    }
    return i;
}

static bool grow_slots(aisle_pair_counts *c, int64_t pairs)
{
    int64_t slots = c->slots ? c->slots : 64;
    while (slots < 2 * pairs) slots *= 2;
    if (slots == c->slots) return true;
    int32_t *made = aisle_calloc((size_t)slots, sizeof *made);
    if (!made) return false;
    aisle_free(c->slot);
    c->slot = made;
    c->slots = slots;
    for (int64_t i = 0; i < c->n; i++)
        c->slot[slot_of(c, c->pairs[i].row[0], c->pairs[i].row[1])] = (int32_t)(i + 1);
    return true;
}

static bool reserve(aisle_pair_counts *c, const int32_t *rows, int32_t n)
{
    const int64_t before = c->n_products, more = (int64_t)n * (n - 1) / 2;
    const int64_t pairs = c->n + more < c->most ? c->n + more : c->most;
    int32_t highest = 0;
    for (int32_t i = 0; i < n; i++) highest = rows[i] > highest ? rows[i] : highest;
    if (!aisle_grow((void **)&c->products, &c->n_products, (int64_t)highest + 1, sizeof *c->products))
        return false;
    if (c->n_products > before)
        memset(c->products + before, 0, (size_t)(c->n_products - before) * sizeof *c->products);
    return aisle_grow((void **)&c->pairs, &c->cap, pairs, sizeof *c->pairs) && grow_slots(c, pairs);
}

/* ---- counting ---- */

static void count_pair(aisle_pair_counts *c, int32_t low, int32_t high, int32_t delta, uint32_t owner)
{
    const int64_t i = slot_of(c, low, high);
    if (!c->slot[i]) {
        if (c->n == c->most) {
            c->left_out++;
            return;
        }
        c->pairs[c->n] =
            (pair){.row = {low, high}, .next = {c->products[low].first, c->products[high].first}};
        c->slot[i] = c->products[low].first = c->products[high].first = (int32_t)++c->n;
    }
    pair *p = &c->pairs[c->slot[i] - 1];
    p->both += delta;
    if (delta < 0) return;
    if (p->owners == 0) p->owner = owner;
    if (p->owners < 2) p->owners = p->owner == owner ? 1 : 2;
}

bool aisle_pair_counts_add(aisle_pair_counts *c, const int32_t *rows, int32_t n, int32_t delta, int64_t owner)
{
    if (!reserve(c, rows, n)) return false;
    const uint32_t hash = (uint32_t)(aisle_hash64(&owner, sizeof owner, 1) >> 32);
    c->baskets += delta;
    for (int32_t i = 0; i < n; i++) {
        c->products[rows[i]].baskets += delta;
        for (int32_t j = 0; j < i; j++)
            count_pair(c, rows[i] < rows[j] ? rows[i] : rows[j], rows[i] < rows[j] ? rows[j] : rows[i], delta,
                       hash);
    }
    return true;
}

/* ---- asking ---- */

int32_t aisle_pair_counts_baskets(const aisle_pair_counts *c)
{
    return c->baskets;
}

int32_t aisle_pair_counts_of(const aisle_pair_counts *c, int32_t row)
{
    return row > 0 && row < c->n_products ? c->products[row].baskets : 0;
}

aisle_pair_count aisle_pair_counts_find(const aisle_pair_counts *c, int32_t row, int32_t other)
{
    aisle_pair_count out = {.row = other};
    if (!c->slots || row == other) return out;
    const int32_t at = c->slot[slot_of(c, row < other ? row : other, row < other ? other : row)];
    if (!at) return out;
    out.both = c->pairs[at - 1].both;
    out.several = c->pairs[at - 1].owners > 1;
    return out;
}

bool aisle_pair_counts_next(const aisle_pair_counts *c, int32_t row, int32_t *at, aisle_pair_count *out)
{
    if (row < 1 || row >= c->n_products) return false;
    if (*at == 0)
        *at = c->products[row].first;
    else {
        const pair *p = &c->pairs[*at - 1];
        *at = p->next[p->row[1] == row];
    }
    if (!*at) return false;
    const pair *p = &c->pairs[*at - 1];
    *out = (aisle_pair_count){p->row[p->row[0] == row], p->both, p->owners > 1};
    return true;
}

int32_t aisle_pair_counts_pairs(const aisle_pair_counts *c)
{
    return (int32_t)c->n;
}

int64_t aisle_pair_counts_left_out(const aisle_pair_counts *c)
{
    return c->left_out;
}
