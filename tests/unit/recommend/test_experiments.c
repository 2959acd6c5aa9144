/* Buckets: each variant gets its share, the same at every start, and a changed weight moves whom it must. */
#include "server/recommend/experiments.h"

#include <math.h>

#include "tests/unit/store/shop_fixture.h"

enum { PEOPLE = 20000 };
static shop_fixture f;
static aisle_experiment_keeper *keeper;
static aisle_variant variants[3];
static aisle_experiment one = {
    .name = {"one", 3}, .salt = {"salt", 4}, .share = 1, .n = 2, .variants = variants};

static void open_keeper(void)
{
    cr_assert_ok(aisle_experiment_keeper_open(f.store, f.view, &keeper, &f.err), f);
}

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
    open_keeper();
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
    const aisle_experiment *list;
    int32_t n;
} put;

static aisle_status run_put(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    return aisle_tx_experiments(tx, ((put *)w)->list, ((put *)w)->n, err);
}

static void store(const aisle_experiment *list, int32_t n)
{
    put w = {{.run = run_put}, list, n};
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
        const aisle_variant *v = aisle_experiments_assign(e, STR(name), &of);
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
        cr_assert(aisle_experiments_assign(e, STR(name), &of));
        first += aisle_str_eq(of->name, STR("one"));
    }
    check_share(first, 0.3);
    cr_assert_null(aisle_experiments_assign(e, (aisle_str){NULL, 0}, &of));
    cr_assert(aisle_experiments_has(e, STR("two"), STR("b")));
    cr_assert_not(aisle_experiments_has(e, STR("two"), STR("c")));
    aisle_experiments_unref(e);
    store(NULL, 0);
    cr_assert_null(aisle_experiments_get(keeper));
}
