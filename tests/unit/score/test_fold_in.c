/* Fold-in by its residual, reasons by the inverse in double. */
#include <criterion/criterion.h>

#include "tests/unit/score/score_model.h"

static score_model m;

static void set_up(void)
{
    score_model_init(&m);
}

static void tear_down(void)
{
    aisle_model_unref(m.open);
}

TestSuite(fold_in, .init = set_up, .fini = tear_down);

static double norm(const double *v, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) s += v[i] * v[i];
    return sqrt(s);
}

/* Higham 2002, theorem 10.4: the solution solves A + dA with |dA| <= gamma_{3f+1} |R'||R|, whose norm is at
 * most f gamma ||A||; forming A and b adds gamma_{n+4} of sums of absolute values, themselves at most f
 * ||A||. */
static double residual_bound(int f, int n)
{
    double g = (3 * f + 1 + n + 4) * 0x1p-24;
    return f * g / (1 - g);
}

Test(fold_in, the_residual_is_within_the_bound)
{
    static aisle_weighted_item given[N_ITEMS];
    double a[N_F * N_F], b[N_F], r[N_F], x64[N_F];
    for (int t = 0; t < 2 * N_USERS; t++) {
        float x[N_F];
        aisle_error err = {0};
        int u = t / 2, n = history_of(&m, u, given);
        for (int j = 0; t % 2 && j < n; j += 3) given[j].weight = -given[j].weight;
        cr_assert_eq(aisle_fold_in(m.open, given, n, x, &err), AISLE_OK, "%s", err.message);
        system_f64(&m, given, n, a, b);
        for (int i = 0; i < N_F; i++) {
            x64[i] = (double)x[i];
            r[i] = -b[i];
        }
        for (int i = 0; i < N_F; i++)
            for (int j = 0; j < N_F; j++) r[i] += a[i * N_F + j] * x64[j];
        double scale = norm(a, N_F * N_F) * norm(x64, N_F) + norm(b, N_F);
        cr_assert_leq(norm(r, N_F), residual_bound(N_F, n) * scale, "user %d", u);
    }
}

Test(fold_in, repeats_add_up_and_order_does_not_matter)
{
    aisle_weighted_item a[] = {{5, 1}, {100, 2}, {5, 3}}, b[] = {{100, 2}, {5, 4}};
    float xa[N_F], xb[N_F];
    cr_assert_eq(aisle_fold_in(m.open, a, 3, xa, NULL), AISLE_OK);
    cr_assert_eq(aisle_fold_in(m.open, b, 2, xb, NULL), AISLE_OK);
    cr_assert_arr_eq(xa, xb, sizeof xa);
}

Test(fold_in, of_repeats_a_dislike_wins)
{
    aisle_weighted_item a[] = {{5, 3}, {100, 2}, {5, -1}, {5, 9}}, b[] = {{100, 2}, {5, -1}};
    float xa[N_F], xb[N_F];
    cr_assert_eq(aisle_fold_in(m.open, a, 4, xa, NULL), AISLE_OK);
    cr_assert_eq(aisle_fold_in(m.open, b, 2, xb, NULL), AISLE_OK);
    cr_assert_arr_eq(xa, xb, sizeof xa);
}

Test(fold_in, items_without_factors_give_zero)
{
    aisle_weighted_item cold[] = {{290, 1}, {299, 5}};
    float x[N_F];
    for (int n = 0; n <= 2; n += 2) {
        memset(x, 7, sizeof x);
        cr_assert_eq(aisle_fold_in(m.open, cold, n, x, NULL), AISLE_OK);
        for (int k = 0; k < N_F; k++) cr_assert_eq(x[k], 0);
    }
}

