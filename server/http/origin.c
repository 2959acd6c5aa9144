/* What pages of other origins may do: CORS answers for those on the list, and no change of state for the rest. */
#include "server/http/loop.h"

/* The host of an origin or Host field without the port that its scheme implies. */
static aisle_str host_of(aisle_str s, const char *port)
{
    size_t n = strlen(port);
    if (s.len > n && memcmp(s.ptr + s.len - n, port, n) == 0) s.len -= n;
    return s;
}

/* Same scheme, host and port as the request was sent to; behind a proxy that ends TLS, as it says (--trusted-proxies). */
static bool is_same(const aisle_request *r, aisle_str origin)
{
    bool secure = aisle_request_is_secure(r);
    const aisle_str scheme = secure ? AISLE_STR("https://") : AISLE_STR("http://");
    const char *port = secure ? ":443" : ":80";
    if (origin.len <= scheme.len || memcmp(origin.ptr, scheme.ptr, scheme.len) != 0) return false;
    aisle_str host = {origin.ptr + scheme.len, origin.len - scheme.len};
    return aisle_str_eq_nocase(host_of(host, port), host_of(aisle_request_header(r, "Host"), port));
}

static bool is_listed(const aisle_request *r, aisle_str origin)
{
    aisle_str rest = aisle_str_from(r->loop->http->params.cors_origins);
    while (rest.len) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t n = comma ? (size_t)(comma - rest.ptr) : rest.len;
        aisle_str one = aisle_str_trim((aisle_str){rest.ptr, n});
        if (one.len && aisle_str_eq_nocase(one, origin)) return true;
        n += comma != NULL;
        rest = (aisle_str){rest.ptr + n, rest.len - n};
    }
    return false;
}

bool aisle_origin_is_ours(const aisle_request *r)
{
    aisle_str origin = aisle_request_header(r, "Origin");
    return !origin.ptr || is_same(r, origin) || is_listed(r, origin);
}

bool aisle_request_is_safe(const aisle_request *r)
{
    return r->head_only || aisle_str_eq(r->method, AISLE_STR("GET")) ||
           aisle_str_eq(r->method, AISLE_STR("OPTIONS"));
}

/* Browsers name the origin of every request that may change state, and where it was made. A cookie without either may
 * come from anywhere. */
aisle_refusal aisle_origin_check(const aisle_request *r)
{
    aisle_str site = aisle_request_header(r, "Sec-Fetch-Site"), origin = aisle_request_header(r, "Origin");
    if (aisle_request_is_safe(r)) return (aisle_refusal){0, NULL};
    bool near =
        !site.ptr || aisle_str_eq(site, AISLE_STR("same-origin")) || aisle_str_eq(site, AISLE_STR("none"));
    if (!aisle_origin_is_ours(r) || (!near && !(origin.ptr && is_listed(r, origin))))
        return (aisle_refusal){
            403, "a page of another origin may not do this; --cors-origins lists those that may"};
    if (r->identity.by_cookie && !site.ptr && !origin.ptr)
        return (aisle_refusal){
            403, "a request with the session's cookie must say its Origin; programs send a bearer token"};
    return (aisle_refusal){0, NULL};
}

void aisle_cors_answer(aisle_request *r, const char *allow)
{
    const char *list = r->loop->http->params.cors_origins;
    aisle_str origin = aisle_request_header(r, "Origin");
    if (!list || !*list) return;
    aisle_reply_header(r, "Vary", "Origin");
    if (!origin.ptr || !is_listed(r, origin)) return;
    char *copy = aisle_arena_strndup(&r->arena, origin.ptr, origin.len);
    if (!copy) return;
    aisle_reply_header(r, "Access-Control-Allow-Origin", copy);
    aisle_reply_header(r, "Access-Control-Allow-Credentials", "true");
    if (!allow) {
        aisle_reply_header(r, "Access-Control-Expose-Headers",
                           "ETag, Idempotent-Replayed, Link, Location, RateLimit-Limit, RateLimit-Remaining, "
                           "RateLimit-Reset, Retry-After, X-Request-Id");
        return;
    }
    aisle_reply_header(r, "Access-Control-Allow-Methods", allow);
    aisle_reply_header(
        r, "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
        "X-Request-Id");
    aisle_reply_header(r, "Access-Control-Max-Age", "600");
}
