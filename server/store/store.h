/* The shop's durable store, by resource. sqlite3 stops behind this header; another store can stand beside it.
 */
#ifndef AISLE_SERVER_STORE_H
#define AISLE_SERVER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/import.h"
#include "aisle/memory.h"
#include "aisle/shop.h"

/* One data folder: FOLDER/aisle.db, FOLDER/models/, FOLDER/spool/. The store makes the folder and its
 * database if `create`; applies migrations (forward only, PRAGMA user_version); a newer database is
 * AISLE_EUNSUPPORTED. */
typedef struct aisle_store aisle_store;
aisle_status aisle_store_open(const char *folder, bool create, aisle_store **out, aisle_error *err);
void aisle_store_close(aisle_store *s); /* checkpoints the WAL */
const char *aisle_store_folder(const aisle_store *s);
/* Takes FOLDER/server.lock for this process; AISLE_EBUSY names the other server's pid. Released at close. */
aisle_status aisle_store_lock(aisle_store *s, aisle_error *err);

/* ---- reading: one view a thread, prepared statements on a read-only connection ---- */
typedef struct aisle_view aisle_view;
aisle_status aisle_view_open(aisle_store *s, aisle_view **out, aisle_error *err);
void aisle_view_close(aisle_view *v);

/* Strings of results are copied into the arena. AISLE_ENOTFOUND when absent. */
aisle_status aisle_view_product(aisle_view *v, aisle_str id, aisle_arena *a, aisle_product *out,
                                int64_t *version, aisle_error *err);

/* The newest events first of a user (or of a session when user is absent), at most limit (1..10000); every
 * type but impressions. Nobody known has none. */
typedef struct aisle_recent {
    aisle_str item;
    aisle_event_type type;
    int64_t at_ms;
    double value;
} aisle_recent;
aisle_status aisle_view_recent(aisle_view *v, aisle_str user, aisle_str session, int32_t limit,
                               aisle_arena *a, aisle_recent **out, int32_t *n, aisle_error *err);
/* The record of a user, in the arena but for the id, which is the caller's. AISLE_ENOTFOUND for who has neither record nor
 * event. */
aisle_status aisle_view_user(aisle_view *v, aisle_str id, aisle_arena *a, aisle_user *out, aisle_error *err);

typedef struct aisle_store_counts {
    int64_t products; /* with a record */
    int64_t users;    /* with a record or an event */
    int64_t events;   /* ever taken: neither erasing nor taking back takes one away */
} aisle_store_counts;
aisle_status aisle_view_counts(aisle_view *v, aisle_store_counts *out, aisle_error *err);
/* Products that are not to be recommended: sold out, hidden or removed; the ids in the arena. */
aisle_status aisle_view_unavailable(aisle_view *v, aisle_arena *a, aisle_str **ids, int64_t *n,
                                    aisle_error *err);
/* Rises with every transaction that changes a product; -1 when it cannot be read. Microseconds. */
int64_t aisle_view_catalogue_version(aisle_view *v);
/* The newest version that this process has heard of: its own writes before they are done, those of another process when
 * somebody has read the version since. Any thread, nanoseconds. */
int64_t aisle_store_catalogue_version(const aisle_store *s);
/* The version that the product's last change made. AISLE_ENOTFOUND. */
aisle_status aisle_view_product_changed(aisle_view *v, aisle_str id, int64_t *changed, aisle_error *err);

/* What lists know of a product; without description, currency and images. Borrowed for the call. */
typedef struct aisle_product_facts {
    int64_t row;     /* products.id */
    int64_t version; /* 0 or less: it was removed */
    int64_t changed; /* the catalogue version that its last change made */
    aisle_product product;
} aisle_product_facts;
typedef aisle_status aisle_facts_fn(void *ctx, const aisle_product_facts *p, aisle_error *err);
/* Every product with a record, in the order of rows. A status of fn ends it. */
aisle_status aisle_view_facts(aisle_view *v, aisle_facts_fn *fn, void *ctx, aisle_error *err);
/* The first `limit` products that changed after that place, in the order of (changed, row); removed ones too. */
typedef struct aisle_changes_from {
    int64_t changed, row;
} aisle_changes_from;
aisle_status aisle_view_changes(aisle_view *v, aisle_changes_from from, int32_t limit, aisle_facts_fn *fn,
                                void *ctx, aisle_error *err);
/* How many they are, counted to `most`. */
aisle_status aisle_view_changes_count(aisle_view *v, aisle_changes_from from, int64_t most, int64_t *out,
                                      aisle_error *err);

/* Streams products, users and events (in id order) of one read snapshot into a sink: how training gets its
 * data. */
aisle_status aisle_store_load(aisle_store *s, const aisle_sink *sink, const aisle_progress *progress,
                              aisle_error *err);

/* The same; *last_event: the highest events.id of that snapshot, 0 = none. */
aisle_status aisle_store_load_upto(aisle_store *s, const aisle_sink *sink, const aisle_progress *progress,
                                   int64_t *last_event, aisle_error *err);

