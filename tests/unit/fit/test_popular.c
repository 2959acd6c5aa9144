/* Popularity of all time, of a window, with decay; and what is on the rise. */
#include "aisle/fit.h"

#include <math.h>
#include <string.h>

#include "tests/unit/train/small_shop.h"

enum { X, Y, Z, ITEMS };

typedef struct given {
    const char *user, *item;
    aisle_event_type type;
    double day; /* 0 = no time */
    float value;
} given;

/* x: bought on days 1 and 30, the latter taken back; y: twice by one user, days 20 and 28; z: without time. */
static const given events[] = {
    {"a", "x", AISLE_EVENT_PURCHASE, 1, 1},  {"b", "x", AISLE_EVENT_PURCHASE, 29, 1},
    {"b", "x", AISLE_EVENT_CANCEL, 30, 1},   {"a", "y", AISLE_EVENT_PURCHASE, 20, 1},
    {"a", "y", AISLE_EVENT_PURCHASE, 28, 1}, {"b", "z", AISLE_EVENT_VIEW, 0, 1},
    {"c", "y", AISLE_EVENT_VIEW, 25, 1}};

/* Scores of the kind for two users, which are equal. */
static aisle_status score(const char *kind, const aisle_train_params *params, bool binary,
                          float scores[ITEMS])
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    const char *const ids[] = {"x", "y", "z"};
    for (int i = 0; i < ITEMS; i++) {
        aisle_product p = {.id = aisle_str_from(ids[i]), .price_minor = -1, .stock = -1};
        cr_assert_eq(sink.product(sink.ctx, &p, NULL), AISLE_OK);
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        aisle_event e = {.user = aisle_str_from(events[i].user),
                         .item = aisle_str_from(events[i].item),
                         .type = events[i].type,
                         .at_ms = (int64_t)(events[i].day * SHOP_DAY_MS),
                         .value = (double)events[i].value,
                         .price_minor = -1};
        cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    }
    aisle_weights w = aisle_weights_default();
    aisle_trainer t = cpu_trainer(1);
    aisle_part *part;
    aisle_eval_source s;
    float twice[2 * ITEMS];
    w.binary = binary;
    cr_assert_eq(aisle_part_new(d, NULL, &w, 1, &part, NULL), AISLE_OK);
    aisle_fit_input in = {part, params, &t};
    aisle_status st = aisle_fit_kind_find(aisle_str_from(kind))->fit(&in, &s, NULL);
    if (st == AISLE_OK) {
        cr_assert_eq(s.scores(s.ctx, 0, (const int32_t[]){0, 1}, 2, twice, NULL), AISLE_OK);
        cr_assert_eq(memcmp(twice, twice + ITEMS, ITEMS * sizeof *twice), 0);
        memcpy(scores, twice, ITEMS * sizeof *twice);
        aisle_eval_source_free(&s);
    }
    aisle_part_free(part);
    t.ops->close(t.device);
    aisle_dataset_free(d);
    return st;
}

/* Each weight of the table is rounded to f32, and so is the sum. */
static void check(const float *got, double x, double y, double z)
{
    const double want[ITEMS] = {x, y, z};
    for (int i = 0; i < ITEMS; i++)
        cr_assert_leq(fabs((double)got[i] - want[i]), 3 * 0x1p-24 * want[i], "item %d: got %g, want %g", i,
                      (double)got[i], want[i]);
}

Test(popular, sums_confidences_of_all_time)
{
    aisle_train_params p = aisle_train_params_default();
    float got[ITEMS];
    cr_assert_eq(score("popular", &p, false, got), AISLE_OK);
    check(got, 2, 4 + (double).3F, (double).3F); /* a purchase 2, a view .3; what was taken back nothing */
    cr_assert_eq(score("popular", &p, true, got), AISLE_OK);
    check(got, 1, 2, 1);
}

/* The newest event is the cancel on day 30. */
Test(popular, counts_a_window_before_the_newest_event)
{
    aisle_train_params p = aisle_train_params_default();
    float got[ITEMS];
    p.popular.window_days = 10;
    cr_assert_eq(score("popular", &p, false, got), AISLE_OK);
    check(got, 0, 2 + (double).3F, 0); /* day 20 is ten days old: outside */
    p.popular.window_days = 10.5;
    cr_assert_eq(score("popular", &p, false, got), AISLE_OK);
    check(got, 0, 4 + (double).3F, 0);
    p.popular.window_days = 40; /* before which there is no time at all */
    cr_assert_eq(score("popular", &p, true, got), AISLE_OK);
    check(got, 1, 2, 0);
}

Test(popular, halves_after_each_half_life)
{
    aisle_train_params p = aisle_train_params_default();
    float got[ITEMS];
    p.popular.half_life_days = 5;
    double x = 2 * exp2(-29. / 5), y = 2 * exp2(-10. / 5) + 2 * exp2(-2. / 5) + (double).3F * exp2(-1);
    cr_assert_eq(score("popular", &p, false, got), AISLE_OK);
    check(got, x, y, (double).3F); /* z has no time: no decay */
    cr_assert_eq(score("popular", &p, true, got), AISLE_OK);
    check(got, x, y, (double).3F);
    p.popular.window_days = 10;
    cr_assert_eq(score("popular", &p, false, got), AISLE_OK);
    check(got, 0, y - 2 * exp2(-10. / 5), 0);
}

/* The newest event with a weight is of day 29: after day 22 came x 2 (a cancel takes nothing back here) and y 2 + .3, in
 * the 21 days before x 2 and y 2; in all 8.3 in 28 days for 3 items. */
Test(trending, follows_the_formula)
{
    aisle_train_params p = aisle_train_params_default();
    float got[ITEMS];
    p.trending_days = 7;
    double view = (double).3F, s = (8 + view) / 28 / ITEMS, before = 2. / 21 + s;
    cr_assert_eq(score("trending", &p, false, got), AISLE_OK);
    check(got, (2. / 7 + s) / before, ((2 + view) / 7 + s) / before, 0);
}

Test(popular, wants_times_for_windows_decay_and_trends)
{
    aisle_train_params p = aisle_train_params_default();
    aisle_error err;
    p.popular.window_days = 3;
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_event e = {.user = aisle_str_from("a"), .item = aisle_str_from("x"), .value = 1, .price_minor = -1};
    aisle_weights w = aisle_weights_default();
    aisle_trainer t = cpu_trainer(1);
    aisle_part *part;
    aisle_eval_source source;
    cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    cr_assert_eq(aisle_part_new(d, NULL, &w, 1, &part, NULL), AISLE_OK);
    aisle_fit_input in = {part, &p, &t};
    cr_assert_eq(aisle_fit_kind_find(aisle_str_from("popular"))->fit(&in, &source, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "times"), "%s", err.message);
    cr_assert_eq(aisle_fit_kind_find(aisle_str_from("trending"))->fit(&in, &source, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "time"), "%s", err.message);
    aisle_part_free(part);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}
