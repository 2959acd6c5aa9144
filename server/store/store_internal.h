/* What the files of store/ share: the store's parts and a transaction in progress. */
#ifndef AISLE_SERVER_STORE_INTERNAL_H
#define AISLE_SERVER_STORE_INTERNAL_H

#include <pthread.h>

#include "server/store/event_merge.h"
#include "server/store/id_cache.h"
#include "server/store/people_stamps.h"
#include "server/store/store.h"

enum { AISLE_WRITES_MAX = 4096, AISLE_ID_BYTES = 255 };

/* What the transaction adds to the row of `totals`; written once, before its commit. */
typedef struct aisle_deltas {
    int64_t products, users, events, catalogue;
} aisle_deltas;

struct aisle_tx {
    aisle_db *db;
    aisle_deltas deltas;
    aisle_deltas marked;                       /* as they were at aisle_tx_mark, */
    aisle_tail_mark marked_tail;               /* and so is this */
    struct aisle_search_backlog *search_later; /* of a bulk write; NULL = the index follows at once */
    aisle_id_cache *ids;
    aisle_people_stamps *people; /* whose events change is touched */
    bool ids_changed;            /* since the last savepoint: rows of ids were made or removed */
};

/* When the tail is merged: at so many of its rows, or so many where nothing was to be written for idle_ns; in
 * transactions of `slice` rows, more where it has outgrown `rows`. */
typedef struct aisle_merge_rule {
    int64_t rows, idle_rows, idle_ns, slice;
} aisle_merge_rule;

struct aisle_store {
    char *folder, *path;
    int lock_fd;
    int64_t catalogue; /* newest version known; atomic */
    aisle_db db;       /* the one write connection; guarded by applying */
    pthread_mutex_t applying;
    aisle_event_tail tail;      /* what is not of all threads in it: guarded by applying */
    aisle_id_cache ids;         /* and so are these */
    aisle_people_stamps people; /* but for what is atomic, and so are these, */
    int64_t people_version;     /* and PRAGMA data_version as it was when aisle_store_look looked */
    aisle_event_merge merge;
    aisle_merge_rule merge_rule;
    int64_t merge_rest_ns;       /* none before, on the monotonic clock: the last one failed */
    aisle_store_stats stats;     /* guarded by queue_mutex */
    pthread_mutex_t queue_mutex; /* guards what follows */
    pthread_cond_t queue_filled;
    aisle_write *head, *last;
    int32_t n_waiting;
    bool writer_runs, stopping;
    pthread_t writer;
};

struct aisle_view {
    aisle_db db;
    aisle_store *store;
};

/* A version of the catalogue that is in the database. Any thread. */
void aisle_store_note_catalogue(aisle_store *s, int64_t version);
/* One transaction for a list of writes; calls done() of each after it. Takes s->applying. */
void aisle_store_apply(aisle_store *s, aisle_write *list);
/* Begins a transaction, and sees what another process has written since the last one. Under s->applying. */
aisle_status aisle_store_begin(aisle_store *s, aisle_error *err);
/* The writer's thread: reads the tail at its start, */
void aisle_store_merge_start(aisle_store *s);
/* says when the next slice is due unless something is written before (0 now, INT64_MAX never; monotonic), */
int64_t aisle_store_merge_due_ns(const aisle_store *s, int64_t written_ns);
/* and writes it, in a transaction of its own. A failure ends the merge, and the next one waits 5 s. */
void aisle_store_merge(aisle_store *s);
/* Touches everybody when another process has written since the last call. */
void aisle_store_look(aisle_store *s);
void aisle_store_stop_writer(aisle_store *s); /* after what waits is written */

/* Returns the id of an external id, making it when it is new. which: product, user or session. */
typedef enum aisle_ext_kind { AISLE_EXT_PRODUCT, AISLE_EXT_USER, AISLE_EXT_SESSION } aisle_ext_kind;
aisle_status aisle_tx_ext(aisle_tx *tx, aisle_ext_kind kind, aisle_str ext, int64_t *id, aisle_error *err);
/* What tells an event from all others: a hash of its event_id, else of the record. */
int64_t aisle_event_key(const aisle_event *e);
/* The key of the n-th equal record after the first (n >= 1), where equal records are kept. */
int64_t aisle_event_key_again(int64_t key, uint32_t n);
/* *known: the key was there already; else it is now, and the event must be inserted. After aisle_tx_events_merge: the
 * tail's keys are not asked. */
aisle_status aisle_tx_event_claim(aisle_tx *tx, int64_t key, bool *known, aisle_error *err);
/* 1 to AISLE_ID_BYTES bytes; absent only when it is not needed. */
aisle_status aisle_id_check(const char *what, aisle_str s, bool needed, aisle_error *err);
aisle_status aisle_event_check(const aisle_event *e, aisle_error *err);
aisle_status aisle_product_check(const aisle_product *p, aisle_error *err);
aisle_status aisle_user_check(const aisle_user *u, aisle_error *err);
/* An event whose ids are resolved; user or session 0 when absent. */
typedef struct aisle_event_ids {
    int64_t user, session, product;
} aisle_event_ids;
/* key: NULL where nobody sends the event again. */
aisle_status aisle_tx_event_insert(aisle_tx *tx, const aisle_event *e, const aisle_event_ids *ids,
                                   const int64_t *key, aisle_error *err);

/* The full-text index of a product whose row is products.id: every write that changes a product calls put after it, or
 * remove when the product is no longer listed; add is put for a row that is certainly not in the index. */
aisle_status aisle_tx_search_add(aisle_tx *tx, int64_t id, const aisle_product *p, aisle_error *err);
aisle_status aisle_tx_search_put(aisle_tx *tx, int64_t id, const aisle_product *p, aisle_error *err);
aisle_status aisle_tx_search_remove(aisle_tx *tx, int64_t id, aisle_error *err);
/* For many products in one transaction: between begin and end the three calls above only note the row, and end brings the
 * index up to date: anew, when an eighth of the products has changed, which takes 12 us a product of the shop; else one by
 * one, 100 us each. begin and end stand around the writes in any case; what end does when st is not AISLE_OK is to forget. */
typedef struct aisle_search_backlog {
    int64_t *rows;
    int64_t n, cap;
} aisle_search_backlog;
void aisle_tx_search_begin(aisle_tx *tx, aisle_search_backlog *b);
aisle_status aisle_tx_search_end(aisle_tx *tx, aisle_status st, aisle_error *err);

/* One product by its id, of any connection; as aisle_view_product. */
aisle_status aisle_db_product(aisle_db *db, aisle_str id, aisle_arena *a, aisle_product *out,
                              int64_t *version, aisle_error *err);
/* Reads the columns of product_get and its like; text is borrowed from the query. */
void aisle_stmt_product(const aisle_stmt *q, aisle_product *out);
/* Copies every text of p into the arena. */
bool aisle_product_copy(aisle_arena *a, aisle_product *p);

aisle_status aisle_view_totals(aisle_view *v, aisle_deltas *out, aisle_error *err);

#endif
