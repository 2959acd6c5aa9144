/* Importing: once, twice, with a core, dry, interrupted, out of memory. */
#include <dirent.h>

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

TestSuite(store_import, .init = setup, .fini = teardown);

enum { EVENTS = 3000, USERS = 50, ITEMS = 40 };

static aisle_status send(aisle_sink sink, int n, aisle_error *err)
{
    for (int i = 0; i < n; i++) {
        char user[16], item[16], order[16];
        snprintf(user, sizeof user, "u%d", i % USERS);
        snprintf(item, sizeof item, "i%d", i * 7 % ITEMS);
        snprintf(order, sizeof order, "o%d", i / 10);
        aisle_event e = {.user = STR(user),
                         .item = STR(item),
                         .order = STR(order),
                         .type = AISLE_EVENT_PURCHASE,
                         .at_ms = i,
                         .value = 1 + i % 4,
                         .price_minor = i % 900};
        AISLE_TRY(sink.event(sink.ctx, &e, err));
    }
    for (int i = 0; i < ITEMS; i++) {
        char item[16];
        snprintf(item, sizeof item, "i%d", i);
        aisle_product p = {.id = STR(item), .title = STR("An item"), .price_minor = i, .stock = -1};
        AISLE_TRY(sink.product(sink.ctx, &p, err));
    }
    aisle_user u = {.id = STR("u0"), .country = STR("GB")};
    return sink.user(sink.ctx, &u, err);
}

static aisle_status import(aisle_store_import_params params, int n, aisle_import_report *report)
{
    aisle_store_import *i;
    *report = (aisle_import_report){0};
    aisle_status st = aisle_store_import_begin(f.store, &params, &i, &f.err);
    if (st == AISLE_OK) st = send(aisle_store_import_sink(i), n, &f.err);
    if (st == AISLE_OK) st = aisle_store_import_commit(i, report, &f.err);
    aisle_store_import_abort(i);
    return st;
}

static void assert_counts(int64_t products, int64_t users, int64_t events)
{
    aisle_store_counts c = fixture_counts(&f);
    cr_assert(c.products == products && c.users == users && c.events == events, "%lld %lld %lld",
              (long long)c.products, (long long)c.users, (long long)c.events);
}

static void assert_no_litter(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/spool", f.folder);
    DIR *d = opendir(path);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) cr_assert(e->d_name[0] == '.', "%s", e->d_name);
    closedir(d);
}

Test(store_import, of_a_job_without_rejected_rows_keeps_none)
{
    aisle_import_report r;
    cr_assert_ok(import((aisle_store_import_params){.job = 7}, 100, &r), f);
}

Test(store_import, second_import_of_the_same_adds_nothing)
{
    aisle_import_report r;
    aisle_store_import_params p = {0};
    cr_assert_ok(import(p, EVENTS, &r), f);
    cr_assert_eq(r.dropped[AISLE_REASON_KNOWN], 0);
    assert_counts(ITEMS, USERS, EVENTS);
    int64_t catalogue = aisle_view_catalogue_version(f.view);
    cr_assert_ok(import(p, EVENTS, &r), f);
    cr_assert_eq(r.dropped[AISLE_REASON_KNOWN], EVENTS);
    assert_counts(ITEMS, USERS, EVENTS);
    cr_assert_eq(aisle_view_catalogue_version(f.view), catalogue);
    cr_assert_ok(import(p, EVENTS + 5, &r), f);
    assert_counts(ITEMS, USERS, EVENTS + 5);
    assert_no_litter();
}

Test(store_import, keep_duplicates_stores_equal_records_and_is_still_idempotent)
{
    const aisle_event e = {.user = STR("u"), .item = STR("i"), .value = 1, .price_minor = -1};
    for (int keep = 0; keep < 2; keep++)
        for (int round = 0; round < 2; round++) {
            aisle_store_import_params p = {.keep_duplicates = keep == 1};
            aisle_store_import *i;
            aisle_import_report r = {0};
            cr_assert_ok(aisle_store_import_begin(f.store, &p, &i, &f.err), f);
            aisle_sink sink = aisle_store_import_sink(i);
            for (int k = 0; k < 3; k++) cr_assert_ok(sink.event(sink.ctx, &e, &f.err), f);
            cr_assert_ok(aisle_store_import_commit(i, &r, &f.err), f);
            aisle_store_import_abort(i);
            assert_counts(0, 1, keep ? 3 : 1);
        }
}

