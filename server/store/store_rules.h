/* What recommendations ask the store beside events: the rules as they are kept, one text that the store does not look into, and a
 * version; and what a person has already. */
#ifndef AISLE_SERVER_STORE_RULES_H
#define AISLE_SERVER_STORE_RULES_H

#include "server/store/store.h"

/* *text: a JSON array, in the arena. */
aisle_status aisle_view_rules(aisle_view *v, aisle_arena *a, aisle_str *text, int64_t *version,
                              aisle_error *err);
/* Rises with every change of the rules. */
aisle_status aisle_view_rules_version(aisle_view *v, int64_t *version, aisle_error *err);
/* expected: the version that is replaced, -1 = any. AISLE_ECONFLICT, with *version as it is: it is another. */
aisle_status aisle_tx_rules_put(aisle_tx *tx, aisle_str text, int64_t expected, int64_t *version,
                                aisle_error *err);

/* Products that a user (or a session when user is absent) has bought (by the newest 2,000 events, cancelled ones not), wishes for
 * (the newest 1,000), or has in the cart; each once, in the arena. Nobody known has none. */
enum { AISLE_KEPT_BOUGHT = 1, AISLE_KEPT_WISHED = 2, AISLE_KEPT_CART = 4 };
aisle_status aisle_view_kept(aisle_view *v, aisle_str user, aisle_str session, unsigned which, aisle_arena *a,
                             aisle_str **ids, int32_t *n, aisle_error *err);

#endif
