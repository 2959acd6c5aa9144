/* Accepting connections, and not accepting when there is nothing to hold them with: the listening socket is
 * then left alone for a moment, since it stays readable and would make the loop spin. */
#include <errno.h>
#include <sys/socket.h>

#include "aisle/log.h"
#include "server/http/loop.h"

enum { PAUSE_MS = 100, ACCEPTS_A_TURN = 64 };

bool aisle_http_may_log(aisle_http *h)
{
    long long now = aisle_time_monotonic_ns() / 1000000000;
    if (atomic_exchange(&h->log_second, now) != now) atomic_store(&h->log_count, 0);
    return atomic_fetch_add(&h->log_count, 1) < 10;
}

static void pause_accept(aisle_loop *l)
{
    const struct timeval tv = {0, PAUSE_MS * 1000};
    if (evtimer_add(l->resume_event, &tv)) return; /* better a spin than a deaf server */
    l->paused = true;
    event_del(l->accept_event);
}

void aisle_loop_resume_accept(aisle_loop *l)
{
    if (!l->paused || l->draining) return;
    l->paused = event_add(l->accept_event, NULL) != 0;
    if (!l->paused) evtimer_del(l->resume_event);
}

void aisle_loop_on_resume(int fd, short what, void *loop)
{
    aisle_loop *l = loop;
    (void)fd, (void)what;
    aisle_loop_resume_accept(l);
    if (l->paused) pause_accept(l);
}

void aisle_loop_on_accept(int listen_fd, short what, void *loop)
{
    aisle_loop *l = loop;
    aisle_http *h = l->http;
    (void)what;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (atomic_load(&h->n_connections) >= h->max_connections) {
            if (aisle_http_may_log(h))
                aisle_log(AISLE_LOG_WARN, "%d connections are open, as many as allowed: new ones wait",
                          h->max_connections);
            pause_accept(l);
            return;
        }
        struct sockaddr_storage from = {0};
        socklen_t from_bytes = sizeof from;
        int fd = accept4(listen_fd, (struct sockaddr *)&from, &from_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            aisle_address peer;
            aisle_address_of(&from, &peer);
            aisle_connection_open(l, fd, &peer);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            continue; /* the peer's fault */
        if (aisle_http_may_log(h)) {
            aisle_error err;
            aisle_fail_errno(&err, "accept", "a connection");
            aisle_log(AISLE_LOG_WARN, "%s; trying again in %d ms", err.message, PAUSE_MS);
        }
        pause_accept(l);
        return;
    }
}