Test(fold_in, more_items_than_a_block_of_rows)
{
    static aisle_weighted_item given[N_WARM];
    double a[N_F * N_F], b[N_F];
    float x[N_F];
    for (int i = 0; i < N_WARM; i++) given[i] = (aisle_weighted_item){i, 1 + (float)(i % 2)};
    cr_assert_eq(aisle_fold_in(m.open, given, N_WARM, x, NULL), AISLE_OK);
    system_f64(&m, given, N_WARM, a, b);
    solve_f64(a, b);
    /* forward error: condition (trace over the smallest diagonal shift) times the backward error */
    double trace = 0;
    for (int i = 0; i < N_F; i++) trace += a[i * N_F + i];
    double bound =
        2 * residual_bound(N_F, N_WARM) * trace / (0.0625 * (N_WARM + 0.125 * N_ITEMS)) * norm(b, N_F);
    for (int k = 0; k < N_F; k++) cr_assert_leq(fabs((double)x[k] - b[k]), bound);
}

/* 75 factors: more than one panel of the Cholesky, and no multiple of any vector. */
enum { WIDE_F = 75, WIDE_ITEMS = 40 };
static double wide_a[WIDE_F * WIDE_F], wide_b[WIDE_F];

static aisle_model *wide_model(float *items, float *gram)
{
    static const int64_t none[2];
    static float user[WIDE_F];
    uint32_t state = 11;
    for (int i = 0; i < WIDE_ITEMS * WIDE_F; i++) items[i] = small_value(&state) / 8;
    for (int e = 0; e < WIDE_F * WIDE_F; e++) {
        double sum = 0;
        for (int i = 0; i < WIDE_ITEMS; i++)
            sum += (double)items[i * WIDE_F + e / WIDE_F] * (double)items[i * WIDE_F + e % WIDE_F];
        gram[e] = (float)sum;
        wide_a[e] = 0.125 * (double)gram[e] + (e / WIDE_F == e % WIDE_F ? 2.0 : 0.0);
    }
    const aisle_model_parts parts = {.users = {1, WIDE_F, WIDE_F, user},
                                     .items = {WIDE_ITEMS, WIDE_F, WIDE_F, items},
                                     .item_gram = gram,
                                     .n_users = 1,
                                     .n_items = WIDE_ITEMS,
                                     .user_id = small_id,
                                     .item_id = small_id,
                                     .user_ctx = "u",
                                     .item_ctx = "x",
                                     .seen = {1, WIDE_ITEMS, (int64_t *)none, NULL, NULL},
                                     .meta = "{}",
                                     .a0 = 0.125f,
                                     .reg = 2.0f};
    return parts_opened(&parts);
}

Test(fold_in, factors_beyond_one_panel_and_between_vectors)
{
    static float items[WIDE_ITEMS * WIDE_F], gram[WIDE_F * WIDE_F];
    static double r[WIDE_F], x64[WIDE_F];
    aisle_model *wide = wide_model(items, gram);
    aisle_weighted_item given[20];
    float x[WIDE_F];
    for (int j = 0; j < 20; j++) {
        const float *y = items + 2 * j * WIDE_F;
        given[j] = (aisle_weighted_item){2 * j, j % 5 ? 1 + (float)(j % 3) : -1};
        for (int p = 0; p < WIDE_F; p++) {
            double c = fabs((double)given[j].weight);
            if (given[j].weight > 0) wide_b[p] += c * (double)y[p];
            for (int q = 0; q < WIDE_F; q++) wide_a[p * WIDE_F + q] += c * (double)y[p] * (double)y[q];
        }
    }
    cr_assert_eq(aisle_fold_in(wide, given, 20, x, NULL), AISLE_OK);
    for (int p = 0; p < WIDE_F; p++) {
        x64[p] = (double)x[p];
        r[p] = -wide_b[p];
        for (int q = 0; q < WIDE_F; q++) r[p] += wide_a[p * WIDE_F + q] * (double)x[q];
    }
    double scale = norm(wide_a, WIDE_F * WIDE_F) * norm(x64, WIDE_F) + norm(wide_b, WIDE_F);
    cr_assert_leq(norm(r, WIDE_F), residual_bound(WIDE_F, 20) * scale);
    aisle_model_unref(wide);
}

