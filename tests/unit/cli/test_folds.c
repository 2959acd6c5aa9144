/* Folds as one, and p-values of several comparisons. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/memory.h"
#include "server/cli/evaluation_measure.h"

/* 30 users at .2 +- .03 and 10 at .6 +- .04: mean .3, half-width sqrt((.75 x .03)^2 + (.25 x .04)^2). */
Test(folds, are_weighed_by_users_and_their_intervals_add_up_as_deviations)
{
    aisle_eval_report a = {.n_users = 30, .n_cuts = 1, .seconds = 1},
                      b = {.n_users = 10, .n_cuts = 1, .seconds = 2};
    a.at[0] = (aisle_eval_at){.k = 10, .ndcg = {.2, .17, .23}, .gini = {.5, .5, .5}};
    b.at[0] = (aisle_eval_at){.k = 10, .ndcg = {.6, .56, .64}, .gini = {.9, .9, .9}};
    b.segment[AISLE_SEGMENT_COLD] = (aisle_eval_segment){.n_users = 4, .n_pairs = 7};
    b.segment[AISLE_SEGMENT_COLD].at[0] = (aisle_eval_at){.k = 10, .recall = {.25, .25, .25}};
    aisle_eval_report_join(&a, &b);
    double half = sqrt(.0225 * .0225 + .01 * .01);
    cr_assert_eq(a.n_users, 40);
    cr_assert_float_eq(a.at[0].ndcg.mean, .3, 1e-15);
    cr_assert_float_eq(a.at[0].ndcg.low, .3 - half, 1e-15);
    cr_assert_float_eq(a.at[0].ndcg.high, .3 + half, 1e-15);
    cr_assert_float_eq(a.at[0].gini.mean, .6, 1e-15);
    const aisle_eval_segment *cold = &a.segment[AISLE_SEGMENT_COLD];
    cr_assert(cold->n_users == 4 && cold->n_pairs == 7 && cold->at[0].recall.mean == .25 &&
              cold->at[0].k == 10);
    cr_assert_eq(a.seconds, 3);
}

/* Squared errors are pooled over pairs: sqrt((100 x .64 + 300 x 1) / 400). */
Test(folds, of_stars_are_pooled_over_pairs)
{
    aisle_stars_report a = {.n_users = 9, .n_pairs = 100, .rmse = {.8, .8, .8}, .mae = {.5, .5, .5}},
                       b = {.n_users = 8, .n_pairs = 300, .rmse = {1, 1, 1}, .mae = {.7, .7, .7}};
    aisle_stars_report_join(&a, &b);
    cr_assert_float_eq(a.rmse.mean, sqrt(.91), 1e-15);
    cr_assert_float_eq(a.mae.mean, .65, 1e-15);
    cr_assert(a.n_pairs == 400 && a.n_users == 17);
}

/* Three comparisons of 40 users: b is a plus noise that cancels, c and d are above a for all, d by little. */
Test(comparison, p_values_are_corrected_step_by_step)
{
    enum { N = 40 };
    static double values[4][N];
    aisle_evaluated *r = aisle_calloc(1, sizeof *r);
    aisle_evaluation e = {.params = {.threads = 2, .seed = 1}};
    r->n_users = N;
    r->n_folds = 1;
    r->n_models = r->n_compared = 4;
    for (int u = 0; u < N; u++) {
        values[0][u] = .3 + .01 * (u % 7);
        values[1][u] = values[0][u] + (u % 2 ? .01 : -.01) * (1 + u / 2 % 3);
        values[2][u] = values[0][u] + .2;
        values[3][u] = values[0][u] + (u % 5 ? .001 : -.0005);
    }
    for (int m = 0; m < 4; m++) r->model[m].values = values[m];
    cr_assert_eq(aisle_evaluation_compare(&e, r, NULL), AISLE_OK);
    const aisle_evaluated_model *m = r->model;
    cr_assert_float_eq(m[2].comparison.difference, .2, 1e-12);
    cr_assert_gt(m[1].comparison.p_wilcoxon, .5);
    cr_assert_lt(m[2].comparison.p_wilcoxon, m[3].comparison.p_wilcoxon);
    cr_assert_lt(m[3].comparison.p_wilcoxon, m[1].comparison.p_wilcoxon);
    cr_assert_eq(m[2].holm_wilcoxon, 3 * m[2].comparison.p_wilcoxon, "the smallest of three");
    cr_assert_eq(m[3].holm_wilcoxon, fmax(m[2].holm_wilcoxon, 2 * m[3].comparison.p_wilcoxon));
    cr_assert_eq(m[1].holm_wilcoxon, m[1].comparison.p_wilcoxon, "the largest stays");
    aisle_free(r);
}
