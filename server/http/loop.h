/* The inside of the server: one loop a thread, its connections, the request that each of them is at. Nothing
 * here is for handlers (http.h is). All of a loop is touched by its own thread only, except where said. */
#ifndef AISLE_SERVER_LOOP_H
#define AISLE_SERVER_LOOP_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

#include "aisle/rng.h"
#include "server/auth/random_id.h"
#include "server/http/access_log.h"
#include "server/http/http_metrics.h"
#include "server/http/listener.h"
#include "server/http/router.h"
#include "server/http/tls.h"

enum {
    AISLE_INPUT_HIGH = 32768,    /* bytes read ahead of the parser; must exceed AISLE_HEAD_BYTES */
    AISLE_OUTPUT_HIGH = 65536,   /* no next request is begun while more waits to be read by the peer */
    AISLE_STREAM_HIGH = 262144,  /* a stream with more backlog is cut */
    AISLE_DISCARD_BYTES = 65536, /* AISLE_BODY_NONE */
    AISLE_BODY_BYTES = 2097152,  /* default of aisle_route.max_body */
    AISLE_RATE_BYTES = 65536     /* a body, and a reply, earns one second of time for each so many bytes */
};

typedef struct aisle_connection aisle_connection;
typedef void aisle_call(aisle_request *r, void *ctx);

/* One call that waits to be run on a loop. */
typedef struct aisle_post {
    struct aisle_post *next;
    aisle_request *request; /* one reference */
    aisle_call *fn;
    void *ctx;
    bool finishes; /* the node is request->finish, and takes the deferral's reference */
} aisle_post;

typedef struct aisle_loop {
    aisle_http *http;
    int32_t index;
    pthread_t thread;
    bool running;
    struct event_base *base;
    int listen_fd, wake_fd;
    struct event *accept_event, *resume_event, *wake_event, *grace_event;
    aisle_connection *connections;
    int64_t n_connections, n_requests; /* the loop may end when both are 0 */
    bool draining, paused;             /* paused: descriptors or the cap are used up */
    aisle_traffic *traffic;
    aisle_buf scratch; /* a reply is put together here */
    int64_t date_second;
    char date[40]; /* of date_second, as RFC 9110, 5.6.7 wants it */
    aisle_rng rng; /* request ids */
    pthread_mutex_t lock;
    aisle_post *posts, **posts_end; /* under lock: the only part that other threads touch */
} aisle_loop;

struct aisle_http {
    aisle_http_params params; /* defaults filled in */
    aisle_router *router;
    aisle_loop *loops;
    aisle_tls *tls; /* NULL: plain HTTP */
    aisle_networks proxies;
    aisle_access_log *access_log;   /* NULL: none */
    aisle_limiter *limiter;         /* NULL: nothing is limited */
    aisle_rate_class *rate_classes; /* of each route */
    unsigned char rate_key[AISLE_SHORT_KEY_BYTES];
    atomic_bool proxy_warned;
    int32_t n_loops, port, max_connections;
    atomic_int n_connections;           /* of all loops */
    atomic_llong grace_ms;              /* -1 until aisle_http_stop */
    atomic_llong log_second, log_count; /* at most 10 lines a second about the outside world */
};

/* True when this second's ten lines are not used up yet. Any thread. */
bool aisle_http_may_log(aisle_http *h);
/* loop.c, accept.c. init leaves what it made for deinit also when it fails. */
aisle_status aisle_loop_init(aisle_loop *l, aisle_http *h, int32_t index, aisle_error *err);
aisle_status aisle_loop_start(aisle_loop *l, int listen_fd, aisle_error *err); /* takes the descriptor */
void aisle_loop_wake(aisle_loop *l);   /* any thread: look at the posts and at grace_ms */
void aisle_loop_deinit(aisle_loop *l); /* joins */
void aisle_loop_on_accept(int fd, short what, void *loop);
void aisle_loop_on_resume(int fd, short what, void *loop);
/* Breaks the loop when it drains and has nothing left. */
void aisle_loop_check_end(aisle_loop *l);
/* A descriptor has become free. */
void aisle_loop_resume_accept(aisle_loop *l);
void aisle_loop_post(aisle_loop *l, aisle_post *p); /* any thread */

typedef enum aisle_phase {
    AISLE_PHASE_IDLE, /* between requests, nothing received */
    AISLE_PHASE_HEAD, /* part of a head is here */
    AISLE_PHASE_BODY, /* current is set from here on */
    AISLE_PHASE_BUSY, /* the handler has deferred */
    AISLE_PHASE_STREAM,
    AISLE_PHASE_LINGER /* the last reply is written: flush, shut down, swallow what the peer still sends */
} aisle_phase;

