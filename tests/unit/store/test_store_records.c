/* Products, users and events in and out of the store; keys; jobs; the whole of it through a sink. */
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

TestSuite(store_records, .init = setup, .fini = teardown);

static const aisle_product kettle = {.id = {"k/1", 3},
                                     .title = {"Kettle", 6},
                                     .category = {"Home > Kitchen", 14},
                                     .currency = {"GBP", 3},
                                     .price_minor = 1999,
                                     .stock = -1};

Test(store_records, product_comes_back_as_it_was_written)
{
    aisle_product p;
    int64_t version = 0;
    cr_assert_ok(put_product(&f, &kettle), f);
    cr_assert_ok(aisle_view_product(f.view, STR("k/1"), &f.arena, &p, &version, &f.err), f);
    cr_assert_text(p.title, "Kettle");
    cr_assert_text(p.category, "Home > Kitchen");
    cr_assert_null(p.brand.ptr);
    cr_assert(p.price_minor == 1999 && p.stock == -1 && version == 1);
    cr_assert_eq(aisle_view_product(f.view, STR("none"), &f.arena, &p, NULL, &f.err), AISLE_ENOTFOUND);
}

Test(store_records, equal_product_keeps_its_version_and_a_changed_one_raises_it)
{
    aisle_product p = kettle, got;
    int64_t version, catalogue = aisle_view_catalogue_version(f.view);
    cr_assert_ok(put_product(&f, &p), f);
    int64_t after = aisle_view_catalogue_version(f.view);
    cr_assert_gt(after, catalogue);
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_eq(aisle_view_catalogue_version(f.view), after);
    p.brand = STR("");
    cr_assert_ok(put_product(&f, &p), f);
    cr_assert_gt(aisle_view_catalogue_version(f.view), after);
    cr_assert_ok(aisle_view_product(f.view, p.id, &f.arena, &got, &version, &f.err), f);
    cr_assert(version == 2 && got.brand.ptr && got.brand.len == 0);
    cr_assert_eq(fixture_counts(&f).products, 1);
}

Test(store_records, event_of_an_unknown_product_keeps_the_id_without_a_record)
{
    aisle_event e = {.user = STR("u"), .item = STR("ghost"), .value = 1, .price_minor = -1};
    aisle_product p;
    bool known = true;
    cr_assert_ok(put_event(&f, &e, &known), f);
    cr_assert_not(known);
    aisle_store_counts c = fixture_counts(&f);
    cr_assert(c.products == 0 && c.users == 1 && c.events == 1);
    cr_assert_eq(aisle_view_product(f.view, e.item, &f.arena, &p, NULL, &f.err), AISLE_ENOTFOUND);
    aisle_product record = {.id = e.item, .title = STR("Now known"), .price_minor = -1, .stock = 0};
    cr_assert_ok(put_product(&f, &record), f);
    cr_assert_eq(fixture_counts(&f).products, 1);
    aisle_str *ids;
    int64_t n;
    cr_assert_ok(aisle_view_unavailable(f.view, &f.arena, &ids, &n, &f.err), f);
    cr_assert_eq(n, 1);
    cr_assert_text(ids[0], "ghost");
}

Test(store_records, same_event_is_known_the_second_time)
{
    aisle_event e = {.user = STR("u"), .item = STR("i"), .at_ms = 7, .value = 1, .price_minor = -1};
    bool known;
    cr_assert_ok(put_event(&f, &e, &known), f);
    cr_assert_not(known);
    cr_assert_ok(put_event(&f, &e, &known), f);
    cr_assert(known);
    e.session = STR(""), e.session.ptr = NULL;
    e.at_ms = 8;
    cr_assert_ok(put_event(&f, &e, &known), f);
    cr_assert_not(known);
    e.event_id = STR("E1");
    cr_assert_ok(put_event(&f, &e, &known), f);
    cr_assert_not(known);
    e.item = STR("another");
    cr_assert_ok(put_event(&f, &e, &known), f);
    cr_assert(known, "the event_id alone decides");
    aisle_store_counts c = fixture_counts(&f);
    cr_assert(c.events == 3 && c.users == 1);
}

Test(store_records, wrong_records_are_refused_and_change_nothing)
{
    char long_id[257];
    memset(long_id, 'x', 256);
    long_id[256] = '\0';
    const aisle_event good = {.user = STR("u"), .item = STR("i"), .value = 1, .price_minor = -1};
    aisle_event bad[7];
    for (int i = 0; i < 7; i++) bad[i] = good;
    bad[0].item = STR(long_id);
    bad[1].item = STR("");
    bad[2].user = (aisle_str){NULL, 0};
    bad[3].value = -1;
    bad[4].value = 0.0 / 0.0;
    bad[5].type = (aisle_event_type)11;
    bad[6].price_minor = -2;
    for (int i = 0; i < 7; i++) cr_assert_eq(put_event(&f, &bad[i], NULL), AISLE_EINVAL, "%d", i);
    aisle_product p = {.id = STR(long_id), .price_minor = -1, .stock = -1};
    cr_assert_eq(put_product(&f, &p), AISLE_EINVAL);
    aisle_user u = {.id = STR("")};
    cr_assert_eq(put_user(&f, &u), AISLE_EINVAL);
    aisle_store_counts c = fixture_counts(&f);
    cr_assert(c.events == 0 && c.users == 0 && c.products == 0);
}

