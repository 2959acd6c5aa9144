/* The best of a source under what a question wishes: filter, boosts, least score, diversity and caps. */
#ifndef AISLE_SERVER_CHOOSE_H
#define AISLE_SERVER_CHOOSE_H

#include "server/recommend/ask.h"
#include "server/recommend/source.h"

/* Diversity chooses from the AISLE_DIVERSITY_POOL best, or AISLE_DIVERSITY_TIMES as many as are asked for where that is more. */
enum { AISLE_DIVERSITY_POOL = 100, AISLE_DIVERSITY_TIMES = 5 };

typedef struct aisle_choosing {
    const aisle_answering *w;
    const aisle_source *source;
    const aisle_filter *filter;
    const aisle_wishes *wishes;
    int32_t n; /* hits in all, 1..AISLE_SOURCE_MOST */
    bool explain;
} aisle_choosing;

/* Adds to hits until there are n or the source has no more: what is in them already stays in front, counts for likeness and caps,
 * and does not come again. Scores are boosted ones. Exact: filter, boosts, least score and caps hold for all items of the shelf,
 * and not for some best ones that are looked at; with diversity, the pool above is. What is added has reasons with `explain`, and
 * hits->shares are of all of them, in the arena, where some have any. hits->strategy: the source's, when it was empty before.
 * AISLE_ENOMEM, AISLE_EIO, and the source's errors. */
aisle_status aisle_choose(const aisle_choosing *c, aisle_hits *hits, aisle_error *err);

struct aisle_candidate;
/* The groups of n items under caps, as diversify.h compares them: categories and brands. name: [AISLE_CAPS][n], their names in the
 * arena; NULL: not wanted. Nothing without caps. AISLE_ENOMEM, AISLE_EIO. */
aisle_status aisle_find_groups(const aisle_choosing *c, struct aisle_candidate *of, int32_t n,
                               aisle_str *const *name, aisle_error *err);

#endif
