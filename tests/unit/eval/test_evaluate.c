/* Every metric by hand on tiny rankings, against a brute-force twin in double on random ones, and the edges.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/memory.h"
#include "cpu/eval/rank.h"
#include "tests/unit/eval/sample.h"

static aisle_eval_params cuts(int32_t a, int32_t b)
{
    return (aisle_eval_params){.cuts = {a, b}, .n_cuts = b ? 2 : 1, .threads = 2, .seed = 5};
}

/* Metrics are sums of a few hundred doubles of at most 1: off by far less than 1e-12, and any slip is far more. */
#define NEAR(got, want) cr_assert_float_eq((got), (want), 1e-12, "%.15f, wanted %.15f", (got), (double)(want))

/* Six items, item 0 in train, items 2 and 5 held out. Ranking by score: 1 2 3 4 5.
 *   @2: hit at rank 2. P 1/2, R 1/2, F1 1/2. Called relevant {1, 2}: right are 2 (hit), 3, 4 (left out): 3/5.
 *       MAP (1/2)/min(2,2) = 1/4; MRR 1/2; NDCG (1/log2 3) / (1 + 1/log2 3).
 *   @5: hits at 2 and 5. P 2/5, R 1, F1 4/7, accuracy 2/5, MAP (1/2 + 2/5)/2 = 9/20, MRR 1/2,
 *       NDCG (1/log2 3 + 1/log2 6) / (1 + 1/log2 3).
 *   AUC: 2 beats 3 and 4, 5 beats none of 1, 3, 4: 2/6. Coverage 2/6 and 5/6. */
Test(evaluate, one_user_by_hand)
{
    float s[6] = {9, .9f, .8f, .7f, .6f, .5f};
    int32_t u[2] = {0, 0}, held[2] = {2, 5}, zero = 0;
    table t = {s, 6};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(1, 6, 1, &zero, &zero), test = csr(1, 6, 2, u, held);
    aisle_eval_params p = cuts(2, 5);
    aisle_eval_report r;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    double l3 = 1 / log2(3), l6 = 1 / log2(6);
    cr_assert_eq(r.n_users, 1);
    cr_assert_eq(r.at[0].k, 2);
    NEAR(r.at[0].precision.mean, .5);
    NEAR(r.at[0].recall.mean, .5);
    NEAR(r.at[0].f1.mean, .5);
    NEAR(r.at[0].accuracy.mean, .6);
    NEAR(r.at[0].hit_rate.mean, 1);
    NEAR(r.at[0].map.mean, .25);
    NEAR(r.at[0].mrr.mean, .5);
    NEAR(r.at[0].ndcg.mean, l3 / (1 + l3));
    NEAR(r.at[0].coverage.mean, 2. / 6);
    NEAR(r.at[1].precision.mean, .4);
    NEAR(r.at[1].recall.mean, 1);
    NEAR(r.at[1].f1.mean, 4. / 7);
    NEAR(r.at[1].accuracy.mean, .4);
    NEAR(r.at[1].map.mean, .45);
    NEAR(r.at[1].mrr.mean, .5);
    NEAR(r.at[1].ndcg.mean, (l3 + l6) / (1 + l3));
    NEAR(r.at[1].coverage.mean, 5. / 6);
    NEAR(r.auc.mean, 2. / 6);
    NEAR(r.auc.low, r.auc.mean);
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
}

/* All scores equal: nobody knows which of 20 items is best. Item 0, which an order by id would put first, is among 5 for a
 * quarter of 4,000 users, binomial with deviation .0068 of the share; 5 deviations. Every AUC pair is a tie and counts 1/2. */
Test(evaluate, a_score_that_tells_nothing_ranks_at_random)
{
    enum { MANY = 4000, N = 20 };
    static float s[MANY * N];
    static int32_t u[MANY], zero[MANY];
    for (int32_t i = 0; i < MANY; i++) u[i] = i;
    table t = {s, N};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(MANY, N, 0, NULL, NULL), test = csr(MANY, N, MANY, u, zero);
    aisle_eval_params p = cuts(5, 20);
    aisle_eval_report r, other;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    cr_assert_float_eq(r.at[0].hit_rate.mean, .25, .034, "%f", r.at[0].hit_rate.mean);
    NEAR(r.at[1].hit_rate.mean, 1);
    NEAR(r.at[0].coverage.mean, 1);
    NEAR(r.auc.mean, .5);
    p.seed++;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &other, NULL), AISLE_OK);
    cr_assert_neq(other.at[0].mrr.mean, r.at[0].mrr.mean);
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
}

