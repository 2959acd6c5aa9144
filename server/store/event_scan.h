/* Events in the order of their ids, for who counts all of them: forwards as they come, backwards from the newest. */
#ifndef AISLE_SERVER_EVENT_SCAN_H
#define AISLE_SERVER_EVENT_SCAN_H

#include "server/store/store.h"

typedef struct aisle_scanned {
    int64_t id, product; /* rows of their tables */
    int64_t at_ms;
    double value;
    aisle_event_type type;
} aisle_scanned;

/* The first n of those with ids above `id`, ascending, or with `down` below it, descending, into out[n]; *n becomes how many there
 * are. Half a microsecond an event. AISLE_EIO. */
aisle_status aisle_view_scan(aisle_view *v, int64_t id, bool down, aisle_scanned *out, int32_t *n,
                             aisle_error *err);
/* The highest id, 0 = none. It falls when the newest event is removed, and then comes again. */
aisle_status aisle_view_scan_last(aisle_view *v, int64_t *id, aisle_error *err);

#endif
