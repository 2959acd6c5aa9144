/* What a handler sees of HTTP: one request, its parts, and the ways to answer. Not the wire (parser,
 * connection do that). */
#ifndef AISLE_SERVER_HTTP_H
#define AISLE_SERVER_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/status.h"
#include "aisle/str.h"
#include "server/http/address.h"

typedef struct aisle_request aisle_request;
struct aisle_app; /* server/app.h: everything a handler may ask for */

typedef enum aisle_access {
    AISLE_ACCESS_PUBLIC, /* anyone; what names a user or a session asks aisle_request_may_name (auth/identity.h) */
    AISLE_ACCESS_ACCOUNT, /* a person who is signed in, also in open mode; else 401 */
    AISLE_ACCESS_ADMIN /* a key with the scope admin, or an admin's session (else 401 or 403), unless the server runs
                             in open mode */
} aisle_access;

typedef enum aisle_body_kind {
    AISLE_BODY_NONE,      /* a body is read and thrown away, up to 64 KiB */
    AISLE_BODY_JSON,      /* application/json (else 415), held in memory up to max_body */
    AISLE_BODY_JSON_ONCE, /* the same, and the request may carry an Idempotency-Key (handlers/once.h) */
    AISLE_BODY_TEXT,      /* any type, held in memory: NDJSON beside JSON, the handler looks at the type */
    AISLE_BODY_FILE,      /* streamed to a temporary file in the data folder, up to max_body;
                        aisle_request_body_path */
    AISLE_BODY_FILE_ONCE  /* the same, and an Idempotency-Key */
} aisle_body_kind;

/* One row = one endpoint; OpenAPI, metrics and tests read the same rows (routes.c). */
typedef struct aisle_route {
    const char *method, *path; /* "GET", "/v1/products/{id}" */
    aisle_status (*handler)(aisle_request *r);
    aisle_access access;
    aisle_body_kind body;
    int64_t max_body; /* bytes; 0 = 2 MiB */
} aisle_route;
extern const aisle_route aisle_routes[]; /* ends with method NULL */

/* A handler runs on the request's loop thread and must not block (2 ms). It returns AISLE_OK after it has
 * replied, deferred or begun a stream; any other status becomes a problem answer made from
 * aisle_request_error. */

/* Parts; all views live as long as the request. Path parameters and query values are percent-decoded UTF-8
 * without NUL. */
aisle_str aisle_request_method(const aisle_request *r);
aisle_str aisle_request_path(const aisle_request *r); /* decoded, without query */
aisle_str aisle_request_param(const aisle_request *r,
                              const char *name); /* {name} of the route; never absent */
aisle_str aisle_request_query(const aisle_request *r, const char *name); /* the first; absent = {NULL,0} */
/* The i-th parameter, in the order of the query; false behind the last. */
bool aisle_request_query_at(const aisle_request *r, int32_t i, aisle_str *key, aisle_str *value);
/* Fails with AISLE_EINVAL for a query key that is none of the NULL-terminated names, or that comes twice. */
aisle_status aisle_request_query_only(aisle_request *r, const char *const *names);
aisle_str aisle_request_header(const aisle_request *r,
                               const char *name); /* case-insensitive; absent = {NULL,0} */
/* Idempotency-Key of a route that takes one (AISLE_BODY_JSON_ONCE, AISLE_BODY_FILE_ONCE); elsewhere absent. */
aisle_str aisle_request_once_key(const aisle_request *r);
/* By what two bodies of a request with such a key are compared: the body, or the BLAKE2b-256 of one in a file. */
aisle_str aisle_request_once_body(const aisle_request *r);
aisle_str aisle_request_body(const aisle_request *r);
const char *aisle_request_body_path(
    const aisle_request *r); /* of a file, NULL without a body; removed at the request's end unless: */