/* Item 1 cannot be ranked: no cut recommends it, although three places are left over at @4; below both others
 * it loses its two AUC pairs. Items called relevant are 0 and 2, both wrong, and item 1 is missed: accuracy
 * 0. */
Test(evaluate, items_without_a_score_are_never_recommended)
{
    float s[3] = {.2f, -INFINITY, .1f};
    int32_t zero = 0, held = 1;
    table t = {s, 3};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(1, 3, 0, NULL, NULL), test = csr(1, 3, 1, &zero, &held);
    aisle_eval_params p = cuts(4, 0);
    aisle_eval_report r;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    NEAR(r.at[0].hit_rate.mean, 0);
    NEAR(r.at[0].accuracy.mean, 0);
    NEAR(r.at[0].coverage.mean, 2. / 3);
    NEAR(r.auc.mean, 0);
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
}

Test(evaluate, users_without_test_items_are_skipped)
{
    float s[9] = {3, 2, 1, 3, 2, 1, 3, 2, 1};
    /* user 0 has a test item, user 1 none, user 2 only one that is in the train row as well */
    int32_t train_u[2] = {1, 2}, train_i[2] = {0, 0}, test_u[2] = {0, 2}, test_i[2] = {0, 0};
    table t = {s, 3};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(3, 3, 2, train_u, train_i), test = csr(3, 3, 2, test_u, test_i);
    aisle_csr none = csr(3, 3, 0, NULL, NULL);
    aisle_eval_params p = cuts(1, 0);
    aisle_eval_report r;
    aisle_error err;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    cr_assert_eq(r.n_users, 1);
    NEAR(r.at[0].hit_rate.mean, 1);
    cr_assert_eq(aisle_evaluate(&source, &train, &none, &p, &r, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "no user"));
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
    aisle_csr_deinit(&none);
}

/* ---- the twin: sorts everything, counts every pair ---- */
static void twin_user(const sample *s, const aisle_tie_order *ties, int32_t u, int32_t k,
                      double v[AISLE_METRICS + 1])
{
    int32_t order[ITEMS], n = 0, n_held = 0, hits = 0, right = 0;
    double dcg = 0, ideal = 0, average = 0, first = 0, wins = 0, pairs = 0;
    const float *score = s->scores + u * ITEMS;
    for (int32_t p = 0; p < ITEMS; p++) {
        int32_t i = tied(ties, u, p);
        if (s->in_train[u][i]) continue;
        int32_t at = n++;
        for (; at > 0 && score[order[at - 1]] < score[i]; at--) order[at] = order[at - 1];
        order[at] = i;
        n_held += s->in_test[u][i];
    }
    for (int32_t r = 0; r < n; r++) {
        bool in = s->in_test[u][order[r]], top = r < k && score[order[r]] != -INFINITY;
        right += in == top;
        if (!in || !top) continue;
        hits++;
        dcg += log(2) / log(r + 2);
        average += (double)hits / (r + 1);
        if (first == 0) first = 1. / (r + 1);
    }
    for (int32_t r = 0; r < k && r < n_held; r++) ideal += log(2) / log(r + 2);
    for (int32_t a = 0; a < n; a++)
        for (int32_t b = 0; b < n; b++) {
            if (!s->in_test[u][order[a]] || s->in_test[u][order[b]]) continue;
            float x = score[order[a]], y = score[order[b]];
            pairs++;
            wins += x > y ? 1 : x == y ? .5 : 0;
        }
    double p = (double)hits / k, r = (double)hits / n_held;
    double all[AISLE_METRICS + 1] = {p,
                                     r,
                                     hits ? 2 * p * r / (p + r) : 0,
                                     (double)right / n,
                                     hits > 0,
                                     average / (k < n_held ? k : n_held),
                                     first,
                                     dcg / ideal,
                                     wins / pairs};
    memcpy(v, all, sizeof all);
}

