/* Whole answers: status line, the fields that every answer has, conditional requests, bytes to the output. */
#include <time.h>

#include "aisle/log.h"
#include "server/http/loop.h"
#include "server/json/json.h"

/* The head of a small answer is a tenth of its cost when printf puts it together. */
static bool put(aisle_buf *b, const char *text)
{
    return aisle_buf_append(b, text, strlen(text));
}

static bool put_number(aisle_buf *b, int64_t n) /* 0 or more */
{
    char digits[20];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    return aisle_buf_append(b, digits + at, sizeof digits - at);
}

static bool put_field(aisle_buf *b, const char *name, aisle_str value)
{
    return put(b, name) && put(b, ": ") && aisle_buf_append(b, value.ptr, value.len) && put(b, "\r\n");
}

static bool put_allowance(aisle_buf *b, const aisle_allowance *a)
{
    return put(b, "RateLimit-Limit: ") && put_number(b, a->limit) && put(b, "\r\nRateLimit-Remaining: ") &&
           put_number(b, a->remaining) && put(b, "\r\nRateLimit-Reset: ") && put_number(b, a->reset_s) &&
           put(b, "\r\n");
}

/* strftime would follow the locale. */
static const char *date_of(aisle_loop *l)
{
    static const char *const days = "SunMonTueWedThuFriSat";
    static const char *const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)(aisle_time_now_ms() / 1000);
    struct tm t;
    if (now != l->date_second && gmtime_r(&now, &t)) {
        l->date_second = now;
        snprintf(l->date, sizeof l->date, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                 days + (t.tm_wday % 7) * 3, t.tm_mday % 100, months + (t.tm_mon % 12) * 3,
                 (t.tm_year + 1900) % 10000, t.tm_hour % 100, t.tm_min % 100, t.tm_sec % 100);
    }
    return l->date;
}

void aisle_reply_header(aisle_request *r, const char *name, const char *value)
{
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Connection", "Date", "Server"};
    aisle_str n = aisle_str_from(name), v = aisle_str_from(value);
    bool bad = !aisle_is_token(n) || !v.ptr || !aisle_is_field_value(v);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        bad |= aisle_str_eq_nocase(n, aisle_str_from(ours[i]));
    if (bad) {
        aisle_log(AISLE_LOG_ERROR, "request %s: reply field %s is not a handler's to set, or has a bad value",
                  r->id, name);
        return;
    }
    if (aisle_str_eq_nocase(n, AISLE_STR("ETag"))) {
        char *copy = aisle_arena_strndup(&r->arena, v.ptr, v.len);
        r->etag = (aisle_str){copy, v.len};
        r->short_of_memory |= !copy;
        return;
    }
    r->has_cache_control |= aisle_str_eq_nocase(n, AISLE_STR("Cache-Control"));
    r->has_csp |= aisle_str_eq_nocase(n, AISLE_STR("Content-Security-Policy"));
    r->short_of_memory |= !put_field(&r->reply_fields, name, v);
}

/* Weak comparison over every If-None-Match field (RFC 9110, 13.1.2). */
static bool etag_matches(const aisle_request *r)
{
    aisle_str mine = r->etag;
    if (mine.len > 2 && memcmp(mine.ptr, "W/", 2) == 0) mine = (aisle_str){mine.ptr + 2, mine.len - 2};
    for (int32_t i = 0; i < r->n_fields; i++) {
        aisle_str list = r->fields[i].value;
        if (!aisle_str_eq_nocase(r->fields[i].name, AISLE_STR("If-None-Match"))) continue;
        if (aisle_str_eq(list, AISLE_STR("*"))) return true;
        while (list.len) { /* entity tags may hold commas: cut at the closing quote */
            const char *open = memchr(list.ptr, '"', list.len);
            const char *close = open ? memchr(open + 1, '"', list.len - (size_t)(open - list.ptr) - 1) : NULL;
            if (!close) break;
            if (aisle_str_eq((aisle_str){open, (size_t)(close - open) + 1}, mine)) return true;
            list = (aisle_str){close + 1, list.len - (size_t)(close - list.ptr) - 1};
        }
    }
    return false;
}

