/* The tail: events that are stored, and found by nothing in the database yet but their number (migrations/0012). What
 * finds them is kept here in memory: their keys, for the writer, and which are whose, for everybody. It may list too
 * much (an event that was removed, or is not committed yet), never too little: whoever finds an id here asks the row.
 * Internal to store/. */
#ifndef AISLE_SERVER_EVENT_TAIL_H
#define AISLE_SERVER_EVENT_TAIL_H

#include <pthread.h>

#include "server/store/db.h"
#include "server/store/tail_table.h"

typedef struct aisle_event_tail {
    aisle_tail_table keys; /* of the writer's thread, as next_id, version and fresh */
    int64_t next_id;       /* of the next event: no id is used twice while the tail may list it */
    int64_t version;       /* PRAGMA data_version at the last sync */
    bool fresh;            /* it was read anew at the last sync */
    pthread_mutex_t mutex; /* guards what follows */
    aisle_tail_table owners;
    bool known;   /* false: nothing is known, the table must be read */
    int64_t upto; /* owners lists events beyond it */
    int64_t seen; /* and up to it */
} aisle_event_tail;

typedef struct aisle_tail_mark {
    int64_t keys, owners;
} aisle_tail_mark;

/* A name in `owners`; ids of rows are far below 2^62. */
static inline int64_t aisle_tail_user(int64_t user)
{
    return 2 * user;
}
static inline int64_t aisle_tail_session(int64_t session)
{
    return 2 * session + 1;
}

void aisle_event_tail_init(aisle_event_tail *t);
void aisle_event_tail_deinit(aisle_event_tail *t);

/* ---- the writer's thread ---- */
/* At the begin of each transaction, inside it: reads the tail anew when it is not known or another process has written. */
aisle_status aisle_event_tail_sync(aisle_event_tail *t, aisle_db *db, aisle_error *err);
/* What is known may be wrong: the next sync reads it anew, until then readers do. */
void aisle_event_tail_forget(aisle_event_tail *t);
bool aisle_event_tail_has(const aisle_event_tail *t, int64_t key);
/* An event that was stored with this id; key NULL: none; user or session 0: none. Before the commit, so that who reads
 * after it finds the event. */
aisle_status aisle_event_tail_add(aisle_event_tail *t, int64_t id, const int64_t *key, int64_t user,
                                  int64_t session, aisle_error *err);
/* What was added since the mark was undone. */
aisle_tail_mark aisle_event_tail_mark(const aisle_event_tail *t);
void aisle_event_tail_cut(aisle_event_tail *t, aisle_tail_mark mark);
/* The rows before the mark are merged, all events up to `upto`: they leave. Committed already. */
void aisle_event_tail_merged(aisle_event_tail *t, aisle_tail_mark mark, int64_t upto);

/* ---- SQL, on every connection ---- */
/* Adds event_tail(user, session) to a connection, which lists ids of db->tail. db must stay where it is. */
aisle_status aisle_event_tail_register(aisle_db *db, aisle_error *err);

#endif