Test(evaluate, every_metric_agrees_with_a_brute_force_twin)
{
    static sample s;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        aisle_tie_order ties = tie_order(ITEMS, seed);
        draw(&s, seed);
        table t = {s.scores, ITEMS};
        aisle_eval_source source = {&t, table_scores, NULL};
        aisle_eval_params p = {.cuts = {1, 7, 50, 200}, .n_cuts = 4, .threads = 2, .seed = seed};
        aisle_eval_report r;
        cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &r, NULL), AISLE_OK);
        for (int32_t c = 0; c < p.n_cuts; c++) {
            double sum[AISLE_METRICS + 1] = {0}, v[AISLE_METRICS + 1];
            int32_t n = 0;
            for (int32_t u = 0; u < USERS; u++) {
                if (aisle_rank_held(&s.train, &s.test, NULL, u, NULL) == 0) continue;
                twin_user(&s, &ties, u, p.cuts[c], v);
                for (int32_t m = 0; m <= AISLE_METRICS; m++) sum[m] += v[m];
                n++;
            }
            cr_assert_eq(r.n_users, n);
            for (int32_t m = 0; m < AISLE_METRICS; m++)
                cr_assert_float_eq(aisle_metric_at(&r.at[c], m)->mean, sum[m] / n, 1e-12, "%s@%d",
                                   aisle_metric_rows[m].name, p.cuts[c]);
            NEAR(r.auc.mean, sum[AISLE_METRICS] / n);
        }
        aisle_tie_order_deinit(&ties);
        undraw(&s);
    }
}

/* More items than one block and, for user 1, more test items than are counted one by one. Item i scores i %
 * 500, so that every score comes up many times; items 0 .. 9 are in train and score NaN, which nobody looks
 * at. */
Test(evaluate, long_rows_and_many_test_items_agree_with_counting_every_pair)
{
    enum { MANY = 2500, HELD = 300 };
    static float s[2 * MANY];
    static int32_t row[HELD + 3], col[HELD + 3];
    int32_t train_row[20], train_col[20];
    const int32_t n = HELD + 3;
    for (int32_t i = 0; i < 2 * MANY; i++) s[i] = i % MANY < 10 ? NAN : (float)(i % MANY % 500);
    for (int32_t e = 0; e < 20; e++) train_row[e] = e / 10, train_col[e] = e % 10;
    for (int32_t e = 0; e < n; e++) row[e] = e >= 3, col[e] = 11 + (e < 3 ? e : e - 3) * 7;
    table t = {s, MANY};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(2, MANY, 20, train_row, train_col), test = csr(2, MANY, n, row, col);
    aisle_eval_params p = cuts(5, 20);
    aisle_eval_report r;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    double auc = 0, first = 0;
    for (int32_t u = 0; u < 2; u++) {
        double wins = 0, pairs = 0;
        for (int64_t e = test.row_ptr[u]; e < test.row_ptr[u + 1]; e++)
            for (int32_t i = 10, held = 0; i < MANY; i++) {
                held = i >= 11 && (i - 11) % 7 == 0 && (i - 11) / 7 < (u ? HELD : 3);
                float x = s[test.col[e]], y = s[i];
                if (!held) pairs++, wins += x > y ? 1 : x == y ? .5 : 0;
            }
        auc += wins / pairs / 2;
    }
    /* the best are items 499, 999, 1499, 1999, 2499 in the order of ties, then 498 ...: test items are 11 + 7 j */
    aisle_tie_order ties = tie_order(MANY, p.seed);
    for (int32_t level = 499, rank = 0; level >= 496; level--)
        for (int32_t at = 0; at < MANY; at++) {
            int32_t i = tied(&ties, 1, at);
            if (i % 500 != level) continue;
            rank++;
            if (first == 0 && (i - 11) % 7 == 0 && (i - 11) / 7 < HELD) first = 1. / rank;
        }
    aisle_tie_order_deinit(&ties);
    NEAR(r.auc.mean, auc);
    NEAR(r.at[1].mrr.mean, first / 2); /* user 0's three test items stand far behind */
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
}

