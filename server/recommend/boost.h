/* The best items when some count for more: scores times the weights of the filters that an item passes, and the exact best of
 * those, whatever the source. */
#ifndef AISLE_SERVER_BOOST_H
#define AISLE_SERVER_BOOST_H

#include "aisle/memory.h"
#include "server/recommend/source.h"

enum { AISLE_BOOSTS = 8 /* of a question */ };
#define AISLE_BOOST_LEAST .01
#define AISLE_BOOST_MOST  100.0

typedef struct aisle_boost {
    const uint64_t *bits; /* the items that it is for */
    double by;            /* AISLE_BOOST_LEAST to _MOST */
} aisle_boost;

/* What an item counts that passes boosts of this product: score * by, and of a score below 0 score / by. So more than 1 always
 * raises and less always lowers, the sign stays, and items of equal weight keep their order: score + (by - 1) |score| would turn it
 * round below 0 from by = 2 on. */
static inline double aisle_boosted(double score, double by)
{
    return score < 0 ? score / by : score * by;
}

/* The n best by boosted score, ties by smaller id, into out[n]; hit.score is the boosted one. Without boosts one call of the
 * source. Else the products of weights are split into ranges, a call each: a range is left once none of it can be among the best.
 * Scratch in the arena. *strategy: the source's. AISLE_ENOMEM and the source's errors. */
typedef struct aisle_boosting {
    const aisle_source *source;
    const uint64_t *allowed;
    int32_t n_items;
    const aisle_boost *boosts;
    int32_t n_boosts, n; /* n: 1..AISLE_SOURCE_MOST */
} aisle_boosting;
aisle_status aisle_boost_best(const aisle_boosting *b, aisle_arena *a, aisle_hits *out, aisle_error *err);

#endif
