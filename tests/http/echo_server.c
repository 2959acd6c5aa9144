/* A small server on the HTTP core, for the black-box tests: echo, deferred answers, streams, uploads. Prints
 * "port N" and serves until its standard input ends or SIGTERM comes. */
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aisle/log.h"
#include "server/http/listener.h"
#include "server/json/json.h"

static aisle_status on_hello(aisle_request *r)
{
    return aisle_reply_json(r, 200, json_pack("{s:b}", "hello", 1));
}

static aisle_status on_client(aisle_request *r)
{
    char text[AISLE_ADDRESS_TEXT];
    aisle_address at = aisle_request_address(r);
    aisle_address_text(&at, text);
    return aisle_reply_json(r, 200,
                            json_pack("{s:s, s:b}", "address", text, "secure", aisle_request_is_secure(r)));
}

static aisle_status on_tagged(aisle_request *r)
{
    aisle_reply_header(r, "ETag", "\"v1,2\"");
    aisle_reply_header(r, "Cache-Control", "public, max-age=60");
    return aisle_reply_bytes(r, 200, "text/plain", "tagged", 6);
}

/* What the parser understood: path parameter, query, body. */
static aisle_status on_echo(aisle_request *r)
{
    aisle_str id = aisle_request_param(r, "id"), q = aisle_request_query(r, "q"),
              body = aisle_request_body(r);
    return aisle_reply_json(r, 200,
                            json_pack("{s:s%, s:s%, s:s%}", "id", id.ptr ? id.ptr : "", id.len, "q",
                                      q.ptr ? q.ptr : "absent", q.ptr ? q.len : (size_t)6, "body", body.ptr,
                                      body.len));
}

static aisle_status on_strict(aisle_request *r)
{
    static const char *const names[] = {"limit", NULL};
    int64_t limit;
    AISLE_TRY(aisle_request_query_only(r, names));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, 24}, &limit));
    return aisle_reply_json(r, 200, json_pack("{s:I}", "limit", (json_int_t)limit));
}

static aisle_status on_json(aisle_request *r)
{
    aisle_json_scope s;
    int64_t limit;
    aisle_str name;
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_int(&s, "limit", (aisle_int_range){1, 100, 24}, &limit);
    aisle_json_text(&s, "name", 1, 10, &name);
    return s.failed ? AISLE_EINVAL : aisle_reply_json(r, 200, json_incref(s.object));
}

static aisle_status on_upload(aisle_request *r)
{
    const char *path = aisle_request_body_path(r);
    if (!path) return aisle_request_invalid(r, "", "required", "a body is wanted");
    FILE *f = fopen(path, "rb");
    if (!f) return aisle_fail_errno(aisle_request_error(r), "open", path);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    fclose(f);
    return aisle_reply_json(r, 200, json_pack("{s:I, s:s}", "bytes", (json_int_t)n, "path", path));
}

static aisle_status on_big(aisle_request *r)
{
    static char big[200000];
    memset(big, 'x', sizeof big);
    return aisle_reply_bytes(r, 200, "text/plain", big, sizeof big);
}

static void answer(aisle_request *r, void *ctx)
{
    (void)ctx;
    aisle_reply_json(r, 200, json_pack("{s:b}", "late", 1));
}

static void *finish_later(void *r)
{
    usleep(300000);
    aisle_request_finish(r, answer, NULL);
    return NULL;
}

static aisle_status on_late(aisle_request *r)
{
    pthread_t t;
    if (pthread_create(&t, NULL, finish_later, r)) return AISLE_EBUSY;
    pthread_detach(t);
    aisle_request_defer(r);
    return AISLE_OK;
}

static aisle_status on_stream(aisle_request *r)
{
    AISLE_TRY(aisle_stream_begin(r, NULL, NULL));
    aisle_stream_send(r, 7, "progress", "one\ntwo");
    aisle_stream_send(r, 0, NULL, "{\"done\":true}");
    aisle_stream_end(r);
    return AISLE_OK;
}

static void say_gone(aisle_request *r, void *ctx)
{
    (void)ctx;
    aisle_log(AISLE_LOG_INFO, "stream %s closed", aisle_request_id(r));
}

/* Sends on and on, whether it is read or not. */
static void flood(aisle_request *r, void *ctx)
{
    char text[4096];
    memset(text, 'y', sizeof text);
    text[sizeof text - 1] = '\0';
    aisle_stream_send(r, 0, "flood", text);
    if (*(int *)ctx == 0) aisle_request_post(r, flood, ctx);
}

static void flood_closed(aisle_request *r, void *ctx)
{
    *(int *)ctx = 1;
    say_gone(r, ctx);
}

static aisle_status on_flood(aisle_request *r)
{
    int *gone = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *gone);
    AISLE_TRY(aisle_stream_begin(r, flood_closed, gone));
    return aisle_request_post(r, flood, gone);
}

