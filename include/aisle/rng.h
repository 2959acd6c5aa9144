/* Seeded random numbers: xoshiro256** (Blackman and Vigna 2021), seeded by splitmix64. Not for secrets. */
#ifndef AISLE_RNG_H
#define AISLE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct aisle_rng {
    uint64_t s[4];
} aisle_rng;

/* The same (seed, stream) gives the same numbers on every machine; different streams are independent, so that
 * work split over threads by row does not depend on the number of threads. */
void aisle_rng_init(aisle_rng *r, uint64_t seed, uint64_t stream);
uint64_t aisle_rng_u64(aisle_rng *r);
uint64_t aisle_rng_below(aisle_rng *r, uint64_t n); /* uniform in [0, n), unbiased; n >= 1 */
double aisle_rng_f64(aisle_rng *r);                 /* uniform in [0, 1), 53 bits */
double aisle_rng_normal(aisle_rng *r);              /* mean 0, deviation 1 (Marsaglia polar) */

/* A strong 64-bit mix of x (splitmix64 finaliser), for hashing integers. */
uint64_t aisle_mix64(uint64_t x);
/* 64-bit hash of bytes; stable across machines and versions, not keyed (no defence against chosen input). */
uint64_t aisle_hash64(const void *p, size_t n, uint64_t seed);

#endif
