/* Predicted stars: errors by hand, what is left out, and how intervals resample. */
#include "aisle/memory.h"
#include "tests/unit/eval/sample.h"

#define NEAR(got, want) cr_assert_float_eq((got), (want), 1e-12, "%.15f, wanted %.15f", (got), (double)(want))

/* User 0: item 0 is in train and left out, 1 is off by -1, 2 by 2. User 1 has no train star and is off by 6 - 5 at item 3,
 * by nothing when predictions end at 5. User 2 has nothing held out. */
typedef struct three {
    table t;
    aisle_eval_source source;
    aisle_csr train, stars;
} three;

static float predicted[12] = {9, 3, 4, 0, 0, 0, 0, 6, NAN, NAN, NAN, NAN};

static void make(three *x)
{
    int32_t train_u[2] = {0, 2}, train_i[2] = {0, 1}, u[4] = {0, 0, 0, 1}, i[4] = {0, 1, 2, 3};
    float given[4] = {1, 4, 2, 5};
    x->t = (table){predicted, 4};
    x->source = (aisle_eval_source){&x->t, table_scores, NULL};
    x->train = csr(3, 4, 2, train_u, train_i);
    cr_assert_eq(aisle_csr_from_coo(3, 4, 4, u, i, given, &x->stars, NULL), AISLE_OK);
}

static void unmake(three *x)
{
    aisle_csr_deinit(&x->train);
    aisle_csr_deinit(&x->stars);
}

Test(stars, errors_by_hand)
{
    three x;
    double absolute[3], squared[3];
    make(&x);
    aisle_eval_stars_params p = {.threads = 2, .absolute = absolute, .squared = squared};
    aisle_stars_report r;
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.train, &x.stars, &p, &r, NULL), AISLE_OK);
    cr_assert_eq(r.n_users, 2);
    cr_assert_eq(r.n_pairs, 3);
    NEAR(r.rmse.mean, sqrt((1 + 4 + 1) / 3.));
    NEAR(r.mae.mean, (1 + 2 + 1) / 3.);
    NEAR(r.rmse.low, r.rmse.mean);
    NEAR(absolute[0], 1.5);
    NEAR(squared[0], 2.5);
    NEAR(absolute[1], 1);
    cr_assert(isnan(absolute[2]) && isnan(squared[2]));
    p.lowest = .5;
    p.highest = 5;
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.train, &x.stars, &p, &r, NULL), AISLE_OK);
    NEAR(r.rmse.mean, sqrt(5 / 3.));
    NEAR(r.mae.mean, 1);
    unmake(&x);
}

/* Two users: a resample has user 0 twice (errors 1, 2), user 1 twice (error 1) or both. So the interval of the RMSE, whose
 * tails hold a quarter each, is that of user 1 alone to that of user 0 alone. */
Test(stars, resamples_draw_users_with_all_their_stars)
{
    three x;
    make(&x);
    aisle_eval_stars_params p = {.threads = 1, .bootstrap = 500, .seed = 2};
    aisle_stars_report one, other;
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.train, &x.stars, &p, &one, NULL), AISLE_OK);
    NEAR(one.rmse.low, 1);
    NEAR(one.rmse.high, sqrt(2.5));
    NEAR(one.mae.low, 1);
    NEAR(one.mae.high, 1.5);
    p.threads = 3;
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.train, &x.stars, &p, &other, NULL), AISLE_OK);
    cr_assert(one.rmse.mean == other.rmse.mean && one.rmse.low == other.rmse.low);
    unmake(&x);
}

static aisle_csr stars_of(const sample *s)
{
    aisle_csr m = csr(USERS, ITEMS, 0, NULL, NULL);
    aisle_csr_deinit(&m);
    int32_t row[USERS * ITEMS], col[USERS * ITEMS];
    static float val[USERS * ITEMS];
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++)
            if (s->in_test[u][i]) row[n] = u, col[n] = i, val[n++] = (float)((u + i) % 5 + 1);
    cr_assert_eq(aisle_csr_from_coo(USERS, ITEMS, n, row, col, val, &m, NULL), AISLE_OK);
    return m;
}

Test(stars, many_users_agree_with_a_plain_loop_for_any_thread_count)
{
    static sample s;
    draw(&s, 17);
    for (int32_t e = 0; e < USERS * ITEMS; e++)
        if (s.scores[e] == -INFINITY) s.scores[e] = 2.5f;
    aisle_csr stars = stars_of(&s);
    table t = {s.scores, ITEMS};
    aisle_eval_source source = {&t, table_scores, NULL};
    double square = 0, absolute = 0, n = 0;
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++) {
            if (!s.in_test[u][i] || s.in_train[u][i]) continue;
            double e = (double)s.scores[u * ITEMS + i] - ((u + i) % 5 + 1);
            square += e * e;
            absolute += fabs(e);
            n++;
        }
    aisle_stars_report one, other;
    aisle_eval_stars_params p = {.threads = 1, .bootstrap = 20, .seed = 4};
    cr_assert_eq(aisle_evaluate_stars(&source, &s.train, &stars, &p, &one, NULL), AISLE_OK);
    cr_assert_eq((double)one.n_pairs, n);
    NEAR(one.rmse.mean, sqrt(square / n));
    NEAR(one.mae.mean, absolute / n);
    for (p.threads = 2; p.threads <= 3; p.threads++) {
        cr_assert_eq(aisle_evaluate_stars(&source, &s.train, &stars, &p, &other, NULL), AISLE_OK);
        cr_assert(one.rmse.mean == other.rmse.mean && one.mae.mean == other.mae.mean);
        cr_assert(one.rmse.low == other.rmse.low && one.mae.high == other.mae.high);
    }
    aisle_status st = AISLE_ENOMEM;
    int64_t k = 1;
    for (; k < 30 && st == AISLE_ENOMEM; k++) {
        aisle_alloc_fail_after(k);
        st = aisle_evaluate_stars(&source, &s.train, &stars, &p, &other, NULL);
        aisle_alloc_fail_after(0);
    }
    cr_assert_eq(st, AISLE_OK);
    cr_assert_gt(k, 7);
    aisle_csr_deinit(&stars);
    undraw(&s);
}

Test(stars, what_cannot_be_measured_is_refused)
{
    three x;
    aisle_error err;
    aisle_stars_report r;
    aisle_eval_stars_params p = {.threads = 1};
    make(&x);
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.stars, &x.stars, &p, &r, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "nothing to measure"));
    p.lowest = 5;
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.train, &x.stars, &p, &r, &err), AISLE_EINVAL);
    p.lowest = 0;
    predicted[2] = -INFINITY;
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.train, &x.stars, &p, &r, &err), AISLE_ENUMERIC);
    cr_assert(strstr(err.message, "user 0 and item 2"), "%s", err.message);
    int stop = 1;
    aisle_progress progress = {NULL, NULL, &stop};
    p.progress = &progress;
    cr_assert_eq(aisle_evaluate_stars(&x.source, &x.train, &x.stars, &p, &r, &err), AISLE_ECANCELED);
    unmake(&x);
}