Test(store_import, core_drops_the_rare_and_counts_it)
{
    aisle_store_import_params p = {.user_core = 2, .item_core = 2};
    aisle_store_import *i;
    aisle_import_report r = {0};
    static const char *const pairs[][2] = {{"a", "x"}, {"a", "y"}, {"b", "x"},
                                           {"b", "y"}, {"c", "x"}, {"a", "z"}};
    cr_assert_ok(aisle_store_import_begin(f.store, &p, &i, &f.err), f);
    aisle_sink sink = aisle_store_import_sink(i);
    for (int k = 0; k < 6; k++) {
        aisle_event e = {.user = STR(pairs[k][0]), .item = STR(pairs[k][1]), .value = 1, .price_minor = -1};
        cr_assert_ok(sink.event(sink.ctx, &e, &f.err), f);
    }
    cr_assert_ok(aisle_store_import_commit(i, &r, &f.err), f);
    aisle_store_import_abort(i);
    cr_assert_eq(r.dropped[AISLE_REASON_BELOW_CORE], 2);
    assert_counts(0, 2, 4);
}

Test(store_import, dry_run_counts_like_a_real_one_and_writes_nothing)
{
    aisle_import_report r;
    aisle_store_import_params p = {0};
    cr_assert_ok(import(p, 100, &r), f);
    p.dry_run = true;
    cr_assert_ok(import(p, 300, &r), f);
    cr_assert_eq(r.dropped[AISLE_REASON_KNOWN], 100);
    assert_counts(ITEMS, USERS, 100);
    aisle_store_import *i;
    cr_assert_ok(aisle_store_import_begin(NULL, &p, &i, &f.err), f);
    cr_assert_ok(send(aisle_store_import_sink(i), 10, &f.err), f);
    cr_assert_ok(aisle_store_import_commit(i, &r, &f.err), f);
    aisle_store_import_abort(i);
}

static int cancel_flag;

static void cancel_late(void *ctx, const char *stage, int64_t done, int64_t total, const char *detail)
{
    (void)ctx, (void)stage, (void)total, (void)detail;
    if (done > 10000) aisle_cancel(&cancel_flag);
}

Test(store_import, cancel_in_the_middle_of_the_commit_leaves_no_change)
{
    const aisle_progress progress = {cancel_late, NULL, &cancel_flag};
    aisle_store_import_params p = {.progress = &progress};
    aisle_import_report r;
    cr_assert_eq(import(p, 30000, &r), AISLE_ECANCELED);
    assert_counts(0, 0, 0);
    assert_no_litter();
    p.progress = NULL;
    cr_assert_ok(import(p, 30000, &r), f);
    assert_counts(ITEMS, USERS, 30000);
}

Test(store_import, abort_before_the_commit_leaves_no_change)
{
    aisle_store_import_params p = {0};
    aisle_store_import *i;
    cr_assert_ok(aisle_store_import_begin(f.store, &p, &i, &f.err), f);
    cr_assert_ok(send(aisle_store_import_sink(i), EVENTS, &f.err), f);
    aisle_store_import_abort(i);
    assert_counts(0, 0, 0);
    assert_no_litter();
}

Test(store_import, works_beside_the_writer_thread)
{
    aisle_import_report r;
    aisle_store_import_params p = {0};
    cr_assert_ok(aisle_store_start_writer(f.store, &f.err), f);
    cr_assert_ok(import(p, EVENTS, &r), f);
    assert_counts(ITEMS, USERS, EVENTS);
}

Test(store_import, failed_allocation_at_any_point_leaves_the_shop_as_it_was, .timeout = 120)
{
    aisle_import_report r;
    aisle_store_import_params p = {.user_core = 1, .keep_duplicates = true};
    int failed = 0;
    for (int64_t n = 1;; n += 1 + n / 16) {
        fixture_close(&f);
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_store_open(f.folder, true, &f.store, &f.err);
        if (st == AISLE_OK) st = import(p, 30, &r);
        aisle_alloc_fail_after(0);
        aisle_store_close(f.store);
        fixture_open(&f);
        if (st == AISLE_OK) break;
        cr_assert_eq(st, AISLE_ENOMEM, "%lld: %s", (long long)n, f.err.message);
        assert_counts(0, 0, 0);
        failed++;
    }
    assert_counts(ITEMS, 30, 30);
    cr_assert_gt(failed, 30);
}
