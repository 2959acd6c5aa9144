/* Every allocation of the server fails once, at every place that a scripted list of requests reaches: the
 * client sees an answer or a closed connection, and the server works again as soon as memory is back. */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aisle/log.h"
#include "aisle/memory.h"
#include "server/http/listener.h"
#include "server/json/json.h"

static aisle_status on_json(aisle_request *r)
{
    aisle_json_scope s;
    int64_t limit;
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_int(&s, "limit", (aisle_int_range){1, 100, 24}, &limit);
    aisle_reply_header(r, "X-Test", "1");
    return s.failed ? AISLE_EINVAL : aisle_reply_json(r, 200, json_incref(s.object));
}

static aisle_status on_upload(aisle_request *r)
{
    return aisle_reply_json(r, 200, json_pack("{s:s}", "path", aisle_request_body_path(r)));
}

static aisle_status on_stream(aisle_request *r)
{
    AISLE_TRY(aisle_stream_begin(r, NULL, NULL));
    aisle_stream_send(r, 1, "a", "b");
    aisle_stream_end(r);
    return AISLE_OK;
}

static void answer(aisle_request *r, void *ctx)
{
    (void)ctx;
    aisle_reply_json(r, 200, json_pack("{s:i}", "late", 1));
}

static aisle_status on_late(aisle_request *r)
{
    aisle_request_defer(r);
    aisle_request_finish(r, answer, NULL);
    return AISLE_OK;
}

static const aisle_route routes[] = {
    {"POST", "/json", on_json, AISLE_ACCESS_PUBLIC, AISLE_BODY_JSON, 0},
    {"POST", "/upload", on_upload, AISLE_ACCESS_PUBLIC, AISLE_BODY_FILE, 0},
    {"GET", "/stream", on_stream, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {"GET", "/late", on_late, AISLE_ACCESS_PUBLIC, AISLE_BODY_NONE, 0},
    {0},
};

#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define JSON "POST /json" HOST "Content-Type: application/json\r\n"

static const char *const script[] = {
    JSON "Content-Length: 11\r\n\r\n{\"limit\":5}",
    JSON "Content-Length: 11\r\n\r\n{\"limit\":0}",
    JSON "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    JSON "Content-Length: 1\r\n\r\n[",
    "POST /upload" HOST "Content-Length: 3\r\n\r\nabc",
    "GET /stream" HOST "\r\n",
    "GET /late" HOST "\r\n",
    "GET /nowhere?a=1&b" HOST "\r\n",
    "DELETE /json" HOST "\r\n",
    "broken\r\n\r\n",
};

/* The first line's status, or 0 when the connection closed without one. */
static int ask(int port, const char *request)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {10, 0};
    char got[4096] = "";
    size_t n = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    bool open = send(fd, request, strlen(request), MSG_NOSIGNAL) > 0;
    while (open && !strstr(got, "\r\n\r\n")) {
        ssize_t k = recv(fd, got + n, sizeof got - 1 - n, 0);
        cr_assert(k >= 0 || errno == ECONNRESET, "neither an answer nor a closed connection to: %s", request);
        open = k > 0;
        if (open) n += (size_t)k;
    }
    close(fd);
    return n > 12 ? atoi(got + 9) : 0;
}

Test(short_memory, every_failed_allocation_is_survived)
{
    const int normal[] = {200, 422, 200, 422, 200, 200, 200, 404, 405, 400};
    char spool[] = "/tmp/aisle-test-XXXXXX";
    aisle_http *http;
    aisle_error err;
    cr_assert(mkdtemp(spool));
    aisle_http_params p = {.host = "127.0.0.1", .loops = 1, .routes = routes, .spool = spool};
    aisle_log_setup(AISLE_LOG_ERROR, false);
    cr_assert_eq(aisle_http_start(&p, &http, &err), AISLE_OK, "%s", err.message);
    int32_t port = aisle_http_port(http);
    for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
        int32_t failed = 0, n = 1;
        for (int status = -1; status != normal[i] && n < 300; n++) {
            aisle_alloc_fail_after(n);
            status = ask(port, script[i]);
            aisle_alloc_fail_after(0);
            failed += status != normal[i];
            cr_assert(status == normal[i] || status == 503 || status == 500 || status == 0,
                      "%s: allocation %d gives %d", script[i], n, status);
            cr_assert_eq(ask(port, script[i]), normal[i], "%s after allocation %d", script[i], n);
        }
        cr_assert(failed > 0 && n < 300, "%s: %d allocations failed", script[i], failed);
    }
    aisle_http_stop(http, 1000);
    cr_assert_eq(rmdir(spool), 0, "a file was left in the spool");
}

Test(short_memory, a_server_that_cannot_start_leaves_nothing_behind)
{
    for (int64_t n = 1; n < 1000; n++) {
        aisle_http_params p = {.host = "127.0.0.1", .loops = 2, .routes = routes};
        aisle_http *http;
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_http_start(&p, &http, NULL);
        aisle_alloc_fail_after(0);
        cr_assert(st == AISLE_OK ? http != NULL : st == AISLE_ENOMEM && !http, "allocation %lld: %d",
                  (long long)n, st);
        aisle_http_stop(http, 0);
        if (st == AISLE_OK) return;
    }
    cr_assert_fail("it never starts");
}
