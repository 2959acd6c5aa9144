/* The HTTP server under threads: echo, answers finished and streams fed from other threads, clients that
 * leave early, and a stop in the middle of it all. Meant for ThreadSanitizer; checks counts in every build.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "server/http/listener.h"

enum { CLIENTS = 6, FINISHERS = 2, QUEUE = 1024, STREAMS = 256, TICKS = 4, ANSWERS = 200 };

struct aisle_app {
    pthread_mutex_t lock;
    pthread_cond_t more;
    aisle_request *waiting[QUEUE], *streams[STREAMS];
    int32_t n_waiting, n_streams;
    bool stop;
    atomic_int deferred, finished, begun, closed;
};

static struct aisle_app app = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
static atomic_bool stopping, quit;
static atomic_int port, failures, answers, ticks_read;

static void check(bool ok, const char *what)
{
    if (ok) return;
    if (atomic_fetch_add(&failures, 1) < 10) fprintf(stderr, "failed: %s\n", what);
}

/* ---- the server's side ---- */

static aisle_status on_echo(aisle_request *r)
{
    json_t *body;
    AISLE_TRY(aisle_request_json(r, &body));
    return aisle_reply_json(r, 200, json_incref(body));
}

static void answer(aisle_request *r, void *ctx)
{
    struct aisle_app *a = ctx;
    aisle_reply_json(r, 200, json_pack("{s:b}", "late", 1));
    atomic_fetch_add(&a->finished, 1);
}

static aisle_status on_late(aisle_request *r)
{
    struct aisle_app *a = aisle_request_app(r);
    pthread_mutex_lock(&a->lock);
    bool room = a->n_waiting < QUEUE;
    if (room) {
        aisle_request_defer(r);
        atomic_fetch_add(&a->deferred, 1);
        a->waiting[a->n_waiting++] = r;
        pthread_cond_signal(&a->more);
    }
    pthread_mutex_unlock(&a->lock);
    return room ? AISLE_OK : AISLE_EBUSY;
}

