/* Per-route counters and latency histograms of the server, in Prometheus text. One writer a counter, so that
 * a relaxed load and store is enough to count. */
#include "server/http/http_metrics.h"

#include <stdatomic.h>

#include "aisle/memory.h"

/* Statuses that the server answers; the last slot takes any other. */
static const int statuses[] = {200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 400,
                               401, 403, 404, 405, 408, 409, 410, 412, 413, 414, 415,
                               417, 422, 428, 429, 431, 500, 501, 503, 505, 507, 0};
static const double bounds_s[] = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
enum { N_STATUSES = sizeof statuses / sizeof *statuses, N_BOUNDS = sizeof bounds_s / sizeof *bounds_s };

typedef _Atomic int64_t counter;

typedef struct per_route {
    counter by_status[N_STATUSES];
    counter by_latency[N_BOUNDS + 1]; /* not cumulative */
    counter total_ns;
} per_route;

struct aisle_traffic {
    counter gauges[AISLE_GAUGES];
    int32_t n_routes; /* and one row more: no route */
    per_route routes[];
};

static void count(counter *c, int64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}

aisle_traffic *aisle_traffic_new(int32_t n_routes)
{
    aisle_traffic *t = aisle_calloc(1, sizeof *t + ((size_t)n_routes + 1) * sizeof *t->routes);
    if (t) t->n_routes = n_routes;
    return t;
}

void aisle_traffic_free(aisle_traffic *t)
{
    aisle_free(t);
}

void aisle_traffic_add(aisle_traffic *t, aisle_gauge g, int64_t n)
{
    count(&t->gauges[g], n);
}

void aisle_traffic_request(aisle_traffic *t, int32_t route, int status, int64_t took_ns)
{
    per_route *p = &t->routes[route < 0 ? t->n_routes : route];
    int32_t s = 0, b = 0;
    while (s < N_STATUSES - 1 && statuses[s] != status) s++;
    while (b < N_BOUNDS && (double)took_ns > bounds_s[b] * 1e9) b++;
    count(&p->by_status[s], 1);
    count(&p->by_latency[b], 1);
    count(&p->total_ns, took_ns);
}

/* The sum over loops of the counter at this offset of their row. */
static int64_t sum(aisle_traffic *const *loops, int32_t n, int32_t route, size_t offset)
{
    int64_t total = 0;
    for (int32_t i = 0; i < n; i++) {
        const char *row = (const char *)&loops[i]->routes[route];
        total += atomic_load_explicit((const counter *)(row + offset), memory_order_relaxed);
    }
    return total;
}

static void name_of(const aisle_router *router, int32_t route, char *out, size_t bytes)
{
    if (route == aisle_router_count(router))
        snprintf(out, bytes, "method=\"\",route=\"none\"");
    else
        snprintf(out, bytes, "method=\"%s\",route=\"%s\"", aisle_router_route(router, route)->method,
                 aisle_router_route(router, route)->path);
}

static bool put_requests(aisle_traffic *const *loops, int32_t n, const aisle_router *router, aisle_buf *out)
{
    bool ok =
        aisle_buf_printf(out, "# HELP aisle_http_requests_total Requests answered, by route and status.\n"
                              "# TYPE aisle_http_requests_total counter\n");
    for (int32_t r = 0; ok && r <= loops[0]->n_routes; r++) {
        char name[256];
        name_of(router, r, name, sizeof name);
        for (int32_t s = 0; ok && s < N_STATUSES; s++) {
            int64_t v = sum(loops, n, r, offsetof(per_route, by_status) + (size_t)s * sizeof(counter));
            if (v)
                ok = aisle_buf_printf(out, "aisle_http_requests_total{%s,status=\"%d\"} %lld\n", name,
                                      statuses[s], (long long)v);
        }
    }
    return ok;
}

static bool put_latency(aisle_traffic *const *loops, int32_t n, const aisle_router *router, aisle_buf *out)
{
    static const char *const metric = "aisle_http_request_duration_seconds";
    bool ok = aisle_buf_printf(
        out, "# HELP %s From the first byte of a request to its answer.\n# TYPE %s histogram\n", metric,
        metric);
    for (int32_t r = 0; ok && r <= loops[0]->n_routes; r++) {
        char name[256];
        int64_t at[N_BOUNDS + 1], total = 0, below = 0;
        name_of(router, r, name, sizeof name);
        for (int32_t b = 0; b <= N_BOUNDS; b++)
            total += at[b] = sum(loops, n, r, offsetof(per_route, by_latency) + (size_t)b * sizeof(counter));
        if (!total) continue;
        for (int32_t b = 0; ok && b < N_BOUNDS; b++)
            ok = aisle_buf_printf(out, "%s_bucket{%s,le=\"%g\"} %lld\n", metric, name, bounds_s[b],
                                  (long long)(below += at[b]));
        ok = ok &&
             aisle_buf_printf(out, "%s_bucket{%s,le=\"+Inf\"} %lld\n%s_sum{%s} %.6f\n%s_count{%s} %lld\n",
                              metric, name, (long long)total, metric, name,
                              (double)sum(loops, n, r, offsetof(per_route, total_ns)) / 1e9, metric, name,
                              (long long)total);
    }
    return ok;
}

bool aisle_traffic_text(aisle_traffic *const *loops, int32_t n, const aisle_router *router, aisle_buf *out)
{
    int64_t g[AISLE_GAUGES] = {0};
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = 0; k < AISLE_GAUGES; k++)
            g[k] += atomic_load_explicit(&loops[i]->gauges[k], memory_order_relaxed);
    return put_requests(loops, n, router, out) && put_latency(loops, n, router, out) &&
           aisle_buf_printf(
               out,
               "# HELP aisle_http_connections Open connections.\n# TYPE aisle_http_connections "
               "gauge\naisle_http_connections %lld\n"
               "# HELP aisle_http_accepted_total Connections taken.\n# TYPE aisle_http_accepted_total "
               "counter\naisle_http_accepted_total %lld\n"
               "# HELP aisle_http_cut_total Connections and requests cut by a deadline or a full backlog.\n"
               "# TYPE aisle_http_cut_total counter\naisle_http_cut_total %lld\n"
               "# HELP aisle_http_reply_bytes_total Bytes of answers.\n# TYPE aisle_http_reply_bytes_total "
               "counter\naisle_http_reply_bytes_total %lld\n",
               (long long)(g[AISLE_GAUGE_ACCEPTED] - g[AISLE_GAUGE_CLOSED]),
               (long long)g[AISLE_GAUGE_ACCEPTED], (long long)g[AISLE_GAUGE_CUT],
               (long long)g[AISLE_GAUGE_REPLY_BYTES]);
}
