/* The events of a dataset grouped by (user, item): what the matrix, the k-core and the splits all start from.
 * Private to cpu/data. */
#ifndef AISLE_CPU_DATA_PAIRS_H
#define AISLE_CPU_DATA_PAIRS_H

#include "aisle/dataset.h"

/* Pair p is the events event[start[p]] .. event[start[p+1]-1], oldest first (unknown time, 0, first; equal
 * times in order of arrival). Pairs are sorted by user, then item. */
typedef struct pairs {
    int64_t n;
    int64_t *start; /* n + 1 */
    int64_t *event; /* indices into the dataset's events */
    int32_t *user, *item;
} pairs;

/* in: per-event mask, NULL = all. Release with pairs_deinit. Time O(n log(events of a user)). */
aisle_status pairs_init(pairs *p, const aisle_dataset *d, const uint8_t *in, aisle_error *err);
void pairs_deinit(pairs *p);

#endif
