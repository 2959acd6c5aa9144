/* The sequential test, looked at after every observation: seldom wrong where there is nothing, and finds what there is. */
#include "server/recommend/sequential.h"

#include <criterion/criterion.h>
#include <math.h>

#include "aisle/rng.h"

static const double alpha = 0.05;

typedef struct trial {
    double p[2];
    int n;     /* observations, at random of either arm */
    int delay; /* a success is seen so many observations after it began */
} trial;

/* True when the p-value is at or below alpha at any look. */
static bool rejects(const trial *t, aisle_rng *rng)
{
    enum { MOST = 20000 };
    static signed char arm_of[MOST]; /* whose success becomes visible at i; -1 = nobody's */
    aisle_tally arms[2] = {{0, 0}, {0, 0}};
    cr_assert_leq(t->n + t->delay, MOST);
    for (int i = 0; i < t->n + t->delay; i++) arm_of[i] = -1;
    for (int i = 0; i < t->n; i++) {
        int a = aisle_rng_f64(rng) < 0.5;
        arms[a].n++;
        if (aisle_rng_f64(rng) < t->p[a]) arm_of[i + t->delay] = (signed char)a;
        if (arm_of[i] >= 0) arms[(int)arm_of[i]].hits++;
        if (aisle_anytime_p(arms[0], arms[1]) <= alpha) return true;
    }
    return false;
}

static int rejections(const trial *t, int runs, uint64_t seed)
{
    int n = 0;
    aisle_rng rng;
    aisle_rng_init(&rng, seed, 0);
    for (int r = 0; r < runs; r++) n += rejects(t, &rng);
    return n;
}

/* So many of `runs` are exceeded by chance with 1 in 1,000 where the true share is alpha. */
static int bound(int runs)
{
    return (int)(alpha * runs + 3.1 * sqrt(alpha * (1 - alpha) * runs));
}

Test(sequential, null_data_looked_at_after_every_observation_seldom_rejects)
{
    enum { RUNS = 400 };
    const trial rare = {{0.02, 0.02}, 3000, 0}, even = {{0.5, 0.5}, 3000, 0}, late = {{0.1, 0.1}, 3000, 300};
    cr_assert_leq(rejections(&rare, RUNS, 1), bound(RUNS));
    cr_assert_leq(rejections(&even, RUNS, 2), bound(RUNS));
    cr_assert_leq(rejections(&late, RUNS, 3), bound(RUNS));
}

Test(sequential, a_true_difference_is_found)
{
    enum { RUNS = 100 };
    const trial effect = {{0.10, 0.15}, 8000, 0};
    cr_assert_geq(rejections(&effect, RUNS, 4), 95);
}

/* The exact chance that the interval fails at some look within 3,000 is at most alpha. */
Test(sequential, interval_covers_at_all_looks_together)
{
    enum { RUNS = 300, N = 2000 };
    const double p = 0.07;
    int missed = 0;
    aisle_rng rng;
    aisle_rng_init(&rng, 5, 0);
    for (int r = 0; r < RUNS; r++) {
        aisle_tally t = {0, 0};
        bool out = false;
        while (t.n < N && !out) {
            t.n++;
            t.hits += aisle_rng_f64(&rng) < p;
            if (t.n % 10) continue;
            aisle_interval i = aisle_anytime_interval(t, alpha);
            cr_assert(i.low <= i.value && i.value <= i.high && i.low >= 0 && i.high <= 1);
            out = p < i.low || p > i.high;
        }
        missed += out;
    }
    cr_assert_leq(missed, bound(RUNS));
}

Test(sequential, little_data_says_little)
{
    const aisle_tally none = {0, 0}, one = {1, 1}, all = {50, 50}, nothing = {0, 50};
    cr_assert_eq(aisle_anytime_p(none, one), 1);
    cr_assert_eq(aisle_anytime_p(one, (aisle_tally){0, 1}), 1);
    cr_assert_lt(aisle_anytime_p(all, nothing), 1e-10);
    cr_assert_float_eq(aisle_anytime_p(all, nothing), aisle_anytime_p(nothing, all), 1e-15);
    cr_assert_eq(aisle_anytime_interval(none, alpha).high, 1);
    cr_assert_eq(aisle_anytime_interval(nothing, alpha).low, 0);
    cr_assert_eq(aisle_anytime_interval(all, alpha).high, 1);
    /* M(p) = B(1/2, 50 + 1/2) / (B(1/2, 1/2) (1 - p)^50) = 20 at the upper end */
    double high = aisle_anytime_interval(nothing, alpha).high;
    double log_m = lgamma(0.5) + lgamma(50.5) - lgamma(51) - log(3.14159265358979) - 50 * log1p(-high);
    cr_assert_float_eq(log_m, log(20), 1e-9);
}
