/* Comparisons: by hand, against every assignment of signs, and against what chance makes. */
#include "aisle/memory.h"
#include "tests/unit/eval/sample.h"

static aisle_comparison compare(const double *a, const double *b, int32_t n, int32_t resamples)
{
    aisle_comparison c;
    aisle_error err = {0};
    aisle_compare_params p = {.bootstrap = resamples, .threads = 2, .seed = 3};
    cr_assert_eq(aisle_compare(a, b, n, &p, &c, &err), AISLE_OK, "%s", err.message);
    return c;
}

/* The mean of d = 1/4, 0, -1/2 over three users; the fourth was not measured. */
Test(compare, differences_by_hand)
{
    double a[4] = {.5, 1, 0, NAN}, b[4] = {.25, 1, .5, NAN};
    aisle_comparison c = compare(a, b, 4, 0);
    cr_assert_eq(c.n, 3);
    cr_assert_eq(c.mean_a, .5);
    cr_assert_float_eq(c.mean_b, 1.75 / 3, 1e-15);
    cr_assert_float_eq(c.difference, -.25 / 3, 1e-15);
    cr_assert(c.low < c.difference && c.difference < c.high);
    cr_assert_eq(c.a_higher, 1. / 3);
    cr_assert_eq(c.b_higher, 1. / 3);
    c = compare(a, a, 4, 0);
    cr_assert(c.difference == 0 && c.low == 0 && c.high == 0 && c.p_bootstrap == 1 && c.p_wilcoxon == 1);
    cr_assert(c.a_higher == 0 && c.b_higher == 0);
}

/* Nine patients before and after (Hollander, Wolfe 1999, example 3.1): W+ = 40, without ties: mean 9 x 10 / 4, variance 9
 * x 10 x 19 / 24. */
