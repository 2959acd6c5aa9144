/* Start and stop of the server: address, ports shared by the loops, limits. */
#include "server/http/listener.h"

#include <errno.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aisle/log.h"
#include "server/http/loop.h"
#include "server/json/json.h"

enum {
    RESERVE_DESCRIPTORS = 64,
    BACKLOG = 1024,
    MAX_LOOPS = 256
}; /* the reserve: database, spool, model files, logs */

static void on_libevent_log(int severity, const char *message)
{
    if (severity >= EVENT_LOG_WARN) aisle_log(AISLE_LOG_WARN, "libevent: %s", message);
}

static void set_up_libevent(void)
{
    event_set_mem_functions(aisle_alloc, aisle_realloc, aisle_free);
    event_set_log_callback(on_libevent_log);
}

/* Binds one socket. Only after the bind is the port made shareable, so that the first one of each server
 * fails when another server has the port, even one that shares its own. */
static aisle_status open_socket(const struct addrinfo *at, bool first, int *out, aisle_error *err)
{
    int on = 1, bound = -1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return aisle_fail_errno(err, "socket for", "the HTTP server");
    bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (first) ok = ok && (bound = bind(fd, at->ai_addr, at->ai_addrlen)) == 0;
    ok = ok && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    if (!first) ok = ok && bind(fd, at->ai_addr, at->ai_addrlen) == 0;
    if (ok && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return AISLE_OK;
    }
    bool taken = errno == EADDRINUSE;
    aisle_fail_errno(err, "bind", "the HTTP address");
    close(fd);
    return taken ? AISLE_ECONFLICT : err ? err->status : AISLE_EIO;
}

static int32_t port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&at, &n) ||
        getnameinfo((struct sockaddr *)&at, n, NULL, 0, port, sizeof port, NI_NUMERICSERV))
        return 0;
    int64_t v = 0;
    return aisle_str_to_i64(aisle_str_from(port), &v) ? (int32_t)v : 0;
}

static aisle_status bind_loop(aisle_http *h, int32_t i, int *fd, aisle_error *err)
{
    char port[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
                    *at = NULL;
    snprintf(port, sizeof port, "%d", h->port);
    if (getaddrinfo(h->params.host, port, &hints, &at))
        return aisle_fail(err, AISLE_EINVAL, "host \"%s\": a numeric address is wanted, e.g. 127.0.0.1",
                          h->params.host);
    aisle_status st = open_socket(at, i == 0, fd, err);
    freeaddrinfo(at);
    if (st == AISLE_ECONFLICT)
        return aisle_fail(err, st, "port %d of %s is in use; stop the other server or choose another port",
                          h->port, h->params.host);
    if (st == AISLE_EDENIED)
        return aisle_fail(err, st, "port %d of %s is not allowed to this user; choose one above 1023",
                          h->port, h->params.host);
    if (st == AISLE_OK && i == 0) h->port = port_of(*fd);
    return st;
}

static int32_t cap_connections(int32_t wanted)
{
    struct rlimit limit;
    int64_t files =
        getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20 ? (int64_t)limit.rlim_cur : 1 << 20;
    int64_t most = files > 2 * RESERVE_DESCRIPTORS ? files - RESERVE_DESCRIPTORS : files / 2;
    if (wanted > most)
        aisle_log(AISLE_LOG_WARN, "%d connections need more than the %lld open files allowed: capped at %lld",
                  wanted, (long long)files, (long long)most);
    return wanted > 0 && wanted < most ? wanted : (int32_t)most;
}

static void fill_defaults(aisle_http_params *p)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (p->loops <= 0) p->loops = cores > 0 ? (int32_t)cores : 1;
    if (p->loops > MAX_LOOPS) p->loops = MAX_LOOPS;
    if (p->header_ms <= 0) p->header_ms = 10000;
    if (p->body_ms <= 0) p->body_ms = 30000;
    if (p->idle_ms <= 0) p->idle_ms = 60000;
    if (!p->host) p->host = "127.0.0.1";
}

static aisle_status start_loops(aisle_http *h, aisle_error *err)
{
    int fd = -1;
    for (int32_t i = 0; i < h->params.loops; i++) {
        aisle_status st = aisle_loop_init(&h->loops[i], h, i, err);
        h->n_loops++;
        if (st != AISLE_OK) return st;
    }
    for (int32_t i = 0; i < h->n_loops; i++) {
        AISLE_TRY(bind_loop(h, i, &fd, err));
        AISLE_TRY(aisle_loop_start(&h->loops[i], fd, err));
    }
    return AISLE_OK;
}

