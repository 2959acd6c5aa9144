/* xoshiro256**, splitmix64 and a 64-bit byte hash. */
#include "aisle/rng.h"

#include <math.h>
#include <string.h>

uint64_t aisle_mix64(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void aisle_rng_init(aisle_rng *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = aisle_mix64(seed + 0x9e3779b97f4a7c15u) ^ aisle_mix64(stream * 0xd1342543de82ef95u + 1);
    for (int i = 0; i < 4; i++) r->s[i] = aisle_mix64(x += 0x9e3779b97f4a7c15u);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t aisle_rng_u64(aisle_rng *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Values under 2^64 mod n are thrown away, so that every residue is equally likely. */
uint64_t aisle_rng_below(aisle_rng *r, uint64_t n)
{
    uint64_t limit = (0 - n) % n, x;
    do x = aisle_rng_u64(r);
    while (x < limit);
    return x % n;
}

double aisle_rng_f64(aisle_rng *r)
{
    return (double)(aisle_rng_u64(r) >> 11) * 0x1p-53;
}

double aisle_rng_normal(aisle_rng *r)
{
    double u, v, q;
    do {
        u = 2 * aisle_rng_f64(r) - 1;
        v = 2 * aisle_rng_f64(r) - 1;
        q = u * u + v * v;
    } while (q >= 1 || q == 0);
    return u * sqrt(-2 * log(q) / q);
}

uint64_t aisle_hash64(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *s = p;
    uint64_t h = seed ^ ((uint64_t)n * 0x9e3779b97f4a7c15u), w;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&w, s, 8);
        h = aisle_mix64(h ^ w) + 0x9e3779b97f4a7c15u;
    }
    w = 0;
    for (size_t i = 0; i < n; i++) w |= (uint64_t)s[i] << (8 * i);
    return aisle_mix64(h ^ w ^ 0xd1342543de82ef95u);
}
