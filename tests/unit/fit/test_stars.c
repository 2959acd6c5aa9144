/* Explicit ratings: what the solver finds against the objective's own gradient, ranges, cold rows, real data. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/fit.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/fit/stars.h"

enum { USERS = 40, ITEMS = 30 };

/* Stars 1..5 of two tastes with a bias a user; user 39 and item 29 have none. */
static aisle_csr rated(void)
{
    aisle_csr m = {0};
    int32_t user[USERS * ITEMS], item[USERS * ITEMS];
    float stars[USERS * ITEMS];
    int64_t n = 0;
    aisle_rng rng;
    aisle_rng_init(&rng, 3, 0);
    for (int32_t u = 0; u + 1 < USERS; u++)
        for (int32_t i = 0; i + 1 < ITEMS; i++) {
            double r = 3 + (u % 2 == i % 2 ? .8 : -.8) + u % 3 * .4 - .4 + .3 * aisle_rng_normal(&rng);
            if (aisle_rng_below(&rng, 3) == 0) continue;
            user[n] = u;
            item[n] = i;
            stars[n++] = (float)fmin(fmax(r, 1), 5);
        }
    cr_assert_eq(aisle_csr_from_coo(USERS, ITEMS, n, user, item, stars, &m, NULL), AISLE_OK);
    return m;
}

static const stars_settings SETTINGS = {
    {.factors = 4, .iterations = 12, .reg = .05, .prior = 3, .bias_reg = 2}, .seed = 9};

static double deviation_of_biases(const aisle_csr *c, stars_settings s)
{
    stars_model m = {0};
    double sum = 0;
    s.p.factors = 0;
    cr_assert_eq(stars_fit(c, &s, 1, &m, NULL), AISLE_OK);
    for (int32_t u = 0; u < USERS; u++)
        for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++) {
            double miss = (double)c->val[e] - stars_predict(&m, u, c->col[e]);
            sum += miss * miss;
        }
    stars_model_deinit(&m);
    return sqrt(sum / (double)aisle_csr_nnz(c));
}

/* The users' step is the last: the gradient of the objective by each user's row is 0 up to the rounding of the row to
 * float. Entry k of the gradient is sum_i miss_i q_ik - penalty_k p_k, and a p that is off by u |p| moves it by at most
 * u |p| sum |q| |q_k| + penalty u |p_k|; predictions and sums are taken in double. */
Test(stars, leave_no_gradient_by_users)
{
    aisle_csr c = rated();
    stars_model m = {0};
    cr_assert_eq(stars_fit(&c, &SETTINGS, 2, &m, NULL), AISLE_OK);
    double scale = deviation_of_biases(&c, SETTINGS);
    int32_t n = SETTINGS.p.factors + 1;
    for (int32_t u = 0; u < USERS; u++) {
        const float *p = aisle_mat_row(&m.users, u);
        int64_t begin = c.row_ptr[u], end = c.row_ptr[u + 1];
        for (int32_t k = 0; k < n; k++) {
            double penalty =
                k ? SETTINGS.p.reg * scale * ((double)(end - begin) + SETTINGS.p.prior) : SETTINGS.p.bias_reg;
            double gradient = -penalty * (double)p[k], bound = penalty * fabs((double)p[k]) * FLT_EPSILON;
            for (int64_t e = begin; e < end; e++) {
                const float *q = aisle_mat_row(&m.items, c.col[e]);
                double at = k ? (double)q[k] : 1, moved = fabs((double)p[0]),
                       miss = (double)c.val[e] - m.mean - (double)p[0] - (double)q[0];
                for (int32_t j = 1; j < n; j++) {
                    miss -= (double)p[j] * (double)q[j];
                    moved += fabs((double)p[j] * (double)q[j]);
                }
                gradient += miss * at;
                bound += fabs(at) * moved * FLT_EPSILON;
            }
            cr_assert_leq(fabs(gradient), bound + 1e-5 * penalty * FLT_EPSILON, "user %d, %d: %g > %g", u, k,
                          gradient, bound);
        }
    }
    stars_model_deinit(&m);
    aisle_csr_deinit(&c);
}

Test(stars, tell_tastes_that_biases_cannot)
{
    aisle_csr c = rated();
    stars_model m = {0};
    double sum = 0;
    cr_assert_eq(stars_fit(&c, &SETTINGS, 2, &m, NULL), AISLE_OK);
    for (int32_t u = 0; u < USERS; u++)
        for (int64_t e = c.row_ptr[u]; e < c.row_ptr[u + 1]; e++) {
            double miss = (double)c.val[e] - stars_predict(&m, u, c.col[e]);
            sum += miss * miss;
        }
    /* a taste is +-.8 beside noise of .3 */
    cr_assert_lt(sqrt(sum / (double)aisle_csr_nnz(&c)), deviation_of_biases(&c, SETTINGS) / 2);
    stars_model_deinit(&m);
    aisle_csr_deinit(&c);
}

Test(stars, are_the_same_bytes_for_any_thread_count)
{
    aisle_csr c = rated();
    stars_model a = {0}, b = {0};
    cr_assert_eq(stars_fit(&c, &SETTINGS, 1, &a, NULL), AISLE_OK);
    cr_assert_eq(stars_fit(&c, &SETTINGS, 3, &b, NULL), AISLE_OK);
    cr_assert_eq(memcmp(a.users.data, b.users.data, (size_t)(USERS * a.users.ld) * sizeof(float)), 0);
    cr_assert_eq(memcmp(a.items.data, b.items.data, (size_t)(ITEMS * a.items.ld) * sizeof(float)), 0);
    stars_model_deinit(&a);
    stars_model_deinit(&b);
    aisle_csr_deinit(&c);
}