Test(store_records, recent_events_come_newest_first_without_impressions)
{
    for (int i = 0; i < 20; i++) {
        char item[16];
        snprintf(item, sizeof item, "i%d", i);
        aisle_event e = {
            .user = STR("u"), .item = STR(item), .at_ms = 1000 + i, .value = 1, .price_minor = -1};
        if (i % 5 == 0) e.type = AISLE_EVENT_IMPRESSION;
        cr_assert_ok(put_event(&f, &e, NULL), f);
        e.user = (aisle_str){NULL, 0};
        e.session = STR("s");
        if (i < 3) cr_assert_ok(put_event(&f, &e, NULL), f);
    }
    aisle_recent *r;
    int32_t n;
    const aisle_str none = {NULL, 0};
    cr_assert_ok(aisle_view_recent(f.view, STR("u"), none, 5, &f.arena, &r, &n, &f.err), f);
    cr_assert_eq(n, 5);
    cr_assert_text(r[0].item, "i19");
    cr_assert_text(r[4].item, "i14"); /* 15 is an impression */
    cr_assert_ok(aisle_view_recent(f.view, none, STR("s"), 5, &f.arena, &r, &n, &f.err), f);
    cr_assert_eq(n, 2);
    cr_assert_text(r[0].item, "i2");
    cr_assert_ok(aisle_view_recent(f.view, STR("nobody"), none, 5, &f.arena, &r, &n, &f.err), f);
    cr_assert_eq(n, 0);
    cr_assert_eq(aisle_view_recent(f.view, STR("u"), none, 0, &f.arena, &r, &n, &f.err), AISLE_EINVAL);
}

typedef struct gathered {
    aisle_buf text;
} gathered;

static void add(gathered *g, const char *kind, aisle_str a, aisle_str b)
{
    aisle_buf_printf(&g->text, "%s:%.*s:%.*s ", kind, (int)a.len, a.ptr ? a.ptr : "", (int)b.len,
                     b.ptr ? b.ptr : "");
}

static aisle_status on_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    (void)err;
    add(ctx, "p", p->id, p->title);
    return AISLE_OK;
}

static aisle_status on_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    (void)err;
    add(ctx, "u", u->id, u->country);
    return AISLE_OK;
}

static aisle_status on_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    (void)err;
    add(ctx, e->order.ptr ? "order" : "e", e->user.ptr ? e->user : e->session, e->item);
    return AISLE_OK;
}

Test(store_records, load_streams_products_users_and_events_in_order_of_arrival)
{
    gathered g = {0};
    const aisle_sink sink = {&g, on_product, on_user, on_event};
    aisle_event e = {.user = STR("u2"), .item = STR("x"), .order = STR("o1"), .value = 2, .price_minor = 5};
    aisle_user u = {.id = STR("u1"), .country = STR("GB")};
    cr_assert_ok(put_event(&f, &e, NULL), f);
    cr_assert_ok(put_user(&f, &u), f);
    u.country = (aisle_str){NULL, 0};
    u.gender = STR("f");
    cr_assert_ok(put_user(&f, &u), f);
    cr_assert_ok(put_product(&f, &kettle), f);
    e = (aisle_event){.session = STR("s1"), .item = kettle.id, .value = 1, .price_minor = -1};
    cr_assert_ok(put_event(&f, &e, NULL), f);
    cr_assert_ok(aisle_store_load(f.store, &sink, NULL, &f.err), f);
    cr_assert_str_eq(g.text.data, "p:k/1:Kettle u:u2: u:u1:GB order:u2:x e:s1:k/1 ");
    int cancel = 1;
    const aisle_progress p = {.cancel = &cancel};
    cr_assert_eq(aisle_store_load(f.store, &sink, &p, &f.err), AISLE_ECANCELED);
    aisle_buf_deinit(&g.text);
}

Test(store_records, records_survive_closing_and_opening)
{
    aisle_event e = {.user = STR("u"), .item = STR("i"), .value = 1, .price_minor = -1};
    cr_assert_ok(put_product(&f, &kettle), f);
    cr_assert_ok(put_event(&f, &e, NULL), f);
    fixture_close(&f);
    cr_assert_ok(aisle_store_open(f.folder, false, &f.store, &f.err), f);
    cr_assert_ok(aisle_view_open(f.store, &f.view, &f.err), f);
    aisle_store_counts c = fixture_counts(&f);
    cr_assert(c.products == 1 && c.users == 1 && c.events == 1);
}
