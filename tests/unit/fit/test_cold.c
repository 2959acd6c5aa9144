/* New items by their text, new users by their groups; and the ridge regression behind it. */
#include <math.h>

#include "aisle/model.h"
#include "cpu/train/ridge.h"
#include "tests/unit/fit/taste_shop.h"

Test(cold, new_items_go_to_those_who_like_their_kind)
{
    shelf s = shelf_open(true, 2);
    aisle_eval_source source = shelf_fit(&s, "als-content"), plain = shelf_fit(&s, "als");
    int32_t right = 0;
    for (int32_t u = 0; u < 100; u++) {
        float *scores = shelf_scores(&source, u), *of_als = shelf_scores(&plain, u);
        right += shelf_finds_new(scores, u);
        for (int32_t i = SHELF_SOLD; i < SHOP_ITEMS; i++)
            cr_assert_eq(of_als[i], -INFINITY, "ALS knows nothing of them");
        for (int32_t i = 0; i < SHELF_SOLD; i++) cr_assert_eq(scores[i], of_als[i], "the known are ALS's");
        aisle_free(scores);
        aisle_free(of_als);
    }
    cr_assert_geq(right, 50, "%d of 100; by chance 10 with a deviation of 3", right);
    aisle_eval_source_free(&source);
    aisle_eval_source_free(&plain);
    shelf_close(&s);
}

Test(cold, new_users_get_what_their_country_takes)
{
    shelf s = shelf_open(true, 2);
    aisle_eval_source source = shelf_fit(&s, "als-content");
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

/* What `aisle train` keeps of the same events. */
static aisle_model *shelf_model(const shelf *s)
{
    aisle_trained trained;
    aisle_model *m = NULL;
    aisle_error err = {0};
    const char *path = scratch_path("cold.aisle");
    cr_assert_eq(aisle_train(s->d, NULL, &s->params, &s->trainer, &trained, &err), AISLE_OK, "%s",
                 err.message);
    cr_assert_eq(aisle_trained_write(&trained, s->d, &s->params, "cpu", NULL, path, &err), AISLE_OK, "%s",
                 err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    unlink(path);
    aisle_trained_deinit(&trained);
    return m;
}

Test(cold, a_product_gets_from_the_model_file_what_the_fit_gives_it)
{
    enum { F = 8 };
    shelf s = shelf_open(true, 2);
    aisle_model *m = shelf_model(&s);
    aisle_eval_source source = shelf_fit(&s, "als-content");
    aisle_mat x = aisle_model_users(m), y = aisle_model_items(m);
    const aisle_text_map map = aisle_model_text_map(m);
    aisle_text_rows *rows = NULL;
    float made[SHOP_ITEMS - SHELF_SOLD][F];
    cr_assert_eq(aisle_text_rows_new(aisle_model_vocabulary(m), &rows, NULL), AISLE_OK);
    for (int32_t i = SHELF_SOLD; i < SHOP_ITEMS; i++) {
        aisle_product p = aisle_dataset_product(s.d, i);
        cr_assert_eq(aisle_text_rows_add(rows, &p, NULL), AISLE_OK);
        const aisle_csr *t = aisle_text_rows_get(rows);
        int64_t at = t->row_ptr[i - SHELF_SOLD], n = t->row_ptr[i - SHELF_SOLD + 1] - at;
        aisle_text_map_apply(&map, t->col + at, t->val + at, n, made[i - SHELF_SOLD]);
        cr_assert_arr_eq(made[i - SHELF_SOLD], aisle_mat_row(&y, i), F * sizeof(float), "item %d", i);
    }
    for (int32_t u = 0; u < SHELF_PEOPLE - 20; u += 7) {
        float *scores = shelf_scores(&source, u);
        for (int32_t i = SHELF_SOLD; i < SHOP_ITEMS; i++) {
            double want = 0, size = 0, nu = (F + 1) * 0x1p-24;
            for (int32_t k = 0; k < F; k++) {
                double z = (double)aisle_mat_row(&x, u)[k] * (double)made[i - SHELF_SOLD][k];
                want += z;
                size += fabs(z);
            }
            /* one f32 dot product, in any order: gamma_n of the sum of sizes */
            cr_assert(fabs((double)scores[i] - want) <= nu / (1 - nu) * size, "user %d, item %d: %g, not %g",
                      u, i, (double)scores[i], want);
        }
        aisle_free(scores);
    }
    aisle_text_rows_free(rows);
    aisle_eval_source_free(&source);
    aisle_model_unref(m);
    shelf_close(&s);
}

/* 6 items with 3 terms, 20 factors (two chunks); item 5 is to be predicted and weighs nothing. */
enum { ITEMS = 6, TERMS = 3, FACTORS = 20 };
static const float rows[ITEMS][TERMS] = {{1, 0, 0},     {0, 1, 0}, {.6F, .8F, 0},
                                         {0, .6F, .8F}, {0, 0, 1}, {.8F, 0, .6F}};

static void ridge_case(int32_t threads, aisle_mat *y)
{
    int32_t row[ITEMS * TERMS], col[ITEMS * TERMS];
    float val[ITEMS * TERMS];
    int64_t n = 0;
    for (int32_t i = 0; i < ITEMS; i++)
        for (int32_t t = 0; t < TERMS; t++)
            if (rows[i][t] > 0) row[n] = i, col[n] = t, val[n++] = rows[i][t];
    aisle_csr text = {0};
    cr_assert_eq(aisle_csr_from_coo(ITEMS, TERMS, n, row, col, val, &text, NULL), AISLE_OK);
    const float d[ITEMS] = {1, 2, 3, 1, 5, 0};
    float w[TERMS * FACTORS], mean[FACTORS];
    aisle_ridge r = {.t = &text, .d = d, .reg = .5, .threads = threads};
    cr_assert_eq(aisle_mat_init(y, ITEMS, FACTORS, NULL), AISLE_OK);
    for (int32_t i = 0; i < ITEMS - 1; i++)
        for (int32_t f = 0; f < FACTORS; f++) aisle_mat_row(y, i)[f] = (float)((i * 7 + f * 3) % 11 - 5);
    cr_assert_eq(aisle_ridge_solve(&r, y, w, mean, NULL), AISLE_OK);
    const aisle_text_map map = {TERMS, FACTORS, w, mean, 1};
    const int64_t at = text.row_ptr[5];
    aisle_text_map_apply(&map, text.col + at, text.val + at, text.row_ptr[6] - at, aisle_mat_row(y, 5));
    aisle_csr_deinit(&text);
}

/* Solves the 3 x 3 normal equations in doubles by Cramer's rule. */
static double determinant(double a[TERMS][TERMS])
{
    return a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) -
           a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
           a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]);
}

