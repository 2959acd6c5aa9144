/* What a user's newest events weigh. */
#include <criterion/criterion.h>

#include "aisle/scorer.h"

static const aisle_weights weights = {.weight = {[AISLE_EVENT_VIEW] = .5f,
                                                 [AISLE_EVENT_REMOVE_FROM_CART] = -1,
                                                 [AISLE_EVENT_PURCHASE] = 4,
                                                 [AISLE_EVENT_CANCEL] = 9,
                                                 [AISLE_EVENT_RATING] = 2},
                                      .rating_floor = 3};

Test(recent, weights_of_an_item_add_up_and_what_says_nothing_good_is_left_out)
{
    const aisle_recent_event events[] = {
        {7, AISLE_EVENT_VIEW, 1},  {3, AISLE_EVENT_PURCHASE, 96},        {7, AISLE_EVENT_PURCHASE, 1},
        {5, AISLE_EVENT_VIEW, 1},  {5, AISLE_EVENT_REMOVE_FROM_CART, 1}, {8, AISLE_EVENT_RATING, 2},
        {9, AISLE_EVENT_CLICK, 1}, {2, AISLE_EVENT_RATING, 5},           {1, AISLE_EVENT_CANCEL, 1},
        {4, AISLE_EVENT_RATING, 3}};
    const aisle_weighted_item want[] = {{7, 4.5f}, {3, 4}, {2, 2}, {4, 1.2f}};
    aisle_weighted_item got[10];
    cr_assert_eq(aisle_recent_weigh(&weights, events, 10, got), 4);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(got[i].item, want[i].item);
        cr_assert_eq(got[i].weight, want[i].weight); /* sums of two, products of one: exact here */
    }
    cr_assert_eq(aisle_recent_weigh(&weights, NULL, 0, got), 0);
}

Test(recent, a_dislike_takes_the_item_out_whatever_else_was_done)
{
    const aisle_recent_event events[] = {
        {7, AISLE_EVENT_PURCHASE, 1}, {7, AISLE_EVENT_DISLIKE, 1}, {7, AISLE_EVENT_PURCHASE, 1}};
    aisle_weighted_item got[3];
    aisle_weights w = weights;
    cr_assert_eq(aisle_recent_weigh(&w, events, 3, got), 0); /* dislikes weigh nothing */
    w.weight[AISLE_EVENT_DISLIKE] = 1.5f;
    cr_assert_eq(aisle_recent_weigh(&w, events, 3, got), 1);
    cr_assert_eq(got[0].weight, -1.5f);
    w.binary = true;
    cr_assert_eq(aisle_recent_weigh(&w, events, 3, got), 1);
    cr_assert_eq(got[0].weight, -1);
}

Test(recent, binary_weights_count_an_item_once)
{
    const aisle_recent_event events[] = {{7, AISLE_EVENT_PURCHASE, 1}, {7, AISLE_EVENT_PURCHASE, 1}};
    aisle_weighted_item got[2];
    aisle_weights w = weights;
    w.binary = true;
    cr_assert_eq(aisle_recent_weigh(&w, events, 2, got), 1);
    cr_assert_eq(got[0].weight, 1);
    cr_assert_eq(aisle_named_weight(&w), 1);
}

Test(recent, a_named_item_weighs_as_one_put_in_the_cart_and_never_nothing)
{
    aisle_weights w = weights;
    cr_assert_eq(aisle_named_weight(&w), 1);
    w.weight[AISLE_EVENT_ADD_TO_CART] = 2.5f;
    cr_assert_eq(aisle_named_weight(&w), 2.5f);
}
