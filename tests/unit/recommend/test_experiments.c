/* Buckets: each variant gets its share, the same at every start, and a changed weight moves whom it must. */
#include "server/recommend/experiments.h"

#include <math.h>

#include "server/recommend/shown.h"
#include "tests/unit/store/shop_fixture.h"

enum { PEOPLE = 20000 };
static shop_fixture f;
static aisle_experiment_keeper *keeper;
static aisle_variant variants[3];
static aisle_experiment one = {
    .name = {"one", 3}, .salt = {"salt", 4}, .share = 1, .surfaces = 1, .n = 2, .variants = variants};
static const aisle_occasion now = {.now_ms = 1000};

static void open_keeper(void)
{
    cr_assert_ok(aisle_experiment_keeper_open(f.store, f.view, &keeper, &f.err), f);
}

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
    open_keeper();
    one.from_ms = INT64_MIN;
    one.until_ms = INT64_MAX;
    variants[0] = (aisle_variant){.name = STR("a"), .weight = 1, .diversity = -1};
    variants[1] = (aisle_variant){.name = STR("b"), .weight = 1, .diversity = -1};
    variants[2] = (aisle_variant){.name = STR("c"), .weight = 1, .diversity = -1};
}

static void teardown(void)
{
    aisle_experiment_keeper_close(keeper);
    fixture_end(&f);
}

TestSuite(experiments, .init = setup, .fini = teardown);

typedef struct put {
    aisle_write base;
    aisle_experiment_set set;
    bool conflict;
} put;

static aisle_status run_put(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    return aisle_tx_experiments(tx, &((put *)w)->set, &((put *)w)->conflict, err);
}

static void store(aisle_experiment *list, int32_t n)
{
    put w = {{.run = run_put}, {list, n, -1}, false};
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_ok(aisle_experiment_keeper_read(keeper, f.view, &f.err), f);
}

/* The variant's letter of each person, '-' for who takes part in none; counts[0..2] of a, b, c. */
static void assign(char *out, int *counts)
{
    char name[32];
    const aisle_experiment *of;
    aisle_experiments *e = aisle_experiments_get(keeper);
    counts[0] = counts[1] = counts[2] = 0;
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(name, sizeof name, "person %d", i);
        const aisle_variant *v = aisle_experiments_assign(e, STR(name), &now, &of);
        out[i] = v ? v->name.ptr[0] : '-';
        if (v) counts[out[i] - 'a']++;
    }
    aisle_experiments_unref(e);
}

/* Within 4 deviations of a binomial. */
static void check_share(int count, double share)
{
    cr_assert_lt(fabs(count - PEOPLE * share), 4 * sqrt(PEOPLE * share * (1 - share)), "%d of %d, share %g",
                 count, PEOPLE, share);
}

Test(experiments, each_variant_gets_its_share_and_keeps_its_people_over_a_restart)
{
    static char before[PEOPLE], after[PEOPLE];
    int counts[3];
    one.share = 0.5;
    variants[1].weight = 3;
    store(&one, 1);
    assign(before, counts);
    check_share(counts[0], 0.125);
    check_share(counts[1], 0.375);
    aisle_experiment_keeper_close(keeper);
    fixture_close(&f);
    fixture_open(&f);
    open_keeper();
    assign(after, counts);
    cr_assert_eq(memcmp(before, after, PEOPLE), 0);
    one.salt = STR("other");
    store(&one, 1);
    assign(after, counts);
    int moved = 0;
    for (int i = 0; i < PEOPLE; i++) moved += before[i] != after[i];
    cr_assert_gt(moved, PEOPLE / 4);
}

Test(experiments, a_changed_weight_or_share_moves_nobody_between_the_others)
{
    static char before[PEOPLE], after[PEOPLE];
    int counts[3];
    one.share = 0.6;
    one.n = 3;
    store(&one, 1);
    assign(before, counts);
    variants[2].weight = 2;
    store(&one, 1);
    assign(after, counts);
    check_share(counts[2], 0.3);
    for (int i = 0; i < PEOPLE; i++)
        cr_assert(before[i] == after[i] || after[i] == 'c', "person %d: %c, then %c", i, before[i], after[i]);
    variants[2].weight = 1;
    one.n = 2; /* c goes: its people are shared out, and nobody else moves */
    store(&one, 1);
    assign(after, counts);
    for (int i = 0; i < PEOPLE; i++) cr_assert(before[i] == after[i] || before[i] == 'c');
    one.share = 0.9;
    one.n = 3;
    store(&one, 1);
    assign(after, counts);
    for (int i = 0; i < PEOPLE; i++) cr_assert(before[i] == after[i] || before[i] == '-');
}

Test(experiments, whoever_is_in_one_is_in_no_later_one_and_nobody_in_particular_in_none)
{
    const aisle_experiment *of = NULL;
    aisle_experiment two[2] = {one, one};
    two[0].share = 0.3;
    two[1].name = STR("two");
    two[1].salt = STR("two");
    two[1].share = 1;
    store(two, 2);
    aisle_experiments *e = aisle_experiments_get(keeper);
    int first = 0;
    char name[32];
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(name, sizeof name, "person %d", i);
        cr_assert(aisle_experiments_assign(e, STR(name), &now, &of));
        first += aisle_str_eq(of->name, STR("one"));
    }
    check_share(first, 0.3);
    cr_assert_null(aisle_experiments_assign(e, (aisle_str){NULL, 0}, &now, &of));
    cr_assert(aisle_experiments_has(e, STR("two"), STR("b")));
    cr_assert_not(aisle_experiments_has(e, STR("two"), STR("c")));
    aisle_experiments_unref(e);
    store(NULL, 0);
    cr_assert_null(aisle_experiments_get(keeper));
}

