/* Pairs in a list, found by a table with open addressing; those of several owners are each in two chains, its products'. */
#include "server/recommend/pair_counts.h"

#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"

/* Baskets with both are counted for two owners, and for all others together. An owner has a place of these only from the pair's first
 * basket of theirs on: so nobody is counted twice. */
typedef struct pair {
    int32_t row[2];           /* row[0] < row[1] */
    int32_t next[2], prev[2]; /* 1 + where the next and the previous pair of row[0], of row[1] is; 0 = none */
    int32_t both;
    int32_t own[2]; /* of `both` */
    uint32_t owner[2];
    bool linked; /* is in the chains: several have bought both once */
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

/* What adding a basket needs. */
typedef struct room {
    int64_t products, pairs;
} room;

static room room_for(const aisle_pair_counts *c, const int32_t *rows, int32_t n)
{
    const int64_t pairs = c->n + (int64_t)n * (n - 1) / 2;
    room need = {0, pairs < c->most ? pairs : c->most};
    for (int32_t i = 0; i < n; i++)
        if (rows[i] >= need.products) need.products = (int64_t)rows[i] + 1;
    return need;
}

bool aisle_pair_counts_has_room(const aisle_pair_counts *c, const int32_t *rows, int32_t n)
{
    const room need = room_for(c, rows, n);
    return need.products <= c->n_products && need.pairs <= c->cap && 2 * need.pairs <= c->slots;
}

static bool grow_lists(aisle_pair_counts *c, room need)
{
    const int64_t before = c->n_products;
    if (!aisle_grow((void **)&c->products, &c->n_products, need.products, sizeof *c->products)) return false;
    if (c->n_products > before)
        memset(c->products + before, 0, (size_t)(c->n_products - before) * sizeof *c->products);
    return aisle_grow((void **)&c->pairs, &c->cap, need.pairs, sizeof *c->pairs);
}

aisle_pair_counts *aisle_pair_counts_grown(const aisle_pair_counts *c, const int32_t *rows, int32_t n)
{
    room need = room_for(c, rows, n);
    if (need.products < c->n_products) need.products = c->n_products;
    if (need.pairs < c->cap) need.pairs = c->cap;
    aisle_pair_counts *out = aisle_pair_counts_new((int32_t)c->most);
    if (!out || !grow_lists(out, need)) {
        aisle_pair_counts_free(out);
        return NULL;
    }
    out->n = c->n;
    out->left_out = c->left_out;
    out->baskets = c->baskets;
    if (c->n) memcpy(out->pairs, c->pairs, (size_t)c->n * sizeof *c->pairs);
    if (c->n_products) memcpy(out->products, c->products, (size_t)c->n_products * sizeof *c->products);
    if (grow_slots(out, need.pairs)) return out;
    aisle_pair_counts_free(out);
    return NULL;
}

/* ---- owners ---- */

uint32_t aisle_pair_name(int64_t number)
{
    return (uint32_t)(aisle_hash64(&number, sizeof number, 1) >> 32);
}

static bool is_named(aisle_pair_owner owner, uint32_t name)
{
    for (int32_t i = 0; i < owner.n; i++)
        if (owner.name[i] == name) return true;
    return false;
}

static int32_t others(const pair *p)
{
    return p->both - p->own[0] - p->own[1];
}

static bool is_of_several(const pair *p)
{
    return (p->own[0] > 0) + (p->own[1] > 0) + (others(p) > 0) > 1;
}

/* Where the owner's are counted; -1: among the others'. */
static int place_of(pair *p, aisle_pair_owner owner)
{
    int at = -1;
    for (int k = 0; k < 2; k++) {
        if (!is_named(owner, p->owner[k])) continue;
        if (at >= 0) {
            p->own[at] += p->own[k];
            p->own[k] = 0;
            p->owner[k] = 0;
        } else
            at = k;
    }
    for (int k = 0; k < 2 && at < 0; k++)
        if (p->own[k] == 0 && others(p) == 0) at = k;
    if (at >= 0) p->owner[at] = owner.name[0];
    return at;
}

/* ---- chains ---- */

static int side_of(const pair *p, int32_t row)
{
    return p->row[1] == row;
}

static void unlink_pair(aisle_pair_counts *c, pair *p)
{
    for (int k = 0; k < 2; k++) {
        const int32_t row = p->row[k], next = p->next[k], prev = p->prev[k];
        if (prev)
            c->pairs[prev - 1].next[side_of(&c->pairs[prev - 1], row)] = next;
        else
            c->products[row].first = next;
        if (next) c->pairs[next - 1].prev[side_of(&c->pairs[next - 1], row)] = prev;
    }
}

static void link_first(aisle_pair_counts *c, pair *p)
{
    const int32_t at = (int32_t)(p - c->pairs) + 1;
    for (int k = 0; k < 2; k++) {
        const int32_t row = p->row[k], next = c->products[row].first;
        p->prev[k] = 0;
        p->next[k] = next;
        if (next) c->pairs[next - 1].prev[side_of(&c->pairs[next - 1], row)] = at;
        c->products[row].first = at;
    }
    p->linked = true;
}

/* ---- counting ---- */

static void count_pair(aisle_pair_counts *c, int32_t low, int32_t high, int32_t delta, aisle_pair_owner owner)
{
    const int64_t i = slot_of(c, low, high);
    if (!c->slot[i]) {
        if (c->n == c->most) {
            c->left_out++;
            return;
        }
        c->pairs[c->n] = (pair){.row = {low, high}};
        c->slot[i] = (int32_t)++c->n;
    }
    pair *p = &c->pairs[c->slot[i] - 1];
    const int at = place_of(p, owner);
    p->both += delta;
    if (at >= 0) p->own[at] += delta;
    if (delta < 0 || !(p->linked || is_of_several(p))) return;
    if (p->linked) unlink_pair(c, p);
    link_first(c, p);
}

bool aisle_pair_counts_add(aisle_pair_counts *c, const int32_t *rows, int32_t n, int32_t delta,
                           aisle_pair_owner owner)
{
    const room need = room_for(c, rows, n);
    if (!aisle_pair_counts_has_room(c, rows, n) && !(grow_lists(c, need) && grow_slots(c, need.pairs)))
        return false;
    c->baskets += delta;
    for (int32_t i = 0; i < n; i++) {
        c->products[rows[i]].baskets += delta;
        for (int32_t j = 0; j < i; j++)
            count_pair(c, rows[i] < rows[j] ? rows[i] : rows[j], rows[i] < rows[j] ? rows[j] : rows[i], delta,
                       owner);
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
    out.several = is_of_several(&c->pairs[at - 1]);
    return out;
}

bool aisle_pair_counts_next(const aisle_pair_counts *c, int32_t row, int32_t *at, aisle_pair_count *out)
{
    if (row < 1 || row >= c->n_products) return false;
    if (*at == 0)
        *at = c->products[row].first;
    else {
        const pair *p = &c->pairs[*at - 1];
        *at = p->next[side_of(p, row)];
    }
    if (!*at) return false;
    const pair *p = &c->pairs[*at - 1];
    *out = (aisle_pair_count){p->row[p->row[0] == row], p->both, is_of_several(p)};
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
