/* Builds the shop: which leaves there are, brands, items and their prices, and the clusters people choose
 * from. */
#include <string.h>

#include "aisle/memory.h"
#include "datasets/generate/catalogue.h"

enum { DAY_HOURS = 24, ITEMS_A_LEAF = 6 };

static void choose_leaves(gen_shop *s)
{
    int32_t n = s->p.items / ITEMS_A_LEAF;
    s->n_leaves = n < 1 ? 1 : n > GEN_LEAVES ? GEN_LEAVES : n;
    for (int32_t i = 0; i < s->n_leaves; i++) { /* spread over the departments */
        s->leaf[i] = (uint8_t)(i * GEN_LEAVES / s->n_leaves);
        s->used[s->leaf[i]] = true;
    }
    for (int32_t l = 0; l < GEN_LEAVES; l++)
        for (int32_t k = 0; k < 2; k++) {
            const char *list = gen_leaves[l].accessory;
            s->accessory[l][k] = -1;
            if (!*list) continue;
            aisle_str path = gen_words_at(list, k % gen_words_count(list));
            for (int32_t o = 0; o < GEN_LEAVES; o++)
                if (s->used[o] && aisle_str_eq(path, aisle_str_from(gen_leaves[o].path)))
                    s->accessory[l][k] = (int8_t)o;
        }
}

static aisle_status weigh_leaves(gen_shop *s, aisle_error *err)
{
    double w[GEN_LEAVES];
    for (int32_t i = 0; i < s->n_leaves; i++) w[i] = gen_leaves[s->leaf[i]].weight;
    AISLE_TRY(gen_alias_fill(s->leaf_slots, NULL, w, s->n_leaves, err));
    for (int32_t g = 0; g < 3; g++) /* 0 women, 1 men, 2 neither told */
        for (int32_t age = 0; age <= GEN_AGES; age++) {
            for (int32_t i = 0; i < s->n_leaves; i++) {
                const gen_leaf *l = &gen_leaves[s->leaf[i]];
                double lean = l->women / 100., apart = l->age > GEN_AGES ? 1 : age - (double)l->age;
                double liked = g == 2 ? 1 : 1 + (g == 0 ? lean : -lean) * .95;
                w[i] = l->weight * liked * (age == GEN_AGES ? 1 : 1 / (1 + .3 * apart * apart));
            }
            AISLE_TRY(gen_alias_fill(s->taste[g][age], NULL, w, s->n_leaves, err));
        }
    return AISLE_OK;
}

static void name_brands(gen_shop *s, aisle_rng *r)
{
    int32_t heads = gen_words_count(gen_brand_heads), tails = gen_words_count(gen_brand_tails);
    for (int32_t b = 0; b < GEN_BRANDS; b++) {
        bool taken = true;
        while (taken) {
            aisle_str head = gen_words_at(gen_brand_heads, (int32_t)gen_between(r, 0, heads - 1));
            aisle_str tail = gen_words_at(gen_brand_tails, (int32_t)gen_between(r, 0, tails - 1));
            char *name = s->brand[b].name;
            memset(name, 0, GEN_BRAND_BYTES);
            memcpy(name, head.ptr, head.len);
            memcpy(name + head.len, tail.ptr, tail.len);
            taken = false;
            for (int32_t o = 0; o < b; o++) taken = taken || strcmp(s->brand[o].name, name) == 0;
        }
        s->brand[b].level = .35 * gen_normal(r);
    }
}

/* Brands serve whole kinds of goods: sixteen or so a kind, a few of them large. */
static uint8_t pick_brand(const gen_leaf *leaf, aisle_rng *r)
{
    const int32_t each = GEN_BRANDS / GEN_KINDS;
    double x = aisle_rng_f64(r);
    return (uint8_t)(leaf->kind * each + (int32_t)(x * x * each));
}

/* Shops end prices on 9 or 5: 7.99, 49.95, 129.00. */
static int32_t price_point(double price)
{
    int64_t p = (int64_t)price;
    if (p < 1000) return (int32_t)(p < 100 ? 99 : p / 50 * 50 + 49);
    if (p < 10000) return (int32_t)(p / 100 * 100 + 95);
    return (int32_t)(p / 1000 * 1000 + 900);
}

static void make_item(gen_shop *s, int32_t i)
{
    aisle_rng r;
    aisle_rng_init(&r, s->p.seed, gen_stream(GEN_STREAM_ITEM, i));
    /* every leaf in use has at least one item */
    int32_t slot = i < s->n_leaves ? i : gen_alias_draw(s->leaf_slots, s->n_leaves, &r);
    gen_item *it = &s->item[i];
    it->leaf = s->leaf[slot];
    it->style = (uint8_t)gen_between(&r, 0, GEN_STYLES - 1);
    it->brand = pick_brand(&gen_leaves[it->leaf], &r);
    double level = s->brand[it->brand].level + .4 * gen_normal(&r); /* log-normal prices */
    it->price_level = (int16_t)(1000 * level);
    it->price_minor = price_point(gen_leaves[it->leaf].price_minor * gen_exp(level));
    /* one in seven is new in the first four fifths of the period; the first of a leaf never */
    bool is_new = i >= s->n_leaves && gen_chance(&r, 1. / 7);
    int64_t last = is_new ? (int64_t)s->p.days * DAY_HOURS * 4 / 5 : -DAY_HOURS;
    it->created_hour = (int32_t)gen_between(&r, is_new ? 0 : -3 * 365 * DAY_HOURS, last);
}

