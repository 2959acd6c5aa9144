/* The events of a dataset grouped by user and by (user, item): what the matrix, the k-core and the splits all start
 * from. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_PAIRS_H
#define AISLE_CPU_DATA_PAIRS_H

#include "aisle/dataset.h"

/* User u has the events event[first[u]] .. event[first[u+1]-1], indices into the dataset's: sorted by item, then oldest
 * first (unknown time, 0, first; equal times in order of arrival). 8 bytes an event and a user. */
typedef struct by_user {
    int32_t n_users;
    int64_t *first; /* n_users + 1 */
    int64_t *event;
} by_user;

/* in: per-event mask, NULL = all; threads: 0 = all cores, the result is the same. Release with by_user_deinit. Time O(n
 * log(events of a user)). */
aisle_status by_user_init(by_user *b, const aisle_dataset *d, const uint8_t *in, int32_t threads,
                          aisle_error *err);
void by_user_deinit(by_user *b);

/* Where the pair that begins at i ends: the first later event of another item, or `end`. */
static inline int64_t pair_end(const aisle_events *e, const int64_t *event, int64_t i, int64_t end)
{
    int32_t item = e->item[event[i]];
    for (i++; i < end && e->item[event[i]] == item;) i++;
    return i;
}

/* Pair p is the events event[start[p]] .. event[start[p+1]-1], oldest first. Pairs are sorted by user, then item. */
typedef struct pairs {
    int64_t n;
    int64_t *start; /* n + 1 */
    int64_t *event; /* indices into the dataset's events */
    int32_t *user, *item;
} pairs;

/* in: as above. Release with pairs_deinit. */
aisle_status pairs_init(pairs *p, const aisle_dataset *d, const uint8_t *in, aisle_error *err);
void pairs_deinit(pairs *p);

#endif
