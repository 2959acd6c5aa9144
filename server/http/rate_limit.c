/* A bucket is one number, the time at which it will be full again (the generic cell rate algorithm, ITU-T I.371): a
 * request moves it one interval on, and is refused when that would be further ahead than the bucket is deep. A bucket
 * whose time has passed is full, so that forgetting it changes nothing. */
#include "server/http/rate_limit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "server/auth/random_id.h"

enum { SETS = 8192, WAYS = 8, LOCKS = 64, CLIENT_BYTES = 64 };
static const int64_t minute_ns = INT64_C(60000000000), second_ns = INT64_C(1000000000);

typedef struct bucket {
    uint64_t id;     /* of client and class; 0 = free */
    int64_t full_ns; /* the time it is full at */
} bucket;

struct aisle_limiter {
    aisle_rates rates;
    unsigned char key[AISLE_SHORT_KEY_BYTES];
    pthread_mutex_t locks[LOCKS]; /* of the sets, by number */
    _Atomic int64_t refused[AISLE_RATE_CLASSES];
    bucket sets[SETS][WAYS];
};

const char *aisle_rate_class_name(aisle_rate_class c)
{
    static const char *const names[AISLE_RATE_CLASSES] = {"read", "search", "write", "sign_in", "key"};
    return c < AISLE_RATE_CLASSES ? names[c] : "free";
}

static bool is_below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

aisle_rate_class aisle_rate_class_of(const aisle_route *route)
{
    static const char *const sign_in[] = {"/v1/session", "/v1/account", "/v1/account/password"};
    bool gets = strcmp(route->method, "GET") == 0;
    if (!is_below(route->path, "/v1")) return AISLE_RATE_FREE;
    for (size_t i = 0; strcmp(route->method, "POST") == 0 && i < sizeof sign_in / sizeof *sign_in; i++)
        if (strcmp(route->path, sign_in[i]) == 0) return AISLE_RATE_SIGN_IN;
    if (gets && is_below(route->path, "/v1/search")) return AISLE_RATE_SEARCH;
    return gets ? AISLE_RATE_READ : AISLE_RATE_WRITE;
}

aisle_status aisle_limiter_new(const aisle_rates *rates, aisle_limiter **out, aisle_error *err)
{
    *out = NULL;
    AISLE_TRY(aisle_crypto_setup(err));
    aisle_limiter *l = aisle_calloc(1, sizeof *l);
    if (!l) return aisle_fail(err, AISLE_ENOMEM, "out of memory for rate limits");
    l->rates = *rates;
    aisle_short_key(l->key);
    for (int i = 0; i < LOCKS; i++) pthread_mutex_init(&l->locks[i], NULL);
    *out = l;
    return AISLE_OK;
}

void aisle_limiter_free(aisle_limiter *l)
{
    if (!l) return;
    for (int i = 0; i < LOCKS; i++) pthread_mutex_destroy(&l->locks[i]);
    aisle_free(l);
}

static uint64_t id_of(const aisle_limiter *l, aisle_rate_class c, aisle_str client)
{
    unsigned char text[CLIENT_BYTES + 1];
    size_t n = client.len < CLIENT_BYTES ? client.len : CLIENT_BYTES;
    text[0] = (unsigned char)c;
    memcpy(text + 1, client.ptr, n);
    uint64_t id = aisle_short_hash(l->key, text, n + 1);
    return id ? id : 1;
}

/* The client's place, or that of the one whose bucket is nearest to full. */
static bucket *place_of(bucket set[WAYS], uint64_t id)
{
    bucket *least = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (set[i].id == id) return &set[i];
        if (set[i].full_ns < least->full_ns) least = &set[i];
    }
    *least = (bucket){.id = id, .full_ns = 0};
    return least;
}

aisle_allowance aisle_limiter_take(aisle_limiter *l, aisle_rate_class c, aisle_str client, int64_t now_ns)
{
    aisle_allowance a = {0};
    if (c >= AISLE_RATE_CLASSES || l->rates.a_minute[c] <= 0) return a;
    uint64_t id = id_of(l, c, client);
    size_t set = id % SETS;
    int64_t step = minute_ns / l->rates.a_minute[c];
    a.limit = l->rates.a_minute[c];
    pthread_mutex_lock(&l->locks[set % LOCKS]);
    bucket *b = place_of(l->sets[set], id);
    int64_t full_ns = (b->full_ns > now_ns ? b->full_ns : now_ns) + step;
    int64_t late_ns = full_ns - now_ns - a.limit * step;
    if (late_ns <= 0) b->full_ns = full_ns;
    int64_t wait_ns = b->full_ns - now_ns;
    pthread_mutex_unlock(&l->locks[set % LOCKS]);
    if (late_ns > 0) {
        a.retry_s = (late_ns + second_ns - 1) / second_ns;
        atomic_fetch_add_explicit(&l->refused[c], 1, memory_order_relaxed);
    }
    a.remaining = (a.limit * step - wait_ns) / step;
    a.reset_s = (wait_ns + second_ns - 1) / second_ns;
    return a;
}

int64_t aisle_limiter_refused(const aisle_limiter *l, aisle_rate_class c)
{
    return c < AISLE_RATE_CLASSES ? atomic_load_explicit(&l->refused[c], memory_order_relaxed) : 0;
}
