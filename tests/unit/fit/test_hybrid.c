/* Hybrids: what they are made of, who gets which part, and that shares add up. */
#include "aisle/hybrid.h"

#include <math.h>

#include "tests/unit/fit/taste_shop.h"

static int32_t part_named(const aisle_eval_source *s, const char *name)
{
    for (int32_t p = 0; p < aisle_hybrid_parts(s); p++)
        if (strcmp(aisle_hybrid_part(s, p), name) == 0) return p;
    return -1;
}

Test(hybrid, takes_the_parts_that_the_data_allow)
{
    shelf s = shelf_open(true, 2);
    aisle_eval_source h = shelf_fit(&s, "hybrid");
    cr_assert_geq(part_named(&h, "als-content"), 0);
    cr_assert_geq(part_named(&h, "content"), 0);
    cr_assert_geq(part_named(&h, "popular"), 0);
    cr_assert_lt(part_named(&h, "als"), 0, "als-content is als and more");
    aisle_eval_source_free(&h);
    shelf_close(&s);
    aisle_eval_source popular = {0};
    cr_assert_eq(aisle_hybrid_parts(&popular), 0);
}

Test(hybrid, weighs_by_no_negative_number_and_sums_to_one)
{
    for (int timed = 0; timed < 2; timed++) {
        shelf s = shelf_open(timed, 2);
        aisle_eval_source h = shelf_fit(&s, "hybrid");
        for (int g = 0; g < AISLE_HYBRID_SEGMENTS; g++) {
            double sum = 0;
            for (int32_t p = 0; p < aisle_hybrid_parts(&h); p++) {
                double w = aisle_hybrid_weight(&h, (aisle_hybrid_segment)g, p);
                cr_assert_geq(w, 0);
                sum += w;
            }
            cr_assert(g == AISLE_HYBRID_NEW_ITEM ? sum > 0 && sum <= 2.001 : fabs(sum - 1) < 1e-5, "%d: %g",
                      g, sum);
        }
        aisle_eval_source_free(&h);
        shelf_close(&s);
    }
}

Test(hybrid, shows_new_items_to_those_who_like_their_kind)
{
    shelf s = shelf_open(true, 2);
    aisle_eval_source h = shelf_fit(&s, "hybrid");
    int32_t right = 0;
    for (int32_t u = 0; u < 100; u++) {
        float *scores = shelf_scores(&h, u);
        right += shelf_finds_new(scores, u);
        aisle_free(scores);
    }
    cr_assert_geq(right, 50, "%d of 100; by chance 10 with a deviation of 3", right);
    aisle_eval_source_free(&h);
    shelf_close(&s);
}

static void expect_shares(const char *kind)
{
    shelf s = shelf_open(true, 1);
    aisle_eval_source h = shelf_fit(&s, kind);
    int32_t n = aisle_hybrid_parts(&h), items[SHOP_ITEMS], user = 3;
    float *shares = aisle_array((int64_t)SHOP_ITEMS * n, sizeof *shares), *scores = shelf_scores(&h, user);
    for (int32_t i = 0; i < SHOP_ITEMS; i++) items[i] = i;
    cr_assert_eq(aisle_hybrid_shares(&h, 0, user, items, SHOP_ITEMS, shares, NULL), AISLE_OK);
    for (int32_t i = 0; i < SHOP_ITEMS; i++) {
        double sum = 0;
        for (int32_t p = 0; p < n; p++) {
            cr_assert(shares[i * n + p] >= 0, "%s", kind);
            sum += (double)shares[i * n + p];
        }
        cr_assert(fabs(sum - (scores[i] > 0)) <= 8 * 0x1p-24, "%s: item %d, sum %g", kind, i,
                  sum); /* 8 roundings */
    }
    items[0] = SHOP_ITEMS;
    cr_assert_eq(aisle_hybrid_shares(&h, 0, user, items, 1, shares, NULL), AISLE_EINVAL);
    aisle_free(shares);
    aisle_free(scores);
    aisle_eval_source_free(&h);
    shelf_close(&s);
}

Test(hybrid, says_which_part_gave_which_share)
{
    expect_shares("hybrid");
    expect_shares("fusion");
    expect_shares("switch");
}

Test(hybrid, gives_the_same_scores_for_any_number_of_threads)
{
    float *got[2];
    for (int32_t t = 0; t < 2; t++) {
        shelf s = shelf_open(true, 1 + t);
        aisle_eval_source h = shelf_fit(&s, "hybrid");
        got[t] = shelf_scores(&h, 11);
        aisle_eval_source_free(&h);
        shelf_close(&s);
    }
    cr_assert_arr_eq(got[0], got[1], SHOP_ITEMS * sizeof(float));
    aisle_free(got[0]);
    aisle_free(got[1]);
}