/* length -1: none is told (the end of the connection ends the body). */
bool aisle_reply_head(aisle_request *r, int status, const char *content_type, int64_t length, aisle_buf *out)
{
    aisle_connection *c = r->conn;
    bool ok = !r->short_of_memory && put(out, "HTTP/1.1 ") && put_number(out, status) && put(out, " ") &&
              put(out, aisle_reason(status)) && put(out, "\r\nServer: aisle\r\n") &&
              put_field(out, "Date", aisle_str_from(date_of(r->loop))) &&
              put_field(out, "X-Request-Id", aisle_str_from(r->id)) &&
              put(out, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
    if (r->secure) ok = ok && put(out, "Strict-Transport-Security: max-age=31536000\r\n");
    if (r->allowance.limit) ok = ok && put_allowance(out, &r->allowance);
    if (!r->has_csp) ok = ok && put(out, "Content-Security-Policy: default-src 'none'\r\n");
    if (!r->has_cache_control) ok = ok && put(out, "Cache-Control: no-store\r\n");
    if (r->etag.ptr) ok = ok && put_field(out, "ETag", r->etag);
    if (r->reply_fields.len)
        ok = ok && aisle_buf_append(out, r->reply_fields.data, (size_t)r->reply_fields.len);
    if (content_type) ok = ok && put_field(out, "Content-Type", aisle_str_from(content_type));
    if (length >= 0) ok = ok && put(out, "Content-Length: ") && put_number(out, length) && put(out, "\r\n");
    if (!c->keep)
        ok = ok && put(out, "Connection: close\r\n");
    else if (r->minor == 0)
        ok = ok && put(out, "Connection: keep-alive\r\n");
    return ok && put(out, "\r\n");
}

static aisle_status send_whole(aisle_request *r, int status, const char *type, aisle_str body)
{
    aisle_connection *c = r->conn;
    aisle_buf *out = &r->loop->scratch;
    if (r->replied || !c) return AISLE_OK; /* swallowed */
    if (r->loop->draining) c->keep = false;
    if (status == 200 && r->etag.ptr && (r->head_only || aisle_str_eq(r->method, AISLE_STR("GET"))) &&
        etag_matches(r)) {
        status = 304;
        type = NULL;
    }
    bool bodiless = status == 204 || status == 304;
    out->len = 0;
    bool ok = aisle_reply_head(r, status, type, bodiless ? -1 : (int64_t)body.len, out) &&
              (bodiless || r->head_only || aisle_buf_append(out, body.ptr, body.len)) &&
              bufferevent_write(c->bev, out->data, (size_t)out->len) == 0;
    if (ok) {
        r->replied = true;
        r->status = status;
        r->replied_ns = aisle_time_monotonic_ns();
        r->reply_bytes = out->len;
        aisle_connection_wrote(c, (size_t)out->len);
    }
    if (out->cap > 1 << 20) aisle_buf_deinit(out);
    r->reply_failed = !ok;
    return ok ? AISLE_OK : AISLE_ENOMEM;
}

aisle_status aisle_reply_bytes(aisle_request *r, int status, const char *content_type, const void *data,
                               size_t n)
{
    return send_whole(r, status, content_type, (aisle_str){data, n});
}

aisle_status aisle_reply_empty(aisle_request *r, int status)
{
    return send_whole(r, status, NULL, (aisle_str){"", 0});
}

static int append_to(const char *text, size_t n, void *buf)
{
    return aisle_buf_append(buf, text, n) ? 0 : -1;
}

aisle_status aisle_reply_json(aisle_request *r, int status, json_t *body)
{
    aisle_buf text = {0};
    aisle_status st = AISLE_ENOMEM;
    if (!r->conn)
        st = AISLE_OK;
    else if (body && json_dump_callback(body, append_to, &text, AISLE_JSON_STYLE) == 0)
        st = send_whole(r, status, "application/json", (aisle_str){text.data, (size_t)text.len});
    r->reply_failed = st != AISLE_OK;
    json_decref(body);
    aisle_buf_deinit(&text);
    return st;
}

void aisle_reply_last_resort(aisle_request *r)
{
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nServer: aisle\r\nRetry-After: 1\r\n"
                               "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
                               "Content-Security-Policy: default-src 'none'\r\nCache-Control: no-store\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    aisle_connection *c = r->conn;
    if (r->replied || !c) return;
    c->keep = false;
    r->replied = true;
    r->status = 503;
    r->replied_ns = aisle_time_monotonic_ns();
    if (bufferevent_write(c->bev, text, sizeof text - 1)) aisle_connection_doom(c);
    r->reply_bytes = sizeof text - 1;
    aisle_connection_wrote(c, sizeof text - 1);
}
