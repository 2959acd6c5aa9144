/* One event loop on one thread: its start, calls posted to it, and its drain. */
#include "server/http/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

void aisle_loop_wake(aisle_loop *l)
{
    const uint64_t one = 1;
    while (write(l->wake_fd, &one, sizeof one) < 0 && errno == EINTR) continue;
}

void aisle_loop_post(aisle_loop *l, aisle_post *p)
{
    p->next = NULL;
    pthread_mutex_lock(&l->lock);
    bool first = l->posts == NULL;
    *l->posts_end = p;
    l->posts_end = &p->next;
    /* Under the lock: once it is released, the loop may run the call, end, and take the descriptor with it.
     */
    if (first) aisle_loop_wake(l);
    pthread_mutex_unlock(&l->lock);
}

static void run_posts(aisle_loop *l)
{
    pthread_mutex_lock(&l->lock);
    aisle_post *p = l->posts;
    l->posts = NULL;
    l->posts_end = &l->posts;
    pthread_mutex_unlock(&l->lock);
    while (p) {
        aisle_post *next = p->next;
        aisle_request *r = p->request;
        aisle_post call = *p;
        if (call.finishes)
            r->deferred = false;
        else
            aisle_free(p);
        if (!r->stream_over) aisle_request_call(r, call.fn, call.ctx);
        aisle_request_release(r);
        p = next;
    }
}

void aisle_loop_check_end(aisle_loop *l)
{
    if (l->draining && l->n_connections == 0 && l->n_requests == 0) event_base_loopbreak(l->base);
}

static void on_grace(int fd, short what, void *loop)
{
    aisle_loop *l = loop;
    (void)fd, (void)what;
    while (l->connections) aisle_connection_close(l->connections);
}

static void begin_drain(aisle_loop *l, int64_t grace_ms)
{
    const struct timeval tv = {grace_ms / 1000, grace_ms % 1000 * 1000};
    /* Who is in the queue already has connected: serve them rather than reset them. */
    aisle_loop_on_accept(l->listen_fd, EV_READ, l);
    l->draining = true;
    event_del(l->accept_event);
    evtimer_del(l->resume_event);
    close(l->listen_fd);
    l->listen_fd = -1;
    if (evtimer_add(l->grace_event, &tv)) on_grace(-1, 0, l);
    for (aisle_connection *c = l->connections; c; c = c->next) /* each closes, or goes on to its last reply */
        bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
    aisle_loop_check_end(l);
}

static void on_wake(int fd, short what, void *loop)
{
    aisle_loop *l = loop;
    uint64_t n;
    (void)what;
    if (read(fd, &n, sizeof n) < 0 && errno != EAGAIN && errno != EINTR) return;
    run_posts(l);
    int64_t grace_ms = atomic_load(&l->http->grace_ms);
    if (grace_ms >= 0 && !l->draining) begin_drain(l, grace_ms);
}

static void *run_loop(void *loop)
{
    aisle_loop *l = loop;
    event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
    /* A connection that closed while a deferred callback of its waited is freed when that has run. */
    event_base_loop(l->base, EVLOOP_NONBLOCK);
    return NULL;
}

/* Not EPOLL_USE_CHANGELIST: it calls epoll_ctl late, on descriptors that are closed and may be another loop's
 * by then. */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        base = event_base_new_with_config(config);
    if (config) event_config_free(config);
    return base;
}

aisle_status aisle_loop_init(aisle_loop *l, aisle_http *h, int32_t index, aisle_error *err)
{
    uint64_t seed;
    *l = (aisle_loop){.http = h, .index = index, .listen_fd = -1, .date_second = -1};
    l->posts_end = &l->posts;
    pthread_mutex_init(&l->lock, NULL);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->wake_fd < 0) return aisle_fail_errno(err, "eventfd of", "the HTTP server");
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return aisle_fail_errno(err, "random bytes for", "request ids");
    aisle_rng_init(&l->rng, seed, (uint64_t)index);
    l->traffic = aisle_traffic_new(aisle_router_count(h->router));
    l->base = new_base();
    if (!l->base || !l->traffic) return aisle_fail(err, AISLE_ENOMEM, "out of memory for an HTTP loop");
    l->wake_event = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    l->resume_event = evtimer_new(l->base, aisle_loop_on_resume, l);
    l->grace_event = evtimer_new(l->base, on_grace, l);
    if (!l->wake_event || !l->resume_event || !l->grace_event || event_add(l->wake_event, NULL))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for an HTTP loop");
    return AISLE_OK;
}

aisle_status aisle_loop_start(aisle_loop *l, int listen_fd, aisle_error *err)
{
    sigset_t all, old;
    l->listen_fd = listen_fd;
    l->accept_event = event_new(l->base, listen_fd, EV_READ | EV_PERSIST, aisle_loop_on_accept, l);
    if (!l->accept_event || event_add(l->accept_event, NULL))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for an HTTP loop");
    /* Signals are the main thread's; SIGPIPE of a write to a closed connection stays blocked here for good.
     */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&l->thread, NULL, run_loop, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    l->running = !failed;
    return failed ? aisle_fail(err, AISLE_ENOMEM, "no thread for an HTTP loop: error %d", failed) : AISLE_OK;
}

static void free_event(struct event *e)
{
    if (e) event_free(e);
}

void aisle_loop_deinit(aisle_loop *l)
{
    if (l->running) pthread_join(l->thread, NULL);
    free_event(l->accept_event);
    free_event(l->resume_event);
    free_event(l->wake_event);
    free_event(l->grace_event);
    if (l->base) event_base_free(l->base);
    if (l->listen_fd >= 0) close(l->listen_fd);
    if (l->wake_fd >= 0) close(l->wake_fd);
    aisle_traffic_free(l->traffic);
    aisle_buf_deinit(&l->scratch);
    pthread_mutex_destroy(&l->lock);
}
