/* A shelf renewed from the one before is the shelf built anew. */
#include "server/jobs/shelf_build.h"
#include "tests/unit/model/small_model.h"
#include "tests/unit/store/shop_fixture.h"

static shop_fixture shop;
static aisle_model *model;

static void set_up(void)
{
    static small_model small;
    const char *path = temp_path("shelf.aisle");
    small_model_init(&small);
    fixture_folder(&shop);
    fixture_open(&shop);
    aisle_arena_init(&shop.arena);
    cr_assert_eq(aisle_model_write(path, &small.parts, &shop.err), AISLE_OK, "%s", shop.err.message);
    cr_assert_eq(aisle_model_open(path, &model, &shop.err), AISLE_OK);
}

static void tear_down(void)
{
    aisle_model_unref(model);
    fixture_end(&shop);
}

TestSuite(shelf, .init = set_up, .fini = tear_down);

typedef struct removal {
    aisle_write base;
    aisle_str id;
} removal;

static aisle_status run_removal(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    return aisle_tx_product_remove(tx, ((removal *)w)->id, -1, err);
}

static void take_away(const char *id)
{
    removal w = {.base = {.run = run_removal}, .id = aisle_str_from(id)};
    cr_assert_eq(aisle_store_write_now(shop.store, &w.base, &shop.err), AISLE_OK, "%s", shop.err.message);
}

static void put(const char *id, const char *title, int64_t price, int64_t stock, aisle_visibility visibility)
{
    const aisle_product p = {.id = aisle_str_from(id),
                             .title = aisle_str_from(title),
                             .category = aisle_str_from(price % 2 ? "Home > Kitchen" : "Wear"),
                             .brand = aisle_str_from(price % 3 ? "Aba" : "Beb"),
                             .price_minor = price,
                             .stock = stock,
                             .visibility = visibility};
    cr_assert_eq(put_product(&shop, &p), AISLE_OK, "%s", shop.err.message);
}

static int64_t version; /* of the catalogue that the shelf made last knows */

static aisle_shelf *built(const aisle_shelf *before)
{
    aisle_shelf *s = NULL;
    version = aisle_view_catalogue_version(shop.view);
    cr_assert_eq(aisle_shelf_build(shop.store, shop.view, model, before, &s, &shop.err), AISLE_OK, "%s",
                 shop.err.message);
    return s;
}

/* NULL where it wants to be built, or *same. */
static aisle_shelf *renewed(const aisle_shelf *before, bool *same)
{
    aisle_shelf *s = NULL;
    int64_t since = version;
    version = aisle_view_catalogue_version(shop.view);
    cr_assert_eq(aisle_shelf_renew(shop.view, before, since, &s, same, &shop.err), AISLE_OK, "%s",
                 shop.err.message);
    return s;
}

static bool is_known(const aisle_shelf *s, int32_t i)
{
    return s->row[i] >= 0;
}

/* Item by item, by id: newcomers may come in another order. */
static void assert_same(const aisle_shelf *a, const aisle_shelf *b)
{
    cr_assert(a->n_items == b->n_items && a->n_known == b->n_known, "%d items, %d known, not %d, %d",
              a->n_items, a->n_known, b->n_items, b->n_known);
    for (int32_t i = 0; i < a->n_items; i++) {
        aisle_str id = aisle_shelf_id(a, i);
        int32_t j = aisle_shelf_find(b, id);
        cr_assert_geq(j, 0, "%.*s", (int)id.len, id.ptr);
        cr_assert_eq(a->row[i], b->row[j], "%.*s", (int)id.len, id.ptr);
    }
}

/* The renewed shelf of these changes against a fresh one; it becomes *now. */
static void step(aisle_shelf **now)
{
    bool same;
    aisle_shelf *next = renewed(*now, &same), *fresh = built(NULL);
    cr_assert(next && !same);
    assert_same(next, fresh);
    aisle_shelf_unref(fresh);
    aisle_shelf_unref(*now);
    *now = next;
}

static void stay(aisle_shelf *now)
{
    bool same;
    cr_assert(!renewed(now, &same) && same);
    aisle_shelf *fresh = built(NULL);
    assert_same(now, fresh);
    aisle_shelf_unref(fresh);
}

Test(shelf, a_renewed_one_is_the_one_built_anew)
{
    put("i-1", "red kettle", 100, -1, AISLE_VISIBLE);
    put("i-8", "blue kettle", 205, 3, AISLE_VISIBLE);
    put("n-1", "wool scarf", 300, 1, AISLE_VISIBLE);
    put("n-2", "kettle", 400, 1, AISLE_HIDDEN);
    aisle_shelf *now = built(NULL);
    cr_assert(now->n_items == SMALL_ITEMS + 2 && now->n_known == 2);
    cr_assert(is_known(now, 0) && !is_known(now, 2), "the catalogue has no third one");
    cr_assert(is_known(now, aisle_shelf_find(now, AISLE_STR("n-1"))));
    stay(now); /* nothing changed */
    put("i-1", "red kettle", 101, 0, AISLE_VISIBLE);
    put("i-8", "blue kettle", 206, 3, AISLE_HIDDEN);
    stay(now); /* prices, stock, and who sees it */
    put("n-3", "red kettle deluxe", 501, 0, AISLE_VISIBLE);
    put("i-15", "red scarf", 77, -1, AISLE_VISIBLE);
    step(&now);
    put("n-2", "kettle", 402, 1, AISLE_VISIBLE);
    put("n-3", "unheard of", 501, 2, AISLE_VISIBLE); /* says nothing any more */
    take_away("i-8");
    step(&now);
    cr_assert(!is_known(now, 1));
    take_away("n-1");
    put("i-8", "blue kettle", 206, 3, AISLE_VISIBLE);
    step(&now);
    cr_assert_eq(now->n_items, SMALL_ITEMS + 1);
    aisle_shelf *again = built(now);
    assert_same(again, now);
    aisle_shelf_unref(again);
    aisle_shelf_unref(now);
}

Test(shelf, is_built_where_renewing_would_not_do)
{
    bool same;
    aisle_shelf *empty = built(NULL);
    cr_assert(empty->n_known == 0);
    put("i-1", "red kettle", 100, -1, AISLE_VISIBLE);
    cr_assert(!renewed(empty, &same) && !same);
    aisle_shelf *one = built(NULL);
    take_away("i-1");
    cr_assert(!renewed(one, &same) && !same, "the last one has gone");
    put("i-1", "red kettle", 100, -1, AISLE_VISIBLE);
    char id[24];
    for (int32_t n = 0; n < AISLE_SHELF_BULK; n++) {
        snprintf(id, sizeof id, "many-%d", n);
        put(id, "kettle", 100, -1, AISLE_VISIBLE);
    }
    cr_assert(!renewed(one, &same) && !same, "too many");
    aisle_shelf_unref(empty);
    aisle_shelf_unref(one);
}
