/* How often one client may ask: token buckets in a table of fixed size. Knows no sockets and no clock; who the client is
 * and what is answered stand in rate_check.c. */
#ifndef AISLE_SERVER_RATE_LIMIT_H
#define AISLE_SERVER_RATE_LIMIT_H

#include "server/http/http.h"

/* What a request counts as. Requests with a key count as AISLE_RATE_KEY, whatever they ask for. */
typedef enum aisle_rate_class {
    AISLE_RATE_READ,
    AISLE_RATE_SEARCH,
    AISLE_RATE_WRITE,
    AISLE_RATE_SIGN_IN, /* what costs a password hash */
    AISLE_RATE_KEY,
    AISLE_RATE_CLASSES,
    AISLE_RATE_FREE /* never limited: health, metrics, documents */
} aisle_rate_class;
const char *aisle_rate_class_name(aisle_rate_class c); /* "read", "search", "write", "sign_in", "key" */
aisle_rate_class aisle_rate_class_of(const aisle_route *route);

typedef struct aisle_rates {
    int64_t a_minute
        [AISLE_RATE_CLASSES]; /* 0 = not limited; also the bucket's size: so many at once; at most 10^9 */
} aisle_rates;

/* What the bucket said: the RateLimit-* fields of the answer. limit 0: the request was not counted. */
typedef struct aisle_allowance {
    int64_t limit, remaining, reset_s; /* reset_s: until the bucket is full again */
    int64_t retry_s;                   /* 0 = allowed; else so long until it would be */
} aisle_allowance;

/* 1 MiB, however many clients there are. A client that does not fit replaces the one that has asked least of late, which
 * then begins anew; the places are chosen by a secret hash, so that nobody can aim at another's. Thread-safe. */
typedef struct aisle_limiter aisle_limiter;
aisle_status aisle_limiter_new(const aisle_rates *rates, aisle_limiter **out, aisle_error *err);
void aisle_limiter_free(aisle_limiter *l);
/* Takes one token of the client's bucket of that class, if one is there. client: any bytes that tell it from others, at
 * most 64. now_ns: monotonic. */
aisle_allowance aisle_limiter_take(aisle_limiter *l, aisle_rate_class c, aisle_str client, int64_t now_ns);
/* Requests refused so far. */
int64_t aisle_limiter_refused(const aisle_limiter *l, aisle_rate_class c);

#endif