Test(compare, textbook_example_of_the_signed_rank_test)
{
    double x[] = {1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    double y[] = {.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    cr_assert_float_eq(compare(x, y, 9, 10).p_wilcoxon, erfc((40 - 22.5 - .5) / sqrt(2 * 71.25)), 1e-12);
    cr_assert_float_eq(compare(y, x, 9, 10).p_wilcoxon, erfc((40 - 22.5 - .5) / sqrt(2 * 71.25)), 1e-12);
}

/* Ranks as the definition has them: 1 + how many are smaller, and half of those that are equal. */
static double rank_of(const double *d, int32_t n, int32_t at)
{
    double rank = 1;
    for (int32_t i = 0; i < n; i++)
        rank += fabs(d[i]) < fabs(d[at]) ? 1 : i != at && fabs(d[i]) == fabs(d[at]) ? .5 : 0;
    return rank;
}

/* All 2^m assignments of signs to the m differences that are not 0, equally likely when there is no difference: their
 * mean and variance of W+ are what the approximation must have, ties and zeros included. */
Test(compare, signed_ranks_have_the_moments_of_every_assignment_of_signs)
{
    enum { N = 14 };
    static const double cases[][N] = {{1, 2, 3, 4, 5, 6, 7, -8, 9, 10, -11, 12, 13, 14},
                                      {1, 1, -1, 2, 2, 3, 3, 3, -3, 5, 6, 6, 7, -8},
                                      {0, 0, 0, 4, -4, 4, 4, 9, 9, 1, 0, 0, 2, -2},
                                      {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, -1, 2},
                                      {-3, -3, -3, -3, -3, -3, -3, 3, 0, 0, -1, -1, 2, -5}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const double *d = cases[k];
        double zero[N] = {0}, rank[N], plus = 0, sum = 0, squares = 0;
        int32_t m = 0;
        for (int32_t i = 0; i < N; i++) {
            if (d[i] == 0) continue;
            rank[m] = rank_of(d, N, i);
            plus += d[i] > 0 ? rank[m] : 0;
            m++;
        }
        for (int32_t signs = 0; signs < 1 << m; signs++) {
            double w = 0;
            for (int32_t i = 0; i < m; i++) w += signs >> i & 1 ? rank[i] : 0;
            sum += w;
            squares += w * w;
        }
        double mean = sum / (1 << m), variance = squares / (1 << m) - mean * mean;
        double away = fmax(fabs(plus - mean) - .5, 0);
        cr_assert_float_eq(compare(d, zero, N, 10).p_wilcoxon, erfc(away / sqrt(2 * variance)), 1e-9,
                           "case %zu", k);
    }
}

/* .3 - .2 and .2 - .1 are not the same double; as whole numbers of tenths they are. */
Test(compare, differences_that_differ_by_rounding_are_ties)
{
    enum { N = 40 };
    double a[N], b[N], ta[N], tb[N];
    for (int32_t u = 0; u < N; u++) {
        ta[u] = u % 9 + (u % 3 != 0);
        tb[u] = u % 9 + (u % 3 == 0);
        a[u] = ta[u] / 10;
        b[u] = tb[u] / 10;
    }
    cr_assert_eq(compare(a, b, N, 10).p_wilcoxon, compare(ta, tb, N, 10).p_wilcoxon);
}

static void draw_pairs(uint64_t seed, int32_t n, double shift, double *a, double *b)
{
    aisle_rng rng;
    aisle_rng_init(&rng, seed, 0);
    for (int32_t u = 0; u < n; u++) {
        double level = aisle_rng_f64(&rng); /* easy and hard users: what pairing takes out */
        a[u] = level + .1 * aisle_rng_normal(&rng) + shift;
        b[u] = level + .1 * aisle_rng_normal(&rng);
        if (u % 4 == 0) b[u] = a[u] = level; /* many users get the same of both */
    }
}

/* Deviation of a mean difference: sqrt(3/4 x 2) x .1 / sqrt 400 = .006: .03 x 3/4 are 3.7 of them, found by both tests, and
 * the interval is within an eighth of 2 x 1.96 deviations. */
Test(compare, finds_a_planted_difference)
{
    enum { N = 400 };
    double a[N], b[N], square = 0;
    draw_pairs(1, N, .03, a, b);
    aisle_comparison c = compare(a, b, N, 4000);
    for (int32_t u = 0; u < N; u++) square += pow(a[u] - b[u] - c.difference, 2);
    double width = 2 * 1.96 * sqrt(square) / N;
    cr_assert(c.p_bootstrap < .01 && c.p_wilcoxon < .01, "%g %g", c.p_bootstrap, c.p_wilcoxon);
    cr_assert(c.low > 0 && c.a_higher > c.b_higher);
    cr_assert_float_eq(c.a_higher + c.b_higher, .75, 1e-12);
    cr_assert_float_eq(c.high - c.low, width, width / 8, "%f, wanted about %f", c.high - c.low, width);
    aisle_comparison turned = compare(b, a, N, 4000);
    cr_assert_eq(turned.difference, -c.difference);
    cr_assert_eq(turned.p_wilcoxon, c.p_wilcoxon);
    cr_assert_eq(turned.p_bootstrap, c.p_bootstrap);
}

/* The same users with the labels of the two models exchanged at random: in 400 comparisons a test at 5 % errs
 * binomial(400, .05) times: mean 20, deviation 4.4; 5 deviations. */
Test(compare, finds_nothing_in_shuffled_labels)
{
    enum { N = 120, TIMES = 400 };
    double a[N], b[N];
    int32_t found[2] = {0}, inside = 0;
    for (int32_t k = 0; k < TIMES; k++) {
        aisle_rng rng;
        aisle_rng_init(&rng, 77, (uint64_t)k);
        draw_pairs((uint64_t)k + 1000, N, .05, a, b);
        for (int32_t u = 0; u < N; u++)
            if (aisle_rng_below(&rng, 2)) {
                double x = a[u];
                a[u] = b[u];
                b[u] = x;
            }
        aisle_comparison c = compare(a, b, N, 500);
        found[0] += c.p_wilcoxon < .05;
        found[1] += c.p_bootstrap < .05;
        inside += c.low <= 0 && 0 <= c.high;
    }
    for (int32_t t = 0; t < 2; t++) cr_assert(found[t] <= 42, "test %d: %d", t, found[t]);
    cr_assert(found[0] > 0 && found[1] > 0 && inside >= TIMES - 42, "%d %d %d", found[0], found[1], inside);
}

Test(compare, any_thread_count_gives_the_same_and_another_seed_moves_the_interval_only)
{
    enum { N = 300 };
    double a[N], b[N];
    aisle_comparison one, other;
    draw_pairs(5, N, .01, a, b);
    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    aisle_compare_params p = {.bootstrap = 777, .threads = 1, .seed = 8};
    cr_assert_eq(aisle_compare(a, b, N, &p, &one, NULL), AISLE_OK);
    for (p.threads = 2; p.threads <= 3; p.threads++) {
        cr_assert_eq(aisle_compare(a, b, N, &p, &other, NULL), AISLE_OK);
        cr_assert(one.low == other.low && one.high == other.high && one.p_bootstrap == other.p_bootstrap);
        cr_assert(one.difference == other.difference && one.p_wilcoxon == other.p_wilcoxon);
    }
    p.seed = 9;
    cr_assert_eq(aisle_compare(a, b, N, &p, &other, NULL), AISLE_OK);
    cr_assert(one.difference == other.difference && one.low != other.low);
}

Test(compare, different_users_and_wrong_numbers_are_refused)
{
    double a[3] = {1, NAN, 2}, b[3] = {1, 2, 2}, none[3] = {NAN, NAN, NAN}, big[3] = {1, INFINITY, 1};
    aisle_compare_params p = {.bootstrap = 10, .threads = 1};
    aisle_comparison c;
    aisle_error err;
    cr_assert_eq(aisle_compare(a, b, 3, &p, &c, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "user 1"), "%s", err.message);
    cr_assert_eq(aisle_compare(none, none, 3, &p, &c, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_compare(big, b, 3, &p, &c, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_compare(b, b, 0, &p, &c, &err), AISLE_EINVAL);
    p.bootstrap = -1;
    cr_assert_eq(aisle_compare(b, b, 3, &p, &c, &err), AISLE_EINVAL);
    p.bootstrap = 10;
    aisle_status st = AISLE_ENOMEM;
    int64_t n = 1;
    for (; n < 20 && st == AISLE_ENOMEM; n++) {
        aisle_alloc_fail_after(n);
        st = aisle_compare(b, b, 3, &p, &c, NULL);
        aisle_alloc_fail_after(0);
    }
    cr_assert_eq(st, AISLE_OK);
    cr_assert_gt(n, 4);
    int stop = 1;
    aisle_progress progress = {NULL, NULL, &stop};
    p.progress = &progress;
    cr_assert_eq(aisle_compare(b, b, 3, &p, &c, &err), AISLE_ECANCELED);
}
