/* Rating summaries, stock by deltas, images and visibility: what changes of a product beside its record. */
#include "shop_fixture.h"

static shop_fixture f;

static void setup(void)
{
    const aisle_product p = {.id = STR("p"), .title = STR("Pot"), .price_minor = 100, .stock = 3};
    fixture_folder(&f);
    fixture_open(&f);
    cr_assert_ok(put_product(&f, &p), f);
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(store_changes, .init = setup, .fini = teardown);

typedef struct change {
    aisle_write base;
    int64_t product, a, b, stock;
    bool is_rating;
} change;

static aisle_status run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    change *c = (change *)w;
    return c->is_rating ? aisle_tx_product_rating(tx, c->product, c->a, c->b, err)
                        : aisle_tx_product_stock(tx, c->product, c->a, &c->stock, err);
}

static aisle_status rate(int64_t product, int64_t half_stars, int64_t count)
{
    change c = {.base = {.run = run}, .product = product, .a = half_stars, .b = count, .is_rating = true};
    return aisle_store_write_now(f.store, &c.base, &f.err);
}

static aisle_status move(int64_t product, int64_t delta, int64_t *stock)
{
    change c = {.base = {.run = run}, .product = product, .a = delta, .stock = -2};
    aisle_status st = aisle_store_write_now(f.store, &c.base, &f.err);
    *stock = c.stock;
    return st;
}

static aisle_product stored(const char *id, int64_t *version)
{
    aisle_product p = {0};
    cr_assert_ok(aisle_view_product(f.view, STR(id), &f.arena, &p, version, &f.err), f);
    return p;
}

Test(store_changes, ratings_add_up_and_are_taken_off_again)
{
    int64_t before, after, catalogue = aisle_view_catalogue_version(f.view);
    cr_assert_eq(stored("p", &before).rating_count, 0);
    cr_assert_ok(rate(1, 9, 1), f);
    cr_assert_ok(rate(1, 4, 1), f);
    aisle_product p = stored("p", &after);
    cr_assert(p.rating_half_stars == 13 && p.rating_count == 2);
    cr_assert_eq(after, before); /* the record is as it was */
    cr_assert_eq(aisle_view_catalogue_version(f.view), catalogue + 2);
    cr_assert_ok(rate(1, -9, -1), f);
    p = stored("p", NULL);
    cr_assert(p.rating_half_stars == 4 && p.rating_count == 1);
    cr_assert_eq(rate(1, -5, -1), AISLE_ENOTFOUND);
    cr_assert_eq(rate(2, 5, 1), AISLE_ENOTFOUND);
    p = stored("p", NULL);
    cr_assert(p.rating_half_stars == 4 && p.rating_count == 1);
}

Test(store_changes, a_record_written_anew_keeps_its_ratings)
{
    const aisle_product p = {.id = STR("p"), .title = STR("Pan"), .price_minor = 7, .stock = 1};
    cr_assert_ok(rate(1, 9, 1), f);
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_eq(stored("p", NULL).rating_half_stars, 9);
}

Test(store_changes, stock_is_sold_and_given_back_but_never_below_nothing)
{
    int64_t left, before, after;
    stored("p", &before);
    cr_assert_ok(move(1, -3, &left), f);
    cr_assert_eq(left, 0);
    cr_assert_eq(move(1, -1, &left), AISLE_ECONFLICT);
    cr_assert_eq(stored("p", &after).stock, 0);
    cr_assert_eq(after, before + 1);
    cr_assert_ok(move(1, 2, &left), f);
    cr_assert_eq(left, 2);
    cr_assert_eq(move(1, INT64_MAX, &left), AISLE_ECONFLICT);
    cr_assert_eq(move(9, 1, &left), AISLE_ENOTFOUND);
    const aisle_product endless = {.id = STR("e"), .price_minor = -1, .stock = -1};
    cr_assert_ok(put_product(&f, &endless), f);
    cr_assert_ok(move(2, -5, &left), f);
    cr_assert_eq(left, -1);
    cr_assert_eq(stored("e", &after).stock, -1);
    cr_assert_eq(after, 1);
}

Test(store_changes, images_and_visibility_are_kept)
{
    aisle_product p = stored("p", NULL);
    cr_assert(p.visibility == AISLE_VISIBLE && !p.images.ptr);
    p.images = STR("[{\"url\":\"/a.jpg\"}]");
    p.visibility = AISLE_HIDDEN;
    cr_assert_ok(put_product(&f, &p), f);
    p.visibility = AISLE_VISIBILITY_KEEP; /* as an import does */
    p.title = STR("Pan");
    cr_assert_ok(put_product(&f, &p), f);
    p = stored("p", NULL);
    cr_assert_text(p.images, "[{\"url\":\"/a.jpg\"}]");
    cr_assert_eq(p.visibility, AISLE_HIDDEN);
    p.visibility = AISLE_VISIBLE;
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_eq(stored("p", NULL).visibility, AISLE_VISIBLE);
}
