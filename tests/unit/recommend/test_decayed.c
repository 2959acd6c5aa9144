/* Decayed counts against sums over all events, in any order; what leaves the windows and what is let go of. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "server/recommend/decayed.h"

enum { EVENTS = 3000, ROWS = 40 };
static const int64_t hour_ms = 3600000, now_ms = INT64_C(1700000000000);

typedef struct done {
    int64_t row, at_ms;
    double weight;
} done;
static done events[EVENTS];

static void make(uint64_t seed)
{
    aisle_rng g;
    aisle_rng_init(&g, seed, 0);
    for (int i = 0; i < EVENTS; i++) {
        const double age = exp(aisle_rng_f64(&g) * 12); /* seconds to two days, evenly by magnitude */
        events[i] = (done){1 + (int64_t)(aisle_rng_f64(&g) * ROWS), now_ms - (int64_t)(age * 1000),
                           .3 + aisle_rng_f64(&g)};
    }
}

static double by_hand(int64_t row, int32_t window)
{
    double sum = 0;
    bool any = false;
    for (int i = 0; i < EVENTS; i++) {
        if (events[i].row != row) continue;
        const double age = (double)(now_ms - events[i].at_ms), length = (double)aisle_windows[window].ms;
        any = any || age <= length;
        sum += events[i].weight * exp(-age / (length / 2));
    }
    return any ? sum : 0;
}

static void check(const aisle_decayed *d)
{
    for (int64_t row = 0; row <= ROWS + 1; row++)
        for (int32_t w = 0; w < AISLE_WINDOWS; w++) {
            const double want = by_hand(row, w), got = aisle_decayed_get(d, row, w, now_ms, 0);
            /* each event multiplies and adds once, exp of an argument rounded at 300 at most */
            cr_assert_leq(fabs(got - want), 1e-16 * (2 * EVENTS + 1000) * want,
                          "row %lld, %s: %.17g for %.17g", (long long)row, aisle_windows[w].name, got, want);
            cr_assert_eq(aisle_decayed_get(d, row, w, now_ms, want * 1.001), 0);
            if (want > 0) cr_assert_eq(aisle_decayed_get(d, row, w, now_ms, want * .999), got);
        }
}

Test(decayed, counts_are_the_sums_of_the_formula_whatever_the_order)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        aisle_decayed *d = aisle_decayed_new();
        make(seed);
        for (int i = 0; i < EVENTS; i++)
            cr_assert(aisle_decayed_add(d, events[i].row, events[i].weight, events[i].at_ms));
        check(d);
        aisle_decayed_free(d);
        d = aisle_decayed_new();
        for (int i = EVENTS; i-- > 0;)
            cr_assert(aisle_decayed_add(d, events[i].row, events[i].weight, events[i].at_ms));
        check(d);
        cr_assert_eq(aisle_decayed_count(d), ROWS);
        aisle_decayed_free(d);
    }
}

Test(decayed, a_product_leaves_a_window_with_its_newest_event)
{
    aisle_decayed *d = aisle_decayed_new();
    cr_assert(aisle_decayed_add(d, 7, 1, now_ms));
    for (int32_t w = 0; w < AISLE_WINDOWS; w++) {
        const int64_t end = now_ms + aisle_windows[w].ms;
        cr_assert_float_eq(aisle_decayed_get(d, 7, w, end, 0), exp(-2), 1e-12);
        cr_assert_eq(aisle_decayed_get(d, 7, w, end + 1, 0), 0);
        cr_assert_eq(aisle_decayed_get(d, 7, w, now_ms - hour_ms, 0), 1); /* of the future: as of now */
    }
    aisle_decayed_free(d);
}

Test(decayed, trimming_lets_go_of_the_old_and_keeps_the_others)
{
    aisle_decayed *d = aisle_decayed_new();
    for (int64_t row = 1; row <= 1000; row++)
        cr_assert(aisle_decayed_add(d, row, (double)row, now_ms - (row % 2) * hour_ms));
    const int64_t later = now_ms + AISLE_DECAYED_MS;
    for (int32_t at = INT32_MAX, parts = 0; at > 0; parts++) {
        const int32_t before = aisle_decayed_count(d);
        aisle_decayed_trim(d, later, 70, &at);
        cr_assert_leq(before - aisle_decayed_count(d), 70);
        cr_assert_leq(parts, 1000 / 70);
        for (int64_t row = 2; row <= 1000; row += 2) /* what stays is found all the time */
            cr_assert_eq(aisle_decayed_get(d, row, 0, now_ms, 0), (double)row);
    }
    cr_assert_eq(aisle_decayed_count(d), 500);
    for (int64_t row = 1; row <= 1000; row++)
        cr_assert_eq(aisle_decayed_get(d, row, 0, now_ms, 0), row % 2 ? 0 : (double)row);
    cr_assert(aisle_decayed_add(d, 3, 9, later));
    cr_assert_eq(aisle_decayed_get(d, 3, 0, later, 0), 9);
    aisle_decayed_free(d);
}

Test(decayed, one_that_has_room_counts_the_same_and_takes_no_memory)
{
    aisle_decayed *d = aisle_decayed_new();
    make(9);
    for (int i = 0; i < EVENTS / 2; i++)
        cr_assert(aisle_decayed_add(d, events[i].row, events[i].weight, events[i].at_ms));
    cr_assert_not(aisle_decayed_has_room(d, 5000, 1));
    cr_assert_not(aisle_decayed_has_room(d, 5, 5000));
    for (int64_t nth = 1; nth <= 9; nth++) {
        aisle_alloc_fail_after(nth);
        cr_assert_null(aisle_decayed_grown(d, 5000, 5000));
        aisle_alloc_fail_after(0);
    }
    aisle_decayed *more = aisle_decayed_grown(d, 5000, 5000);
    cr_assert(more && aisle_decayed_has_room(more, 5000, 5000));
    aisle_decayed_free(d);
    aisle_alloc_fail_after(1);
    for (int i = EVENTS / 2; i < EVENTS; i++)
        cr_assert(aisle_decayed_add(more, events[i].row, events[i].weight, events[i].at_ms));
    for (int64_t row = 1001; row <= 5000; row++) cr_assert(aisle_decayed_add(more, row, 1, now_ms));
    aisle_alloc_fail_after(0);
    check(more);
    aisle_decayed_free(more);
}

Test(decayed, running_out_of_memory_counts_nothing)
{
    for (int64_t nth = 1; nth <= 8; nth++) {
        aisle_decayed *d = aisle_decayed_new();
        aisle_alloc_fail_after(nth);
        cr_assert_not(aisle_decayed_add(d, 5, 1, now_ms));
        aisle_alloc_fail_after(0);
        cr_assert_eq(aisle_decayed_get(d, 5, 0, now_ms, 0), 0);
        cr_assert(aisle_decayed_add(d, 5, 1, now_ms));
        cr_assert_eq(aisle_decayed_get(d, 5, 0, now_ms, 0), 1);
        aisle_decayed_free(d);
    }
}

Test(decayed, windows_have_names)
{
    for (int32_t w = 0; w < AISLE_WINDOWS; w++)
        cr_assert_eq(aisle_window_find(aisle_str_from(aisle_windows[w].name)), w);
    cr_assert_eq(aisle_window_find(AISLE_STR("2h")), -1);
    cr_assert_eq(aisle_window_find(AISLE_STR("")), -1);
}
