/* The best n of hits that come one by one, as a heap with the worst at the root: what comes in ascending order, as the newest
 * products of a catalogue that was written in the order of creation do, would have a sorted list moved for each. */
#ifndef AISLE_SERVER_BEST_HITS_H
#define AISLE_SERVER_BEST_HITS_H

#include "aisle/scorer.h"

/* hits->hit has room for n, n >= 1; hits->n is 0 before the first. Of equal scores the smaller item is the better. */
void aisle_best_offer(aisle_hits *hits, int32_t n, aisle_hit hit);
/* After the last: best first. */
void aisle_best_sort(aisle_hits *hits);

#endif
