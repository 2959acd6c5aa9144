/* Sets that are put as a whole: each one text that the store does not look into, and a version that rises with every change. */
#ifndef AISLE_SERVER_STORE_SETS_H
#define AISLE_SERVER_STORE_SETS_H

#include "server/store/store.h"

typedef enum aisle_set_name { AISLE_SET_RULES, AISLE_SET_SCENARIOS, AISLE_SETS } aisle_set_name;
extern const char *const aisle_set_names[]; /* by aisle_set_name: "rules"; as they are called in the API */

/* *text: a JSON array, in the arena; text NULL: not wanted, nor is the arena. */
aisle_status aisle_view_set(aisle_view *v, aisle_set_name set, aisle_arena *a, aisle_str *text,
                            int64_t *version, aisle_error *err);
/* expected: the version that is replaced, -1 = any. AISLE_ECONFLICT, with *version as it is: it is another. */
aisle_status aisle_tx_set_put(aisle_tx *tx, aisle_set_name set, aisle_str text, int64_t expected,
                              int64_t *version, aisle_error *err);

#endif
