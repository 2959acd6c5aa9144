/* Facets: a pass over the matches' bits counts a column; then the values with the most. */
#include <stdlib.h>

#include "server/catalogue/catalogue_columns.h"

/* Runs `body` for every set bit as slot `i`. */
#define EACH_BIT(bits, words, i, body)                                                                       \
    for (int64_t w_ = 0; w_ < (words); w_++)                                                                 \
        for (uint64_t left_ = (bits)[w_]; left_; left_ &= left_ - 1) {                                       \
            int64_t i = w_ * 64 + __builtin_ctzll(left_);                                                    \
            body;                                                                                            \
        }

/* One facet in the making. */
typedef struct counting {
    const aisle_columns *c;
    const struct aisle_match_parts *parts;
    const uint64_t *bits; /* what passes the other parts of the filter */
    int64_t words;
    aisle_arena *arena;
    aisle_facet *out;
    int32_t room; /* of out->values */
} counting;

static bool open_values(counting *k, int32_t room)
{
    k->room = room;
    k->out->values = aisle_arena_calloc(k->arena, (size_t)room, sizeof *k->out->values);
    return k->out->values != NULL;
}

static void add(counting *k, aisle_facet_value v)
{
    if (k->out->n < k->room) k->out->values[k->out->n++] = v;
}

/* ---- the values with the most, by insertion into a short sorted list ---- */

static bool is_before(const aisle_facet_value *a, const aisle_facet_value *b)
{
    if (a->count != b->count) return a->count > b->count;
    size_t n = a->value.len < b->value.len ? a->value.len : b->value.len;
    int d = n ? memcmp(a->value.ptr, b->value.ptr, n) : 0;
    return d ? d < 0 : a->value.len < b->value.len;
}

static int compare_values(const void *a, const void *b)
{
    return is_before(a, b) ? -1 : is_before(b, a);
}

static void offer(counting *k, const aisle_facet_value *v)
{
    aisle_facet_value *list = k->out->values;
    int32_t at = k->out->n;
    if (at == AISLE_FACET_VALUES) {
        if (!is_before(v, &list[at - 1])) return;
        at--;
    } else
        k->out->n++;
    for (; at > 0 && is_before(v, &list[at - 1]); at--) list[at] = list[at - 1];
    list[at] = *v;
}

/* Marks a value that the filter names, adding it when it is not among those with the most. */
static void select_value(counting *k, aisle_str value, int64_t count)
{
    for (int32_t i = 0; i < k->out->n; i++)
        if (aisle_str_eq(k->out->values[i].value, value)) {
            k->out->values[i].selected = true;
            return;
        }
    add(k, (aisle_facet_value){.value = value, .count = count, .selected = true});
}

/* ---- each kind ---- */

static bool count_brands(counting *k)
{
    const aisle_columns *c = k->c;
    const aisle_catalogue_filter *f = k->parts->filter;
    int32_t n = aisle_idmap_count(c->brands);
    int32_t *count = aisle_arena_calloc(k->arena, (size_t)n + 1, sizeof *count);
    if (!count || !open_values(k, AISLE_FACET_VALUES + f->n_brands)) return false;
    EACH_BIT(k->bits, k->words, i, count[c->brand[i] + 1]++)
    for (int32_t b = 0; b < n; b++)
        if (count[b + 1])
            offer(k, &(aisle_facet_value){.value = aisle_idmap_get(c->brands, b), .count = count[b + 1]});
    for (int32_t i = 0; i < f->n_brands; i++) {
        int32_t b = aisle_idmap_find(c->brands, f->brands[i]);
        select_value(k, f->brands[i], b < 0 ? 0 : count[b + 1]);
    }
    return true;
}

static const aisle_attribute_filter *filter_of(const struct aisle_match_parts *p, aisle_str name)
{
    for (int32_t i = 0; i < p->filter->n_attributes; i++)
        if (aisle_str_eq(p->filter->attributes[i].name, name)) return &p->filter->attributes[i];
    return NULL;
}

static aisle_str value_of_pair(const aisle_columns *c, int32_t pair)
{
    aisle_str s = aisle_idmap_get(c->pairs, pair);
    size_t name = aisle_idmap_get(c->names, c->pair_name[pair]).len + 1;
    return (aisle_str){s.ptr + name, s.len - name};
}

static bool count_attribute(counting *k, aisle_str name)
{
    const aisle_columns *c = k->c;
    const aisle_attribute_filter *f = filter_of(k->parts, name);
    int32_t number = aisle_idmap_find(c->names, name), n = aisle_idmap_count(c->pairs);
    int32_t *count = aisle_arena_calloc(k->arena, (size_t)n + 1, sizeof *count);
    if (!count || !open_values(k, AISLE_FACET_VALUES + (f ? f->n_values : 0))) return false;
    if (number >= 0)
        EACH_BIT(k->bits, k->words, i, {
            const int32_t *pairs = c->pairs_of + c->pair_at[i];
            for (int32_t j = 0; j < c->n_pairs[i]; j++) count[pairs[j]]++;
        })
    for (int32_t p = 0; p < n && number >= 0; p++)
        if (count[p] && c->pair_name[p] == number)
            offer(k, &(aisle_facet_value){.value = value_of_pair(c, p), .count = count[p]});
    for (int32_t i = 0; f && i < f->n_values; i++) {
        int32_t p = aisle_columns_find_pair(c, name, f->values[i]);
        select_value(k, f->values[i], p < 0 ? 0 : count[p]);
    }
    return true;
}

