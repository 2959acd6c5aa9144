/* The paged product list: every sort, every filter, cursors. */
#include "shop_fixture.h"

static shop_fixture f;

enum { PRODUCTS = 500 };

/* In one transaction when `into` is a sink, else a write of its own. */
static void one_product(int i, bool late, const aisle_sink *into)
{
    char id[16], title[32], brand[8];
    static const char *const nodes[] = {"Home",  "Home > Kitchen", "Home > Kitchen > Pots", "Home & Garden",
                                        "Homes", "Toys",           "Toys > Blocks"};
    snprintf(id, sizeof id, "%sp%03d", late ? "late-" : "", i);
    snprintf(title, sizeof title, "%s %d", i % 2 ? "lamp" : "Lamp", i % 37);
    snprintf(brand, sizeof brand, "b%d", i % 100);
    aisle_product p = {.id = STR(id),
                       .title = i % 11 ? STR(title) : (aisle_str){NULL, 0},
                       .brand = STR(brand),
                       .category = STR(nodes[i % 7]),
                       .price_minor = i % 13 ? i % 40 * 100 : -1,
                       .stock = i % 5 - 1,
                       .created_ms = i % 3 ? i % 50 : 0};
    cr_assert_ok(into ? into->product(into->ctx, &p, &f.err) : put_product(&f, &p), f);
}