struct aisle_connection {
    aisle_loop *loop;
    aisle_connection *next, **link;
    struct bufferevent *bev;
    struct event timer;
    /* Absolute and monotonic; INT64_MAX = none. One for what we wait to read, one for what the peer must
     * read. */
    int64_t deadline_ns, write_deadline_ns, armed_ns;
    aisle_request *current; /* one reference */
    size_t scanned;         /* aisle_head_end's */
    aisle_phase phase;
    aisle_address peer;
    struct ssl_st *tls;                                       /* the bufferevent's; NULL: plain HTTP */
    bool running, reading, eof, keep, shut, doomed, greeting; /* greeting: the TLS handshake goes on */
};

/* Takes the descriptor, also on failure (false). */
bool aisle_connection_open(aisle_loop *l, int fd, const aisle_address *peer);
void aisle_connection_close(aisle_connection *c);
/* Goes on with whatever the phase allows; may close (and free) c. */
void aisle_connection_run(aisle_connection *c);
/* n bytes were added to the output. */
void aisle_connection_wrote(aisle_connection *c, size_t n);
void aisle_connection_deadline(aisle_connection *c, int64_t from_now_ms); /* negative: none */
/* Closes c soon, from places whose callers still use it. */
void aisle_connection_doom(aisle_connection *c);
/* The current request has its whole reply: release it and go idle or linger. */
void aisle_connection_complete(aisle_connection *c);

struct aisle_request {
    aisle_arena arena;
    aisle_loop *loop;
    aisle_connection *conn; /* NULL once the connection has closed */
    atomic_int refs;        /* the connection, a running call, a deferral, a stream, each post */
    int64_t start_ns, replied_ns, reply_bytes;
    aisle_str method;
    const aisle_field *fields;
    int32_t n_fields;
    int64_t content_length;
    bool chunked, expects_continue, head_only, secure;
    aisle_address address;
    aisle_allowance allowance;
    int32_t minor; /* HTTP/1.minor */
    aisle_target target;
    const aisle_route *route; /* NULL when none matched */
    int32_t row;              /* -1 then */
    char id[65];
    aisle_identity identity;
    /* body */
    aisle_chunked chunks;
    int64_t received;
    aisle_buf body;
    char *body_path;
    int body_fd;
    struct aisle_hash_run *body_hash; /* of a file, while it arrives; NULL = nobody wants it */
    unsigned char body_digest[32];
    json_t *json;
    /* reply */
    aisle_error error;
    json_t *errors; /* array of the problem answer */
    aisle_buf reply_fields;
    aisle_str etag;
    bool has_cache_control, has_csp, short_of_memory, reply_failed;
    int status;
    bool replied, deferred, calling;
    /* stream */
    bool streaming, stream_over;
    aisle_call *closed;
    void *closed_ctx;
    aisle_post finish;
};

aisle_request *aisle_request_new(aisle_connection *c); /* NULL: out of memory */
void aisle_request_hold(aisle_request *r);
void aisle_request_release(aisle_request *r); /* on the loop */
/* Calls the handler, or a deferral's fn, and settles what came of it. The caller must not use the
 * connection's request afterwards. */
void aisle_request_call(aisle_request *r, aisle_call *fn, void *ctx);
void aisle_request_settle(aisle_request *r);

/* exchange.c: a head of n bytes waits at the front of the input. */
void aisle_exchange_begin(aisle_connection *c, size_t n);
/* The body is complete: call the handler. */
void aisle_exchange_handle(aisle_request *r);
/* Answers with a problem before any handler, and closes afterwards. */
void aisle_exchange_refuse(aisle_connection *c, aisle_refusal why);

/* origin.c: may a request that changes state come from where it says it comes from? Answers of CORS: allow is the list
 * of methods for a preflight, NULL for any other request. */
bool aisle_request_is_safe(const aisle_request *r); /* GET, HEAD, OPTIONS */
bool aisle_origin_is_ours(const aisle_request *r);  /* none, our own, or one of the list */
aisle_refusal aisle_origin_check(const aisle_request *r);
void aisle_cors_answer(aisle_request *r, const char *allow);
/* rate_check.c: counts a request whose route and identity are known. */
aisle_refusal aisle_rate_check(aisle_request *r);
const char *
aisle_client_kind(const aisle_request *r); /* "key", "account", "guest", "anonymous": for the log */

/* body.c: takes what has arrived. */
typedef enum aisle_body_state { AISLE_BODY_MORE, AISLE_BODY_COMPLETE, AISLE_BODY_REFUSED } aisle_body_state;
aisle_refusal aisle_body_expect(aisle_request *r); /* before the first byte: 413, 415, or status 0 */
aisle_body_state aisle_body_read(aisle_request *r, struct evbuffer *in, aisle_refusal *why);
void aisle_body_deinit(aisle_request *r);

/* reply.c, problem.c */
void aisle_reply_last_resort(aisle_request *r); /* 503 from static text, then close */
const char *aisle_reason(int status);
const char *aisle_code(int status); /* the problem code of statuses that are not made from an aisle_status */
void aisle_stream_close(aisle_request *r); /* calls closed() once */
bool aisle_reply_head(aisle_request *r, int status, const char *content_type, int64_t length, aisle_buf *out);

#endif
