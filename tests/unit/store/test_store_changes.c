/* Products that change: versions that are expected, removal, rating summaries, stock by deltas, images, visibility. */
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

/* ---- versions and removal ---- */

typedef struct record_write {
    aisle_write base;
    aisle_product_write put;
    aisle_str remove;
    int64_t expected;
} record_write;

static aisle_status run_record(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    record_write *r = (record_write *)w;
    if (r->remove.ptr) return aisle_tx_product_remove(tx, r->remove, r->expected, err);
    return aisle_tx_product_put(tx, &r->put, err);
}

static aisle_status put_record(const char *id, const char *title, int64_t expected, aisle_product_write *out)
{
    const aisle_product p = {.id = STR(id), .title = STR(title), .price_minor = 1, .stock = 1};
    record_write r = {.base = {.run = run_record}, .put = {.product = &p, .expected = expected}};
    aisle_status st = aisle_store_write_now(f.store, &r.base, &f.err);
    *out = r.put;
    return st;
}

static aisle_status remove_record(const char *id, int64_t expected)
{
    record_write r = {.base = {.run = run_record}, .remove = STR(id), .expected = expected};
    return aisle_store_write_now(f.store, &r.base, &f.err);
}

Test(store_changes, a_record_is_written_only_over_the_version_that_is_expected)
{
    aisle_product_write w;
    cr_assert_eq(put_record("p", "Two", 0, &w), AISLE_ECONFLICT);
    cr_assert_eq(put_record("p", "Two", 2, &w), AISLE_ECONFLICT);
    cr_assert_eq(put_record("q", "New", 1, &w), AISLE_ECONFLICT);
    cr_assert_text(stored("p", NULL).title, "Pot");
    cr_assert_ok(put_record("p", "Two", 1, &w), f);
    cr_assert(w.version == 2 && w.changed && !w.created);
    cr_assert_ok(put_record("p", "Two", 2, &w), f);
    cr_assert(w.version == 2 && !w.changed && !w.created);
    cr_assert_ok(put_record("q", "New", 0, &w), f);
    cr_assert(w.version == 1 && w.changed && w.created);
    cr_assert_eq(fixture_counts(&f).products, 2);
}

Test(store_changes, what_is_removed_is_gone_but_its_events_and_its_versions_stay)
{
    aisle_event e = {.user = STR("u"), .item = STR("p"), .value = 1, .price_minor = -1};
    aisle_recent *recent;
    aisle_product p;
    aisle_str *ids;
    aisle_product_write w;
    int64_t n_ids;
    int32_t n;
    cr_assert_ok(put_event(&f, &e, NULL), f);
    cr_assert_eq(remove_record("p", 7), AISLE_ECONFLICT);
    cr_assert_ok(remove_record("p", 1), f);
    cr_assert_eq(remove_record("p", -1), AISLE_ENOTFOUND);
    cr_assert_eq(aisle_view_product(f.view, STR("p"), &f.arena, &p, NULL, &f.err), AISLE_ENOTFOUND);
    cr_assert_eq(fixture_counts(&f).products, 0);
    cr_assert_ok(aisle_view_recent(f.view, STR("u"), (aisle_str){0}, 10, &f.arena, &recent, &n, &f.err), f);
    cr_assert_eq(n, 1);
    cr_assert_ok(aisle_view_unavailable(f.view, &f.arena, &ids, &n_ids, &f.err), f);
    cr_assert(n_ids == 1 && aisle_str_eq(ids[0], STR("p")));
    cr_assert_ok(put_record("p", "Again", 0, &w), f);
    cr_assert(w.version == 2 && w.created);
    cr_assert_eq(fixture_counts(&f).products, 1);
}

Test(store_changes, hidden_products_are_not_to_be_recommended)
{
    aisle_str *ids;
    int64_t n;
    const aisle_product p = {.id = STR("h"), .price_minor = 1, .stock = 5, .visibility = AISLE_HIDDEN};
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_ok(aisle_view_unavailable(f.view, &f.arena, &ids, &n, &f.err), f);
    cr_assert(n == 1 && aisle_str_eq(ids[0], STR("h")));
}

/* ---- the list of changes ---- */

typedef struct seen_changes {
    int64_t last, rows;
    int32_t n, removed;
} seen_changes;

static aisle_status see(void *ctx, const aisle_product_facts *p, aisle_error *err)
{
    seen_changes *s = ctx;
    (void)err;
    cr_assert_geq(p->changed, s->last);
    s->last = p->changed;
    s->n++;
    s->removed += p->version <= 0;
    return AISLE_OK;
}

Test(store_changes, changes_come_in_order_and_removed_products_among_them)
{
    seen_changes s = {0};
    aisle_product_write w;
    int64_t left, n;
    aisle_changes_from from = {aisle_view_catalogue_version(f.view), INT64_MAX};
    cr_assert_ok(aisle_view_changes(f.view, from, 100, see, &s, &f.err), f);
    cr_assert_eq(s.n, 0);
    cr_assert_ok(put_record("q", "New", -1, &w), f);
    cr_assert_ok(move(1, -1, &left), f);
    cr_assert_ok(remove_record("q", -1), f);
    cr_assert_ok(aisle_view_changes(f.view, from, 100, see, &s, &f.err), f);
    cr_assert(s.n == 2 && s.removed == 1, "%d changes, %d removed", s.n, s.removed);
    cr_assert_eq(s.last, aisle_view_catalogue_version(f.view));
    cr_assert_eq(s.last, aisle_store_catalogue_version(f.store));
    cr_assert_ok(aisle_view_changes_count(f.view, from, 100, &n, &f.err), f);
    cr_assert_eq(n, 2);
    cr_assert_ok(aisle_view_changes_count(f.view, from, 1, &n, &f.err), f);
    cr_assert_eq(n, 1);
}
