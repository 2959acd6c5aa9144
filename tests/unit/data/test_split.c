/* Train and test labels. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "aisle/rng.h"
#include "tests/unit/data/fixture.h"

static const tiny shop[] = {
    {"u", "a", VIEW, 1, 10}, {"u", "b", VIEW, 1, 20}, {"u", "a", VIEW, 1, 90}, {"u", "c", VIEW, 1, 30},
    {"v", "a", VIEW, 1, 40}, {"w", "a", VIEW, 1, 50}, {"w", "b", VIEW, 1, 50}, {"x", "c", VIEW, 1, 60},
};
enum { N = sizeof shop / sizeof *shop };

Test(split, leave_last_takes_the_pair_whose_first_event_is_newest)
{
    /* u: c (first seen 30) although a was seen again at 90; v: one pair stays; w: tie goes to the later
     * arrival */
    static const uint8_t wanted[N] = {0, 0, 0, 1, 0, 0, 1, 0};
    aisle_dataset *d = DATASET(shop);
    aisle_error err = {0};
    aisle_split_params p = {.kind = AISLE_SPLIT_LEAVE_LAST};
    uint8_t label[N];
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_OK, "%s", err.message);
    cr_assert_arr_eq(label, wanted, N);
    aisle_dataset_free(d);
}

Test(split, time_puts_pairs_first_seen_after_the_cut_into_test)
{
    /* 8 events, 25 %: the cut is the 6th time, 50 (both of w are at the cut: train). That u saw a again at 90 was not known
     * at the cut: left out */
    static const uint8_t wanted[N] = {0, 0, 255, 0, 0, 0, 0, 1};
    aisle_dataset *d = DATASET(shop);
    aisle_error err = {0};
    aisle_split_params p = {.kind = AISLE_SPLIT_TIME, .fraction = 0.25};
    uint8_t label[N];
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_OK, "%s", err.message);
    cr_assert_arr_eq(label, wanted, N);
    aisle_dataset_free(d);
}

/* Times 10 .. 90: the last quarter of the 80 begins at 70, where only u's second look at a lies; the last half begins at
 * 50: w's two events are at the cut and train, x's first look at c is test. */
Test(split, days_cut_the_time_span_and_not_the_events)
{
    static const uint8_t quarter[N] = {0, 0, 255, 0, 0, 0, 0, 0}, half[N] = {0, 0, 255, 0, 0, 0, 0, 1};
    aisle_dataset *d = DATASET(shop);
    aisle_error err = {0};
    aisle_split_params p = {.kind = AISLE_SPLIT_DAYS, .fraction = 0.25};
    uint8_t label[N];
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_OK, "%s", err.message);
    cr_assert_arr_eq(label, quarter, N);
    p.fraction = .5;
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_OK, "%s", err.message);
    cr_assert_arr_eq(label, half, N);
    aisle_dataset_free(d);
}

/* Whatever comes again and again: no train event is newer than any test event. */
Test(split, nothing_that_trains_is_newer_than_what_is_tested)
{
    enum { MANY = 400 };
    static tiny events[MANY];
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    static uint8_t label[MANY];
    aisle_rng rng;
    aisle_rng_init(&rng, 6, 0);
    for (int e = 0; e < MANY; e++)
        events[e] = (tiny){names[aisle_rng_below(&rng, 12)], names[aisle_rng_below(&rng, 12)], VIEW, 1,
                           1 + (int64_t)aisle_rng_below(&rng, 1000)};
    aisle_dataset *d = DATASET(events);
    for (aisle_split_kind kind = AISLE_SPLIT_TIME; kind <= AISLE_SPLIT_DAYS; kind++) {
        aisle_split_params p = {.kind = kind, .fraction = .7};
        int64_t newest = 0, oldest = INT64_MAX;
        int n[3] = {0};
        cr_assert_eq(aisle_split(d, &p, NULL, label, NULL), AISLE_OK);
        for (int e = 0; e < MANY; e++) {
            n[label[e] == 255 ? 2 : label[e]]++;
            if (label[e] == 0 && events[e].at_ms > newest) newest = events[e].at_ms;
            if (label[e] == 1 && events[e].at_ms < oldest) oldest = events[e].at_ms;
        }
        cr_assert(n[0] > 0 && n[1] > 0 && n[2] > 0 && newest < oldest, "%d %d %d", n[0], n[1], n[2]);
    }
    aisle_dataset_free(d);
}

