/* One connection: its phases, its two absolute deadlines, and what bounds its memory. Requests are worked on
 * one at a time and in order; what the peer sends ahead waits in the input, what it does not read in the
 * output. */
#include <event2/bufferevent_ssl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aisle/log.h"
#include "server/http/loop.h"

enum { LINGER_MS = 1000, REQUESTS_A_TURN = 16 };

/* ---- deadlines ---- */

/* One timer, moved only forward in time when it fires or when an earlier deadline comes: a busy connection
 * sets deadlines all the time and touches the timer hardly ever. */
static void arm(aisle_connection *c)
{
    int64_t next = c->deadline_ns < c->write_deadline_ns ? c->deadline_ns : c->write_deadline_ns;
    if (next == INT64_MAX || (c->armed_ns && c->armed_ns <= next)) return;
    int64_t wait_us = (next - aisle_time_monotonic_ns()) / 1000 + 1;
    if (wait_us < 0) wait_us = 0;
    struct timeval tv = {wait_us / 1000000, wait_us % 1000000};
    c->armed_ns = evtimer_add(&c->timer, &tv) == 0 ? next : 0;
}

void aisle_connection_deadline(aisle_connection *c, int64_t from_now_ms)
{
    c->deadline_ns = from_now_ms < 0 ? INT64_MAX : aisle_time_monotonic_ns() + from_now_ms * 1000000;
    arm(c);
}

void aisle_connection_wrote(aisle_connection *c, size_t n)
{
    aisle_traffic_add(c->loop->traffic, AISLE_GAUGE_REPLY_BYTES, (int64_t)n);
    if (c->write_deadline_ns == INT64_MAX)
        c->write_deadline_ns = aisle_time_monotonic_ns() + c->loop->http->params.body_ms * 1000000;
    c->write_deadline_ns += (int64_t)n * (1000000000 / AISLE_RATE_BYTES);
    arm(c);
}

void aisle_connection_doom(aisle_connection *c)
{
    c->doomed = true;
    aisle_connection_deadline(c, 0);
}

static size_t output_bytes(aisle_connection *c)
{
    return evbuffer_get_length(bufferevent_get_output(c->bev));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    aisle_connection *c = arg;
    int64_t now = aisle_time_monotonic_ns();
    (void)fd, (void)what;
    c->armed_ns = 0;
    bool write_late = now >= c->write_deadline_ns, read_late = now >= c->deadline_ns;
    if (!write_late && !read_late)
        arm(c);
    else if (c->phase == AISLE_PHASE_IDLE && !write_late && !c->doomed && output_bytes(c))
        aisle_connection_deadline(c, c->loop->http->params.idle_ms); /* still reading the last answer */
    else if (!write_late && !c->doomed && (c->phase == AISLE_PHASE_HEAD || c->phase == AISLE_PHASE_BODY)) {
        aisle_traffic_add(c->loop->traffic, AISLE_GAUGE_CUT, 1);
        aisle_exchange_refuse(c, (aisle_refusal){408, "the request did not arrive in time"});
        aisle_connection_run(c);
    } else {
        if (write_late || c->doomed || c->greeting) aisle_traffic_add(c->loop->traffic, AISLE_GAUGE_CUT, 1);
        aisle_connection_close(c);
    }
}

/* ---- phases ---- */

typedef enum step { STEP_ON, STEP_WAIT, STEP_CLOSE } step;

static step linger_begin(aisle_connection *c)
{
    c->phase = AISLE_PHASE_LINGER;
    aisle_connection_deadline(c, -1);
    return STEP_ON;
}

