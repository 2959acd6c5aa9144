/* The shop's own scenarios as they are kept: one text that the store does not look into, and a version. */
#ifndef AISLE_SERVER_STORE_SCENARIOS_H
#define AISLE_SERVER_STORE_SCENARIOS_H

#include "server/store/store.h"

/* *text: a JSON array, in the arena. The version rises with every change. */
aisle_status aisle_view_scenarios(aisle_view *v, aisle_arena *a, aisle_str *text, int64_t *version,
                                  aisle_error *err);
/* expected: the version that is replaced, -1 = any. AISLE_ECONFLICT, with *version as it is: it is another. */
aisle_status aisle_tx_scenarios_put(aisle_tx *tx, aisle_str text, int64_t expected, int64_t *version,
                                    aisle_error *err);

#endif