Test(evaluate, any_thread_count_gives_the_same_report)
{
    static sample s;
    draw(&s, 11);
    table t = {s.scores, ITEMS};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr vectors;
    cr_assert_eq(aisle_csr_transpose(&s.train, &vectors, NULL), AISLE_OK);
    aisle_eval_params p = {.cuts = {5, 20},
                           .n_cuts = 2,
                           .threads = 1,
                           .bootstrap = 40,
                           .seed = 9,
                           .max_users = 140,
                           .beyond = true,
                           .item_vectors = &vectors,
                           .segments = true};
    static aisle_eval_report one, other;
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &one, NULL), AISLE_OK);
    cr_assert_eq(one.n_users, 140);
    for (p.threads = 2; p.threads <= 3; p.threads++) {
        cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &other, NULL), AISLE_OK);
        one.seconds = other.seconds = 0;
        cr_assert_arr_eq(&one, &other, sizeof one);
    }
    aisle_csr_deinit(&vectors);
    undraw(&s);
}

/* The deviation of a mean over n users is that of the users / sqrt n; the percentile interval of a mean is
 * close to +- 1.96 of it. 150 users, hit rate p: sqrt(p (1 - p) / n). Within an eighth of it for 2,000
 * resamples. */
Test(evaluate, bootstrap_intervals_have_the_width_of_the_normal_ones)
{
    static sample s;
    draw(&s, 21);
    for (int32_t e = 0; e < USERS * ITEMS; e++) s.scores[e] += (float)(e % ITEMS) / 128; /* no ties */
    table t = {s.scores, ITEMS};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_eval_params p = {.cuts = {3}, .n_cuts = 1, .threads = 2, .bootstrap = 2000, .seed = 1};
    aisle_eval_report a, b;
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &a, NULL), AISLE_OK);
    aisle_metric h = a.at[0].hit_rate;
    double want = 2 * 1.96 * sqrt(h.mean * (1 - h.mean) / a.n_users);
    cr_assert(h.low < h.mean && h.mean < h.high);
    cr_assert_float_eq(h.high - h.low, want, want / 8, "%f, wanted about %f", h.high - h.low, want);
    cr_assert_eq(a.at[0].coverage.low, a.at[0].coverage.mean);
    p.seed = 2; /* another seed moves the interval, never the mean */
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &b, NULL), AISLE_OK);
    cr_assert_eq(b.at[0].ndcg.mean, a.at[0].ndcg.mean);
    cr_assert_neq(b.at[0].ndcg.low, a.at[0].ndcg.low);
    undraw(&s);
}

Test(evaluate, wrong_parameters_and_scores_are_named)
{
    float s[4] = {1, NAN, 1, 1};
    int32_t zero = 0, held = 1, stop = 1;
    table t = {s, 4};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(1, 4, 0, NULL, NULL), test = csr(1, 4, 1, &zero, &held);
    aisle_csr wide = csr(1, 5, 1, &zero, &held);
    aisle_eval_params p = cuts(2, 2);
    aisle_eval_report r;
    aisle_error err;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "cut-off 2"));
    p = cuts(1001, 0);
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, &err), AISLE_EINVAL);
    p = cuts(2, 3);
    cr_assert_eq(aisle_evaluate(&source, &train, &wide, &p, &r, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, &err), AISLE_ENUMERIC);
    s[1] = INFINITY;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, &err), AISLE_ENUMERIC);
    s[1] = 0;
    aisle_progress progress = {NULL, NULL, &stop};
    p.progress = &progress;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, &err), AISLE_ECANCELED);
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
    aisle_csr_deinit(&wide);
}

Test(evaluate, every_failed_allocation_is_reported)
{
    static sample s;
    draw(&s, 3);
    table t = {s.scores, ITEMS};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr vectors;
    cr_assert_eq(aisle_csr_transpose(&s.train, &vectors, NULL), AISLE_OK);
    aisle_eval_params p = {.cuts = {5},
                           .n_cuts = 1,
                           .threads = 2,
                           .bootstrap = 4,
                           .beyond = true,
                           .item_vectors = &vectors,
                           .segments = true};
    aisle_eval_report r;
    aisle_status st = AISLE_ENOMEM;
    int64_t n = 1;
    for (; n < 100 && st == AISLE_ENOMEM; n++) {
        aisle_alloc_fail_after(n);
        st = aisle_evaluate(&source, &s.train, &s.test, &p, &r, NULL);
        aisle_alloc_fail_after(0);
    }
    cr_assert_eq(st, AISLE_OK);
    cr_assert_gt(n, 30);
    aisle_csr_deinit(&vectors);
    undraw(&s);
}