static step step_head(aisle_connection *c, int *begun)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t n = evbuffer_get_length(in);
    aisle_refusal bad;
    if (n == 0) return c->eof || c->loop->draining ? linger_begin(c) : STEP_WAIT;
    if (output_bytes(c) > AISLE_OUTPUT_HIGH) return STEP_WAIT; /* on_write comes back here */
    if (c->phase == AISLE_PHASE_IDLE) {
        c->phase = AISLE_PHASE_HEAD;
        c->scanned = 0;
        aisle_connection_deadline(c, c->loop->http->params.header_ms);
    }
    if ((*begun)++ == REQUESTS_A_TURN) { /* let other connections have their turn */
        bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
        return STEP_WAIT;
    }
    const char *p = (const char *)evbuffer_pullup(in, (ev_ssize_t)n);
    if (!p) return STEP_CLOSE;
    size_t head = aisle_head_end(p, n, &c->scanned, &bad);
    if (bad.status)
        aisle_exchange_refuse(c, bad);
    else if (head)
        aisle_exchange_begin(c, head);
    else
        return c->eof ? linger_begin(c) : STEP_WAIT;
    return STEP_ON;
}

static step step_body(aisle_connection *c)
{
    aisle_request *r = c->current;
    aisle_refusal why;
    switch (aisle_body_read(r, bufferevent_get_input(c->bev), &why)) {
    case AISLE_BODY_REFUSED: aisle_exchange_refuse(c, why); return STEP_ON;
    case AISLE_BODY_COMPLETE: aisle_exchange_handle(r); return STEP_ON;
    default: break;
    }
    if (c->eof) return STEP_CLOSE;
    c->deadline_ns =
        r->start_ns + c->loop->http->params.body_ms * 1000000 + r->received * (1000000000 / AISLE_RATE_BYTES);
    arm(c);
    return STEP_WAIT;
}

static step step_linger(aisle_connection *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (output_bytes(c)) return STEP_WAIT;
    if (!c->shut) {
        c->shut = true;
        if (c->tls && !c->eof) { /* close_notify: what came before is whole */
            SSL_shutdown(c->tls);
            ERR_clear_error();
        }
        shutdown(bufferevent_getfd(c->bev), SHUT_WR);
        aisle_connection_deadline(c, LINGER_MS);
    }
    return c->eof ? STEP_CLOSE : STEP_WAIT;
}

static step step_once(aisle_connection *c, int *begun)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    switch (c->phase) {
    case AISLE_PHASE_IDLE:
    case AISLE_PHASE_HEAD: return step_head(c, begun);
    case AISLE_PHASE_BODY: return step_body(c);
    case AISLE_PHASE_BUSY: return STEP_WAIT;
    case AISLE_PHASE_STREAM:
        evbuffer_drain(in, evbuffer_get_length(in));
        if (c->current->head_only || c->loop->draining) aisle_stream_end(c->current);
        return c->eof ? STEP_CLOSE : c->phase == AISLE_PHASE_STREAM ? STEP_WAIT : STEP_ON;
    default: return step_linger(c);
    }
}

/* Reads no further ahead than AISLE_INPUT_HIGH. Not bufferevent_setwatermark: it crashes when its memory is
 * short (2.1.12 does not look at what evbuffer_add_cb returns). */
static bool pace_reading(aisle_connection *c)
{
    bool wanted = !c->eof && evbuffer_get_length(bufferevent_get_input(c->bev)) < AISLE_INPUT_HIGH;
    if (wanted == c->reading) return true;
    c->reading = wanted;
    return (wanted ? bufferevent_enable(c->bev, EV_READ) : bufferevent_disable(c->bev, EV_READ)) == 0;
}

void aisle_connection_run(aisle_connection *c)
{
    step s = STEP_ON;
    int begun = 0;
    c->running = true;
    while (s == STEP_ON) s = step_once(c, &begun);
    c->running = false;
    if (s == STEP_CLOSE || !pace_reading(c)) aisle_connection_close(c);
}

