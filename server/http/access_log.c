/* Lines gather in one of two buffers; the thread takes the full one and leaves the empty one. */
#include "server/http/access_log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "aisle/memory.h"

enum {
    BUFFER_BYTES = 262144,
    FLUSH_BYTES = 65536, /* so much wakes the thread at once */
    FLUSH_MS = 100,      /* and so long the rest waits */
    PIECE_BYTES = 4096,  /* PIPE_BUF: a write of so much never mixes with another's */
    LINE_BYTES = 512,
    CLOSE_MS = 500
};

struct aisle_access_log {
    aisle_access_params params;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t filled;
    bool stopping;
    char *filling, *writing;
    size_t n_filling;
    int64_t second, lines, missed, left_out; /* of this second; since the last line that told; in all */
};

/* Method, route and id hold no quote, backslash or control character: the parser and the route table see to it. */
static size_t format(const aisle_access_log *l, const aisle_access_line *a, char out[LINE_BYTES])
{
    char when[32];
    aisle_str method = a->method.len ? a->method : AISLE_STR("-");
    if (method.len > 16) method.len = 16;
    aisle_time_format(a->at_ms, when);
    int n = l->params.json
                ? snprintf(out, LINE_BYTES,
                           "{\"time\":\"%s\",\"level\":\"info\",\"event\":\"request\",\"request_id\":\"%s\","
                           "\"method\":\"%.*s\",\"route\":%s%s%s,\"status\":%d,\"bytes\":%lld,\"ms\":%.3f,"
                           "\"client\":\"%s\"}\n",
                           when, a->id, (int)method.len, method.ptr, a->route ? "\"" : "",
                           a->route ? a->route : "null", a->route ? "\"" : "", a->status, (long long)a->bytes,
                           (double)a->took_ns / 1e6, a->client)
                : snprintf(out, LINE_BYTES, "%s info  request %s %.*s %s %d %lld B %.3f ms %s\n", when, a->id,
                           (int)method.len, method.ptr, a->route ? a->route : "-", a->status,
                           (long long)a->bytes, (double)a->took_ns / 1e6, a->client);
    return n > 0 && n < LINE_BYTES ? (size_t)n : 0;
}

static size_t format_missed(const aisle_access_log *l, int64_t at_ms, char out[LINE_BYTES])
{
    char when[32];
    aisle_time_format(at_ms, when);
    int n =
        snprintf(out, LINE_BYTES,
                 l->params.json
                     ? "{\"time\":\"%s\",\"level\":\"warn\",\"event\":\"requests_left_out\",\"count\":%lld}\n"
                     : "%s warn  %lld requests are left out of this log\n",
                 when, (long long)l->missed);
    return n > 0 && n < LINE_BYTES ? (size_t)n : 0;
}

static bool add(aisle_access_log *l, const char *text, size_t n)
{
    if (n == 0 || l->n_filling + n > BUFFER_BYTES) return false;
    memcpy(l->filling + l->n_filling, text, n);
    l->n_filling += n;
    return true;
}

void aisle_access_log_put(aisle_access_log *l, const aisle_access_line *a)
{
    char text[LINE_BYTES], note[LINE_BYTES];
    if (!l || (l->params.mode == AISLE_ACCESS_LOG_ERRORS && a->status < 400)) return;
    size_t n = format(l, a, text);
    pthread_mutex_lock(&l->lock);
    int64_t second = a->at_ms / 1000;
    if (second != l->second) {
        l->second = second;
        l->lines = 0;
    }
    if (l->missed && l->lines == 0 && add(l, note, format_missed(l, a->at_ms, note))) l->missed = 0;
    if (l->lines < l->params.lines_a_second && add(l, text, n)) {
        l->lines++;
    } else {
        l->missed++;
        l->left_out++;
    }
    if (l->n_filling > FLUSH_BYTES) pthread_cond_signal(&l->filled);
    pthread_mutex_unlock(&l->lock);
}

static bool is_stopping(aisle_access_log *l)
{
    pthread_mutex_lock(&l->lock);
    bool stopping = l->stopping;
    pthread_mutex_unlock(&l->lock);
    return stopping;
}

/* A reader that has stopped reading must not hold up the end of the program. */
static bool await_reader(aisle_access_log *l)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    int64_t until_ns = INT64_MAX;
    while (poll(&p, 1, FLUSH_MS) <= 0) {
        int64_t now_ns = aisle_time_monotonic_ns();
        if (until_ns == INT64_MAX && is_stopping(l)) until_ns = now_ns + CLOSE_MS * INT64_C(1000000);
        if (now_ns >= until_ns) return false;
    }
    return true;
}

static void write_out(aisle_access_log *l, const char *p, size_t n)
{
    while (n) {
        size_t piece = n;
        if (piece > PIECE_BYTES)
            for (piece = PIECE_BYTES; piece > 1 && p[piece - 1] != '\n';) piece--;
        if (!await_reader(l)) return;
        ssize_t done = write(STDERR_FILENO, p, piece);
        if (done < 0 && errno != EINTR && errno != EAGAIN) return;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
}

/* Waits for lines; takes them. 0: none, and the end. The lock is held. */
static size_t take(aisle_access_log *l)
{
    struct timespec until;
    while (!l->n_filling && !l->stopping) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += FLUSH_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&l->filled, &l->lock, &until);
    }
    size_t n = l->n_filling;
    char *full = l->filling;
    l->filling = l->writing;
    l->writing = full;
    l->n_filling = 0;
    return n;
}

static void *run(void *arg)
{
    aisle_access_log *l = arg;
    pthread_mutex_lock(&l->lock);
    for (size_t n; (n = take(l));) {
        char *full = l->writing; /* nobody else touches it */
        pthread_mutex_unlock(&l->lock);
        write_out(l, full, n);
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static aisle_status start(aisle_access_log *l, aisle_error *err)
{
    sigset_t all, old;
    l->filling = aisle_alloc(BUFFER_BYTES);
    l->writing = aisle_alloc(BUFFER_BYTES);
    if (!l->filling || !l->writing) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the access log");
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    l->running = pthread_create(&l->thread, NULL, run, l) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return l->running ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "no thread for the access log");
}

aisle_status aisle_access_log_open(const aisle_access_params *p, aisle_access_log **out, aisle_error *err)
{
    pthread_condattr_t clock;
    *out = NULL;
    if (p->mode == AISLE_ACCESS_LOG_OFF) return AISLE_OK;
    aisle_access_log *l = aisle_calloc(1, sizeof *l);
    if (!l) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the access log");
    l->params = *p;
    if (l->params.lines_a_second <= 0) l->params.lines_a_second = 1000;
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&l->filled, &clock);
    pthread_condattr_destroy(&clock);
    aisle_status st = start(l, err);
    if (st == AISLE_OK)
        *out = l;
    else
        aisle_access_log_close(l);
    return st;
}

void aisle_access_log_close(aisle_access_log *l)
{
    char note[LINE_BYTES];
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    if (l->missed && l->filling) add(l, note, format_missed(l, aisle_time_now_ms(), note));
    l->stopping = true;
    pthread_cond_signal(&l->filled);
    pthread_mutex_unlock(&l->lock);
    if (l->running) pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->filled);
    pthread_mutex_destroy(&l->lock);
    aisle_free(l->filling);
    aisle_free(l->writing);
    aisle_free(l);
}

int64_t aisle_access_log_left_out(aisle_access_log *l)
{
    if (!l) return 0;
    pthread_mutex_lock(&l->lock);
    int64_t n = l->left_out;
    pthread_mutex_unlock(&l->lock);
    return n;
}