Test(split, leave_last_goes_by_arrival_where_nothing_has_a_time)
{
    static const tiny timeless[] = {
        {"u", "a", VIEW, 1, 0}, {"u", "b", VIEW, 1, 0}, {"v", "a", VIEW, 1, 0}, {"u", "a", VIEW, 1, 0}};
    static const uint8_t wanted[] = {0, 1, 0, 0}, in[] = {1, 1, 1, 0};
    aisle_dataset *d = DATASET(timeless);
    aisle_split_params p = {.kind = AISLE_SPLIT_LEAVE_LAST};
    uint8_t label[4];
    cr_assert_eq(aisle_split(d, &p, NULL, label, NULL), AISLE_OK);
    cr_assert_arr_eq(label, wanted, 4);
    aisle_dataset_free(d);
    static const tiny some[] = {
        {"u", "a", VIEW, 1, 0}, {"u", "b", VIEW, 1, 0}, {"v", "a", VIEW, 1, 0}, {"u", "c", VIEW, 1, 7}};
    d = DATASET(some);
    aisle_error err = {0};
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "event 0 has no time"), "%s", err.message);
    cr_assert_eq(aisle_split(d, &p, in, label, &err), AISLE_OK, "the one with a time is not in");
    aisle_dataset_free(d);
}

Test(split, masked_events_get_255)
{
    static const uint8_t in[N] = {1, 1, 1, 0, 1, 1, 1, 1}, wanted[N] = {0, 1, 0, 255, 0, 0, 1, 0};
    aisle_dataset *d = DATASET(shop);
    aisle_split_params p = {.kind = AISLE_SPLIT_LEAVE_LAST};
    uint8_t label[N];
    cr_assert_eq(aisle_split(d, &p, in, label, NULL), AISLE_OK);
    cr_assert_arr_eq(label, wanted, N);
    aisle_dataset_free(d);
}

enum { USERS = 40, ITEMS = 50, EVENTS = USERS * ITEMS * 2 };

/* Event e is of user e / ITEMS % USERS and item e % ITEMS: every pair twice. */
static aisle_dataset *grid(void)
{
    aisle_error err = {0};
    aisle_dataset *d = aisle_dataset_new();
    for (int round = 0; round < 2; round++)
        for (int u = 0; u < USERS; u++)
            for (int i = 0; i < ITEMS; i++) {
                char user[16], item[16];
                snprintf(user, sizeof user, "u%d", u);
                snprintf(item, sizeof item, "i%d", i);
                cr_assert_eq(fill(d, &(tiny){user, item, VIEW, 1, 0}, 1, &err), AISLE_OK);
            }
    return d;
}

Test(split, random_keeps_pairs_whole_and_repeats_with_its_seed)
{
    aisle_error err = {0};
    aisle_dataset *d = grid();
    static uint8_t one[EVENTS], two[EVENTS], other[EVENTS];
    aisle_split_params p = {.kind = AISLE_SPLIT_RANDOM, .fraction = 0.2, .seed = 7};
    cr_assert_eq(aisle_split(d, &p, NULL, one, &err), AISLE_OK);
    cr_assert_eq(aisle_split(d, &p, NULL, two, &err), AISLE_OK);
    p.seed = 8;
    cr_assert_eq(aisle_split(d, &p, NULL, other, &err), AISLE_OK);
    cr_assert_arr_eq(one, two, EVENTS);
    cr_assert_arr_eq(one, one + EVENTS / 2, EVENTS / 2, "both events of a pair have one label");
    cr_assert_neq(memcmp(one, other, EVENTS), 0);
    int test = 0;
    for (int i = 0; i < EVENTS / 2; i++) test += one[i];
    /* binomial(2000, .2): mean 400, deviation 17.9; 5 deviations */
    cr_assert(test > 310 && test < 490, "%d", test);
    aisle_dataset_free(d);
}

