/* A request that stands or falls with a password: throttled, checked or hashed on the pool, then one write. Used by login,
 * registration, change of password and erasure. */
#ifndef AISLE_SERVER_PROOF_H
#define AISLE_SERVER_PROOF_H

#include "server/auth/hash_pool.h"
#include "server/auth/identity.h"
#include "server/auth/passwords.h"
#include "server/auth/tokens.h"
#include "server/http/handlers/handlers.h"
#include "server/store/accounts.h"

typedef struct aisle_proof {
    aisle_write write; /* first */
    aisle_hash_task task;
    aisle_request *r;
    /* what the caller sets: */
    aisle_str email;     /* whose account; absent = that of `user` */
    int64_t user;        /* users.id */
    aisle_str password;  /* must be theirs; absent = nothing to prove (registration) */
    aisle_str fresh;     /* is hashed into `hash`; absent = none */
    const char *pointer; /* where a wrong password is reported (422); NULL: 401 invalid_credentials */
    aisle_status (*wrong)(struct aisle_proof *p); /* answers to it instead; NULL: as above */
    /* In the first transaction: may say what is to be proved after all, or how to end at once (instead). NULL: nothing. */
    aisle_status (*first)(struct aisle_proof *p, aisle_tx *tx, aisle_error *err);
    /* In the writer's transaction, once all is well; p->account is whose password was right. May set `again`: nothing was
     * written, and all begins anew with `first`. */
    aisle_status (*then)(struct aisle_proof *p, aisle_tx *tx, aisle_error *err);
    aisle_status (*reply)(struct aisle_proof *p);   /* on the loop, after that is durable */
    aisle_status (*instead)(struct aisle_proof *p); /* set by `first` or `then`: the answer, on the loop */
    bool again;
    /* what it finds: */
    aisle_account account;
    char hash[AISLE_PASSWORD_HASH_BYTES];
    int64_t now_ms; /* of the app's clock */
    /* its own: */
    bool found, good, weak;
    int64_t wait_ms;
    unsigned char by_account[AISLE_MARK_BYTES], by_source[AISLE_MARK_BYTES];
    aisle_status status;
} aisle_proof;

/* p: zeroed but for the caller's part, in the request's arena. Answers the request, now or later. */
aisle_status aisle_proof_begin(aisle_proof *p);

/* ---- signed_in.c: a new session of a person ---- */

typedef struct aisle_sign_in {
    aisle_new_session session;
    char token[AISLE_TOKEN_TEXT_BYTES], ext[48];
    bool bearer;    /* the token goes into the body, and no cookie is set */
    int64_t id;     /* sessions.id, when written */
    int64_t before; /* the request's own session: a guest's, which joins, or a person's, which ends */
    bool before_is_guest;
} aisle_sign_in;
void aisle_sign_in_begin(aisle_request *r, bool bearer, aisle_sign_in *s);
aisle_status aisle_sign_in_write(aisle_sign_in *s, int64_t user, int64_t now_ms, aisle_tx *tx,
                                 aisle_error *err);
aisle_status aisle_sign_in_reply(aisle_request *r, int status, const aisle_sign_in *s,
                                 const aisle_account *a);

json_t *aisle_answer_account(const aisle_account *a);
json_t *aisle_answer_session(int64_t id, int64_t created_ms, int64_t used_ms, const aisle_app *app);
/* Takes the session's cookie away, if that is what the request came with. */
void aisle_cookie_drop(aisle_request *r);

/* Members of a person that registration and profile share; absent when not there. */
typedef struct aisle_profile {
    aisle_str name, age_band, gender, country;
} aisle_profile;
aisle_status aisle_profile_parse(aisle_json_scope *s, aisle_profile *out);
/* Is it fit to be the password of that account? Absent is: that was said already. */
aisle_status aisle_new_password_check(aisle_json_scope *s, const char *pointer, aisle_str password,
                                      const aisle_account *a);

#endif
