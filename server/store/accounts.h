/* Accounts of people, their sessions, and the waits after failed attempts, in the store. Hashing is not here (auth/).
 * Times of sessions and waits are those of aisle_app_clock_ms. */
#ifndef AISLE_SERVER_ACCOUNTS_H
#define AISLE_SERVER_ACCOUNTS_H

#include "server/store/store.h"

enum { AISLE_TOKEN_HASH_BYTES = 32, AISLE_MARK_BYTES = 16, AISLE_ACCOUNT_PASSWORD_BYTES = 128 };

typedef struct aisle_account {
    int64_t user;                    /* users.id */
    aisle_str ext;                   /* the id that events and models know */
    aisle_str email, name, password; /* password: Argon2id text */
    aisle_str age_band, gender, country;
    bool admin;
    int64_t created_ms;
} aisle_account;

/* Texts are copied into the arena. AISLE_ENOTFOUND. email in any case. */
aisle_status aisle_view_account(aisle_view *v, int64_t user, aisle_arena *a, aisle_account *out,
                                aisle_error *err);
aisle_status aisle_tx_account_find(aisle_tx *tx, aisle_str email, aisle_arena *a, aisle_account *out,
                                   aisle_error *err);
/* At most `limit` with a users.id above `after`, in its order. */
aisle_status aisle_view_accounts(aisle_view *v, int64_t after, int32_t limit, aisle_arena *a,
                                 aisle_account **out, int32_t *n, aisle_error *err);
aisle_status aisle_tx_account(aisle_tx *tx, int64_t user, aisle_arena *a, aisle_account *out,
                              aisle_error *err);
/* How many accounts administer the shop. */
aisle_status aisle_view_admins(aisle_view *v, int64_t *n, aisle_error *err);

/* Makes the account and its user; a->ext may be that of a user whom events name already. Sets a->user.
 * AISLE_ECONFLICT: the email, or the user, has an account. */
aisle_status aisle_tx_account_add(aisle_tx *tx, aisle_account *a, aisle_error *err);
/* Writes name and demographics as they are in a; absent ones become unknown. */
aisle_status aisle_tx_account_update(aisle_tx *tx, const aisle_account *a, aisle_error *err);
/* was: the hash that the caller has checked the old password against, absent = any; AISLE_ECONFLICT when it is another
 * one by now. */
aisle_status aisle_tx_account_password(aisle_tx *tx, int64_t user, aisle_str was, aisle_str hash,
                                       aisle_error *err);

/* ---- sessions ---- */

/* What one token opens. */
typedef struct aisle_token {
    int64_t session, user; /* user 0 = a guest's */
    aisle_str session_ext, user_ext;
    bool admin;
    int64_t created_ms, used_ms;
} aisle_token;
/* Texts are copied into the arena. *found false, and AISLE_OK, when no token has the hash. */
aisle_status aisle_view_token(aisle_view *v, const unsigned char hash[32], aisle_arena *a, aisle_token *out,
                              bool *found, aisle_error *err);
/* The newest use of any session; 0 without one. */
aisle_status aisle_view_last_use(aisle_view *v, int64_t *ms, aisle_error *err);

/* A new session with its token: of a guest (user 0) or a person. agent may be absent. */
typedef struct aisle_new_session {
    unsigned char hash[32];
    aisle_str ext, agent;
    int64_t user, now_ms;
} aisle_new_session;
aisle_status aisle_tx_session_add(aisle_tx *tx, const aisle_new_session *s, int64_t *session,
                                  aisle_error *err);
/* AISLE_EDENIED when the user or session that a request was found to come from (each may be 0) has been erased since: to
 * be asked before anything is written for it. aisle_session_erased tells the reader so. */
aisle_status aisle_tx_asker(aisle_tx *tx, int64_t user, aisle_str user_ext, int64_t session,
                            aisle_str session_ext, aisle_error *err);
extern const char aisle_session_erased[];
/* The row of a guest that aisle_guest_begin has made (auth/identity.h). */
aisle_status aisle_tx_guest(aisle_tx *tx, const unsigned char hash[32], const char *ext, int64_t now_ms,
                            int64_t *session, aisle_error *err);
aisle_status aisle_tx_session_touch(aisle_tx *tx, const unsigned char hash[32], int64_t now_ms,
                                    aisle_error *err);
/* Ends one session; user 0: a guest's. AISLE_ENOTFOUND when the user has no such session. */
aisle_status aisle_tx_session_end(aisle_tx *tx, int64_t user, int64_t session, aisle_error *err);
/* Ends whatever session it is, if it is there. */
aisle_status aisle_tx_session_drop(aisle_tx *tx, int64_t session, aisle_error *err);
/* Ends all of a user but one (0 = all). */
aisle_status aisle_tx_sessions_end(aisle_tx *tx, int64_t user, int64_t but, aisle_error *err);
/* Drops the tokens that were last used before used_ms, and waits whose last attempt was before waits_ms. */
aisle_status aisle_tx_sessions_purge(aisle_tx *tx, int64_t used_ms, int64_t waits_ms, aisle_error *err);

typedef struct aisle_session_row {
    int64_t id, created_ms, used_ms;
    aisle_str agent;
} aisle_session_row;
/* Of one user, last used first. */
aisle_status aisle_view_sessions(aisle_view *v, int64_t user, int32_t limit, aisle_arena *a,
                                 aisle_session_row **out, int32_t *n, aisle_error *err);

/* ---- waits ---- */

/* After `free` failures each further one doubles the wait, from 1 s to at most max_ms; forget_ms after the last attempt
 * all is forgotten. */
typedef struct aisle_wait_rule {
    int64_t free, max_ms, forget_ms;
} aisle_wait_rule;
/* Counts an attempt as failed before it is known whether it is, so that many at once cannot pass together. *wait_ms > 0:
 * it is too early, and nothing was counted. */
aisle_status aisle_tx_attempt(aisle_tx *tx, const unsigned char key[16], const aisle_wait_rule *rule,
                              int64_t now_ms, int64_t *wait_ms, aisle_error *err);
/* Looks without counting. */
aisle_status aisle_tx_wait(aisle_tx *tx, const unsigned char key[16], const aisle_wait_rule *rule,
                           int64_t now_ms, int64_t *wait_ms, aisle_error *err);
/* The attempt was good: forgets all failures of the key. */
aisle_status aisle_tx_attempt_good(aisle_tx *tx, const unsigned char key[16], aisle_error *err);

#endif
