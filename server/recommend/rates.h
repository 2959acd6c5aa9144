/* Rates and means with 95 % intervals, for who looks once. Whoever looks again and again takes sequential.h. */
#ifndef AISLE_SERVER_RATES_H
#define AISLE_SERVER_RATES_H

#include <stdint.h>

typedef struct aisle_interval {
    double value, low, high;
} aisle_interval;

/* hits out of n > 0, 0 <= hits <= n, with the score interval (Wilson 1927): with p = hits / n and z = 1.96
 *     (p + z^2 / 2n  -+  z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)
 * It stays within 0..1 and is right also where hits are few. */
aisle_interval aisle_rate_interval(int64_t hits, int64_t n);
/* The mean of n > 0 amounts whose sum and sum of squares are given: mean -+ 1.96 s / sqrt(n); low is 0 at least. By the central
 * limit theorem: rough where few of the amounts are not 0. */
aisle_interval aisle_mean_interval(double sum, double squares, int64_t n);

#endif
