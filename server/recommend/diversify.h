/* Lists that are not all alike: maximal marginal relevance (Carbonell, Goldstein 1998), and at most so many of a group. Knows neither
 * models nor products: likeness and groups are the caller's. */
#ifndef AISLE_SERVER_DIVERSIFY_H
#define AISLE_SERVER_DIVERSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/memory.h"

enum { AISLE_CAPS = 2 };
typedef struct aisle_candidate {
    int32_t item;
    double score;
    uint64_t group[AISLE_CAPS]; /* 0 = of none, which no cap counts */
} aisle_candidate;

typedef struct aisle_diversity {
    double by;               /* d, 0..1; 0 = by relevance alone */
    int32_t cap[AISLE_CAPS]; /* at most so many of one group; 0 = any number */
    double (*likeness)(const void *ctx, int32_t a,
                       int32_t b); /* symmetric, -1..1; called with d above 0 alone */
    const void *ctx;
} aisle_diversity;

/* Chooses from pool[n_pool], best first, until there are n of them or none is left that the caps let in. chosen[*n_chosen] on the
 * way in are those that stand already: they count, and are not chosen again; room for n. Each time the candidate is taken that
 * has most of
 *     (1 - d) rel(i) - d max over the chosen j of likeness(i, j),      rel(i) = (score_i - least) / (most - least) of the pool
 * (all 1 where they are equal; likeness 0 while nothing is chosen), ties by the earlier in the pool. O(n * n_pool) likenesses.
 * False: out of memory, in the arena. */
bool aisle_diversify(const aisle_candidate *pool, int32_t n_pool, const aisle_diversity *d, int32_t n,
                     aisle_candidate *chosen, int32_t *n_chosen, aisle_arena *a);

/* Whether a cap keeps the candidate out of the list. */
bool aisle_is_capped(const aisle_candidate *c, const aisle_diversity *d, const aisle_candidate *chosen,
                     int32_t n_chosen);

#endif