static aisle_status on_open_stream(aisle_request *r)
{
    AISLE_TRY(aisle_stream_begin(r, say_gone, NULL));
    return aisle_stream_send(r, 0, NULL, "open");
}

static aisle_status on_silent(aisle_request *r)
{
    (void)r;
    return AISLE_OK;
}

static aisle_status on_disk_full(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOSPC, "/secret/place is full");
}

static aisle_status on_internal(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_EINTERNAL, "/secret/place is impossible");
}

static aisle_status on_outage(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_EIO, "/secret/place cannot be read");
}

static aisle_http *http; /* set when the loops run already, hence atomically */

static aisle_status on_metrics(aisle_request *r)
{
    aisle_buf text = {0};
    aisle_status st = AISLE_ENOMEM;
    if (aisle_http_metrics(__atomic_load_n(&http, __ATOMIC_ACQUIRE), &text))
        st = aisle_reply_bytes(r, 200, "text/plain; version=0.0.4", text.data, (size_t)text.len);
    aisle_buf_deinit(&text);
    return st;
}

static const aisle_route routes[] = {
    {"GET", "/hello", on_hello, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/tagged", on_tagged, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/echo/{id}", on_echo, AISLE_ACCESS_PUBLIC, AISLE_BODY_TEXT, 1 << 20},
    {"POST", "/echo/{id}", on_echo, AISLE_ACCESS_PUBLIC, AISLE_BODY_TEXT, 1 << 20},
    {"GET", "/strict", on_strict, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"POST", "/json", on_json, AISLE_ACCESS_PUBLIC, AISLE_BODY_JSON, 10000},
    {"POST", "/upload", on_upload, AISLE_ACCESS_PUBLIC, AISLE_BODY_FILE, 1 << 20},
    {"GET", "/big", on_big, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/client", on_client, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/late", on_late, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/stream", on_stream, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/flood", on_flood, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/open-stream", on_open_stream, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/silent", on_silent, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/full", on_disk_full, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/internal", on_internal, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/outage", on_outage, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/metrics", on_metrics, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"DELETE", "/admin", on_hello, AISLE_ACCESS_ADMIN, AISLE_BODY_NONE, 0},
    {0},
};

static bool open_mode;

static bool is_open(struct aisle_app *app)
{
    (void)app;
    return open_mode;
}

static aisle_status identify(aisle_request *r, aisle_identity *out, aisle_error *err)
{
    (void)err;
    bool known = aisle_str_eq_nocase(aisle_request_header(r, "Authorization"), AISLE_STR("Bearer key"));
    *out = (aisle_identity){.scopes = open_mode || known ? AISLE_SCOPE_ALL : 0};
    return AISLE_OK;
}

static int32_t number(const char *s)
{
    int64_t v = 0;
    return aisle_str_to_i64(aisle_str_from(s), &v) ? (int32_t)v : 0;
}

static atomic_bool terminated;

static void on_term(int signal)
{
    (void)signal;
    terminated = true;
}

/* SIGTERM, or the end of standard input, so that no server outlives a killed test. The signal is handled, not blocked and waited
 * for: threads that a library began before main would get it, and end the program. */
static void wait_for_end(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    while (!terminated)
        if (poll(&in, 1, 100) > 0 && read(STDIN_FILENO, &byte, 1) <= 0) return;
}

int main(int argc, char **argv)
{
    aisle_http_params p = {.host = "127.0.0.1",
                           .loops = 1,
                           .routes = routes,
                           .spool = ".",
                           .is_open = is_open,
                           .identify = identify};
    aisle_error err;
    const struct sigaction act = {.sa_handler = on_term, .sa_flags = SA_RESTART};
    for (int c; (c = getopt(argc, argv, "p:l:c:h:b:i:s:C:K:x:ov")) != -1;) {
        switch (c) {
        case 'p': p.port = number(optarg); break;
        case 'l': p.loops = number(optarg); break;
        case 'c': p.max_connections = number(optarg); break;
        case 'h': p.header_ms = number(optarg); break;
        case 'b': p.body_ms = number(optarg); break;
        case 'i': p.idle_ms = number(optarg); break;
        case 's': p.spool = optarg; break;
        case 'C': p.tls_cert = optarg; break;
        case 'K': p.tls_key = optarg; break;
        case 'x': p.trusted_proxies = optarg; break;
        case 'o': open_mode = true; break;
        case 'v': aisle_log_setup(AISLE_LOG_DEBUG, false); break;
        default: return 2;
        }
    }
    sigaction(SIGTERM, &act, NULL);
    aisle_http *started = NULL;
    if (aisle_http_start(&p, &started, &err) != AISLE_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    __atomic_store_n(&http, started, __ATOMIC_RELEASE);
    printf("port %d\n", aisle_http_port(started));
    fflush(stdout);
    wait_for_end();
    aisle_http_stop(started, 3000);
    return 0;
}
