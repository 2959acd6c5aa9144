/* What may be shown, against counting by hand, while products change. */
#include "random_answering.h"
#include "server/recommend/filter_cache.h"

static random_answering r;

static void setup(void)
{
    random_answering_init(&r, RANDOM_PRODUCTS);
}

static void teardown(void)
{
    random_answering_end(&r);
}

TestSuite(offer, .init = setup, .fini = teardown);

static const uint64_t *offered(const json_t *o)
{
    const aisle_answering w = random_with(&r);
    const aisle_filter filter = filter_of(&r, o);
    const uint64_t *bits;
    cr_assert_ok(aisle_offer_bits(&w, &filter, &bits, &r.f.err), r.f);
    return bits;
}

static void check(const json_t *o)
{
    const uint64_t *bits = offered(o);
    for (int32_t i = 0; i < RANDOM_ITEMS; i++)
        cr_assert_eq(bits[i / 64] >> (i % 64) & 1, offered_by_hand(&r, o, i), "item %d", i);
    cr_assert_eq(bits[RANDOM_ITEMS / 64] >> (RANDOM_ITEMS % 64), 0);
}

static void change(int i)
{
    random_product *p = &r.shop[i];
    if (p->stock >= 0) p->stock = (int64_t)below(&r.g, 2) * 3;
    p->hidden = below(&r.g, 4) == 0;
    p->price = (int64_t)below(&r.g, 40) * 100;
    random_put(&r.f, p);
}

Test(offer, follows_every_change_at_once)
{
    json_t *filters[6];
    r.shop[3].stock = 5;
    random_put(&r.f, &r.shop[3]);
    for (int k = 0; k < 6; k++) filters[k] = k ? random_filter(&r.g, 0) : json_object();
    for (int round = 0; round < 120; round++) {
        for (int k = 0; k < 6; k++) check(filters[k]);
        for (uint64_t n = below(&r.g, 4); n; n--) change((int)below(&r.g, RANDOM_PRODUCTS));
    }
    r.shop[3].hidden = !r.shop[3].hidden; /* item 0, and then too many others for the log of changes */
    random_put(&r.f, &r.shop[3]);
    for (int64_t from = aisle_catalogue_puts(r.catalogue);
         aisle_catalogue_puts(r.catalogue) - from <= AISLE_CATALOGUE_PUTS;) {
        for (int n = 0; n < 100; n++) change(4 + (int)below(&r.g, RANDOM_PRODUCTS - 4));
        cr_assert_ok(aisle_catalogue_refresh(r.catalogue, &r.f.err), r.f);
    }
    for (int k = 0; k < 6; k++) check(filters[k]);
    for (int k = 0; k < 6; k++) json_decref(filters[k]);
}

Test(offer, is_the_same_bitmap_until_something_changes)
{
    json_t *all = json_object(), *o = json_pack("{s:s}", "brand", "b1"),
           *again = json_pack("{s:[s,s]}", "brand", "b1", "b1");
    const uint64_t *first = offered(o);
    uint64_t before = first[0];
    cr_assert_eq(first, offered(again));
    cr_assert_neq(first, offered(all));
    for (int32_t i = 0; i < 64; i++) {
        int n = product_of_item(i);
        if (n >= RANDOM_PRODUCTS) continue;
        r.shop[n].hidden = true;
        random_put(&r.f, &r.shop[n]);
    }
    cr_assert_neq(first, offered(o));
    cr_assert_eq(first[0], before, "who scores by it goes on");
    cr_assert_eq(offered(o)[0], 0);
    for (int k = 0; k < 3 * AISLE_FILTERS_KEPT; k++) {
        json_t *other = json_pack("{s:i}", "price_min", k);
        check(other);
        json_decref(other);
    }
    check(o);
    json_decref(o);
    json_decref(again);
    json_decref(all);
}

Test(offer, has_everything_where_there_is_no_catalogue)
{
    random_answering_end(&r);
    random_answering_init(&r, 0);
    json_t *all = json_object(), *branded = json_pack("{s:s}", "brand", "b1"),
           *cheap = json_pack("{s:{s:i}}", "not", "price_min", 500);
    for (int32_t i = 0; i < RANDOM_ITEMS; i++) {
        cr_assert(offered(all)[i / 64] >> (i % 64) & 1);
        cr_assert(!(offered(branded)[i / 64] >> (i % 64) & 1));
        cr_assert(offered(cheap)[i / 64] >> (i % 64) & 1, "no price is at least 500");
    }
    json_decref(all);
    json_decref(branded);
    json_decref(cheap);
}