static void setup(void)
{
    const aisle_store_import_params params = {0};
    aisle_store_import *i;
    aisle_import_report r = {0};
    fixture_folder(&f);
    fixture_open(&f);
    cr_assert_ok(aisle_store_import_begin(f.store, &params, &i, &f.err), f);
    aisle_sink sink = aisle_store_import_sink(i);
    for (int k = 0; k < PRODUCTS; k++) one_product(k, false, &sink);
    cr_assert_ok(aisle_store_import_commit(i, &r, &f.err), f);
    aisle_store_import_abort(i);
    aisle_event e = {.user = STR("u"), .item = STR("no record"), .value = 1, .price_minor = -1};
    cr_assert_ok(put_event(&f, &e, NULL), f);
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(store_products, .init = setup, .fini = teardown);

static aisle_product_filter all(void)
{
    return (aisle_product_filter){.price_min = -1, .price_max = -1, .limit = 7};
}

/* Walks every page; counts how often each of the first PRODUCTS products comes. */
static int walk(aisle_product_filter filter, bool insert_meanwhile, int seen[PRODUCTS], int64_t *total)
{
    int n = 0, late = 0;
    memset(seen, 0, PRODUCTS * sizeof *seen);
    do {
        aisle_product_page page;
        cr_assert_ok(aisle_view_products(f.view, &filter, &f.arena, &page, &f.err), f);
        for (int32_t i = 0; i < page.n; i++, n++)
            if (page.items[i].id.ptr[0] == 'p') seen[atoi(page.items[i].id.ptr + 1)]++;
        *total = page.total;
        filter.cursor = page.next;
        if (insert_meanwhile && late < 40) one_product(late++, true, NULL);
    } while (filter.cursor.ptr);
    return n;
}

Test(store_products, paging_visits_every_product_exactly_once_in_every_sort)
{
    int seen[PRODUCTS];
    int64_t total;
    for (int s = AISLE_SORT_ID; s <= AISLE_SORT_TITLE; s++) {
        aisle_product_filter filter = all();
        filter.sort = (aisle_product_sort)s;
        cr_assert_eq(walk(filter, false, seen, &total), PRODUCTS, "sort %d", s);
        cr_assert_eq(total, PRODUCTS);
        for (int i = 0; i < PRODUCTS; i++) cr_assert_eq(seen[i], 1, "sort %d product %d", s, i);
    }
}

Test(store_products, paging_visits_every_old_product_exactly_once_while_others_are_inserted)
{
    int seen[PRODUCTS];
    int64_t total;
    for (int s = AISLE_SORT_ID; s <= AISLE_SORT_TITLE; s++) {
        aisle_product_filter filter = all();
        filter.sort = (aisle_product_sort)s;
        walk(filter, true, seen, &total);
        for (int i = 0; i < PRODUCTS; i++) cr_assert_eq(seen[i], 1, "sort %d product %d", s, i);
    }
}

Test(store_products, sorts_put_the_unknown_last)
{
    aisle_product_page page;
    for (int s = AISLE_SORT_PRICE; s <= AISLE_SORT_NEWEST; s++) {
        aisle_product_filter filter = all();
        int64_t last = s == AISLE_SORT_PRICE ? 0 : INT64_MAX;
        bool unknown = false;
        filter.sort = (aisle_product_sort)s;
        filter.limit = 100;
        do {
            cr_assert_ok(aisle_view_products(f.view, &filter, &f.arena, &page, &f.err), f);
            for (int32_t i = 0; i < page.n; i++) {
                int64_t v = s == AISLE_SORT_NEWEST ? page.items[i].created_ms : page.items[i].price_minor;
                bool none = s == AISLE_SORT_NEWEST ? v == 0 : v < 0;
                cr_assert(none || !unknown);
                unknown = none;
                if (!none) cr_assert(s == AISLE_SORT_PRICE ? v >= last : v <= last);
                if (!none) last = v;
            }
            filter.cursor = page.next;
        } while (filter.cursor.ptr);
        cr_assert(unknown);
    }
}

static bool below(int i, const char *node)
{
    int k = i % 7;
    if (strcmp(node, "Home") == 0) return k <= 2;
    return strcmp(node, "Home > Kitchen") == 0 && (k == 1 || k == 2);
}

Test(store_products, category_means_the_node_and_all_below_it)
{
    static const char *const nodes[] = {"Home", "Home > Kitchen"};
    int seen[PRODUCTS];
    int64_t total;
    for (int k = 0; k < 2; k++) {
        aisle_product_filter filter = all();
        filter.category = STR(nodes[k]);
        filter.sort = AISLE_SORT_TITLE;
        int n = walk(filter, false, seen, &total), want = 0;
        for (int i = 0; i < PRODUCTS; i++) {
            cr_assert_eq(seen[i], below(i, nodes[k]), "%s product %d", nodes[k], i);
            want += below(i, nodes[k]);
        }
        cr_assert(n == want && total == want);
    }
}

Test(store_products, filters_combine_and_the_total_counts_them)
{
    int seen[PRODUCTS];
    int64_t total;
    for (int mask = 0; mask < 16; mask++) {
        aisle_product_filter filter = all();
        filter.sort = (aisle_product_sort)(mask % 5);
        if (mask & 1) filter.brand = STR("b3");
        if (mask & 2) filter.category = STR("Home");
        if (mask & 4) filter.price_min = 500, filter.price_max = 3000;
        if (mask & 8) filter.in_stock = true;
        int n = walk(filter, false, seen, &total), want = 0;
        for (int i = 0; i < PRODUCTS; i++) {
            int64_t price = i % 13 ? i % 40 * 100 : -1;
            bool in = (!(mask & 1) || i % 100 == 3) && (!(mask & 2) || i % 7 <= 2) &&
                      (!(mask & 4) || (price >= 500 && price <= 3000)) && (!(mask & 8) || i % 5 != 1);
            cr_assert_eq(seen[i], in, "mask %d product %d", mask, i);
            want += in;
        }
        cr_assert(n == want && total == want, "mask %d: %d, total %lld, want %d", mask, n, (long long)total,
                  want);
    }
}

Test(store_products, foreign_cursors_and_bad_limits_are_refused)
{
    static const char *const cursors[] = {"",     "x",           "AAAA",
                                          "!!!!", "eyJpZCI6MX0", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    aisle_product_filter filter = all(), other = all();
    aisle_product_page page;
    for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
        filter.cursor = STR(cursors[i]);
        cr_assert_eq(aisle_view_products(f.view, &filter, &f.arena, &page, &f.err), AISLE_EINVAL, "%s",
                     cursors[i]);
    }
    filter = all();
    cr_assert_ok(aisle_view_products(f.view, &filter, &f.arena, &page, &f.err), f);
    other.cursor = page.next;
    other.sort = AISLE_SORT_PRICE;
    cr_assert_eq(aisle_view_products(f.view, &other, &f.arena, &page, &f.err), AISLE_EINVAL);
    other.sort = filter.sort;
    other.brand = STR("b3");
    cr_assert_eq(aisle_view_products(f.view, &other, &f.arena, &page, &f.err), AISLE_EINVAL);
    for (int limit = 0; limit <= 101; limit += 101) {
        filter.limit = limit;
        cr_assert_eq(aisle_view_products(f.view, &filter, &f.arena, &page, &f.err), AISLE_EINVAL);
    }
}

Test(store_products, remembered_total_follows_the_catalogue)
{
    aisle_product_filter filter = all();
    aisle_product_page page;
    filter.brand = STR("b3");
    cr_assert_ok(aisle_view_products(f.view, &filter, &f.arena, &page, &f.err), f);
    cr_assert_eq(page.total, 5);
    one_product(3, true, NULL);
    cr_assert_ok(aisle_view_products(f.view, &filter, &f.arena, &page, &f.err), f);
    cr_assert_eq(page.total, 6);
}
