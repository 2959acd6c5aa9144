/* The newest products of a scenario: a heap of the best n, against sorting all of them by hand. */
#include <math.h>

#include "random_answering.h"
#include "server/recommend/scenario.h"
#include "server/recommend/walk.h"

static random_answering r;
static aisle_recents *recents;

static void setup(void)
{
    random_answering_init(&r, RANDOM_PRODUCTS);
    recents = aisle_recents_new(r.f.store);
}

static void teardown(void)
{
    aisle_recents_free(recents);
    random_answering_end(&r);
}

TestSuite(newest, .init = setup, .fini = teardown);

static int64_t created(int32_t item)
{
    return r.shop[product_of_item(item)].created;
}

/* Newest first; those of a moment in the order of their numbers. */
static int compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    const float s = (float)((double)created(x) / 86400000), t = (float)((double)created(y) / 86400000);
    if (s != t) return s > t ? -1 : 1;
    return x < y ? -1 : 1;
}

static int32_t sorted_by_hand(const json_t *filter, int32_t *out)
{
    int32_t n = 0;
    for (int32_t i = 0; i < RANDOM_ITEMS; i++)
        if (offered_by_hand(&r, filter, i) && created(i) > 0) out[n++] = i;
    qsort(out, (size_t)n, sizeof *out, compare);
    return n;
}

static int32_t check(int64_t limit, const json_t *filter)
{
    int32_t want[RANDOM_ITEMS], n_want = sorted_by_hand(filter, want);
    aisle_scenario scenario = {.name = AISLE_STR("s"), .n_steps = 1};
    scenario.step[0] =
        (aisle_step){.source = AISLE_FROM_NEWEST, .share = 1, .limit = 100, .filter = {.key = AISLE_STR("")}};
    const aisle_ask ask = {.limit = limit,
                           .filter = filter_of(&r, filter),
                           .scenario = &scenario,
                           .wishes = {.min_score = -INFINITY}};
    aisle_answering w = random_with(&r);
    aisle_recommendation found;
    w.recents = recents;
    if (n_want > limit + AISLE_SPARE_SCORED) n_want = (int32_t)limit + AISLE_SPARE_SCORED;
    cr_assert_ok(aisle_recommend(&w, &ask, &found, &r.f.err), r.f);
    cr_assert_eq(found.hits.n, n_want, "%d of %d", found.hits.n, n_want);
    for (int32_t i = 0; i < n_want; i++)
        cr_assert_eq(found.hits.hit[i].item, want[i], "limit %d, place %d", (int)limit, i);
    return n_want;
}

Test(newest, come_as_sorting_all_of_them_has_it)
{
    int32_t got = 0;
    json_t *none = json_object();
    for (int64_t limit = 1; limit <= 100; limit++) got += check(limit, none);
    for (int round = 0; round < 200; round++) {
        json_t *filter = random_filter(&r.g, 1);
        got += check(1 + (int64_t)below(&r.g, 100), filter);
        json_decref(filter);
    }
    cr_assert_gt(got, 5000);
    json_decref(none);
}

/* Whatever the order of items is: rising, falling, all of one moment, and far apart. */
static void create_all(int64_t (*when)(int32_t item))
{
    for (int32_t i = 0; i < RANDOM_ITEMS; i++) {
        const int n = product_of_item(i);
        if (n >= RANDOM_PRODUCTS) continue;
        random_remove(&r.f, &r.shop[n]);
        r.shop[n].there = true;
        r.shop[n].created = when(i);
        r.shop[n].halves = r.shop[n].ratings = 0;
        random_put(&r.f, &r.shop[n]);
    }
    aisle_shelf_unref(r.shelf);
    cr_assert_ok(aisle_catalogue_refresh(r.catalogue, &r.f.err), r.f);
    cr_assert_ok(aisle_shelf_build(r.f.store, r.f.view, r.model, NULL, &r.shelf, &r.f.err), r.f);
}

static int64_t rising(int32_t i)
{
    return 1000000000 * (int64_t)(1 + i);
}

static int64_t falling(int32_t i)
{
    return rising(RANDOM_ITEMS - i);
}

static int64_t at_once(int32_t i)
{
    (void)i;
    return 1700000000000;
}

static int64_t up_and_down(int32_t i)
{
    return rising(i % 2 ? i : RANDOM_ITEMS - i);
}

Test(newest, come_whatever_order_they_lie_in)
{
    static int64_t (*const orders[])(int32_t) = {rising, falling, at_once, up_and_down};
    json_t *none = json_object();
    for (int k = 0; k < 4; k++) {
        create_all(orders[k]);
        for (int64_t limit = 1; limit <= 100; limit += 9) cr_assert_eq(check(limit, none), limit + AISLE_SPARE_SCORED);
    }
    json_decref(none);
}
