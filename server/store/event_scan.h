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

/* ---- who buys ---- */

typedef struct aisle_buyer {
    int64_t user, session; /* rows of their tables; session is 0 of a user, user of a guest */
} aisle_buyer;
/* Whose purchases and cancels have ids above `after` up to `last`, in the order of ids, with repeats; in the arena. */
aisle_status aisle_view_buyers(aisle_view *v, int64_t after, int64_t last, aisle_arena *a, aisle_buyer **out,
                               int32_t *n, aisle_error *err);
typedef struct aisle_bought {
    int64_t id, product, at_ms;
    double value;
    aisle_event_type type; /* purchase or cancel */
    aisle_str order;       /* absent: none */
    int64_t
        session; /* 0: none; of a user's also what they did as a guest, before they were known to be somebody */
} aisle_bought;
/* The buyer's purchases and cancels with ids up to `last`, in the order of ids, of the AISLE_BUYER_EVENTS newest events; in the
 * arena. */
enum { AISLE_BUYER_EVENTS = 10000 };
aisle_status aisle_view_bought(aisle_view *v, const aisle_buyer *who, int64_t last, aisle_arena *a,
                               aisle_bought **out, int32_t *n, aisle_error *err);

#endif