char *aisle_request_body_take(aisle_request *r); /* the path, now the caller's (aisle_free) to remove */
/* Parsed body: depth <= 32, duplicate keys, NUL and trailing text refused. Owned by the request. */
aisle_status aisle_request_json(aisle_request *r, json_t **out);
aisle_arena *aisle_request_arena(aisle_request *r); /* released when the reply has ended */
aisle_error *aisle_request_error(aisle_request *r);
const char *aisle_request_id(const aisle_request *r); /* X-Request-Id in and out */
struct aisle_app *aisle_request_app(const aisle_request *r);
int32_t aisle_request_loop(const aisle_request *r); /* 0 .. loops-1: index into per-loop state */
/* Who asks, as far as the network tells: the peer, or the client that trusted proxies forward for. Still known when the
 * connection has closed. */
aisle_address aisle_request_address(const aisle_request *r);
/* The client's side speaks TLS: to us, or to a trusted proxy that says so (X-Forwarded-Proto). */
bool aisle_request_is_secure(const aisle_request *r);

/* Adds to the `errors` list of the problem answer and returns AISLE_EINVAL: pointer "/events/3/type", code
 * "unknown". */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
aisle_status
aisle_request_invalid(aisle_request *r, const char *pointer, const char *code, const char *fmt, ...);
/* Adds a number to the newest entry: what is left, what it costs now. */
void aisle_request_invalid_value(aisle_request *r, const char *name, int64_t value);

/* Takes the errors that were gathered so far, so that the problem answer will not have them: for bodies of many records,
 * each with its own. NULL when there are none. */
json_t *aisle_request_errors_take(aisle_request *r);

/* Answers. Each returns AISLE_OK, or AISLE_ENOMEM with nothing sent. Headers are added before the reply. */
void aisle_reply_header(aisle_request *r, const char *name, const char *value);
aisle_status aisle_reply_json(aisle_request *r, int status,
                              json_t *body); /* takes the reference, NULL body = ENOMEM */
aisle_status aisle_reply_bytes(aisle_request *r, int status, const char *content_type, const void *data,
                               size_t n);
aisle_status aisle_reply_empty(aisle_request *r, int status);
/* RFC 9457 body with `code`; errors gathered by aisle_request_invalid are included. */
aisle_status aisle_reply_problem(aisle_request *r, int status, const char *code, const char *detail);
/* The body of that, for an answer that is kept; NULL when memory is short. */
json_t *aisle_problem_json(aisle_request *r, int status, const char *code, const char *detail);
/* The one place where statuses become HTTP: EINVAL 422 validation_failed, ENOTFOUND 404, ECONFLICT 409,
 * EDENIED 403, EBUSY 503 overloaded (Retry-After), ENOSPC 507, EFORMAT 422, EUNSUPPORTED 501, ENOMEM 503,
 * EIO 503 storage_unavailable, EINTERNAL 500 ... */
aisle_status aisle_reply_status(aisle_request *r, aisle_status st);

/* Later answers: defer, then from any thread finish exactly once; fn runs on the request's loop with the
 * request still valid and must reply (a closed connection swallows the reply). */
void aisle_request_defer(aisle_request *r);
void aisle_request_finish(aisle_request *r, void (*fn)(aisle_request *r, void *ctx), void *ctx);

/* Server-sent events: begin replies 200 text/event-stream and keeps the request alive; send and end are
 * called on the request's loop (get there with aisle_request_post); closed(ctx) is called once when the peer
 * goes or end is called; what was posted and has not run by then never runs. `id` > 0 is sent as the event's
 * id, which a peer that reconnects gives back as Last-Event-ID. A peer that does not read is cut at 256 KiB
 * of backlog. After closed() the request is gone for the caller: whoever posts from other threads takes the
 * lock that closed() takes too. begin from a finish whose peer has gone: AISLE_ECANCELED, closed is not
 * called. */
aisle_status aisle_stream_begin(aisle_request *r, void (*closed)(aisle_request *r, void *ctx), void *ctx);
aisle_status aisle_stream_send(aisle_request *r, int64_t id, const char *event, const char *data);
void aisle_stream_end(aisle_request *r);
/* Runs fn on the request's loop soon; any thread; the request must be deferred or streaming and not finished.
 * AISLE_ENOMEM: fn will not run. */
aisle_status aisle_request_post(aisle_request *r, void (*fn)(aisle_request *r, void *ctx), void *ctx);

#endif
