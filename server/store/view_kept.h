/* What a person has already, for recommendations that leave it out. */
#ifndef AISLE_SERVER_VIEW_KEPT_H
#define AISLE_SERVER_VIEW_KEPT_H

#include "server/store/store.h"

/* Products that a user (or a session when user is absent) has bought (by the newest 2,000 events, cancelled ones not), wishes for
 * (the newest 1,000), or has in the cart; each once, in the arena. Nobody known has none. */
enum { AISLE_KEPT_BOUGHT = 1, AISLE_KEPT_WISHED = 2, AISLE_KEPT_CART = 4 };
aisle_status aisle_view_kept(aisle_view *v, aisle_str user, aisle_str session, unsigned which, aisle_arena *a,
                             aisle_str **ids, int32_t *n, aisle_error *err);

#endif