static aisle_status open_limits(aisle_http *h, aisle_error *err)
{
    int32_t n = aisle_router_count(h->router);
    AISLE_TRY(aisle_limiter_new(&h->params.rates, &h->limiter, err));
    h->rate_classes = aisle_calloc((size_t)n, sizeof *h->rate_classes);
    if (!h->rate_classes) return aisle_fail(err, AISLE_ENOMEM, "out of memory for rate limits");
    for (int32_t i = 0; i < n; i++)
        h->rate_classes[i] = aisle_rate_class_of(aisle_router_route(h->router, i));
    aisle_short_key(h->rate_key);
    return AISLE_OK;
}

static aisle_status open_network(aisle_http *h, aisle_error *err)
{
    const aisle_http_params *p = &h->params;
    if (p->trusted_proxies) AISLE_TRY(aisle_networks_parse(p->trusted_proxies, &h->proxies, err));
    if (!p->tls_cert != !p->tls_key)
        return aisle_fail(err, AISLE_EINVAL, "TLS needs both a certificate and a key");
    for (int c = 0; c < AISLE_RATE_CLASSES; c++)
        if (p->rates.a_minute[c] > 0) {
            AISLE_TRY(open_limits(h, err));
            break;
        }
    return p->tls_cert ? aisle_tls_open(p->tls_cert, p->tls_key, &h->tls, err) : AISLE_OK;
}

aisle_status aisle_http_reload(aisle_http *h, aisle_error *err)
{
    return h->tls ? aisle_tls_reload(h->tls, err) : AISLE_OK;
}

aisle_status aisle_http_start(const aisle_http_params *p, aisle_http **out, aisle_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *out = NULL;
    if (p->port < 0 || p->port > 65535)
        return aisle_fail(err, AISLE_EINVAL, "port %d: 0 to 65535 wanted, 0 for a free one", p->port);
    pthread_once(&once, set_up_libevent);
    aisle_json_setup();
    aisle_http *h = aisle_calloc(1, sizeof *h);
    if (!h) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the HTTP server");
    h->params = *p;
    h->port = p->port;
    fill_defaults(&h->params);
    h->max_connections = cap_connections(p->max_connections);
    atomic_init(&h->grace_ms, -1);
    aisle_status st = aisle_router_new(p->routes, &h->router, err);
    if (st == AISLE_OK) st = open_network(h, err);
    if (st == AISLE_OK) st = aisle_access_log_open(&p->access_log, &h->access_log, err);
    if (st == AISLE_OK) {
        h->loops = aisle_calloc((size_t)h->params.loops, sizeof *h->loops);
        st = h->loops ? start_loops(h, err) : aisle_fail(err, AISLE_ENOMEM, "out of memory for HTTP loops");
    }
    if (st != AISLE_OK)
        aisle_http_stop(h, 0);
    else
        *out = h;
    return st;
}

int32_t aisle_http_port(const aisle_http *h)
{
    return h->port;
}

int32_t aisle_http_loops(const aisle_http *h)
{
    return h->n_loops;
}

void aisle_http_stop(aisle_http *h, int64_t grace_ms)
{
    if (!h) return;
    atomic_store(&h->grace_ms, grace_ms < 0 ? 0 : grace_ms);
    for (int32_t i = 0; i < h->n_loops; i++)
        if (h->loops[i].running) aisle_loop_wake(&h->loops[i]);
    for (int32_t i = 0; i < h->n_loops; i++) aisle_loop_deinit(&h->loops[i]);
    aisle_router_free(h->router);
    aisle_access_log_close(h->access_log);
    aisle_tls_close(h->tls);
    aisle_limiter_free(h->limiter);
    aisle_free(h->rate_classes);
    aisle_free(h->loops);
    aisle_free(h);
}

static bool add_limits(const aisle_http *h, aisle_buf *out)
{
    bool ok = aisle_buf_printf(
        out,
        "# HELP aisle_access_log_left_out_total Requests that the access log had no room for.\n"
        "# TYPE aisle_access_log_left_out_total counter\n"
        "aisle_access_log_left_out_total %lld\n",
        (long long)aisle_access_log_left_out(h->access_log));
    ok = ok &&
         aisle_buf_printf(out, "# HELP aisle_http_rate_limited_total Requests answered with 429, by class.\n"
                               "# TYPE aisle_http_rate_limited_total counter\n");
    for (int c = 0; c < AISLE_RATE_CLASSES; c++)
        ok = ok && aisle_buf_printf(
                       out, "aisle_http_rate_limited_total{class=\"%s\"} %lld\n",
                       aisle_rate_class_name((aisle_rate_class)c),
                       h->limiter ? (long long)aisle_limiter_refused(h->limiter, (aisle_rate_class)c) : 0LL);
    return ok;
}

bool aisle_http_metrics(const aisle_http *h, aisle_buf *out)
{
    aisle_traffic *all[MAX_LOOPS];

    for (int32_t i = 0; i < h->n_loops; i++) all[i] = h->loops[i].traffic;
    return aisle_traffic_text(all, h->n_loops, h->router, out) && add_limits(h, out);
}
