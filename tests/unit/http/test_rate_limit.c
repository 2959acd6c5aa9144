/* Token buckets against their definition, with a clock of the test's own. */
#include <criterion/criterion.h>

#include "server/http/rate_limit.h"

static const int64_t second = 1000000000;
static aisle_limiter *l;

static void open_limiter(void)
{
    aisle_rates rates = {.a_minute = {[AISLE_RATE_READ] = 60, [AISLE_RATE_WRITE] = 6, [AISLE_RATE_KEY] = 7}};
    cr_assert_eq(aisle_limiter_new(&rates, &l, NULL), AISLE_OK);
}

static void close_limiter(void)
{
    aisle_limiter_free(l);
}

TestSuite(rate_limit, .init = open_limiter, .fini = close_limiter);

static aisle_allowance take(aisle_rate_class c, const char *who, int64_t at_ns)
{
    return aisle_limiter_take(l, c, aisle_str_from(who), at_ns);
}

Test(rate_limit, bucket_holds_a_minutes_requests_and_fills_evenly)
{
    int64_t t = 1000 * second;
    for (int i = 0; i < 60; i++) {
        aisle_allowance a = take(AISLE_RATE_READ, "a", t);
        cr_assert(a.retry_s == 0 && a.limit == 60 && a.remaining == 59 - i && a.reset_s == i + 1, "%d", i);
    }
    aisle_allowance a = take(AISLE_RATE_READ, "a", t);
    cr_assert(a.retry_s == 1 && a.remaining == 0 && a.reset_s == 60);
    a = take(AISLE_RATE_READ, "a", t + second - 1);
    cr_assert_eq(a.retry_s, 1);
    a = take(AISLE_RATE_READ, "a", t + second);
    cr_assert(a.retry_s == 0 && a.remaining == 0);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(take(AISLE_RATE_READ, "a", t + 11 * second).retry_s, 0, "%d", i);
    cr_assert_eq(take(AISLE_RATE_READ, "a", t + 11 * second).retry_s, 1);
    cr_assert_eq(aisle_limiter_refused(l, AISLE_RATE_READ), 3);
}

Test(rate_limit, refused_requests_cost_the_client_nothing)
{
    int64_t t = second;
    for (int i = 0; i < 1000; i++) take(AISLE_RATE_WRITE, "a", t);
    cr_assert_eq(take(AISLE_RATE_WRITE, "a", t).retry_s, 10);
    cr_assert_eq(take(AISLE_RATE_WRITE, "a", t + 10 * second).retry_s, 0);
}

Test(rate_limit, clients_and_classes_have_buckets_of_their_own)
{
    for (int i = 0; i < 6; i++) cr_assert_eq(take(AISLE_RATE_WRITE, "a", second).retry_s, 0);
    cr_assert_neq(take(AISLE_RATE_WRITE, "a", second).retry_s, 0);
    cr_assert_eq(take(AISLE_RATE_WRITE, "b", second).retry_s, 0);
    cr_assert_eq(take(AISLE_RATE_READ, "a", second).remaining, 59);
}

Test(rate_limit, class_without_a_limit_is_not_counted)
{
    for (int i = 0; i < 10000; i++) {
        aisle_allowance a = take(AISLE_RATE_SEARCH, "a", 0);
        cr_assert(a.limit == 0 && a.retry_s == 0);
    }
    cr_assert_eq(take(AISLE_RATE_FREE, "a", 0).limit, 0);
}

/* In one step of time, 200,000 clients ask ten times each: those that fit are limited, the others begin anew, and nobody
 * is refused what is due to it. */
Test(rate_limit, more_clients_than_places_are_served_within_the_same_memory)
{
    char who[32];
    int64_t allowed = 0;
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < 200000; i++) {
            snprintf(who, sizeof who, "client %d", i);
            bool ok = take(AISLE_RATE_WRITE, who, second).retry_s == 0;
            cr_assert(ok || round >= 6);
            allowed += ok;
        }
    cr_assert_geq(allowed, 200000 * 6);
    /* A bucket that is in use is not given away while fuller ones are there. */
    for (int i = 0; i < 6; i++) take(AISLE_RATE_WRITE, "busy", 100 * second);
    for (int i = 0; i < 20000; i++) {
        snprintf(who, sizeof who, "other %d", i);
        take(AISLE_RATE_WRITE, who, 100 * second);
    }
    cr_assert_neq(take(AISLE_RATE_WRITE, "busy", 100 * second).retry_s, 0);
}

Test(rate_limit, routes_are_classed_by_what_they_cost)
{
    static const struct {
        const char *method, *path;
        aisle_rate_class c;
    } rows[] = {{"GET", "/v1/products", AISLE_RATE_READ},
                {"GET", "/v1/search", AISLE_RATE_SEARCH},
                {"GET", "/v1/search/suggest", AISLE_RATE_SEARCH},
                {"GET", "/v1/searches", AISLE_RATE_READ},
                {"POST", "/v1/events", AISLE_RATE_WRITE},
                {"DELETE", "/v1/session", AISLE_RATE_WRITE},
                {"POST", "/v1/session", AISLE_RATE_SIGN_IN},
                {"POST", "/v1/account", AISLE_RATE_SIGN_IN},
                {"POST", "/v1/account/password", AISLE_RATE_SIGN_IN},
                {"GET", "/v1/account", AISLE_RATE_READ},
                {"GET", "/healthz", AISLE_RATE_FREE},
                {"GET", "/metrics", AISLE_RATE_FREE},
                {"GET", "/docs", AISLE_RATE_FREE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        aisle_route route = {.method = rows[i].method, .path = rows[i].path};
        cr_assert_eq(aisle_rate_class_of(&route), rows[i].c, "%s %s", rows[i].method, rows[i].path);
    }
}
