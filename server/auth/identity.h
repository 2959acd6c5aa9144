/* Who asks: a signed-in person, a guest with a session, a program with a key, or nobody. Found once a request, before its
 * handler, from the cookie or the Authorization field; handlers and the access check of routes.c read it here. */
#ifndef AISLE_SERVER_IDENTITY_H
#define AISLE_SERVER_IDENTITY_H

#include "server/http/http.h"

/* What a key may do; a person's own affairs need no scope but a session. */
typedef enum aisle_scope {
    AISLE_SCOPE_READ = 1,   /* recommendations and reads that name any user or session */
    AISLE_SCOPE_EVENTS = 2, /* events that name any user or session */
    AISLE_SCOPE_ADMIN = 4   /* everything under /v1/admin, and the two above */
} aisle_scope;

typedef struct aisle_identity {
    int64_t user;                    /* users.id of the person who is signed in; 0 = nobody is */
    int64_t session;                 /* sessions.id of the guest's or the person's session; 0 = none yet */
    aisle_str user_ext, session_ext; /* the same as the ids that events and models know; absent likewise */
    bool admin;                      /* the person administers the shop */
    unsigned scopes;                 /* of the key; in open mode, and for an admin, all of them */
} aisle_identity;

/* Never NULL; lives as long as the request. */
const aisle_identity *aisle_request_identity(const aisle_request *r);

/* For handlers that keep something for a guest who has no session yet (a cart, an event): a new token, whose cookie is
 * added to the answer. The row is made in the caller's own write, by aisle_tx_guest. Nothing is done, and `fresh` is
 * false, when the request has a session. */
typedef struct aisle_guest {
    bool fresh;
    unsigned char hash[32]; /* of the token */
    char session_ext[48];   /* the session's id for events and carts */
} aisle_guest;
aisle_status aisle_guest_begin(aisle_request *r, aisle_guest *g);

#endif