/* The nodes that a shop shows beside a list: the children of the chosen node and of all above it. */
static bool count_categories(counting *k)
{
    const aisle_columns *c = k->c;
    aisle_str chosen = k->parts->filter->category;
    int32_t n = aisle_idmap_count(c->categories);
    int32_t at = chosen.ptr ? aisle_idmap_find(c->categories, chosen) : -1;
    int32_t *count = aisle_arena_calloc(k->arena, (size_t)n + 1, sizeof *count);
    uint8_t *open = aisle_arena_calloc(k->arena, (size_t)n + 1, 1);
    if (!count || !open || !open_values(k, n + 1)) return false;
    EACH_BIT(k->bits, k->words, i, count[c->category[i] + 1]++)
    for (int32_t node = n - 1; node >= 0; node--)
        if (c->category_parent[node] >= 0) count[c->category_parent[node] + 1] += count[node + 1];
    open[0] = 1;
    for (int32_t node = at; node >= 0; node = c->category_parent[node]) open[node + 1] = 1;
    for (int32_t node = 0; node < n; node++)
        if (open[c->category_parent[node] + 1] && (count[node + 1] || node == at))
            add(k, (aisle_facet_value){.value = aisle_idmap_get(c->categories, node),
                                       .count = count[node + 1],
                                       .selected = node == at});
    qsort(k->out->values, (size_t)k->out->n, sizeof *k->out->values, compare_values);
    if (chosen.ptr && at < 0) select_value(k, chosen, 0);
    return true;
}

static bool count_prices(counting *k)
{
    const aisle_columns *c = k->c;
    const aisle_catalogue_filter *f = k->parts->filter;
    int64_t count[AISLE_PRICE_RANGES + 1] = {0}, least = INT64_MAX, greatest = -1;
    if (!open_values(k, AISLE_PRICE_RANGES)) return false;
    EACH_BIT(k->bits, k->words, i, {
        int64_t p = c->price[i];
        count[c->price_range[i]]++;
        if (p > greatest) greatest = p;
        if (p >= 0 && p < least) least = p;
    })
    for (int r = 0; r < AISLE_PRICE_RANGES; r++) {
        aisle_facet_value v = {
            .low = aisle_price_bounds[r], .high = aisle_price_bounds[r + 1], .count = count[r]};
        v.selected = f->price_min == v.low && f->price_max == v.high - 1;
        if (v.count || v.selected) add(k, v);
    }
    k->out->greatest = greatest;
    k->out->least = greatest < 0 ? -1 : least;
    return true;
}

static bool count_ratings(counting *k)
{
    const aisle_columns *c = k->c;
    int64_t count[16] = {0};
    if (!open_values(k, 5)) return false;
    EACH_BIT(k->bits, k->words, i, count[c->rating[i] & 15]++)
    for (int r = 14; r >= 0; r--) count[r] += count[r + 1]; /* at least r */
    for (int32_t stars = 4; stars >= 1; stars--)
        add(k, (aisle_facet_value){.low = stars * 2,
                                   .high = 11,
                                   .count = count[stars * 2],
                                   .selected = k->parts->filter->rating_min == stars * 2});
    int32_t other = k->parts->filter->rating_min;
    if (other > 0 && (other % 2 || other > 8))
        add(k, (aisle_facet_value){.low = other, .high = 11, .count = count[other & 15], .selected = true});
    return true;
}

static const uint64_t *own_part(const struct aisle_match_parts *p, aisle_facet_kind kind, aisle_str attribute)
{
    switch (kind) {
    case AISLE_FACET_CATEGORY: return p->category;
    case AISLE_FACET_BRAND: return p->brand;
    case AISLE_FACET_PRICE: return p->price;
    case AISLE_FACET_RATING: return p->rating;
    default: break;
    }
    const aisle_attribute_filter *f = filter_of(p, attribute);
    return f ? p->attribute[f - p->filter->attributes] : NULL;
}

aisle_status aisle_catalogue_facet(const aisle_catalogue *catalogue, const aisle_matches *m,
                                   aisle_facet_kind kind, aisle_str attribute, aisle_arena *a,
                                   aisle_facet *out, aisle_error *err)
{
    const aisle_columns *c = catalogue->now;
    counting k = {
        .c = c, .parts = m->parts, .bits = m->bits, .words = aisle_columns_words(c), .arena = a, .out = out};
    const uint64_t *own = own_part(m->parts, kind, attribute);
    uint64_t *others = own ? aisle_arena_alloc(a, (size_t)k.words * sizeof *others) : NULL;
    bool ok = !own || others;
    *out = (aisle_facet){.least = -1, .greatest = -1};
    if (others) {
        aisle_match_without(m->parts, own, k.words, others);
        k.bits = others;
    }
    switch (kind) {
    case AISLE_FACET_CATEGORY: ok = ok && count_categories(&k); break;
    case AISLE_FACET_BRAND: ok = ok && count_brands(&k); break;
    case AISLE_FACET_PRICE: ok = ok && count_prices(&k); break;
    case AISLE_FACET_RATING: ok = ok && count_ratings(&k); break;
    case AISLE_FACET_ATTRIBUTE: ok = ok && count_attribute(&k, attribute); break;
    }
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for a facet");
}
