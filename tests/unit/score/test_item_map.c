/* The map of the items: its axes are the principal ones, its points are where they lie, and it can fail. */
#include <criterion/criterion.h>

#include "aisle/item_map.h"
#include "aisle/memory.h"
#include "tests/unit/score/score_model.h"

static score_model shared, *const made = &shared;

static void setup(void)
{
    score_model_init(made);
}

static void teardown(void)
{
    aisle_model_unref(made->open);
}

TestSuite(item_map, .init = setup, .fini = teardown);

/* Variance of the shown items' factors along a direction, in double from the model's own floats. */
static double variance_along(const aisle_item_map *map, const double *axis)
{
    double sum = 0, squares = 0;
    for (int32_t i = 0; i < map->n; i++) {
        double at = 0;
        for (int j = 0; j < N_F; j++) at += axis[j] * (double)made->items[map->items[i] * N_F + j];
        sum += at;
        squares += at * at;
    }
    return squares - sum * sum / map->n;
}

static double sum_of_squares(const aisle_item_map *map, int a)
{
    double s = 0;
    for (int32_t i = 0; i < map->n; i++) s += (double)map->at[i * 2 + a] * (double)map->at[i * 2 + a];
    return s;
}

Test(item_map, the_most_popular_items_with_factors_are_shown_and_ties_go_to_the_smaller_number)
{
    aisle_item_map map;
    aisle_error err = {0};
    cr_assert_eq(aisle_item_map_new(made->open, 50, &map, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(map.n, 50);
    for (int32_t i = 1; i < map.n; i++) {
        float before = made->popularity[map.items[i - 1]], here = made->popularity[map.items[i]];
        cr_assert(before > here || (before == here && map.items[i - 1] < map.items[i]));
    }
    for (int32_t i = 0; i < map.n; i++) cr_assert_lt(map.items[i], N_WARM);
    aisle_item_map_deinit(&map);
}

/* No direction has more variance than the first axis (Rayleigh); the axes' points have the variance that is said. */
Test(item_map, the_first_axis_holds_the_most_variance)
{
    aisle_item_map map;
    aisle_error err = {0};
    uint32_t state = 7;
    cr_assert_eq(aisle_item_map_new(made->open, N_ITEMS, &map, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(map.n, N_WARM);
    double first = sum_of_squares(&map, 0), second = sum_of_squares(&map, 1), all = 0;
    for (int j = 0; j < N_F; j++) {
        double unit[N_F] = {0};
        unit[j] = 1;
        all += variance_along(&map, unit);
    }
    cr_assert_float_eq(map.share[0], first / all, 1e-6);
    cr_assert_float_eq(map.share[1], second / all, 1e-6);
    cr_assert(map.share[0] >= map.share[1] && map.share[0] + map.share[1] <= 1 + 1e-9);
    for (int trial = 0; trial < 200; trial++) {
        double axis[N_F], norm = 0;
        for (int j = 0; j < N_F; j++) {
            axis[j] = u_of(&state);
            norm += axis[j] * axis[j];
        }
        for (int j = 0; j < N_F; j++) axis[j] /= sqrt(norm);
        cr_assert_leq(variance_along(&map, axis), first * (1 + 1e-6));
    }
    aisle_item_map_deinit(&map);
}

Test(item_map, the_points_lie_around_nothing_and_the_axes_do_not_tell_of_each_other)
{
    aisle_item_map map;
    aisle_error err = {0};
    double sum[2] = {0}, cross = 0;
    cr_assert_eq(aisle_item_map_new(made->open, N_ITEMS, &map, &err), AISLE_OK, "%s", err.message);
    for (int32_t i = 0; i < map.n; i++) {
        for (int a = 0; a < 2; a++) sum[a] += (double)map.at[i * 2 + a];
        cross += (double)map.at[i * 2] * (double)map.at[i * 2 + 1];
    }
    double scale = sqrt(sum_of_squares(&map, 0) * sum_of_squares(&map, 1));
    cr_assert_float_eq(sum[0] / sqrt(scale), 0, 1e-5);
    cr_assert_float_eq(sum[1] / sqrt(scale), 0, 1e-5);
    cr_assert_float_eq(cross / scale, 0, 1e-5);
    aisle_item_map_deinit(&map);
}

Test(item_map, one_item_is_a_point_without_variance)
{
    aisle_item_map map;
    aisle_error err = {0};
    cr_assert_eq(aisle_item_map_new(made->open, 1, &map, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(map.n, 1);
    cr_assert_eq(map.share[0], 0);
    cr_assert_float_eq(map.at[0], 0, 1e-6);
    aisle_item_map_deinit(&map);
}
