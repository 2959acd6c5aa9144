/* Bringing keys and indexes of the tail up to date, in sorted order, a slice a transaction (migrations/0012). Internal to
 * store/. A slice that is done twice changes nothing, and the tail is the tail until the last one: whatever ends the
 * process on the way loses nothing, and the next one begins anew. */
#ifndef AISLE_SERVER_EVENT_MERGE_H
#define AISLE_SERVER_EVENT_MERGE_H

#include "server/store/event_tail.h"

struct aisle_tx;

typedef struct aisle_merge_owner {
    int64_t event, name;
} aisle_merge_owner;

/* All zero: none is under way. */
typedef struct aisle_event_merge {
    bool active;
    int64_t upto;         /* event_merge.upto after it */
    aisle_tail_mark rows; /* of the tail that it merges */
    int64_t *keys, n_keys, key_at;
    aisle_merge_owner *owners; /* users, then sessions */
    int64_t n_owners, owner_at, n_users;
} aisle_event_merge;

/* Plans the merge of all that is in the tail. Between transactions. */
aisle_status aisle_event_merge_begin(aisle_event_merge *m, const aisle_event_tail *t, aisle_error *err);
/* At most `most` keys or entries more, in the transaction; *last: it was the last one, and upto is written. */
aisle_status aisle_event_merge_slice(aisle_event_merge *m, aisle_db *db, int64_t most, bool *last,
                                     aisle_error *err);
void aisle_event_merge_end(aisle_event_merge *m);

/* Merges at once, in the transaction: the whole tail; or entries of the rows beyond `first`, whose keys are known. */
aisle_status aisle_tx_events_merge(struct aisle_tx *tx, aisle_error *err);
aisle_status aisle_tx_events_merge_after(struct aisle_tx *tx, int64_t first, aisle_error *err);
/* The highest id; 0 = none. */
aisle_status aisle_tx_event_last(struct aisle_tx *tx, int64_t *id, aisle_error *err);

#endif
