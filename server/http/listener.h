/* The HTTP server: loops, sockets, drain. Started by `aisle serve`, and by tests. */
#ifndef AISLE_SERVER_LISTENER_H
#define AISLE_SERVER_LISTENER_H

#include "server/auth/identity.h"
#include "server/http/access_log.h"
#include "server/http/rate_limit.h"

typedef struct aisle_http_params {
    const char *host;                    /* numeric address, "127.0.0.1" */
    int32_t port;                        /* 0 = a free one */
    int32_t loops;                       /* 0 = one a core */
    int32_t max_connections;             /* 0 = derived from RLIMIT_NOFILE minus a reserve */
    int64_t header_ms, body_ms, idle_ms; /* 0 = 10 s; 30 s + 1 s a 64 KiB; 60 s */
    const char *tls_cert, *tls_key;      /* PEM files (tls.h); both NULL: plain HTTP */
    const char *trusted_proxies;    /* addresses and networks whose X-Forwarded-For counts; NULL = none */
    aisle_access_params access_log; /* all 0: none */
    aisle_rates rates;              /* all 0: no limits */
    const char *spool;              /* folder for AISLE_BODY_FILE bodies */
    const aisle_route *routes;
    struct aisle_app *app;
    /* Open mode, as of now: only loopback Host values are answered (DNS rebinding). NULL: never. Any loop. */
    bool (*is_open)(struct aisle_app *app);
    /* Finds out who asks, before the handler; on the request's loop. AISLE_EDENIED: what the Authorization field holds is
     * no good. NULL: nobody ever is. */
    aisle_status (*identify)(aisle_request *r, aisle_identity *out, aisle_error *err);
    const char *cors_origins; /* "https://a.example, https://b.example": pages that may call; NULL = none */
} aisle_http_params;

typedef struct aisle_http aisle_http;
/* Binds and starts the loop threads. AISLE_ECONFLICT: port in use (names it and the next step). */
aisle_status aisle_http_start(const aisle_http_params *p, aisle_http **out, aisle_error *err);
int32_t aisle_http_port(const aisle_http *h);
int32_t aisle_http_loops(const aisle_http *h);
/* Reads certificate and key again, for the connections that come after. On failure the old ones stay. Any thread. Nothing
 * to do without TLS. */
aisle_status aisle_http_reload(aisle_http *h, aisle_error *err);
/* Stops accepting, ends streams, lets requests in flight finish up to grace_ms and then cuts their
 * connections, joins the loops, frees h. Deferred requests must still be finished by those who hold them, and
 * are waited for: stop the queues that finish them after this call, not before. */
void aisle_http_stop(aisle_http *h, int64_t grace_ms);
/* Removes the bodies that an earlier server, killed, has left in the spool folder. Before the start. */
void aisle_uploads_sweep(const char *spool);
/* Prometheus text of requests by route and status, latency histogram, connections, bytes. Appends to out. */
bool aisle_http_metrics(const aisle_http *h, aisle_buf *out);

#endif
