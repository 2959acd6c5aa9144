/* The people of the shop, for those who run it: users page by page, and what one has done. Guests' sessions are not here. */
#ifndef AISLE_SERVER_PEOPLE_H
#define AISLE_SERVER_PEOPLE_H

#include "server/store/store.h"

typedef struct aisle_person {
    aisle_user user;
    aisle_str email; /* absent = no account */
} aisle_person;

/* At most `limit` (1 or more) users whose id begins with `prefix` (absent = all), by id, behind `after` (absent = from the
 * first). Texts are the arena's. AISLE_ENOMEM, AISLE_EIO. */
aisle_status aisle_view_people(aisle_view *v, aisle_str prefix, aisle_str after, int32_t limit,
                               aisle_arena *a, aisle_person **out, int32_t *n, aisle_error *err);

typedef struct aisle_deed {
    int64_t row; /* of the event, for a cursor */
    aisle_str item, title, currency, recommendation;
    aisle_event_type type;
    int64_t at_ms, price_minor; /* -1 = unknown */
    double value;
} aisle_deed;
/* What the user has done, impressions too, newest first: at most `limit` events behind (before_ms, before_row); both INT64_MAX
 * = from the newest. AISLE_ENOTFOUND: no such user. */
typedef struct aisle_deeds_page {
    aisle_str user;
    int64_t before_ms, before_row;
    int32_t limit;
} aisle_deeds_page;
aisle_status aisle_view_deeds(aisle_view *v, const aisle_deeds_page *page, aisle_arena *a, aisle_deed **out,
                              int32_t *n, aisle_error *err);

#endif
