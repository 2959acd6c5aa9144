/* Whose bucket a request takes from: its key's, else its account's, else its address's. A client on this machine is not counted by its
 * address: it is the shop keeper, or a proxy that speaks for everybody. */
#include "aisle/log.h"
#include "server/auth/random_id.h"
#include "server/http/loop.h"

static aisle_allowance take(aisle_request *r, aisle_rate_class c, char kind, const void *who, size_t n)
{
    char client[32];
    client[0] = kind;
    memcpy(client + 1, who, n);
    return aisle_limiter_take(r->loop->http->limiter, c, (aisle_str){client, n + 1}, r->start_ns);
}

/* A publishable key stands in every visitor's page, and tells nobody from another. In open mode everyone has every scope. */
static bool is_key(const aisle_request *r)
{
    const aisle_identity *who = &r->identity;
    const aisle_http_params *p = &r->loop->http->params;
    return who->scopes && !who->user && !who->publishable && !(p->is_open && p->is_open(p->app));
}

const char *aisle_client_kind(const aisle_request *r)
{
    const aisle_identity *who = &r->identity;
    return is_key(r) ? "key" : who->user ? "account" : who->session ? "guest" : "anonymous";
}

/* Once a start: nobody behind this proxy is limited, and all look alike. */
static void warn_of_proxy(aisle_request *r)
{
    aisle_http *h = r->loop->http;
    if (!aisle_request_header(r, "X-Forwarded-For").ptr || atomic_exchange(&h->proxy_warned, true)) return;
    aisle_log(AISLE_LOG_WARN,
              "a proxy on this machine forwards requests: name it with --trusted-proxies 127.0.0.0/8,::1, "
              "or its clients cannot be told apart and are not limited");
}

aisle_refusal aisle_rate_check(aisle_request *r)
{
    aisle_http *h = r->loop->http;
    const aisle_refusal fine = {0, NULL};
    aisle_rate_class c = h->rate_classes ? h->rate_classes[r->row] : AISLE_RATE_FREE;
    if (c == AISLE_RATE_FREE) return fine;
    const aisle_identity *who = &r->identity;
    if (is_key(r)) {
        aisle_str key = aisle_request_header(r, "Authorization");
        uint64_t id = aisle_short_hash(h->rate_key, key.ptr, key.len);
        r->allowance = take(r, AISLE_RATE_KEY, 'k', &id, sizeof id);
    } else if (who->user) {
        r->allowance = take(r, c, 'u', &who->user, sizeof who->user);
    } else if (aisle_address_is_loopback(&r->address)) {
        warn_of_proxy(r);
        return fine;
    } else {
        aisle_address group = aisle_address_group(&r->address);
        r->allowance = take(r, c, 'a', &group, sizeof group);
    }
    if (!r->allowance.retry_s) return fine;
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%lld", (long long)r->allowance.retry_s);
    aisle_reply_header(r, "Retry-After", seconds);
    return (aisle_refusal){429, "too many requests: try again after Retry-After seconds"};
}
