/* One line for each request, written by a thread of its own: a loop never waits for a slow reader of the log. Not for what
 * goes wrong in the server (aisle/log.h is). */
#ifndef AISLE_SERVER_ACCESS_LOG_H
#define AISLE_SERVER_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"
#include "aisle/str.h"

typedef enum aisle_access_mode {
    AISLE_ACCESS_LOG_OFF,
    AISLE_ACCESS_LOG_ERRORS,
    AISLE_ACCESS_LOG_ALL
} aisle_access_mode;

typedef struct aisle_access_params {
    aisle_access_mode mode; /* ERRORS: only statuses from 400 on */
    bool json;              /* one object a line, else words */
    int64_t lines_a_second; /* at most; 0 = 1,000 */
} aisle_access_params;

/* No path, query, header, address or body: they may hold names, tokens and passwords. The route tells what was asked. */
typedef struct aisle_access_line {
    const char *id, *route,
        *client; /* route: "/v1/products/{id}", or NULL when none matched; client: "key", "anonymous" ... */
    aisle_str method; /* as sent, a token; may be empty when the head was not understood */
    int status;
    int64_t bytes, took_ns, at_ms; /* bytes of the answer, its head included */
} aisle_access_line;

typedef struct aisle_access_log aisle_access_log;
/* Writes to standard error. *out is NULL with mode OFF: then nothing is logged, and the calls below take NULL. */
aisle_status aisle_access_log_open(const aisle_access_params *p, aisle_access_log **out, aisle_error *err);
/* Writes what waits, for half a second at most, and ends the thread. */
void aisle_access_log_close(aisle_access_log *l);
/* Any thread; does not block, does not fail: what does not fit is counted and told of in the log. */
void aisle_access_log_put(aisle_access_log *l, const aisle_access_line *line);
int64_t aisle_access_log_left_out(aisle_access_log *l);

#endif