/* ---- writing: one writer thread, whatever waits becomes one transaction, synchronous=FULL ----
 * Between transactions the thread brings keys and indexes of the newest events up to date, some 10 ms at a time; nobody
 * but it can tell (event_merge.h). */
typedef struct aisle_tx aisle_tx; /* valid inside run() */
typedef struct aisle_write {
    /* On the writer thread, in a savepoint of its own: a failure undoes only this write. */
    aisle_status (*run)(struct aisle_write *w, aisle_tx *tx, aisle_error *err);
    /* On the writer thread after the commit is durable (or failed): st is run's status, or the commit's. */
    void (*done)(struct aisle_write *w, aisle_status st, const aisle_error *err); /* may be NULL; err NULL
                                                                                     when OK; may release w */
    struct aisle_write *next;                                                     /* the store's */
    aisle_status status;                                                          /* the store's */
    aisle_error error;                                                            /* the store's */
} aisle_write;
/* Starts the writer; called once by the server. Writes waiting beyond 4,096 are refused with AISLE_EBUSY (as
 * are all before the start), and a write ends with AISLE_EBUSY within 5 s while another process holds the
 * lock. */
aisle_status aisle_store_start_writer(aisle_store *s, aisle_error *err);
aisle_status aisle_store_submit(aisle_store *s,
                                aisle_write *w); /* any thread; w stays the caller's until done() */
/* What the writer has done since the store was opened. Any thread. */
typedef struct aisle_store_stats {
    int64_t waiting;               /* writes in the queue */
    int64_t written, failed;       /* writes, by how they ended */
    int64_t transactions, busy_ns; /* and the time that they took, commits included */
} aisle_store_stats;
void aisle_store_stats_get(aisle_store *s, aisle_store_stats *out);
/* The same for a caller that may block (command line): with or without the writer thread. */
aisle_status aisle_store_write_now(aisle_store *s, aisle_write *w, aisle_error *err);

/* *known = true and nothing written when event_id (or the record's hash) was seen before. The user, session
 * and product of an event need not exist; an unknown product id is kept as an id without a record. */
aisle_status aisle_tx_event(aisle_tx *tx, const aisle_event *e, bool *known, aisle_error *err);
aisle_status aisle_tx_product(aisle_tx *tx, const aisle_product *p, aisle_error *err); /* insert or replace */
/* The same, told what is there: expected is the version that is replaced, 0 = there must be none, -1 = whatever there is.
 * AISLE_ECONFLICT: it is another. A record that is equal to what is stored changes nothing, its version neither. */
typedef struct aisle_product_write {
    const aisle_product *product;
    int64_t expected;
    int64_t version; /* out: after the write */
    bool created;    /* out: there was no record */
    bool changed;    /* out: or it was another one */
} aisle_product_write;
aisle_status aisle_tx_product_put(aisle_tx *tx, aisle_product_write *w, aisle_error *err);
/* As the transaction sees it; copied into the arena. AISLE_ENOTFOUND. */
aisle_status aisle_tx_product_get(aisle_tx *tx, aisle_str id, aisle_arena *a, aisle_product *out,
                                  int64_t *version, aisle_error *err);
/* Removes the record; events, orders and ratings keep the id. AISLE_ENOTFOUND; AISLE_ECONFLICT as above. */
aisle_status aisle_tx_product_remove(aisle_tx *tx, aisle_str id, int64_t expected, aisle_error *err);
/* Adds to the rating summary of a product (products.id): the change of the sum of half stars and of the number of
 * ratings, both below 0 when a rating goes. Whatever writes ratings and reviews calls it in the same transaction.
 * AISLE_ENOTFOUND: no such product, or a sum would fall below 0. */
aisle_status aisle_tx_product_rating(aisle_tx *tx, int64_t product, int64_t half_stars, int64_t count,
                                     aisle_error *err);
/* Changes the stock of a product (products.id) by delta: below 0 to sell, above 0 to give back. *stock (may be NULL)
 * what is left; -1, and nothing changed, where stock is not counted. AISLE_ECONFLICT: not so many are there;
 * AISLE_ENOTFOUND: no record. Every change of a stock goes through here or aisle_tx_product, so that lists see it. */
aisle_status aisle_tx_product_stock(aisle_tx *tx, int64_t product, int64_t delta, int64_t *stock,
                                    aisle_error *err);
aisle_status aisle_tx_user(aisle_tx *tx, const aisle_user *u,
                           aisle_error *err); /* insert or merge non-absent fields */

/* ---- import: clean records go to a private staging file, then in one transaction into the shop ----
 * Staging holds no lock. The commit is one transaction and holds the write lock from its first to its last
 * record: less than 5 s a million events, which is what a whole import of as many takes on two cores. Reading goes on beside it; writes of another
 * process that wait longer than 5 s fail with AISLE_EBUSY, those of this one wait. Memory is that of a batch
 * of events, the ids, and the page cache. Events are stored user by user within a batch, not in the order of
 * the file. */