/* Of 50 items or 40 users a quarter: binomial, deviations 3.1 and 2.7; 4 deviations. */
Test(split, cold_items_and_users_are_wholly_test)
{
    aisle_dataset *d = grid();
    static uint8_t item[EVENTS], user[EVENTS], again[EVENTS], in[EVENTS];
    aisle_split_params p = {.kind = AISLE_SPLIT_COLD_ITEM, .fraction = .25, .seed = 3};
    int n_items = 0, n_users = 0;
    cr_assert_eq(aisle_split(d, &p, NULL, item, NULL), AISLE_OK);
    for (int e = 0; e < EVENTS; e++) cr_assert_eq(item[e], item[e % ITEMS]);
    for (int i = 0; i < ITEMS; i++) n_items += item[i];
    cr_assert(n_items > 0 && n_items < 25, "%d", n_items);
    p.kind = AISLE_SPLIT_COLD_USER;
    cr_assert_eq(aisle_split(d, &p, NULL, user, NULL), AISLE_OK);
    for (int e = 0; e < EVENTS; e++) cr_assert_eq(user[e], user[e / ITEMS % USERS * ITEMS]);
    for (int u = 0; u < USERS; u++) n_users += user[u * ITEMS];
    cr_assert(n_users > 0 && n_users < 21, "%d", n_users);
    for (int e = 0; e < EVENTS; e++) in[e] = e % 3 != 0;
    p.kind = AISLE_SPLIT_COLD_ITEM;
    cr_assert_eq(aisle_split(d, &p, in, again, NULL), AISLE_OK);
    for (int e = 0; e < EVENTS; e++) cr_assert_eq(again[e], in[e] ? item[e] : 255, "whatever else is in");
    aisle_dataset_free(d);
}

/* 2,000 pairs in 5 folds: binomial(2000, .2), mean 400, deviation 17.9; 5 deviations. */
Test(split, folds_share_all_pairs_between_them)
{
    aisle_dataset *d = grid();
    static uint8_t label[EVENTS];
    static int times[EVENTS];
    aisle_split_params p = {.kind = AISLE_SPLIT_FOLD, .folds = 5, .seed = 3};
    for (p.fold = 0; p.fold < p.folds; p.fold++) {
        int n = 0;
        cr_assert_eq(aisle_split(d, &p, NULL, label, NULL), AISLE_OK);
        for (int e = 0; e < EVENTS; e++) {
            cr_assert_eq(label[e], label[e % (EVENTS / 2)]);
            times[e] += label[e];
            n += label[e];
        }
        cr_assert(n / 2 > 310 && n / 2 < 490, "%d", n / 2);
    }
    for (int e = 0; e < EVENTS; e++) cr_assert_eq(times[e], 1);
    aisle_dataset_free(d);
}

Test(split, what_cannot_be_split_is_refused)
{
    static const tiny timeless[] = {{"u", "a", VIEW, 1, 0}, {"u", "b", VIEW, 1, 5}};
    static const uint8_t in[] = {0, 1};
    aisle_dataset *d = DATASET(timeless);
    aisle_error err = {0};
    uint8_t label[2];
    aisle_split_params p = {.kind = AISLE_SPLIT_TIME, .fraction = 0.5};
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_EINVAL);
    cr_assert_not_null(strstr(err.message, "random"));
    cr_assert_eq(aisle_split(d, &p, in, label, &err), AISLE_OK);
    for (int i = 0; i < 3; i++) {
        p = (aisle_split_params){.kind = AISLE_SPLIT_RANDOM, .fraction = (double[]){0, 1, 0.0 / 0.0}[i]};
        cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_EINVAL);
    }
    static const int32_t folds[][2] = {{1, 0}, {101, 0}, {5, 5}, {5, -1}};
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        p = (aisle_split_params){.kind = AISLE_SPLIT_FOLD, .folds = folds[i][0], .fold = folds[i][1]};
        cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_EINVAL);
        cr_assert_not_null(strstr(err.message, "fold"));
    }
    p = (aisle_split_params){.kind = (aisle_split_kind)99, .fraction = .5};
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_EINVAL);
    aisle_dataset_free(d);
}
