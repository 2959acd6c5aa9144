/* Train and test labels. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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
    /* 8 events, 25 %: the cut is the 6th time, 50 (both of w are at the cut: train) */
    static const uint8_t wanted[N] = {0, 0, 0, 0, 0, 0, 0, 1};
    aisle_dataset *d = DATASET(shop);
    aisle_error err = {0};
    aisle_split_params p = {.kind = AISLE_SPLIT_TIME, .fraction = 0.25};
    uint8_t label[N];
    cr_assert_eq(aisle_split(d, &p, NULL, label, &err), AISLE_OK, "%s", err.message);
    cr_assert_arr_eq(label, wanted, N);
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

Test(split, random_keeps_pairs_whole_and_repeats_with_its_seed)
{
    enum { USERS = 40, ITEMS = 50, EVENTS = USERS * ITEMS * 2 };
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
    aisle_dataset_free(d);
}
