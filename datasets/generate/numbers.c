/* exp, log and sampling in plain arithmetic. */
#include "datasets/generate/numbers.h"

#include <string.h>

#include "aisle/memory.h"

static const double LN2 = 0.693147180559945309417;

/* 2^k for -1022 <= k <= 1023 */
static double power_of_two(int64_t k)
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

double gen_exp(double x)
{
    double scaled = x / LN2;
    int64_t k = (int64_t)(scaled < 0 ? scaled - .5 : scaled + .5);
    double r = x - (double)k * LN2, sum = 1; /* |r| <= .35: 14 terms of the series */
    for (int i = 14; i >= 1; i--) sum = 1 + r * sum / i;
    return sum * power_of_two(k);
}

double gen_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t k = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffu) | 0x3ff0000000000000u;
    memcpy(&x, &bits, sizeof x);
    if (x > 1.41421356) {
        x /= 2;
        k++;
    }
    /* ln x = 2 atanh((x - 1) / (x + 1)), argument within .172: 9 terms */
    double t = (x - 1) / (x + 1), t2 = t * t, sum = 0;
    for (int i = 17; i >= 1; i -= 2) sum = sum * t2 + 1. / i;
    return 2 * t * sum + (double)k * LN2;
}

double gen_normal(aisle_rng *r)
{
    uint64_t sum = 0; /* integers: the order of adding cannot matter */
    for (int i = 0; i < 4; i++) {
        uint64_t u = aisle_rng_u64(r);
        sum += (u >> 32) + (u & UINT32_MAX);
    }
    /* mean 4, variance 8/12; 1 / sqrt(8/12) = 1.2247... */
    return ((double)sum * 0x1p-32 - 4) * 1.22474487139158904910;
}

bool gen_chance(aisle_rng *r, double p)
{
    return aisle_rng_f64(r) < p;
}

int64_t gen_between(aisle_rng *r, int64_t low, int64_t high)
{
    return low + (int64_t)aisle_rng_below(r, (uint64_t)(high - low + 1));
}

aisle_status gen_alias_fill(gen_alias_slot *slots, const int32_t *value, const double *w, int32_t n,
                            aisle_error *err)
{
    double *share = aisle_array(n, sizeof *share), total = 0;
    int32_t *stack = aisle_array(n, sizeof *stack), n_small = 0, n_large = 0;
    if (!share || !stack) {
        aisle_free(share);
        aisle_free(stack);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for sampling %d things", n);
    }
    for (int32_t i = 0; i < n; i++) total += w[i];
    /* one array, two stacks: small shares from the left, large ones from the right */
    for (int32_t i = 0; i < n; i++) {
        share[i] = w[i] * n / total;
        stack[share[i] < 1 ? n_small++ : n - ++n_large] = i;
        int32_t v = value ? value[i] : i;
        slots[i] = (gen_alias_slot){UINT32_MAX, v, v};
    }
    while (n_small && n_large) {
        int32_t small = stack[--n_small], large = stack[n - n_large];
        slots[small].cut = (uint32_t)(share[small] * 0x1p32); /* share < 1 */
        slots[small].other = slots[large].own;
        share[large] -= 1 - share[small];
        if (share[large] < 1) {
            n_large--;
            stack[n_small++] = large;
        }
    }
    aisle_free(share);
    aisle_free(stack);
    return AISLE_OK;
}
