/* A body of many records: a JSON array, an object with the array as its one member, or JSON lines. */
#ifndef AISLE_SERVER_BODY_ROWS_H
#define AISLE_SERVER_BODY_ROWS_H

#include "server/http/handlers/handlers.h"

typedef struct aisle_body_rows {
    json_t *list; /* 1 to `most` values of any kind */
    bool own; /* made from lines: aisle_body_rows_deinit releases it; else it lives as long as the request */
} aisle_body_rows;

/* member: the object's, such as "products". application/json, application/x-ndjson and application/jsonl are known:
 * AISLE_EUNSUPPORTED for another type, which is to be answered with 415. AISLE_EINVAL: no or too many rows, AISLE_EFORMAT.
 * Parses, so some milliseconds a megabyte: not for a loop when bodies are large. */
aisle_status aisle_body_rows_read(aisle_request *r, const char *member, int32_t most, aisle_body_rows *out);
void aisle_body_rows_deinit(aisle_body_rows *rows);

#endif
