/* What is bought with an item, and what is related to several, added up by hand. */
#include <criterion/criterion.h>

#include "score_model.h"

static score_model m;
static aisle_scorer *s;
static aisle_hit hit[N_ITEMS];
static aisle_hits hits;
static int64_t rows[N_ITEMS + 1];
static int32_t items[] = {50, 60, 60, 70};
static float scores[] = {20, 10, 15, 8};

/* Item 10 goes with 50 and 60, item 11 with 60 and 70. */
static void set_up(void)
{
    score_model_init(&m);
    for (int i = 0; i <= N_ITEMS; i++) rows[i] = i <= 10 ? 0 : i == 11 ? 2 : 4;
    aisle_model_parts p = score_parts(&m);
    p.complements = (aisle_csr){N_ITEMS, N_ITEMS, rows, items, scores};
    aisle_model_unref(m.open);
    m.open = parts_opened(&p);
    s = aisle_scorer_new();
    hits = (aisle_hits){.hit = hit};
}

static void tear_down(void)
{
    aisle_scorer_free(s);
    aisle_model_unref(m.open);
}

TestSuite(related_sums, .init = set_up, .fini = tear_down);

static void ask(aisle_related_query q)
{
    aisle_error err = {0};
    cr_assert_eq(aisle_scorer_related(s, m.open, &q, &hits, &err), AISLE_OK, "%s", err.message);
}

static void hit_is(int32_t h, int32_t item, float score, int32_t reason, float share)
{
    cr_assert_eq(hit[h].item, item);
    cr_assert_eq(hit[h].score, score);
    cr_assert_eq(hit[h].reasons[0].item, reason);
    cr_assert_eq(hit[h].reasons[0].share, share);
}

Test(related_sums, what_is_bought_with_one_item_is_never_made_up_for_by_likeness)
{
    ask((aisle_related_query){.item = 10, .intent = AISLE_INTENT_COMPLEMENTARY, .n = 10});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_COMPLEMENTARY);
    cr_assert_str_eq(aisle_strategy_name(hits.strategy), "complementary");
    cr_assert_eq(hits.n, 2);
    hit_is(0, 50, 20, 10, 1);
    hit_is(1, 60, 10, 10, 1);
    ask((aisle_related_query){.item = 12, .intent = AISLE_INTENT_COMPLEMENTARY, .n = 10});
    cr_assert_eq(hits.n, 0);
}

Test(related_sums, a_list_that_is_given_stands_in_for_the_models)
{
    const int32_t now[] = {70, 50}, none[] = {0};
    const float now_scores[] = {9, 4};
    const aisle_item_list lists[] = {{12, 2, now, now_scores}, {10, 0, none, NULL}};
    const int32_t about[] = {10, 11, 12};
    aisle_related_query q = {
        .item = 12, .intent = AISLE_INTENT_COMPLEMENTARY, .n = 10, .lists = lists, .n_lists = 2};
    ask(q);
    cr_assert_eq(hits.n, 2);
    hit_is(0, 70, 9, 12, 1);
    hit_is(1, 50, 4, 12, 1);
    q.item = 10;
    ask(q);
    cr_assert_eq(hits.n, 0);
    q.items = about;
    q.n_items = 3;
    ask(q);
    cr_assert_eq(hits.n, 3);
    hit_is(0, 70, 17, 12, 9.0f / 17);
    hit_is(1, 60, 15, 11, 1);
    hit_is(2, 50, 4, 12, 1);
}

Test(related_sums, several_items_add_up_and_share_the_reason)
{
    const int32_t cart[] = {11, 10, 11};
    uint64_t allowed[(N_ITEMS + 63) / 64];
    aisle_related_query q = {
        .items = cart, .n_items = 3, .intent = AISLE_INTENT_COMPLEMENTARY, .n = 10, .allowed = allowed};
    memset(allowed, -1, sizeof allowed);
    ask(q);
    cr_assert_eq(hits.n, 3);
    hit_is(0, 60, 25, 11, .6f);
    cr_assert(hit[0].n_reasons == 2 && hit[0].reasons[1].item == 10 && hit[0].reasons[1].share == .4f);
    hit_is(1, 50, 20, 10, 1);
    hit_is(2, 70, 8, 11, 1);
    allowed[60 / 64] &= ~(1ull << (60 % 64));
    q.n = 1;
    ask(q);
    cr_assert(hits.n == 1 && hit[0].item == 50);
}

/* Similar to 10: 31 32 33 34 with .5 / (k + 1); to 11: 34 35 36 37. */
Test(related_sums, similar_ones_come_first_and_texts_fill_up)
{
    const int32_t two[] = {10, 11};
    ask((aisle_related_query){.items = two, .n_items = 2, .intent = AISLE_INTENT_SIMILAR, .n = 100});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_SIMILAR);
    cr_assert_gt(hits.n, 7);
    hit_is(0, 34, .5f / 4 + .5f, 11, .8f);
    cr_assert(hit[1].item == 31 && hit[1].score == .5f);
    bool seen[N_ITEMS] = {false};
    for (int h = 0; h < hits.n; h++) {
        cr_assert_not(seen[hit[h].item] || hit[h].item == 10 || hit[h].item == 11);
        seen[hit[h].item] = true;
    }
    cr_assert(seen[13] && seen[15]); /* texts of 10 */
    ask((aisle_related_query){.items = two, .n_items = 2, .intent = AISLE_INTENT_CONTENT, .n = 100});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_CONTENT);
    cr_assert_eq(hit[0].item, 12); /* .75 of 11 */
    ask((aisle_related_query){.items = two, .n_items = 2, .intent = AISLE_INTENT_SIMILAR, .n = 3});
    cr_assert_eq(hits.n, 3);
}

Test(related_sums, items_outside_the_model_are_invalid)
{
    const int32_t bad[] = {0, N_ITEMS};
    aisle_error err;
    aisle_related_query q = {.items = bad, .n_items = 2, .intent = AISLE_INTENT_SIMILAR, .n = 3};
    cr_assert_eq(aisle_scorer_related(s, m.open, &q, &hits, &err), AISLE_EINVAL);
    q.n_items = 0;
    cr_assert_eq(aisle_scorer_related(s, m.open, &q, &hits, &err), AISLE_EINVAL);
}
