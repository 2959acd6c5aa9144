/* The frame of a handler that writes: owner and guest, one transaction, the answer after its commit, and an answer kept
 * for requests that come again with their Idempotency-Key. Reading handlers do without. */
#ifndef AISLE_SERVER_CHANGE_H
#define AISLE_SERVER_CHANGE_H

#include "server/auth/identity.h"
#include "server/http/handlers/once.h"

typedef struct aisle_change {
    aisle_write w; /* the frame's, and so are the next ones */
    aisle_request *r;
    aisle_guest guest;
    aisle_once once;
    bool has_once, replayed;
    aisle_kept kept;
    aisle_status outcome;

    /* The caller's. On the writer's thread: writes, and fills `status` and `body`. When it refuses it returns
     * AISLE_ECONFLICT or another status after aisle_change_refuse; all it wrote is undone. */
    aisle_status (*run)(struct aisle_change *c, aisle_tx *tx, aisle_error *err);
    bool for_guests; /* begins a session for a guest who has none; else `owner` may be nobody */

    aisle_owner owner; /* set before run */
    int status;        /* 2xx, or of the refusal */
    json_t *body;      /* of a good answer; NULL: 204 and the like */
    const char *code, *detail, *location,
        *etag; /* in the request's arena or static; location and etag may be NULL */
} aisle_change;

/* Whose affairs the request is about; nobody's when there is no session. */
aisle_owner aisle_owner_of(const aisle_request *r);
/* c lies in the request's arena, with r, run and what run needs filled in. */
aisle_status aisle_change_submit(aisle_change *c);
/* The answer will be this problem; the errors of aisle_request_invalid go with it. Returns AISLE_ECONFLICT. */
aisle_status aisle_change_refuse(aisle_change *c, int status, const char *code, const char *detail);
/* The same for what the store has refused about a cart or an order; `member` is where items stand in the request
 * ("/items"; NULL: the request is about one item, whose quantity is meant). */
aisle_status aisle_change_refuse_all(aisle_change *c, const aisle_refusals *no, const char *member);
/* Runs st through: a body that could not be made is AISLE_ENOMEM. */
aisle_status aisle_change_answer(aisle_change *c, int status, json_t *body, aisle_error *err);

/* The version that If-Match names ("7-..." or "7"), else the member `version` of the body (s may be NULL), else -1.
 * "*" is any. */
aisle_status aisle_wanted_version(aisle_request *r, aisle_json_scope *s, int64_t *out);

#endif
