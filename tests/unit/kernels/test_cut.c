/* Choosing among sums: every instruction set against counting and sorting. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/rng.h"
#include "cpu/kernels/kernels.h"

enum { MOST = 700 };

static int64_t weight_of(int32_t n, const float *v, const int32_t *weight, float t)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < n; i++)
        if (v[i] >= t) sum += weight ? weight[i] : 1;
    return sum;
}

Test(cut, as_many_as_wanted_are_at_or_above_it_and_few_more)
{
    float v[MOST];
    int32_t weight[MOST];
    const aisle_kernels *k;
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (int32_t n = 0; n < MOST; n += n < 40 ? 1 : 97)
            for (int32_t way = 0; way < 6; way++) {
                aisle_rng r;
                aisle_rng_init(&r, (uint64_t)n, (uint64_t)way);
                const int32_t *w = way % 2 ? weight : NULL;
                for (int32_t i = 0; i < n; i++) {
                    weight[i] = 1 + (int32_t)aisle_rng_below(&r, 5);
                    v[i] = way < 4 ? (float)(aisle_rng_f64(&r) * (way < 2 ? 1 : 0x1p-130)) + 0x1p-149F
                                   : (float)(1 + aisle_rng_below(&r, 4)); /* many alike */
                }
                for (int64_t want = 1; want < 3 * MOST; want += 1 + want / 3) {
                    float at = k->cut(n, v, w, want);
                    if (weight_of(n, v, w, 0) < want) {
                        cr_assert(at == 0, "%s: %d", k->name, n);
                        continue;
                    }
                    cr_assert(weight_of(n, v, w, at) >= want, "%s: %d of %d", k->name, (int)want, n);
                    cr_assert(weight_of(n, v, w, nextafterf(at, INFINITY)) < weight_of(n, v, w, at),
                              "%s: %d of %d: no value is %g", k->name, (int)want, n, (double)at);
                    /* a sixteenth more, or no float lies between it and one that leaves too few */
                    cr_assert(weight_of(n, v, w, at) <= want + want / 16 ||
                                  weight_of(n, v, w, nextafterf(at, INFINITY)) < want,
                              "%s: %d of %d leaves %d", k->name, (int)want, n, (int)weight_of(n, v, w, at));
                }
            }
}

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

Test(cut, rank_sorts_keys_of_any_size)
{
    uint64_t key[260], got[261], want[260];
    const aisle_kernels *k;
    aisle_rng r;
    aisle_rng_init(&r, 3, 3);
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (int32_t n = 0; n <= 260; n++) {
            for (int32_t i = 0; i < n; i++) want[i] = key[i] = aisle_rng_u64(&r) >> (i % 3 == 0 ? 30 : 0);
            got[n] = 7;
            qsort(want, (size_t)n, sizeof *want, descending);
            k->rank(n, key, got);
            cr_assert(memcmp(got, want, (size_t)n * sizeof *want) == 0, "%s: %d keys", k->name, n);
            cr_assert(got[n] == 7, "%s wrote past %d keys", k->name, n);
        }
}
