/* The newest events of who asked lately, in memory: an answer for somebody who has done nothing since the last one asks no
 * table. As aisle_view_recent says, at every moment; of what another process writes (an import), a second later. */
#ifndef AISLE_SERVER_RECENTS_H
#define AISLE_SERVER_RECENTS_H

#include "server/store/store.h"

/* Up to 32 MiB. Any thread. */
typedef struct aisle_recents aisle_recents;
aisle_recents *aisle_recents_new(aisle_store *s); /* borrowed; NULL: out of memory */
void aisle_recents_free(aisle_recents *r);

typedef struct aisle_recents_ask {
    aisle_str user, session; /* as of aisle_view_recent */
    int32_t limit;           /* the same each time */
} aisle_recents_ask;
typedef struct aisle_recents_found {
    aisle_recent *events; /* newest first, in the arena with their texts */
    int32_t n;
    bool
        erased; /* whom a model may still know, the shop does not (person_rows.h); of a session: as "session:ID" */
} aisle_recents_found;
aisle_status aisle_recents_get(aisle_recents *r, aisle_view *v, const aisle_recents_ask *ask, aisle_arena *a,
                               aisle_recents_found *out, aisle_error *err);

/* Looks whether another process has written. Once a second, not on a loop. */
void aisle_recents_look(aisle_recents *r);

#endif
