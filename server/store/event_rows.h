/* Many events into the table with one statement. */
#ifndef AISLE_SERVER_EVENT_ROWS_H
#define AISLE_SERVER_EVENT_ROWS_H

#include "server/store/store_internal.h"

/* n rows in the order in which they are to be inserted. get: row i, borrowed until the next call. */
typedef struct aisle_event_rows {
    int32_t n;
    void *ctx;
    void (*get)(void *ctx, int32_t i, aisle_event *e, aisle_event_ids *ids);
} aisle_event_rows;

/* Inserts all, with their entries in the indexes; their keys are claimed already. After aisle_tx_events_merge. */
aisle_status aisle_tx_event_rows(aisle_tx *tx, const aisle_event_rows *rows, aisle_error *err);

#endif
