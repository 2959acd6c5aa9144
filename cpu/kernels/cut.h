/* How cut() searches, whatever counts; included by each table. */
#ifndef AISLE_CUT_H
#define AISLE_CUT_H

#include <string.h>

#include "cpu/kernels/kernels.h"

static inline uint32_t bits_of(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float float_of(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* What cut() looks at. */
typedef struct cut_values {
    int32_t n;
    const float *v;
    const int32_t *weight;
} cut_values;

/* The weight of those >= t, and the least of them. */
typedef struct cut_count {
    int64_t weight;
    float least;
} cut_count;

/* Bisects the bits of a non-negative float, which are in the order of the floats, between 0, where all count, and
 * what is above all; from what is above it on to the least that counts. Stops when a sixteenth too much is left. */
static inline float cut_bisect(const cut_values *c, int64_t k, float greatest,
                               cut_count (*count)(const cut_values *, float))
{
    uint32_t low = 0, high = bits_of(greatest) + 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        cut_count here = count(c, float_of(middle));
        if (here.weight < k) {
            high = middle;
            continue;
        }
        low = bits_of(here.least);
        if (here.weight <= k + k / 16) break;
    }
    return float_of(low);
}

#endif