Test(fold_in, weights_beyond_float_are_a_numeric_error)
{
    aisle_weighted_item given[] = {{5, 3e38f}, {5, 3e38f}};
    aisle_error err = {0};
    float x[N_F];
    cr_assert_eq(aisle_fold_in(m.open, given, 2, x, &err), AISLE_ENUMERIC);
    cr_assert(strstr(err.message, "positive definite"));
}

Test(fold_in, every_failing_allocation_is_reported)
{
    aisle_weighted_item given = {5, 1};
    float x[N_F];
    for (int n = 1; n <= 2; n++) {
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_fold_in(m.open, &given, 1, x, NULL);
        aisle_alloc_fail_after(0);
        cr_assert_eq(st, AISLE_ENOMEM);
    }
}

/* ---- reasons ---- */

/* y_i' W y_j c_j in double. */
static void contributions(const aisle_weighted_item *given, int n, int item, double *out)
{
    double a[N_F * N_F], b[N_F], t[N_F];
    system_f64(&m, given, n, a, b);
    for (int k = 0; k < N_F; k++) t[k] = (double)m.items[item * N_F + k];
    solve_f64(a, t);
    for (int j = 0; j < n; j++) {
        out[j] = 0;
        for (int k = 0; k < N_F; k++)
            out[j] += t[k] * (double)m.items[given[j].item * N_F + k] * (double)given[j].weight;
    }
}

static void assert_reasons(const aisle_hit *h, const aisle_weighted_item *given, int n)
{
    double c[N_ITEMS], total = 0;
    int positive = 0;
    contributions(given, n, h->item, c);
    for (int j = 0; j < n; j++)
        if (c[j] > 0) total += c[j], positive++;
    cr_assert_eq(h->n_reasons, positive < 3 ? positive : 3);
    for (int r = 0; r < h->n_reasons; r++) {
        int j = 0;
        while (given[j].item != h->reasons[r].item) j++;
        cr_assert_float_eq((double)h->reasons[r].share, c[j] / total, 1e-4, "item %d", h->item);
        cr_assert(r == 0 || h->reasons[r - 1].share >= h->reasons[r].share);
        int larger = 0;
        for (int k = 0; k < n; k++) larger += c[k] > c[j] + 1e-4 * total;
        cr_assert_leq(larger, r);
    }
}

Test(fold_in, reasons_are_the_shares_of_the_score)
{
    static aisle_weighted_item given[N_ITEMS];
    aisle_scorer *s = aisle_scorer_new();
    aisle_hit hit[25];
    aisle_hits hits = {.hit = hit};
    for (int u = 0; u < N_USERS; u++) {
        aisle_query q = {.user = u, .n = 25, .explain = true};
        if (u == EMPTY_USER) continue;
        cr_assert_eq(aisle_scorer_recommend(s, m.open, &q, &hits, NULL), AISLE_OK);
        int n = history_of(&m, u, given);
        for (int h = 0; h < hits.n; h++) assert_reasons(&hit[h], given, n);
    }
    aisle_scorer_free(s);
}

Test(fold_in, the_shares_of_a_short_history_sum_to_one)
{
    aisle_scorer *s = aisle_scorer_new();
    aisle_hit hit[40];
    aisle_hits hits = {.hit = hit};
    aisle_query q = {.user = SHORT_USER, .n = 40, .explain = true};
    cr_assert_eq(aisle_scorer_recommend(s, m.open, &q, &hits, NULL), AISLE_OK);
    cr_assert_eq(hits.n, 40);
    for (int h = 0; h < hits.n; h++) {
        double sum = 0;
        for (int r = 0; r < hit[h].n_reasons; r++) {
            cr_assert_gt(hit[h].reasons[r].share, 0);
            sum += (double)hit[h].reasons[r].share;
        }
        /* one rounding a share */
        cr_assert_leq(fabs(sum - 1), 3 * 0x1p-24);
    }
    aisle_scorer_free(s);
}