void aisle_connection_complete(aisle_connection *c)
{
    aisle_request *r = c->current;
    int64_t took_ns = r->replied_ns - r->start_ns;
    aisle_traffic_request(c->loop->traffic, r->row, r->status, took_ns);
    if (c->loop->http->access_log) {
        aisle_access_line line = {.id = r->id,
                                  .route = r->route ? r->route->path : NULL,
                                  .client = aisle_client_kind(r),
                                  .method = r->method,
                                  .status = r->status,
                                  .bytes = r->reply_bytes,
                                  .took_ns = took_ns,
                                  .at_ms = aisle_time_now_ms()};
        aisle_access_log_put(c->loop->http->access_log, &line);
    }
    if (aisle_log_enabled(AISLE_LOG_DEBUG))
        aisle_log(AISLE_LOG_DEBUG, "request %s %.*s %.*s %d %lld us", r->id, (int)r->method.len,
                  r->method.ptr, (int)(r->target.path.len < 512 ? r->target.path.len : 512),
                  r->target.path.ptr, r->status, (long long)(took_ns / 1000));
    c->current = NULL;
    r->conn = NULL;
    aisle_request_release(r);
    if (c->keep) {
        c->phase = AISLE_PHASE_IDLE;
        aisle_connection_deadline(c, c->loop->http->params.idle_ms);
    } else
        linger_begin(c);
}

/* ---- events ---- */

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    aisle_connection_run(arg);
}

static void on_write(struct bufferevent *bev, void *arg) /* the output is empty */
{
    aisle_connection *c = arg;
    (void)bev;
    c->write_deadline_ns = INT64_MAX;
    aisle_connection_run(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    aisle_connection *c = arg;
    (void)bev;
    if (what & BEV_EVENT_CONNECTED) {
        c->greeting = false;
        aisle_connection_deadline(c, c->loop->http->params.idle_ms);
    }
    if (what & BEV_EVENT_ERROR)
        aisle_connection_close(c);
    else if (what & BEV_EVENT_EOF) {
        c->eof = true;
        aisle_connection_run(c);
    }
}

/* With TLS the handshake begins by itself; until it is done nothing is read or written. */
static bool open_events(aisle_connection *c, int fd)
{
    aisle_tls *tls = c->loop->http->tls;
    if (!tls) {
        c->bev = bufferevent_socket_new(c->loop->base, fd, BEV_OPT_CLOSE_ON_FREE);
        return c->bev != NULL;
    }
    SSL *ssl = aisle_tls_session(tls);
    if (!ssl) return false;
    c->bev = bufferevent_openssl_socket_new(c->loop->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                            BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev) {
        SSL_free(ssl);
        return false;
    }
    bufferevent_openssl_set_allow_dirty_shutdown(c->bev, 1);
    c->tls = ssl;
    c->greeting = true;
    return true;
}

bool aisle_connection_open(aisle_loop *l, int fd, const aisle_address *peer)
{
    int on = 1;
    aisle_connection *c = aisle_calloc(1, sizeof *c);
    if (c) c->loop = l;
    if (!c || !open_events(c, fd)) {
        aisle_free(c);
        close(fd);
        return false;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a hint */
    c->peer = *peer;
    c->deadline_ns = c->write_deadline_ns = INT64_MAX;
    evtimer_assign(&c->timer, l->base, on_timer, c);
    c->next = l->connections;
    c->link = &l->connections;
    if (c->next) c->next->link = &c->next;
    l->connections = c;
    l->n_connections++;
    atomic_fetch_add(&l->http->n_connections, 1);
    aisle_traffic_add(l->traffic, AISLE_GAUGE_ACCEPTED, 1);
    bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
    aisle_connection_deadline(c, c->greeting ? l->http->params.header_ms : l->http->params.idle_ms);
    bool ok = bufferevent_enable(c->bev, EV_WRITE) == 0 && pace_reading(c);
    if (!ok) aisle_connection_close(c);
    return ok;
}

void aisle_connection_close(aisle_connection *c)
{
    aisle_loop *l = c->loop;
    aisle_request *r = c->current;
    c->current = NULL;
    if (r) {
        r->conn = NULL;
        aisle_stream_close(r);
        aisle_request_release(r);
    }
    *c->link = c->next;
    if (c->next) c->next->link = c->link;
    evtimer_del(&c->timer);
    bufferevent_free(c->bev);
    aisle_free(c);
    l->n_connections--;
    atomic_fetch_sub(&l->http->n_connections, 1);
    aisle_traffic_add(l->traffic, AISLE_GAUGE_CLOSED, 1);
    aisle_loop_resume_accept(l);
    aisle_loop_check_end(l);
}
