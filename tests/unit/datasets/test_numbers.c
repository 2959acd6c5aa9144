/* The arithmetic under the generator: close to libm, yet free of it; sampling by weight. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/memory.h"
#include "datasets/generate/numbers.h"

Test(numbers, exp_and_log_agree_with_libm)
{
    for (double x = -40; x <= 40; x += .0371) cr_assert(fabs(gen_exp(x) / exp(x) - 1) < 1e-12, "exp(%g)", x);
    for (double x = 1e-16; x < 1e8; x *= 1.0371) cr_assert(fabs(gen_log(x) - log(x)) < 1e-12, "log(%g)", x);
    cr_assert_eq(gen_exp(0), 1);
    cr_assert_eq(gen_log(1), 0);
}

/* Golden: these bits were computed once; another machine or compiler must get the same. */
Test(numbers, bits_are_pinned)
{
    aisle_rng r;
    aisle_rng_init(&r, 7, 7);
    cr_assert_eq(gen_exp(1), 0x1.5bf0a8b14576ap+1, "%a", gen_exp(1));
    cr_assert_eq(gen_log(10), 0x1.26bb1bbb55515p+1, "%a", gen_log(10));
    double n = gen_normal(&r);
    cr_assert_eq(n, 0x1.cd8a24d525377p-1, "%a", n);
}

Test(numbers, normal_has_mean_0_and_deviation_1)
{
    enum { N = 100000 };
    aisle_rng r;
    double sum = 0, square = 0;
    aisle_rng_init(&r, 1, 1);
    for (int i = 0; i < N; i++) {
        double x = gen_normal(&r);
        sum += x;
        square += x * x;
    }
    cr_assert(fabs(sum / N) < 5 / sqrt(N)); /* five standard errors */
    cr_assert(fabs(square / N - 1) < 5 * sqrt(2. / N));
}

Test(numbers, alias_draws_by_weight)
{
    enum { N = 100000 };
    const double w[] = {1, 0, 3, 6, 0};
    const int32_t value[] = {10, 11, 12, 13, 14};
    gen_alias_slot slots[5];
    int32_t seen[5] = {0};
    aisle_rng r;
    aisle_rng_init(&r, 3, 0);
    cr_assert_eq(gen_alias_fill(slots, value, w, 5, NULL), AISLE_OK);
    for (int i = 0; i < N; i++) seen[gen_alias_draw(slots, 5, &r) - 10]++;
    for (int k = 0; k < 5; k++) {
        double p = w[k] / 10;
        cr_assert(fabs(seen[k] - N * p) <= 5 * sqrt(N * p * (1 - p)), "value %d came %d times", k, seen[k]);
    }
}

Test(numbers, alias_reports_short_memory)
{
    gen_alias_slot slots[2];
    const double w[] = {1, 1};
    for (int n = 1; n <= 2; n++) {
        aisle_alloc_fail_after(n);
        cr_assert_eq(gen_alias_fill(slots, NULL, w, 2, NULL), AISLE_ENOMEM);
    }
    aisle_alloc_fail_after(0);
}