typedef struct aisle_store_import aisle_store_import;
typedef struct aisle_store_import_params {
    int32_t user_core, item_core; /* k-core over the imported events; 0 or 1 = none */
    bool keep_duplicates;         /* equal records are each stored, else once */
    bool dry_run;                 /* count everything, write nothing */
    int64_t job;                  /* keep what was rejected (import_rejects.h) under this job; 0 = do not */
    const struct aisle_rejects_box *rejects; /* borrowed until abort; NULL = none */
    const aisle_progress *progress;          /* of the commit; borrowed until abort; NULL = silent */
} aisle_store_import_params;
/* s may be NULL with dry_run: then nothing is known before. The staging file has no name, so nothing can be
 * left behind. */
aisle_status aisle_store_import_begin(aisle_store *s, const aisle_store_import_params *p,
                                      aisle_store_import **out, aisle_error *err);
aisle_sink aisle_store_import_sink(aisle_store_import *i);
/* Adds the counts of AISLE_REASON_BELOW_CORE and AISLE_REASON_KNOWN (an equal event is stored already) to the
 * report. Nothing is changed on failure or cancel. Once per import. */
aisle_status aisle_store_import_commit(aisle_store_import *i, aisle_import_report *report, aisle_error *err);
void aisle_store_import_abort(aisle_store_import *i); /* releases i; also after commit; NULL is a no-op */

/* ---- API keys: only a BLAKE2b hash is stored ---- */
typedef struct aisle_key {
    aisle_str name, scope; /* scope: "admin", "read,events" */
    bool publishable;
    int64_t created_ms, used_ms, old_until_ms; /* 0 = never, none */
} aisle_key;
aisle_status aisle_tx_key_add(aisle_tx *tx, const aisle_key *key, const unsigned char hash[32],
                              aisle_error *err);
/* The name gets a new key of the same kind; the one before is good until old_until_ms (wall clock). AISLE_ENOTFOUND: no
 * key of this name and kind. */
aisle_status aisle_tx_key_rotate(aisle_tx *tx, aisle_str name, const unsigned char hash[32],
                                 int64_t old_until_ms, bool publishable, aisle_error *err);
aisle_status aisle_tx_key_used(aisle_tx *tx, int64_t id, int64_t now_ms, aisle_error *err);
aisle_status aisle_tx_key_remove(aisle_tx *tx, aisle_str name, aisle_error *err); /* AISLE_ENOTFOUND */
aisle_status aisle_view_keys(aisle_view *v, aisle_arena *a, aisle_key **out, int32_t *n, aisle_error *err);
typedef struct aisle_key_row {
    bool found, publishable;
    int64_t id, used_ms;
    char scope[48];
} aisle_key_row;
/* The key of this hash, or whose former one it is and good at now_ms; AISLE_OK also when not found. */
aisle_status aisle_view_key_check(aisle_view *v, const unsigned char hash[32], int64_t now_ms,
                                  aisle_key_row *out, aisle_error *err);

/* ---- jobs: what was asked for and how it ended, kept over restarts ---- */
typedef struct aisle_job_record {
    int64_t id;          /* 0 = new: set by aisle_tx_job */
    const char *kind;    /* "training", "import" */
    const char *state;   /* "queued", "running", "succeeded", "failed", "refused", "canceled" */
    const char *request; /* JSON text */
    const char *result;  /* JSON text or NULL */
    int64_t created_ms, started_ms, ended_ms;
    const char *cause; /* "request", "schedule", "events"; kept when it is new */
} aisle_job_record;
aisle_status aisle_tx_job(aisle_tx *tx, aisle_job_record *job,
                          aisle_error *err); /* insert (id 0) or update */
aisle_status aisle_view_job(aisle_view *v, int64_t id, aisle_arena *a, aisle_job_record *out,
                            aisle_error *err);
aisle_status aisle_view_jobs(aisle_view *v, int32_t limit, aisle_arena *a, aisle_job_record **out, int32_t *n,
                             aisle_error *err); /* newest first */

/* What a schedule of trainings goes by. */
typedef struct aisle_training_history {
    int64_t started_ms, ended_ms; /* of the newest that succeeded, or was refused; 0 = none has */
    int64_t events;               /* aisle_store_counts when it was ordered */
    int64_t succeeded_ms;         /* the last end of one that succeeded */
    int64_t failures,
        failed_ms; /* since, of those that nobody asked for: how many failed or were canceled; the last end */
    const char
        *asked; /* settings of the newest that succeeded and that somebody asked for: JSON, NULL = none */
} aisle_training_history;
/* stopped: the result of jobs that the end of a server took along, which are not counted. asked in the arena. */
aisle_status aisle_view_trainings(aisle_view *v, const char *stopped, aisle_arena *a,
                                  aisle_training_history *out, aisle_error *err);
/* A model that no job has made, by when it was made: the events when it was first seen. AISLE_ENOTFOUND. Only the newest
 * is remembered. */
aisle_status aisle_view_model_seen(aisle_view *v, int64_t made_ms, int64_t *events, aisle_error *err);
aisle_status aisle_tx_model_seen(aisle_tx *tx, int64_t made_ms, int64_t events, aisle_error *err);

#endif
