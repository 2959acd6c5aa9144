/* The full-text index follows the products: in the same transaction, by folded words and stems. */
#include "shop_fixture.h"

#include "server/store/db.h"
#include "server/store/store_search.h"

static shop_fixture f;
static aisle_db db;

static void setup(void)
{
    char path[96];
    fixture_folder(&f);
    fixture_open(&f);
    snprintf(path, sizeof path, "%s/aisle.db", f.folder);
    cr_assert_ok(aisle_db_open(path, AISLE_DB_READ, &db, &f.err), f);
}

static void teardown(void)
{
    aisle_db_close(&db);
    fixture_end(&f);
}

TestSuite(store_search, .init = setup, .fini = teardown);

/* How many products the index finds. */
static int found(const char *terms)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(
        db.handle, "SELECT count(*) FROM product_search WHERE product_search MATCH ?1", -1, &stmt, NULL);
    cr_assert_eq(rc, SQLITE_OK, "%s", sqlite3_errmsg(db.handle));
    sqlite3_bind_text(stmt, 1, terms, -1, SQLITE_STATIC);
    cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW, "%s", sqlite3_errmsg(db.handle));
    int n = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static aisle_product chair(void)
{
    return (aisle_product){.id = STR("SKU-77/b"),
                           .title = STR("Café Chairs of Oak"),
                           .brand = STR("Ærø"),
                           .category = STR("Home > Furniture"),
                           .attributes = STR("{\"colour\":\"Rouge\",\"sizes\":[\"XL\",42]}"),
                           .description = STR("folding"),
                           .price_minor = 100,
                           .stock = 3};
}

Test(store_search, every_text_of_a_product_is_found_by_folded_words_and_stems)
{
    const aisle_product p = chair();
    cr_assert_ok(put_product(&f, &p), f);
    static const char *const terms[] = {"cafe",
                                        "chair",
                                        "oak",
                                        "of",
                                        "ærø",
                                        "furnitur",
                                        "roug",
                                        "xl",
                                        "42",
                                        "fold",
                                        "sku",
                                        "77",
                                        "\"cafe chair of oak\"",
                                        "c*",
                                        "ch*",
                                        "fur*"};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        cr_assert_eq(found(terms[i]), 1, "%s", terms[i]);
    cr_assert_eq(found("chairs"), 0); /* a query has stems */
    cr_assert_eq(found("colour"), 0); /* the name of an attribute is no text */
    cr_assert_eq(found("\"oak cafe\""), 0);
}

Test(store_search, a_changed_text_takes_the_place_of_the_old_one)
{
    aisle_product p = chair();
    cr_assert_ok(put_product(&f, &p), f);
    p.title = STR("Stool");
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_eq(found("stool"), 1);
    cr_assert_eq(found("oak"), 0);
    p.attributes = (aisle_str){NULL, 0};
    p.stock = 9;
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_eq(found("roug"), 0);
    cr_assert_eq(found("stool"), 1);
}

Test(store_search, an_id_that_only_an_event_named_is_not_found_before_its_record_comes)
{
    const aisle_event e = {.user = STR("u"), .item = STR("SKU-77/b"), .value = 1, .price_minor = -1};
    const aisle_product p = chair();
    cr_assert_ok(put_event(&f, &e, NULL), f);
    cr_assert_eq(found("sku"), 0);
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_eq(found("sku"), 1);
}

typedef struct failing {
    aisle_write base;
    aisle_product product;
} failing;

static aisle_status write_and_fail(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    AISLE_TRY(aisle_tx_product(tx, &((failing *)w)->product, err));
    return aisle_fail(err, AISLE_ECONFLICT, "on purpose");
}

Test(store_search, what_is_undone_is_not_found)
{
    failing w = {.base = {.run = write_and_fail}, .product = chair()};
    cr_assert_eq(aisle_store_write_now(f.store, &w.base, &f.err), AISLE_ECONFLICT);
    cr_assert_eq(found("oak"), 0);
    cr_assert_ok(put_product(&f, &w.product), f);
    cr_assert_eq(found("oak"), 1);
}

/* Imports n products from `from` on, of that title. */
static void import_products(int from, int n, const char *title)
{
    const aisle_store_import_params params = {0};
    aisle_store_import *i;
    aisle_import_report r = {0};
    cr_assert_ok(aisle_store_import_begin(f.store, &params, &i, &f.err), f);
    aisle_sink sink = aisle_store_import_sink(i);
    for (int k = from; k < from + n; k++) {
        char id[16];
        snprintf(id, sizeof id, "p%d", k);
        const aisle_product p = {.id = STR(id), .title = STR(title), .price_minor = -1, .stock = -1};
        cr_assert_ok(sink.product(sink.ctx, &p, &f.err), f);
    }
    cr_assert_ok(aisle_store_import_commit(i, &r, &f.err), f);
    aisle_store_import_abort(i);
}

static int64_t version(void)
{
    int64_t v = -1;
    cr_assert_ok(aisle_view_search_version(f.view, &v, &f.err), f);
    return v;
}

Test(store_search, an_import_of_many_or_few_is_followed_to_the_last_product)
{
    import_products(0, 1500, "lamp");
    cr_assert_eq(found("lamp"), 1500);
    import_products(0, 1200, "chair"); /* most of them: made anew */
    cr_assert_eq(found("lamp"), 300);
    cr_assert_eq(found("chair"), 1200);
    import_products(1490, 20, "sofa"); /* few: one by one */
    cr_assert_eq(found("lamp"), 290);
    cr_assert_eq(found("sofa"), 20);
    cr_assert_eq(found("p1505"), 1);
    int64_t before = version();
    import_products(1490, 20, "sofa");
    cr_assert_eq(version(), before, "what is equal changes nothing");
    const aisle_product p = {.id = STR("p0"), .title = STR("Lamp"), .price_minor = -1, .stock = -1};
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_eq(found("lamp"), 291);
    cr_assert_gt(version(), before);
}
