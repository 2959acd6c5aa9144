/* Reproducible streams, unbiased ranges, moments within derived bounds. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/rng.h"

Test(rng, the_same_seed_and_stream_give_the_same_numbers)
{
    aisle_rng a, b, c;
    aisle_rng_init(&a, 7, 1);
    aisle_rng_init(&b, 7, 1);
    aisle_rng_init(&c, 7, 2);
    int differ = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t x = aisle_rng_u64(&a);
        cr_assert_eq(x, aisle_rng_u64(&b));
        differ += x != aisle_rng_u64(&c);
    }
    cr_assert_eq(differ, 100);
}

/* Counts of n uniform draws in k cells are binomial: deviation sqrt(n p (1-p)); 6 deviations fail once in
 * 10^9. */
Test(rng, ranges_are_uniform)
{
    enum { K = 7, DRAWS = 70000 };
    aisle_rng r;
    int count[K] = {0};
    aisle_rng_init(&r, 3, 0);
    for (int i = 0; i < DRAWS; i++) count[aisle_rng_below(&r, K)]++;
    double p = 1.0 / K, deviation = sqrt(DRAWS * p * (1 - p));
    for (int i = 0; i < K; i++) cr_assert_lt(fabs(count[i] - DRAWS * p), 6 * deviation);
}

/* Mean of n normals has deviation 1/sqrt(n); the mean square has sqrt(2/n). */
Test(rng, normals_have_mean_zero_and_variance_one)
{
    enum { DRAWS = 100000 };
    aisle_rng r;
    double sum = 0, squares = 0;
    aisle_rng_init(&r, 5, 0);
    for (int i = 0; i < DRAWS; i++) {
        double x = aisle_rng_normal(&r);
        sum += x;
        squares += x * x;
    }
    cr_assert_lt(fabs(sum / DRAWS), 6 / sqrt(DRAWS));
    cr_assert_lt(fabs(squares / DRAWS - 1), 6 * sqrt(2.0 / DRAWS));
}

Test(rng, the_byte_hash_sees_every_byte_and_the_length)
{
    unsigned char text[40] = {0};
    uint64_t base = aisle_hash64(text, sizeof text, 0);
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = 1;
        cr_assert_neq(aisle_hash64(text, sizeof text, 0), base);
        text[i] = 0;
        cr_assert_neq(aisle_hash64(text, i, 0), base);
    }
    cr_assert_neq(aisle_hash64(text, sizeof text, 1), base);
}
