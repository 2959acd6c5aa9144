/* A shop of products that follow from a number, written to a store, and what each of them is, for counting by hand. */
#ifndef AISLE_TEST_RANDOM_SHOP_H
#define AISLE_TEST_RANDOM_SHOP_H

#include "aisle/rng.h"
#include "server/catalogue/catalogue_index.h"
#include "tests/unit/store/shop_fixture.h"

enum { RANDOM_PRODUCTS = 400 };

typedef struct random_product {
    bool there, hidden;
    char id[16], title[32], brand[8], category[48], attributes[96];
    int64_t price, stock, created, halves, ratings;
    int colour, size; /* -1 = none */
} random_product;

static const char *const random_nodes[] = {
    "Home", "Home > Kitchen", "Home > Kitchen > Pots", "Home & Garden", "Homes", "Toys", "Toys > Blocks"};
static const char *const random_colours[] = {"red", "green", "blue"};

static inline uint64_t below(aisle_rng *g, uint64_t n)
{
    return aisle_rng_below(g, n);
}

static inline void random_make(aisle_rng *g, int i, random_product *p)
{
    *p = (random_product){.there = true, .hidden = below(g, 10) == 0};
    snprintf(p->id, sizeof p->id, "p%03d", i);
    if (below(g, 11))
        snprintf(p->title, sizeof p->title, "%s %d", below(g, 2) ? "lamp" : "Lamp", (int)below(g, 37));
    if (below(g, 8)) snprintf(p->brand, sizeof p->brand, "b%d", (int)below(g, 12));
    if (below(g, 9)) snprintf(p->category, sizeof p->category, "%s", random_nodes[below(g, 7)]);
    p->price = below(g, 13) ? (int64_t)below(g, 40) * 100 : -1;
    p->stock = (int64_t)below(g, 5) - 1;
    p->created = below(g, 3) ? 1 + (int64_t)below(g, 50) : 0;
    p->colour = (int)below(g, 4) - 1;
    p->size = (int)below(g, 6) - 1;
    int n = snprintf(p->attributes, sizeof p->attributes, "{\"x\":{\"deep\":1}");
    if (p->colour >= 0)
        n += snprintf(p->attributes + n, sizeof p->attributes - (size_t)n, ",\"colour\":[\"%s\",\"any\"]",
                      random_colours[p->colour]);
    if (p->size >= 0)
        n += snprintf(p->attributes + n, sizeof p->attributes - (size_t)n, ",\"size\":%d", p->size);
    snprintf(p->attributes + n, sizeof p->attributes - (size_t)n, "}");
}

static inline aisle_product random_record(const random_product *p)
{
    return (aisle_product){.id = STR(p->id),
                           .title = p->title[0] ? STR(p->title) : (aisle_str){NULL, 0},
                           .brand = p->brand[0] ? STR(p->brand) : (aisle_str){NULL, 0},
                           .category = p->category[0] ? STR(p->category) : (aisle_str){NULL, 0},
                           .attributes = STR(p->attributes),
                           .price_minor = p->price,
                           .stock = p->stock,
                           .created_ms = p->created,
                           .visibility = p->hidden ? AISLE_HIDDEN : AISLE_VISIBLE};
}

/* A rating, a removal, or a sale. */
typedef struct random_write {
    aisle_write base;
    random_product *p;
    int64_t row, halves, stock;
    bool remove;
} random_write;

static inline aisle_status random_run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    random_write *r = (random_write *)w;
    if (r->remove) return aisle_tx_product_remove(tx, STR(r->p->id), -1, err);
    if (r->stock) return aisle_tx_product_stock(tx, r->row, r->stock, NULL, err);
    return aisle_tx_product_rating(tx, r->row, r->halves, 1, err);
}

static inline void random_rate(shop_fixture *f, random_product *p, int64_t row, int64_t halves)
{
    random_write w = {.base = {.run = random_run}, .p = p, .row = row, .halves = halves};
    cr_assert_ok(aisle_store_write_now(f->store, &w.base, &f->err), *f);
    p->halves += halves;
    p->ratings++;
}

static inline void random_remove(shop_fixture *f, random_product *p)
{
    random_write w = {.base = {.run = random_run}, .p = p, .remove = true};
    cr_assert_ok(aisle_store_write_now(f->store, &w.base, &f->err), *f);
    p->there = false;
}

static inline void random_put(shop_fixture *f, const random_product *p)
{
    aisle_product record = random_record(p);
    cr_assert_ok(put_product(f, &record), *f);
}

#endif