static void *finisher(void *ctx)
{
    struct aisle_app *a = ctx;
    pthread_mutex_lock(&a->lock);
    while (!a->stop || a->n_waiting) {
        if (!a->n_waiting) {
            pthread_cond_wait(&a->more, &a->lock);
            continue;
        }
        aisle_request *r = a->waiting[--a->n_waiting];
        pthread_mutex_unlock(&a->lock);
        aisle_request_finish(r, answer, a);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void on_closed(aisle_request *r, void *ctx)
{
    struct aisle_app *a = aisle_request_app(r);
    (void)ctx;
    pthread_mutex_lock(&a->lock);
    for (int32_t i = 0; i < a->n_streams; i++)
        if (a->streams[i] == r) a->streams[i--] = a->streams[--a->n_streams];
    pthread_mutex_unlock(&a->lock);
    atomic_fetch_add(&a->closed, 1);
}

static aisle_status on_stream(aisle_request *r)
{
    struct aisle_app *a = aisle_request_app(r);
    AISLE_TRY(aisle_stream_begin(r, on_closed, NULL));
    atomic_fetch_add(&a->begun, 1);
    pthread_mutex_lock(&a->lock);
    bool room = a->n_streams < STREAMS;
    if (room) a->streams[a->n_streams++] = r;
    pthread_mutex_unlock(&a->lock);
    if (!room) aisle_stream_end(r);
    return AISLE_OK;
}

/* Every fourth tick, of whichever stream, is its last. */
static void tick(aisle_request *r, void *ctx)
{
    int n = atomic_fetch_add((atomic_int *)ctx, 1) + 1;
    aisle_stream_send(r, n, "tick", "{}");
    if (n % TICKS == 0) aisle_stream_end(r);
}

static void *publisher(void *ctx)
{
    static atomic_int n;
    struct aisle_app *a = ctx;
    for (bool stop = false; !stop; usleep(500)) {
        pthread_mutex_lock(&a->lock);
        for (int32_t i = 0; i < a->n_streams; i++) aisle_request_post(a->streams[i], tick, &n);
        stop = a->stop;
        pthread_mutex_unlock(&a->lock);
    }
    return NULL;
}

static const aisle_route routes[] = {
    {"POST", "/echo", on_echo, AISLE_ACCESS_PUBLIC, AISLE_BODY_JSON, 0},
    {"GET", "/late", on_late, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/stream", on_stream, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {0},
};

/* ---- the clients' side ---- */

static int connect_to_server(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atomic_load(&port))};
    struct timeval limit = {20, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
    close(fd);
    return -1;
}

static int32_t count_in(const char *text, const char *wanted)
{
    int32_t n = 0;
    for (; (text = strstr(text, wanted)); text++) n++;
    return n;
}

/* Sends, then reads until `wanted` has come `times` times, or the end. Returns how often it came. */
static int32_t ask(const char *request, const char *wanted, int32_t times)
{
    char got[16384] = "";
    size_t n = 0;
    int fd = connect_to_server();
    if (fd < 0) return -1;
    bool sent = send(fd, request, strlen(request), MSG_NOSIGNAL) > 0;
    while (sent && times && n + 1 < sizeof got && count_in(got, wanted) < times) {
        ssize_t k = recv(fd, got + n, sizeof got - 1 - n, 0);
        if (k <= 0) break;
        got[n += (size_t)k] = '\0';
    }
    close(fd);
    return times ? count_in(got, wanted) : 0;
}

#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define ECHO                                                                                                 \
    "POST /echo" HOST "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"                 \
    "7\r\n{\"a\":17\r\n1\r\n}\r\n0\r\n\r\n"

static void *client(void *seed)
{
    aisle_rng rng;
    aisle_rng_init(&rng, 1, (uint64_t)(uintptr_t)seed);
    while (!atomic_load(&quit)) {
        int32_t got = 0, wanted = 0;
        atomic_int *counter = &answers;
        switch (aisle_rng_below(&rng, 5)) {
        case 0: got = ask(ECHO ECHO ECHO, "{\"a\":17}", wanted = 3); break;
        case 1: got = ask("GET /late" HOST "\r\n" ECHO, "{\"late\":true}", wanted = 1); break;
        case 2: ask("GET /late" HOST "\r\n", "", 0); break;
        case 3:
            got = ask("GET /stream" HOST "\r\n", "event: tick", wanted = 1);
            counter = &ticks_read;
            break;
        default: ask("GET /stream" HOST "\r\n", "", 0); break;
        }
        if (got < wanted) check(atomic_load(&stopping), "a whole answer while the server runs");
        if (got > 0) atomic_fetch_add(counter, got);
    }
    return NULL;
}

static void serve_and_stop(int32_t loops)
{
    pthread_t clients[CLIENTS], helpers[FINISHERS + 1];
    aisle_http_params p = {.host = "127.0.0.1", .loops = loops, .routes = routes, .app = &app};
    aisle_http *http;
    aisle_error err;
    aisle_buf text = {0};
    if (aisle_http_start(&p, &http, &err) != AISLE_OK) {
        check(false, err.message);
        return;
    }
    atomic_store(&port, aisle_http_port(http));
    atomic_store(&stopping, false);
    atomic_store(&quit, false);
    app.stop = false;
    int before = atomic_load(&answers);
    for (int i = 0; i < FINISHERS; i++) pthread_create(&helpers[i], NULL, finisher, &app);
    pthread_create(&helpers[FINISHERS], NULL, publisher, &app);
    for (int i = 0; i < CLIENTS; i++) pthread_create(&clients[i], NULL, client, (void *)(uintptr_t)(i + 1));
    for (int i = 0; i < 3000 && atomic_load(&answers) < before + ANSWERS; i++) {
        usleep(10000);
        text.len = 0;
        check(aisle_http_metrics(http, &text), "metrics while serving");
    }
    check(atomic_load(&answers) >= before + ANSWERS, "200 answers");
    atomic_store(&stopping, true);
    aisle_http_stop(http, 1000);
    atomic_store(&quit, true);
    pthread_mutex_lock(&app.lock);
    app.stop = true;
    pthread_cond_broadcast(&app.more);
    pthread_mutex_unlock(&app.lock);
    for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i], NULL);
    for (int i = 0; i <= FINISHERS; i++) pthread_join(helpers[i], NULL);
    aisle_buf_deinit(&text);
}

int main(void)
{
    serve_and_stop(1);
    serve_and_stop(3);
    check(app.n_streams == 0, "no stream is left");
    check(app.begun == app.closed, "every stream that began was closed once");
    check(app.deferred == app.finished, "every deferred request was finished");
    check(atomic_load(&ticks_read) > 0, "events were read");
    printf("%d answers, %d deferred, %d streams, %d events read, %d failures\n", answers, app.deferred,
           app.begun, ticks_read, failures);
    return failures ? 1 : 0;
}
