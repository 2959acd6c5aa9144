/* Numbers that are the same on every machine: only + - * / and integers, never libm, whose last bit differs
 * between systems. */
#ifndef AISLE_GENERATE_NUMBERS_H
#define AISLE_GENERATE_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/rng.h"
#include "aisle/status.h"

double gen_exp(double x); /* |x| <= 700; relative error under 1e-12 */
double gen_log(double x); /* x > 0 and normal; absolute error under 1e-12 */
/* Sum of eight uniform numbers, scaled to mean 0 and deviation 1: tails end at 4.9. */
double gen_normal(aisle_rng *r);
bool gen_chance(aisle_rng *r, double p);                      /* true with probability p */
int64_t gen_between(aisle_rng *r, int64_t low, int64_t high); /* both included */

/* Walker's alias method (Vose 1991): one look-up a draw. `own` and `other` are values, not slots. */
typedef struct gen_alias_slot {
    uint32_t cut; /* below: own */
    int32_t own, other;
} gen_alias_slot;

/* Fills n slots for weights w[n] >= 0, of which one is > 0; value[n] NULL = 0 .. n - 1. */
aisle_status gen_alias_fill(gen_alias_slot *slots, const int32_t *value, const double *w, int32_t n,
                            aisle_error *err);

/* A draw in two halves, for those who wait for memory: the slot that u falls on, then its value. */
static inline const gen_alias_slot *gen_alias_slot_at(const gen_alias_slot *slots, int32_t n, uint64_t u,
                                                      uint32_t *toss)
{
    *toss = (uint32_t)u;
    return &slots[(u >> 32) * (uint32_t)n >> 32];
}

static inline int32_t gen_alias_value(const gen_alias_slot *s, uint32_t toss)
{
    return toss < s->cut ? s->own : s->other;
}

static inline int32_t gen_alias_draw(const gen_alias_slot *slots, int32_t n, aisle_rng *r)
{
    uint32_t toss;
    const gen_alias_slot *s = gen_alias_slot_at(slots, n, aisle_rng_u64(r), &toss);
    return gen_alias_value(s, toss);
}

#endif
