/* Who asks: a signed-in person, a guest with a session, a program with a key, or nobody. Found once a request, before its
 * handler, from the cookie or the Authorization field; handlers and the access check of routes.c read it here. */
#ifndef AISLE_SERVER_IDENTITY_H
#define AISLE_SERVER_IDENTITY_H

#include "server/http/http.h"

/* What a key may do; a person's own affairs need no scope but a session. */
typedef enum aisle_scope {
    AISLE_SCOPE_READ = 1,   /* recommendations and reads that name any user or session */
    AISLE_SCOPE_EVENTS = 2, /* events that name any user or session */
    AISLE_SCOPE_ADMIN = 4,  /* everything under /v1/admin, and the two above */
    AISLE_SCOPE_ALL = 7
} aisle_scope;

typedef struct aisle_identity {
    int64_t user;                    /* users.id of the person who is signed in; 0 = nobody is */
    int64_t session;                 /* sessions.id of the guest's or the person's session; 0 = none yet */
    aisle_str user_ext, session_ext; /* the same as the ids that events and models know; absent likewise */
    int64_t session_created_ms, session_used_ms;
    bool admin;       /* the person administers the shop */
    bool by_cookie;   /* the session came with a cookie, not as a bearer token */
    unsigned scopes;  /* of the key; in open mode, and for an admin, all of them */
    bool publishable; /* the key stands in a page for all to see: it names sessions, never users */
} aisle_identity;

/* Never NULL; lives as long as the request. */
const aisle_identity *aisle_request_identity(const aisle_request *r);

/* May this request speak of that user, and of that session by its name (each may be absent)? Its own it always may;
 * any other needs the scope, and a user a secret key. False: answered with 401 or 403; `what` begins the detail. */
bool aisle_request_may_name(aisle_request *r, aisle_str user, aisle_str session, aisle_scope scope,
                            const char *what);

/* For handlers that keep something for a guest who has no session yet (a cart, an event): a new token, whose cookie is
 * added to the answer. The row is made in the caller's own write, by aisle_tx_guest (store/accounts.h) with the hash,
 * session_ext and now_ms of this. Nothing is done, and `fresh` is false, when the request has a session. Call it on the
 * loop, before deferring. */
typedef struct aisle_guest {
    bool fresh;
    unsigned char hash[32]; /* of the token */
    char session_ext[48];   /* the session's id for events and carts */
    int64_t now_ms;
} aisle_guest;
aisle_status aisle_guest_begin(aisle_request *r, aisle_guest *g);

#endif
