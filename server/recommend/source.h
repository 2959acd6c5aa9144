/* Where hits come from, for the stages that choose among them. */
#ifndef AISLE_SERVER_SOURCE_H
#define AISLE_SERVER_SOURCE_H

#include "aisle/scorer.h"

/* The best n of the allowed items into hits->hit (room for n), best first, with the strategy. An item has the same score whatever
 * else is allowed, but for AISLE_STRATEGY_POPULAR in the place of one that finds nothing there. */
typedef struct aisle_source {
    aisle_status (*best)(void *ctx, const uint64_t *allowed, int32_t n, bool explain, aisle_hits *hits,
                         aisle_error *err);
    void *ctx;
    bool unsorted; /* not in the order of scores, but at most 1,000 in all: those are asked for at once */
} aisle_source;
enum { AISLE_SOURCE_MOST = 1000 }; /* n at most */

#endif
