/* Content and demographics as kinds of model, against sums made in the plain way. */
#include <math.h>

#include "tests/unit/fit/taste_shop.h"

Test(content, is_the_cosine_of_the_profile_and_the_item)
{
    shelf s = shelf_open(true, 2);
    aisle_eval_source source = shelf_fit(&s, "content");
    aisle_csr text = {0};
    cr_assert_eq(aisle_part_text(s.part, &s.params.text, &text, NULL, NULL), AISLE_OK);
    const aisle_csr *pairs = aisle_part_pairs(s.part);
    double *profile = aisle_calloc((size_t)text.n_cols, sizeof *profile);
    for (int64_t e = pairs->row_ptr[5]; e < pairs->row_ptr[6]; e++)
        for (int64_t a = text.row_ptr[pairs->col[e]]; a < text.row_ptr[pairs->col[e] + 1]; a++)
            profile[text.col[a]] += (double)pairs->val[e] * (double)text.val[a];
    double square = 0;
    for (int32_t t = 0; t < text.n_cols; t++) square += profile[t] * profile[t];
    float *scores = shelf_scores(&source, 5);
    for (int32_t i = 0; i < SHOP_ITEMS; i++) {
        double want = 0;
        for (int64_t a = text.row_ptr[i]; a < text.row_ptr[i + 1]; a++)
            want += profile[text.col[a]] * (double)text.val[a] / sqrt(square);
        /* all terms positive: a relative error of at most gamma_n, n <= 8 pairs + 40 terms + 4 operations */
        cr_assert(fabs((double)scores[i] - want) <= 52 * 0x1p-24 / (1 - 52 * 0x1p-24) * want, "%d", i);
    }
    aisle_free(scores);
    aisle_free(profile);
    aisle_csr_deinit(&text);
    aisle_eval_source_free(&source);
    shelf_close(&s);
}

Test(content, ranks_nothing_for_a_user_without_a_pair_and_no_item_without_text)
{
    shelf s = shelf_open(true, 1);
    aisle_sink sink = aisle_dataset_sink(s.d);
    small_shop_event(&sink, 1, 999, SHOP_DAY_MS); /* an item of which no record came */
    aisle_part_free(s.part);
    cr_assert_eq(aisle_part_new(s.d, NULL, &s.params.weights, 1, &s.part, NULL), AISLE_OK);
    aisle_eval_source source = shelf_fit(&s, "content");
    int32_t n = aisle_part_n_items(s.part), users[2] = {1, SHELF_PEOPLE - 1};
    cr_assert_eq(n, SHOP_ITEMS + 1);
    float *scores = aisle_array(2 * (int64_t)n, sizeof *scores);
    cr_assert_eq(source.scores(source.ctx, 0, users, 2, scores, NULL), AISLE_OK);
    cr_assert(scores[0] > -(float)INFINITY && scores[SHOP_ITEMS] == -(float)INFINITY);
    for (int32_t i = 0; i < n; i++) cr_assert_eq(scores[n + i], -(float)INFINITY);
    aisle_free(scores);
    aisle_eval_source_free(&source);
    shelf_close(&s);
}

Test(demographic, is_the_formula_of_its_groups)
{
    shelf s = shelf_open(true, 1);
    aisle_eval_source source = shelf_fit(&s, "demographic");
    const aisle_csr *pairs = aisle_part_pairs(s.part), *by_item = aisle_part_by_item(s.part);
    double of_item[SHOP_ITEMS] = {0}, group = 0, n = (double)aisle_csr_nnz(pairs), score[SHOP_ITEMS];
    for (int32_t u = 1; u < SHELF_PEOPLE; u += 2)
        for (int64_t e = pairs->row_ptr[u]; e < pairs->row_ptr[u + 1]; e++, group++) of_item[pairs->col[e]]++;
    float *got = shelf_scores(&source, SHELF_PEOPLE - 1);
    bool found = false;
    for (int k = 0; k < 25 && !found; k++) { /* one strength must explain all items */
        double m = ldexp(1, k), worst = 0;
        for (int32_t i = 0; i < SHOP_ITEMS; i++) {
            double p = ((double)(by_item->row_ptr[i + 1] - by_item->row_ptr[i]) + 1) / (n + SHOP_ITEMS);
            score[i] = log(p) + log((of_item[i] + m * p) / (m * p)); /* but for what all items share */
            worst = fmax(worst, fabs((double)got[i] - score[i]));
        }
        found = worst <= 24 * 0x1p-24; /* three roundings to float of values below 16 */
    }
    cr_assert(found);
    aisle_free(got);
    aisle_eval_source_free(&source);
    shelf_close(&s);
}

Test(demographic, tells_tastes_of_countries_apart_before_any_event)
{
    shelf s = shelf_open(true, 1);
    aisle_eval_source source = shelf_fit(&s, "demographic");
    for (int32_t u = SHELF_PEOPLE - 2; u < SHELF_PEOPLE; u++) {
        float *scores = shelf_scores(&source, u);
        double liked = 0;
        for (int32_t i = 0; i < SHELF_SOLD; i++) liked += (i % 2 == u % 2 ? 1 : -1) * (double)scores[i];
        cr_assert_gt(liked, 0);
        aisle_free(scores);
    }
    aisle_eval_source_free(&source);
    shelf_close(&s);
}

Test(demographic, says_what_is_missing)
{
    aisle_dataset *d = small_shop(); /* no user records */
    aisle_train_params params = aisle_train_params_default();
    aisle_trainer t = cpu_trainer(1);
    aisle_part *p = NULL;
    aisle_eval_source source = {0};
    aisle_error err = {0};
    cr_assert_eq(aisle_part_new(d, NULL, &params.weights, 1, &p, NULL), AISLE_OK);
    aisle_fit_input in = {p, &params, &t};
    cr_assert_eq(aisle_fit_kind_find(AISLE_STR("demographic"))->fit(&in, &source, &err), AISLE_EINVAL);
    cr_assert_not_null(strstr(err.message, "import users"));
    aisle_part_free(p);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}
