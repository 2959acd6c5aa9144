/* What the shop keeper puts as a whole: rules, scenarios. A set is a JSON array; an object of it is read by the file of its kind.
 * To add a kind: its name in store/store_sets.h with two statements, its row in sets.c, its handlers in on_sets.c. */
#ifndef AISLE_SERVER_SETS_H
#define AISLE_SERVER_SETS_H

#include "server/recommend/members.h"
#include "server/store/store_sets.h"

/* The first member of each kind's struct. Immutable once read, reference-counted. */
typedef struct aisle_set {
    int64_t refs;
    aisle_arena arena; /* all that it points to */
} aisle_set;

typedef struct aisle_set_kind {
    size_t bytes; /* of its struct */
    /* Fills a set of zeros; r's arena is the set's. AISLE_EINVAL as of members.h, AISLE_ENOMEM. */
    aisle_status (*read)(aisle_set *set, const aisle_member *list, const aisle_reading *r);
    const char *built_in; /* what every shop has, as JSON text; NULL = nothing */
} aisle_set_kind;
extern const aisle_set_kind aisle_rules_kind, aisle_scenarios_kind;
const aisle_set_kind *aisle_set_kind_of(aisle_set_name name);

/* list: the array, borrowed. AISLE_EINVAL: *fault, with a pointer below `pointer`; AISLE_ENOMEM. */
aisle_status aisle_set_read(aisle_set_name name, const struct json_t *list, const char *pointer,
                            aisle_set **out, aisle_filter_fault *fault);
void aisle_set_unref(void *set); /* an aisle_set; NULL is fine */

/* Keeps the newest set of a kind. Thread-safe. */
typedef struct aisle_set_keeper aisle_set_keeper;
aisle_status aisle_set_keeper_open(aisle_store *store, aisle_set_name name, aisle_set_keeper **out,
                                   aisle_error *err);
void aisle_set_keeper_close(aisle_set_keeper *k); /* NULL is fine */
/* Takes in what another process has changed. Not on a loop. */
aisle_status aisle_set_keeper_refresh(aisle_set_keeper *k, aisle_error *err);
/* The set of this version is stored: it counts from now on, unless a newer one does. Takes the reference. */
void aisle_set_keeper_put(aisle_set_keeper *k, aisle_set *set, int64_t version);
/* With a reference that lives as long as the arena. AISLE_ENOMEM. */
aisle_status aisle_set_keeper_get(aisle_set_keeper *k, aisle_arena *a, const aisle_set **out,
                                  aisle_error *err);
const aisle_set *aisle_set_keeper_built_in(const aisle_set_keeper *k); /* as long as the keeper; or NULL */

#endif