Test(ridge, solves_the_weighted_normal_equations)
{
    aisle_mat y = {0};
    const double d[ITEMS] = {1, 2, 3, 1, 5, 0};
    ridge_case(1, &y);
    for (int32_t f = 0; f < FACTORS; f++) {
        double a[TERMS][TERMS] = {{.5, 0, 0}, {0, .5, 0}, {0, 0, .5}}, b[TERMS] = {0}, mean = 0, all = 0;
        for (int32_t i = 0; i < ITEMS; i++) mean += d[i] * ((i * 7 + f * 3) % 11 - 5), all += d[i];
        mean /= all;
        for (int32_t i = 0; i < ITEMS; i++)
            for (int s = 0; s < TERMS; s++) {
                for (int t = 0; t < TERMS; t++) a[s][t] += d[i] * (double)rows[i][s] * (double)rows[i][t];
                b[s] += d[i] * (double)rows[i][s] * ((i * 7 + f * 3) % 11 - 5 - mean);
            }
        double want = mean, length = 0;
        for (int s = 0; s < TERMS; s++) {
            double swapped[TERMS][TERMS];
            memcpy(swapped, a, sizeof a);
            for (int t = 0; t < TERMS; t++) swapped[t][s] = b[t];
            want += (double)rows[5][s] * determinant(swapped) / determinant(a);
            length += b[s] * b[s];
        }
        /* The error e of W has |A e| = |r|, and A's least eigenvalue is at least reg = .5. |r| in the 2-norm is at most the
         * root of the largest diagonal over the least, below 3.5, times 1e-2 |b|; the item's row has length 1. */
        cr_assert(fabs((double)aisle_mat_row(&y, 5)[f] - want) <= 3.5e-2 * sqrt(length) / .5, "factor %d", f);
    }
    aisle_mat_deinit(&y);
}

Test(ridge, gives_the_same_bytes_for_any_number_of_threads)
{
    aisle_mat one = {0}, two = {0};
    ridge_case(1, &one);
    ridge_case(2, &two);
    for (int32_t i = 0; i < ITEMS; i++)
        cr_assert_arr_eq(aisle_mat_row(&one, i), aisle_mat_row(&two, i), FACTORS * sizeof(float));
    aisle_mat_deinit(&one);
    aisle_mat_deinit(&two);
}