Test(stars, of_cold_rows_are_the_other_sides_bias)
{
    aisle_csr c = rated();
    stars_model m = {0};
    cr_assert_eq(stars_fit(&c, &SETTINGS, 2, &m, NULL), AISLE_OK);
    cr_assert_eq(stars_predict(&m, USERS - 1, ITEMS - 1), m.mean);
    cr_assert_eq(stars_predict(&m, 0, ITEMS - 1), m.mean + (double)aisle_mat_row(&m.users, 0)[0]);
    cr_assert_eq(stars_predict(&m, USERS - 1, 0), m.mean + (double)aisle_mat_row(&m.items, 0)[0]);
    stars_model_deinit(&m);
    aisle_csr_deinit(&c);
}

/* Four times the stars, twice the factors, four times the prediction: powers of two round nothing. */
Test(stars, scale_with_the_unit)
{
    aisle_csr c = rated();
    stars_model a = {0}, b = {0};
    stars_settings s = SETTINGS;
    cr_assert_eq(stars_fit(&c, &s, 2, &a, NULL), AISLE_OK);
    for (int64_t e = 0; e < aisle_csr_nnz(&c); e++) c.val[e] *= 4;
    cr_assert_eq(stars_fit(&c, &s, 2, &b, NULL), AISLE_OK);
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++)
            cr_assert_eq(4 * stars_predict(&a, u, i), stars_predict(&b, u, i));
    stars_model_deinit(&a);
    stars_model_deinit(&b);
    aisle_csr_deinit(&c);
}

static void rate(aisle_dataset *d, const char *user, const char *item, double stars)
{
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_event e = {.user = aisle_str_from(user),
                     .item = aisle_str_from(item),
                     .type = AISLE_EVENT_RATING,
                     .value = stars};
    cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
}

static void scores(const aisle_dataset *d, const char *kind, int32_t n_users, float *out)
{
    aisle_weights w = aisle_weights_default();
    aisle_train_params params = aisle_train_params_default();
    aisle_trainer t = {.threads = 2};
    aisle_part *p = NULL;
    aisle_eval_source s = {0};
    cr_assert_eq(aisle_part_new(d, NULL, &w, 1, &p, NULL), AISLE_OK);
    aisle_fit_input in = {p, &params, &t};
    const aisle_fit_kind *k = aisle_fit_kind_find(aisle_str_from(kind));
    cr_assert(k && k->stars, "%s", kind);
    cr_assert_eq(k->fit(&in, &s, NULL), AISLE_OK);
    int32_t users[8];
    for (int32_t u = 0; u < n_users; u++) users[u] = u;
    cr_assert_eq(s.scores(s.ctx, 0, users, n_users, out, NULL), AISLE_OK);
    aisle_eval_source_free(&s);
    aisle_part_free(p);
}

Test(stars, stay_within_what_was_seen)
{
    const char *kinds[] = {"stars", "stars-bias"};
    for (int k = 0; k < 2; k++) {
        aisle_dataset *d = aisle_dataset_new();
        for (int n = 0; n < 30; n++) { /* a generous user and a good item: more than 5 together */
            char other[16];
            snprintf(other, sizeof other, "o%d", n);
            rate(d, "generous", other, 5);
            rate(d, other, other, 2);
            rate(d, other, "good", 5);
        }
        float all[2 * 40];
        scores(d, kinds[k], 2, all);
        for (int32_t i = 0; i < 2 * aisle_idmap_count(aisle_dataset_items(d)); i++)
            cr_assert(all[i] >= 2 && all[i] <= 5, "%s", kinds[k]);
        int32_t good = aisle_idmap_find(aisle_dataset_items(d), aisle_str_from("good"));
        cr_assert_eq(all[good], 5.0F, "%s", kinds[k]);
        aisle_dataset_free(d);
    }
}

Test(stars, of_equal_ratings_are_that_rating)
{
    aisle_dataset *d = aisle_dataset_new();
    float out[4];
    rate(d, "a", "x", 4);
    rate(d, "a", "y", 4);
    rate(d, "b", "y", 4);
    scores(d, "stars", 2, out);
    for (int e = 0; e < 4; e++) cr_assert_eq(out[e], 4.0F);
    aisle_dataset_free(d);
}

Test(stars, want_ratings)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_event e = {
        .user = aisle_str_from("a"), .item = aisle_str_from("x"), .type = AISLE_EVENT_PURCHASE, .value = 1};
    cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    aisle_weights w = aisle_weights_default();
    aisle_train_params params = aisle_train_params_default();
    aisle_trainer t = {.threads = 1};
    aisle_part *p = NULL;
    aisle_eval_source s = {0};
    cr_assert_eq(aisle_part_new(d, NULL, &w, 1, &p, NULL), AISLE_OK);
    aisle_fit_input in = {p, &params, &t};
    cr_assert_eq(aisle_fit_kind_find(aisle_str_from("stars"))->fit(&in, &s, NULL), AISLE_EINVAL);
    aisle_part_free(p);
    aisle_dataset_free(d);
}