/* With one item, the split off of new items leaves nothing for some seeds. */
Test(hybrid, weighs_equally_where_nothing_can_be_held_out)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    small_shop_event(&sink, 0, 0, SHOP_DAY_MS);
    aisle_train_params params = aisle_train_params_default();
    aisle_trainer t = cpu_trainer(1);
    aisle_part *part = NULL;
    int32_t user = 0;
    float score = NAN;
    params.factors = 2;
    cr_assert_eq(aisle_part_new(d, NULL, &params.weights, 1, &part, NULL), AISLE_OK);
    for (params.seed = 1; params.seed <= 40; params.seed++) {
        aisle_fit_input in = {part, &params, &t};
        aisle_eval_source h = {0};
        aisle_error err = {0};
        cr_assert_eq(aisle_fit_kind_find(AISLE_STR("hybrid"))->fit(&in, &h, &err), AISLE_OK, "%s",
                     err.message);
        int32_t n = aisle_hybrid_parts(&h);
        cr_assert(n > 0 && part_named(&h, "als") >= 0 && part_named(&h, "content") < 0);
        cr_assert_float_eq(aisle_hybrid_weight(&h, AISLE_HYBRID_KNOWN, 0), 1. / n, 0x1p-24);
        cr_assert_eq(h.scores(h.ctx, 0, &user, 1, &score, NULL), AISLE_OK);
        cr_assert_eq(score, 0, "the only item is theirs");
        aisle_eval_source_free(&h);
    }
    aisle_part_free(part);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}

/* Whatever allocation fails, fitting says so and leaves nothing behind (AddressSanitizer looks). */
Test(hybrid, reports_every_failed_allocation)
{
    shelf s = shelf_open(true, 1);
    aisle_fit_input in = {s.part, &s.params, &s.trainer};
    const aisle_fit_kind *kinds[] = {aisle_fit_kind_find(AISLE_STR("demographic")),
                                     aisle_fit_kind_find(AISLE_STR("content")),
                                     aisle_fit_kind_find(AISLE_STR("hybrid"))};
    s.params.iterations = 1;
    s.params.hybrid.parts = "popular,demographic";
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        aisle_status st = AISLE_ENOMEM;
        for (int64_t n = 1; st != AISLE_OK; n += 1 + n / 8) {
            aisle_eval_source source = {0};
            aisle_alloc_fail_after(n);
            st = kinds[k]->fit(&in, &source, NULL);
            aisle_alloc_fail_after(0);
            cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "%s: allocation %d", kinds[k]->name, (int)n);
            if (st == AISLE_OK) aisle_eval_source_free(&source);
        }
    }
    shelf_close(&s);
}

Test(hybrid, refuses_a_part_that_cannot_be_one)
{
    static const char *const wrong[] = {"hybrid", "als,nothing", "", "stars"};
    shelf s = shelf_open(true, 1);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        aisle_fit_input in = {s.part, &s.params, &s.trainer};
        aisle_eval_source source = {0};
        s.params.hybrid.parts = wrong[k];
        cr_assert_eq(aisle_fit_kind_find(AISLE_STR("hybrid"))->fit(&in, &source, NULL), AISLE_EINVAL, "%s",
                     wrong[k]);
    }
    shelf_close(&s);
}

Test(fusion, adds_reciprocal_ranks)
{
    shelf s = shelf_open(true, 1);
    s.params.hybrid.parts = "popular,content";
    aisle_eval_source h = shelf_fit(&s, "fusion"),
                      parts[2] = {shelf_fit(&s, "popular"), shelf_fit(&s, "content")};
    const aisle_csr *pairs = aisle_part_pairs(s.part);
    float *scores = shelf_scores(&h, 4), *of[2] = {shelf_scores(&parts[0], 4), shelf_scores(&parts[1], 4)};
    for (int64_t e = pairs->row_ptr[4]; e < pairs->row_ptr[5]; e++)
        for (int p = 0; p < 2; p++) of[p][pairs->col[e]] = -(float)INFINITY;
    for (int32_t i = 0; i < SHOP_ITEMS; i++) {
        double want = 0;
        for (int p = 0; p < 2; p++) {
            int32_t rank = 1;
            for (int32_t j = 0; j < SHOP_ITEMS; j++)
                rank += of[p][j] > of[p][i] || (of[p][j] == of[p][i] && j < i);
            if (of[p][i] > -(float)INFINITY) want += .5 / (60 + rank);
        }
        cr_assert(fabs((double)scores[i] - want) <= 4 * 0x1p-24 * want, "item %d", i); /* 4 roundings */
    }
    aisle_free(scores);
    for (int p = 0; p < 2; p++) {
        aisle_free(of[p]);
        aisle_eval_source_free(&parts[p]);
    }
    aisle_eval_source_free(&h);
    shelf_close(&s);
}

Test(switch, gives_each_segment_one_part)
{
    shelf s = shelf_open(true, 1);
    aisle_eval_source h = shelf_fit(&s, "switch");
    cr_assert_eq(aisle_hybrid_weight(&h, AISLE_HYBRID_NEW, part_named(&h, "demographic")), 1);
    cr_assert_eq(aisle_hybrid_weight(&h, AISLE_HYBRID_FEW, part_named(&h, "content")), 1);
    cr_assert_eq(aisle_hybrid_weight(&h, AISLE_HYBRID_KNOWN, part_named(&h, "als-content")), 1);
    cr_assert_eq(aisle_hybrid_weight(&h, AISLE_HYBRID_NEW_ITEM, part_named(&h, "content")), 1);
    aisle_eval_source_free(&h);
    shelf_close(&s);
}
