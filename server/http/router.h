/* From method and path to a row of the route table. Does not run handlers, does not know of connections. */
#ifndef AISLE_SERVER_ROUTER_H
#define AISLE_SERVER_ROUTER_H

#include "server/http/http.h"
#include "server/http/wire.h"

typedef struct aisle_router aisle_router;

/* Cuts the paths of the table (borrowed, ended by method NULL) into segments. AISLE_EINVAL: a path without a
 * leading slash, deeper than AISLE_SEGMENTS_MAX, or two rows with the same method and shape. */
aisle_status aisle_router_new(const aisle_route *routes, aisle_router **out, aisle_error *err);
void aisle_router_free(aisle_router *r);
int32_t aisle_router_count(const aisle_router *r);
const aisle_route *aisle_router_route(const aisle_router *r, int32_t i);

typedef struct aisle_match {
    int status;      /* 0 = matched; 204 = OPTIONS; 404; 405; 501 = no method of HTTP */
    int32_t route;   /* row, when matched */
    char allow[128]; /* for 204 and 405: "GET, HEAD, OPTIONS" */
} aisle_match;

/* The row whose path fits best (a literal segment beats a parameter, leftmost first) and whose method is the
 * asked one; GET rows answer HEAD too. Pure; thread-safe. */
aisle_match aisle_router_match(const aisle_router *r, aisle_str method, const aisle_target *target);

/* The segment that stands where the row's path has {name}; {NULL, 0} when it has no such parameter. */
aisle_str aisle_router_param(const aisle_router *r, int32_t route, const aisle_target *target,
                             const char *name);

#endif
