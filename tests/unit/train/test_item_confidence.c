/* Confidences by item: their numbers, and that training and a fold-in solve the same system with them. */
#include <math.h>

#include "aisle/model.h"
#include "aisle/scorer.h"
#include "cpu/train/als_loop.h"
#include "tests/unit/train/small_shop.h"

enum { FACTORS = 8 };

Test(item_confidence, is_a_power_of_the_count_with_mean_one_over_the_pairs)
{
    int64_t row_ptr[] = {0, 4, 4, 5};
    int32_t col[] = {0, 1, 2, 3, 0};
    aisle_csr ct = {3, 4, row_ptr, col, NULL};
    float *s = NULL;
    cr_assert_eq(aisle_item_confidence(&ct, .5f, &s, NULL), AISLE_OK);
    /* n = 4, 0, 1: 4^-.5 = 1/2 and 1; the pairs' sum is 4/2 + 1 = 3 of 5 */
    cr_assert_float_eq(s[0], 5. / 6, 1e-7);
    cr_assert_float_eq(s[2], 5. / 3, 2e-7);
    cr_assert_eq(s[1], 1);
    aisle_free(s);
}

/* |A x - b| against the backward error of Cholesky in f32 (Higham 2002, theorem 10.4) with the sums of A and b. */
static void check_solution(const aisle_trained *t, const aisle_train_params *p, int32_t u, const float *x)
{
    double a[FACTORS][FACTORS], b[FACTORS] = {0};
    int64_t first = t->seen.row_ptr[u], last = t->seen.row_ptr[u + 1], n = last - first;
    double l = (double)t->reg * pow((double)n + (double)t->a0 * SHOP_ITEMS, (double)p->als.nu);
    for (int32_t i = 0; i < FACTORS; i++)
        for (int32_t j = 0; j < FACTORS; j++)
            a[i][j] = (double)t->a0 * (double)t->item_gram[i * FACTORS + j] + (i == j ? l : 0);
    for (int64_t e = first; e < last; e++) {
        int32_t item = t->seen.col[e];
        double c = (double)t->seen.val[e] * (double)t->item_confidence[item];
        const float *y = aisle_mat_row(&t->items, item);
        for (int32_t i = 0; i < FACTORS; i++) {
            b[i] += c * (double)y[i];
            for (int32_t j = 0; j < FACTORS; j++) a[i][j] += c * (double)y[i] * (double)y[j];
        }
    }
    double gamma = (double)(3 * FACTORS + SHOP_ITEMS + n + 8) * 0x1p-24;
    for (int32_t i = 0; i < FACTORS; i++) {
        double residual = -b[i], bound = fabs(b[i]);
        for (int32_t j = 0; j < FACTORS; j++) {
            residual += a[i][j] * (double)x[j];
            bound += 2 * sqrt(a[i][i] * a[j][j]) * fabs((double)x[j]);
        }
        cr_assert_leq(fabs(residual), gamma * bound, "user %d, row %d: %g", u, i, residual);
    }
}

Test(item_confidence, is_in_the_training_and_in_the_fold_in_of_the_model_file)
{
    aisle_dataset *d = small_shop();
    aisle_trainer t = cpu_trainer(2);
    aisle_train_params p = aisle_train_params_default();
    aisle_trained made;
    aisle_model *m = NULL;
    char path[] = "/tmp/aisle-confidence-XXXXXX";
    close(mkstemp(path));
    p.factors = FACTORS;
    p.item_damping = .4f;
    p.als.solver = AISLE_SOLVER_EXACT;
    cr_assert_eq(aisle_train(d, NULL, &p, &t, &made, NULL), AISLE_OK);
    cr_assert_not_null(made.item_confidence);
    cr_assert_eq(aisle_trained_write(&made, d, &p, "cpu", NULL, path, NULL), AISLE_OK);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    cr_assert_arr_eq(aisle_model_item_confidence(m), made.item_confidence, SHOP_ITEMS * sizeof(float));
    for (int32_t u = 0; u < SHOP_USERS; u++) {
        aisle_weighted_item given[SHOP_ITEMS];
        float x[FACTORS];
        int32_t n = 0;
        for (int64_t e = made.seen.row_ptr[u]; e < made.seen.row_ptr[u + 1]; e++)
            given[n++] = (aisle_weighted_item){made.seen.col[e], made.seen.val[e]};
        check_solution(&made, &p, u, aisle_mat_row(&made.users, u));
        cr_assert_eq(aisle_fold_in(m, given, n, x, NULL), AISLE_OK);
        check_solution(&made, &p, u, x);
    }
    aisle_model_unref(m);
    unlink(path);
    aisle_trained_deinit(&made);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}