/* Items by leaf, each leaf in a random order of popularity. start: GEN_LEAVES + 1. */
static void rank_items(const gen_shop *s, int32_t *list, int32_t *start)
{
    for (int32_t i = 0; i < s->p.items; i++) start[s->item[i].leaf + 1]++;
    for (int32_t l = 0; l < GEN_LEAVES; l++) start[l + 1] += start[l];
    for (int32_t i = 0; i < s->p.items; i++) list[start[s->item[i].leaf]++] = i;
    for (int32_t l = GEN_LEAVES; l > 0; l--)
        start[l] = start[l - 1]; /* the fill moved each start to its end */
    start[0] = 0;
    for (int32_t l = 0; l < GEN_LEAVES; l++) {
        int32_t *own = list + start[l];
        aisle_rng r;
        aisle_rng_init(&r, s->p.seed, gen_stream(GEN_STREAM_SHOP, l + 1));
        for (int32_t k = start[l + 1] - start[l] - 1; k > 0; k--) { /* Fisher-Yates */
            int32_t o = (int32_t)gen_between(&r, 0, k), swap = own[k];
            own[k] = own[o];
            own[o] = swap;
        }
    }
}

/* Parts each leaf's ranked items by style. w, own: room for all items. */
static aisle_status part_by_style(gen_shop *s, const int32_t *list, const int32_t *start, double *w,
                                  int32_t *own, aisle_error *err)
{
    int32_t done = 0;
    for (int32_t c = 0; c < GEN_CLUSTERS; c++) {
        int32_t leaf = c / GEN_STYLES, n = 0;
        double exponent = .8 + .05 * (leaf % 5);
        for (int32_t k = start[leaf]; k < start[leaf + 1]; k++)
            if (s->item[list[k]].style == c % GEN_STYLES) {
                own[n] = list[k];
                w[n++] = gen_exp(-exponent * gen_log(k - start[leaf] + 1));
            }
        s->cluster[c] = (gen_cluster){s->slots + done, n};
        if (n) AISLE_TRY(gen_alias_fill(s->slots + done, own, w, n, err));
        done += n;
    }
    return AISLE_OK;
}

static aisle_status make_clusters(gen_shop *s, aisle_error *err)
{
    aisle_status st;
    int32_t start[GEN_LEAVES + 1] = {0}, n = s->p.items;
    int32_t *list = aisle_array(n, sizeof *list), *own = aisle_array(n, sizeof *own);
    double *w = aisle_array(n, sizeof *w);
    s->slots = aisle_array(n, sizeof *s->slots);
    if (list && own && w && s->slots) {
        rank_items(s, list, start);
        st = part_by_style(s, list, start, w, own, err);
    } else {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for a catalogue of %d items", n);
    }
    aisle_free(list);
    aisle_free(own);
    aisle_free(w);
    return st;
}

const gen_cluster *gen_shop_cluster(const gen_shop *s, int32_t leaf, int32_t style)
{
    int32_t k = 0;
    while (k < GEN_STYLES - 1 && s->cluster[leaf * GEN_STYLES + (style + k) % GEN_STYLES].n == 0) k++;
    return &s->cluster[leaf * GEN_STYLES + (style + k) % GEN_STYLES];
}

int32_t gen_shop_companion(const gen_shop *s, int32_t item, int32_t which)
{
    const gen_item *it = &s->item[item];
    int32_t leaf = s->accessory[it->leaf][which];
    if (leaf < 0) return -1;
    const gen_cluster *c = gen_shop_cluster(s, leaf, it->style);
    uint64_t h = aisle_mix64(s->p.seed ^ aisle_mix64((uint64_t)item * 2 + (uint64_t)which));
    double x = (double)(h >> 11) * 0x1p-53;
    return c->slots[(int32_t)(x * x * c->n)].own; /* popular ones more often */
}

aisle_status gen_shop_init(gen_shop *s, const aisle_generate_params *p, aisle_error *err)
{
    aisle_rng r;
    memset(s, 0, sizeof *s);
    AISLE_TRY(aisle_generate_check(p, err));
    s->p = *p;
    if (!s->p.start_ms) s->p.start_ms = 1735689600000; /* 2025-01-01 */
    if (!s->p.days) s->p.days = 365;
    if (!s->p.currency) s->p.currency = "EUR";
    aisle_rng_init(&r, p->seed, gen_stream(GEN_STREAM_SHOP, 0));
    choose_leaves(s);
    name_brands(s, &r);
    aisle_status st = weigh_leaves(s, err);
    if (st != AISLE_OK) goto done;
    s->item = aisle_array(p->items, sizeof *s->item);
    if (!s->item) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for a catalogue of %d items", p->items);
        goto done;
    }
    for (int32_t i = 0; i < p->items; i++) make_item(s, i);
    st = make_clusters(s, err);
    if (st == AISLE_OK) st = gen_calendar_init(s, err);
done:
    if (st != AISLE_OK) gen_shop_deinit(s);
    return st;
}

void gen_shop_deinit(gen_shop *s)
{
    aisle_free(s->item);
    aisle_free(s->slots);
    aisle_free(s->day_end);
    memset(s, 0, sizeof *s);
}
