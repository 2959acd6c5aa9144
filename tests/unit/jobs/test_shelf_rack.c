/* Shelves of several model versions: what is kept, and that one that cannot be is no obstacle to the others. */
#include "server/jobs/shelf_rack.h"
#include "tests/unit/model/small_model.h"
#include "tests/unit/store/shop_fixture.h"

enum { VERSIONS = 3 };

static shop_fixture shop;
static aisle_registry *registry;
static aisle_shelf_rack *rack;

static void set_up(void)
{
    static small_model small;
    char path[4096];
    small_model_init(&small);
    fixture_folder(&shop);
    fixture_open(&shop);
    aisle_arena_init(&shop.arena);
    cr_assert_ok(aisle_registry_open(shop.folder, &registry, &shop.err), shop);
    for (int64_t want = 1, version; want <= VERSIONS; want++) {
        cr_assert_ok(aisle_registry_next(registry, &version, path, &shop.err), shop);
        cr_assert_eq(version, want);
        cr_assert_ok(aisle_model_write(path, &small.parts, &shop.err), shop);
    }
    cr_assert_ok(aisle_shelf_rack_open(shop.store, registry, &rack, &shop.err), shop);
}

static void tear_down(void)
{
    aisle_shelf_rack_close(rack);
    aisle_registry_close(registry);
    fixture_end(&shop);
}

TestSuite(shelf_rack, .init = set_up, .fini = tear_down);

static void put(const char *id, const char *title)
{
    const aisle_product p = {
        .id = aisle_str_from(id), .title = aisle_str_from(title), .price_minor = 100, .stock = -1};
    cr_assert_ok(put_product(&shop, &p), shop);
}

/* Whether the shelf of this version has the product; -1: there is none. */
static int has(int64_t version, const char *id)
{
    aisle_shelf *s = aisle_shelf_rack_get(rack, version);
    const int32_t i = s ? aisle_shelf_find(s, aisle_str_from(id)) : -1;
    const int found = s ? i >= 0 && s->row[i] >= 0 : -1;
    cr_assert(!s || s->model_version == version);
    cr_assert(!s || aisle_shelf_rack_has(rack, version));
    aisle_shelf_unref(s);
    return found;
}

static void damage(int64_t version)
{
    FILE *f;
    char path[4096];
    aisle_registry_path(registry, version, ".aisle", path);
    cr_assert_eq(unlink(path), 0);
    f = fopen(path, "w");
    cr_assert(f && fputs("no model", f) >= 0 && fclose(f) == 0);
}

/* As who erases a person from the models: all files are others now, and the first one is none. */
static aisle_status rewrite(void *ctx, int64_t version, const char *path, bool *changed, aisle_error *err)
{
    (void)ctx, (void)path, (void)err;
    if (version == 1) damage(1);
    *changed = true;
    return AISLE_OK;
}

Test(shelf_rack, keeps_what_is_wanted_and_lets_go_of_the_rest)
{
    const int64_t first[] = {1, 2}, then[] = {2, 3};
    put("i-1", "red kettle");
    cr_assert_ok(aisle_shelf_rack_keep(rack, first, 2, &shop.err), shop);
    cr_assert(has(1, "i-1") == 1 && has(2, "i-1") == 1 && has(3, "i-1") == -1);
    aisle_shelf *mine = aisle_shelf_rack_get(rack, 1);
    cr_assert_ok(aisle_shelf_rack_keep(rack, then, 2, &shop.err), shop);
    cr_assert(has(1, "i-1") == -1 && has(2, "i-1") == 1 && has(3, "i-1") == 1);
    cr_assert_eq(aisle_shelf_find(mine, AISLE_STR("i-1")), 0, "who has a reference goes on");
    aisle_shelf_unref(mine);
    cr_assert_ok(aisle_shelf_rack_keep(rack, NULL, 0, &shop.err), shop);
    cr_assert(has(2, "i-1") == -1 && has(3, "i-1") == -1);
}

Test(shelf_rack, what_cannot_be_kept_hinders_no_other)
{
    const int64_t wanted[] = {1, 9, 2, 3};
    damage(2);
    cr_assert_eq(aisle_shelf_rack_keep(rack, wanted, 4, &shop.err), AISLE_ENOTFOUND, "the first one's");
    cr_assert(strstr(shop.err.message, "9"), "%s", shop.err.message);
    cr_assert(has(1, "i-1") == 0 && has(9, "i-1") == -1 && has(2, "i-1") == -1 && has(3, "i-1") == 0);
    cr_assert(!aisle_shelf_rack_has(rack, 9) && !aisle_shelf_rack_has(rack, 2));
}

/* The first place is the one that fails. */
Test(shelf_rack, a_model_that_cannot_be_refreshed_hinders_no_other)
{
    const int64_t all[] = {1, 2, 3};
    cr_assert_ok(aisle_shelf_rack_keep(rack, all, 3, &shop.err), shop);
    put("i-1", "red kettle");
    cr_assert_ok(aisle_shelf_rack_refresh(rack, &shop.err), shop);
    cr_assert(has(1, "i-1") == 1 && has(2, "i-1") == 1 && has(3, "i-1") == 1);
    cr_assert_ok(aisle_registry_each(registry, rewrite, NULL, &shop.err), shop);
    put("i-8", "blue kettle");
    cr_assert_neq(aisle_shelf_rack_refresh(rack, &shop.err), AISLE_OK);
    cr_assert(shop.err.message[0]);
    cr_assert(has(2, "i-8") == 1 && has(3, "i-8") == 1);
    cr_assert(has(1, "i-1") == -1, "what it was made of may not be shown any more");
}
