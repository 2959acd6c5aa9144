/* Route matching: a linear walk over some tens of rows, segment by segment. A trie would not be seen in any
 * profile at this size. */
#include "server/http/router.h"

typedef struct shape {
    aisle_str segments[AISLE_SEGMENTS_MAX];
    int32_t n;
    uint32_t literal; /* the leftmost segment has the highest bit; set = not a parameter */
} shape;

struct aisle_router {
    const aisle_route *routes;
    int32_t n;
    shape rows[];
};

static bool is_param(aisle_str s)
{
    return s.len > 2 && s.ptr[0] == '{' && s.ptr[s.len - 1] == '}';
}

static bool cut(const char *path, shape *out)
{
    if (*path != '/') return false;
    while (*path) {
        const char *start = path + 1, *end = start;
        while (*end && *end != '/') end++;
        if (out->n == AISLE_SEGMENTS_MAX) return false;
        aisle_str s = {start, (size_t)(end - start)};
        if (!is_param(s)) out->literal |= 1u << (31 - out->n);
        out->segments[out->n++] = s;
        path = end;
    }
    return true;
}

static bool same_shape(const shape *a, const shape *b)
{
    if (a->n != b->n || a->literal != b->literal) return false;
    for (int32_t i = 0; i < a->n; i++)
        if (!is_param(a->segments[i]) && !aisle_str_eq(a->segments[i], b->segments[i])) return false;
    return true;
}

aisle_status aisle_router_new(const aisle_route *routes, aisle_router **out, aisle_error *err)
{
    int32_t n = 0;
    *out = NULL;
    while (routes[n].method) n++;
    aisle_router *r = aisle_calloc(1, sizeof *r + (size_t)n * sizeof *r->rows);
    if (!r) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d routes", n);
    r->routes = routes;
    for (; r->n < n; r->n++) {
        const aisle_route *route = &routes[r->n];
        if (!cut(route->path, &r->rows[r->n])) {
            aisle_router_free(r);
            return aisle_fail(err, AISLE_EINVAL,
                              "route %s %s: the path must begin with / and be at most %d deep", route->method,
                              route->path, AISLE_SEGMENTS_MAX);
        }
        for (int32_t i = 0; i < r->n; i++)
            if (same_shape(&r->rows[i], &r->rows[r->n]) && strcmp(routes[i].method, route->method) == 0) {
                aisle_router_free(r);
                return aisle_fail(err, AISLE_EINVAL, "route %s %s stands twice in the table", route->method,
                                  route->path);
            }
    }
    *out = r;
    return AISLE_OK;
}

void aisle_router_free(aisle_router *r)
{
    aisle_free(r);
}

int32_t aisle_router_count(const aisle_router *r)
{
    return r->n;
}

const aisle_route *aisle_router_route(const aisle_router *r, int32_t i)
{
    return &r->routes[i];
}

static bool fits(const shape *row, const aisle_target *t)
{
    if (row->n != t->n_segments) return false;
    for (int32_t i = 0; i < row->n; i++) {
        bool literal = row->literal & 1u << (31 - i);
        if (literal ? !aisle_str_eq(row->segments[i], t->segments[i]) : t->segments[i].len == 0) return false;
    }
    return true;
}

static bool is_known_method(aisle_str m)
{
    static const char *const known[] = {"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                        "DELETE", "OPTIONS", "TRACE", "CONNECT"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (aisle_str_eq(m, aisle_str_from(known[i]))) return true;
    return false;
}

aisle_match aisle_router_match(const aisle_router *r, aisle_str method, const aisle_target *target)
{
    aisle_match m = {.status = 404, .route = -1};
    uint32_t best = 0;
    bool head = aisle_str_eq(method, AISLE_STR("HEAD"));
    if (!is_known_method(method)) return (aisle_match){.status = 501, .route = -1};
    for (int32_t i = 0; i < r->n; i++)
        if (fits(&r->rows[i], target)) {
            m.status = 405;
            if (r->rows[i].literal > best) best = r->rows[i].literal;
        }
    if (m.status == 404) return m;
    size_t used = 0;
    for (int32_t i = 0; i < r->n; i++) {
        if (r->rows[i].literal != best || !fits(&r->rows[i], target)) continue;
        const char *offered = r->routes[i].method;
        bool get = strcmp(offered, "GET") == 0;
        if (aisle_str_eq(method, aisle_str_from(offered)) || (head && get)) return (aisle_match){.route = i};
        used +=
            (size_t)snprintf(m.allow + used, sizeof m.allow - used, "%s%s, ", offered, get ? ", HEAD" : "");
    }
    snprintf(m.allow + used, sizeof m.allow - used, "OPTIONS");
    if (aisle_str_eq(method, AISLE_STR("OPTIONS"))) m.status = 204;
    return m;
}

aisle_str aisle_router_param(const aisle_router *r, int32_t route, const aisle_target *target,
                             const char *name)
{
    const shape *row = &r->rows[route];
    aisle_str wanted = aisle_str_from(name);
    for (int32_t i = 0; i < row->n; i++) {
        aisle_str s = row->segments[i];
        if (is_param(s) && aisle_str_eq((aisle_str){s.ptr + 1, s.len - 2}, wanted))
            return target->segments[i];
    }
    return (aisle_str){NULL, 0};
}
