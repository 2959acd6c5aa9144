/* Counters of one loop: written by its thread only, read by any. No locks: a reader may see a request counted
 * whose latency is not yet. */
#ifndef AISLE_SERVER_HTTP_METRICS_H
#define AISLE_SERVER_HTTP_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aisle/str.h"
#include "server/http/router.h"

typedef struct aisle_traffic aisle_traffic;

aisle_traffic *aisle_traffic_new(int32_t n_routes); /* NULL: out of memory */
void aisle_traffic_free(aisle_traffic *t);

/* route -1 = matched none. */
void aisle_traffic_request(aisle_traffic *t, int32_t route, int status, int64_t took_ns);
typedef enum aisle_gauge {
    AISLE_GAUGE_ACCEPTED,
    AISLE_GAUGE_CLOSED,
    AISLE_GAUGE_CUT, /* by a deadline or a full backlog */
    AISLE_GAUGE_REPLY_BYTES,
    AISLE_GAUGES
} aisle_gauge;
void aisle_traffic_add(aisle_traffic *t, aisle_gauge g, int64_t n);

/* Prometheus text of the sum of n loops. false: out of memory. */
bool aisle_traffic_text(aisle_traffic *const *loops, int32_t n, const aisle_router *router, aisle_buf *out);

#endif
