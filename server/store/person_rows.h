/* Everything the shop holds of a person: erased, handed over at login, exported, in one transaction each. A table that
 * keeps something of people is one row of person_rows.c with three statements of sql/person.sql. */
#ifndef AISLE_SERVER_PERSON_ROWS_H
#define AISLE_SERVER_PERSON_ROWS_H

#include "server/store/store.h"

/* Removes the person: rows of every table, account, sessions, the user itself; keeps hashes of the ids that models may
 * know (aisle_view_is_erased). Files of models are not touched here. AISLE_ENOTFOUND: no such user. */
aisle_status aisle_tx_person_erase(aisle_tx *tx, int64_t user, aisle_error *err);

/* What the guest of the session did becomes the person's; the guest's token ends. Nothing for session 0, and for a
 * session that has an owner. */
aisle_status aisle_tx_guest_join(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err);

/* Appends "name":[rows] of every table, with commas between, to out. */
aisle_status aisle_view_person_export(aisle_view *v, int64_t user, aisle_buf *out, aisle_error *err);

/* *erased for an id (of a user, or "session:" and that of a guest) that was erased: models made before may still hold
 * it. False, with the status of a failed read, when the store cannot be read. */
aisle_status aisle_view_is_erased(aisle_view *v, aisle_str id, bool *erased, aisle_error *err);
/* Hashes of all ids erased at since_ms or later (wall clock), in the arena. */
aisle_status aisle_view_erased(aisle_view *v, int64_t since_ms, aisle_arena *a, unsigned char (**hashes)[16],
                               int64_t *n, aisle_error *err);
/* Another one after each erasure, by another process too. */
typedef struct aisle_erasures {
    int64_t n, last_ms;
} aisle_erasures;
aisle_status aisle_view_erasures(aisle_view *v, aisle_erasures *out, aisle_error *err);
void aisle_erased_hash(aisle_str id, unsigned char hash[16]);

/* Folds the write-ahead log into the database and empties it, so that what was erased is in neither file. AISLE_EBUSY
 * while a reader still needs it: try again later. */
aisle_status aisle_store_scrub(aisle_store *s, aisle_error *err);

#endif
