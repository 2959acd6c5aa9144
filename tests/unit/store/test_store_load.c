/* Loading reads what the sink asks for and no more: a shelf wants products, not a million users. */
#include <sqlite3.h>

#include "shop_fixture.h"

static shop_fixture f;

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(store_load, .init = setup, .fini = teardown);

static aisle_status count_product(void *n, const aisle_product *p, aisle_error *err)
{
    (void)p, (void)err;
    ++*(int *)n;
    return AISLE_OK;
}

static aisle_status count_event(void *n, const aisle_event *e, aisle_error *err)
{
    (void)err;
    *(int *)n += aisle_str_eq(e->user, STR("u")) && aisle_str_eq(e->item, STR("p"));
    return AISLE_OK;
}

static aisle_status count_owner(void *n, const aisle_event *e, aisle_error *err)
{
    ++*(int *)n;
    return e->user.ptr ? AISLE_OK : aisle_fail(err, AISLE_EINVAL, "an event of nobody");
}

static void run(const char *sql)
{
    char path[96];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/aisle.db", f.folder);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

Test(store_load, a_table_that_no_callback_wants_is_not_read)
{
    int n = 0;
    const aisle_product p = {.id = STR("p"), .price_minor = -1, .stock = -1};
    const aisle_event e = {.user = STR("u"), .item = STR("p"), .value = 1, .price_minor = -1};
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_ok(put_event(&f, &e, NULL), f);
    const aisle_sink products = {.ctx = &n, .product = count_product},
                     events = {.ctx = &n, .event = count_event}, nothing = {0};
    cr_assert_ok(aisle_store_load(f.store, &events, NULL, &f.err), f);
    cr_assert_eq(n, 1);
    run("PRAGMA legacy_alter_table = ON; ALTER TABLE users RENAME TO gone");
    cr_assert_ok(aisle_store_load(f.store, &products, NULL, &f.err), f);
    cr_assert_eq(n, 2);
    run("ALTER TABLE products RENAME TO gone_too");
    cr_assert_ok(aisle_store_load(f.store, &nothing, NULL, &f.err), f);
    cr_assert_neq(aisle_store_load(f.store, &events, NULL, &f.err), AISLE_OK);
}

Test(store_load, an_event_whose_owner_is_gone_is_passed_over)
{
    int n = 0;
    const aisle_event e = {.user = STR("u"), .item = STR("p"), .value = 1, .price_minor = -1};
    const aisle_event other = {.user = STR("gone"), .item = STR("p"), .value = 1, .price_minor = -1};
    const aisle_sink all = {.ctx = &n, .event = count_owner};
    cr_assert_ok(put_event(&f, &e, NULL), f);
    cr_assert_ok(put_event(&f, &other, NULL), f);
    run("DELETE FROM users WHERE ext = 'gone'");
    cr_assert_ok(aisle_store_load(f.store, &all, NULL, &f.err), f);
    cr_assert_eq(n, 1);
}