/* Of who asks on a surface at a time: the name of the experiment, "" for none. */
static aisle_str taken(const char *person, aisle_surface surface, const char *scenario, int64_t now_ms)
{
    const aisle_experiment *of = NULL;
    const aisle_occasion at = {surface, scenario ? aisle_str_from(scenario) : (aisle_str){NULL, 0}, now_ms};
    aisle_experiments *e = aisle_experiments_get(keeper);
    const aisle_variant *v = aisle_experiments_assign(e, aisle_str_from(person), &at, &of);
    static char name[8];
    snprintf(name, sizeof name, "%.*s", v ? (int)of->name.len : 0, v ? of->name.ptr : "");
    cr_assert_eq(v != NULL, aisle_experiments_reach(e, surface, now_ms) && name[0]);
    aisle_experiments_unref(e);
    return aisle_str_from(name);
}

Test(experiments, each_surface_scenario_and_time_has_its_own)
{
    aisle_experiment all[3] = {one, one, one};
    all[0].scenarios = STR("home-2 cart");
    all[0].until_ms = 2000;
    all[1].name = STR("two");
    all[1].surfaces = 1U << AISLE_ON_RANK | 1U << AISLE_ON_RECOMMENDATIONS;
    all[1].from_ms = 1000;
    all[1].until_ms = 3000;
    all[2].name = STR("three");
    all[2].surfaces = 1U << AISLE_ON_RELATED;
    store(all, 3);
    const struct {
        aisle_surface surface;
        const char *scenario;
        int64_t now_ms;
        aisle_str want;
    } cases[] = {{AISLE_ON_RECOMMENDATIONS, "cart", 1000, STR("one")},
                 {AISLE_ON_RECOMMENDATIONS, "home-2", 1999, STR("one")},
                 {AISLE_ON_RECOMMENDATIONS, "home", 1000, STR("two")},
                 {AISLE_ON_RECOMMENDATIONS, NULL, 1000, STR("two")},
                 {AISLE_ON_RECOMMENDATIONS, NULL, 999, STR("")},
                 {AISLE_ON_RECOMMENDATIONS, "cart", 2000, STR("two")},
                 {AISLE_ON_RANK, "cart", 1000, STR("two")},
                 {AISLE_ON_RANK, NULL, 3000, STR("")},
                 {AISLE_ON_RELATED, NULL, 5000, STR("three")},
                 {AISLE_ON_TRENDING, NULL, 1000, STR("")}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        aisle_str got = taken("p", cases[i].surface, cases[i].scenario, cases[i].now_ms);
        cr_assert(aisle_str_eq(got, cases[i].want), "case %zu: %s", i, got.ptr);
    }
}

static bool has_model(int64_t version, int64_t now_ms)
{
    int64_t models[AISLE_EXPERIMENT_KEPT];
    int32_t n = aisle_experiment_keeper_models(keeper, now_ms, models), found = 0;
    for (int32_t i = 0; i < n; i++) found += models[i] == version;
    cr_assert_leq(found, 1);
    return found;
}

Test(experiments, models_outlive_their_experiment_as_long_as_its_lists_have_next_pages)
{
    const int64_t now_ms = aisle_time_monotonic_ns() / 1000000, soon_ms = now_ms + AISLE_SHOWN_MS - 1000,
                  late_ms = now_ms + AISLE_SHOWN_MS + 60000;
    for (int64_t version = 1; version <= AISLE_EXPERIMENT_KEPT + 2; version++) {
        variants[1].model = version;
        store(&one, 1);
    }
    cr_assert(has_model(10, late_ms));
    cr_assert(has_model(9, soon_ms) && has_model(6, soon_ms));
    cr_assert_not(has_model(5, soon_ms)); /* newer ones have its place */
    cr_assert_not(has_model(9, late_ms));
    store(NULL, 0);
    cr_assert(has_model(10, soon_ms));
    cr_assert_not(has_model(10, late_ms));
    variants[1].model = 10;
    store(&one, 1);
    cr_assert(has_model(10, late_ms)); /* named again: once, and for good */
}

Test(experiments, a_model_that_is_let_go_of_again_takes_no_second_place)
{
    static const int64_t named[] = {2, 1, 0, 1, 0, 3, 4, 0};
    const int64_t soon_ms = aisle_time_monotonic_ns() / 1000000 + AISLE_SHOWN_MS - 1000;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        variants[1].model = named[i];
        store(&one, 1);
    }
    for (int64_t version = 1; version <= 4; version++)
        cr_assert(has_model(version, soon_ms), "version %lld", (long long)version);
}

Test(experiments, only_the_version_that_is_meant_is_replaced)
{
    put w = {{.run = run_put}, {&one, 1, 0}, false};
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_eq(w.set.version, 1);
    put other = {{.run = run_put}, {NULL, 0, 0}, false};
    cr_assert_eq(aisle_store_write_now(f.store, &other.base, &f.err), AISLE_ECONFLICT);
    cr_assert(other.conflict);
    aisle_experiment_set found;
    aisle_arena a = {0};
    cr_assert_ok(aisle_view_experiments(f.view, &a, &found, &f.err), f);
    cr_assert(found.n == 1 && found.version == 1 && found.list[0].from_ms == INT64_MIN);
    aisle_arena_deinit(&a);
}
