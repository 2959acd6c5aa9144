/* What the shop keeper says of recommendations, whoever asks: rules that pin a product, hide some, or let some count for more, each
 * for a while and for some lists. As JSON, of the whole set an array:
 *
 *   {"name": "summer sale",                       1 to 100 bytes, each once
 *    "from": "2026-06-01T00:00:00Z", "until": ..., optional: holds from <= now < until
 *    "scenarios": ["home"],                       optional: in these lists alone: scenarios of questions, "related", "trending"
 *    "category": "Garden",                        optional: where the question is for this category or one below
 *    and one of
 *    "pin": {"product": "P7", "position": 1},     1 to 100: there when it may be shown: for sale, passing the question's filter and the
 *                                                 rules' hides, neither excluded nor seen by who asks
 *    "hide": {...},                               a filter (filter.h): what passes does not come
 *    "boost": {"filter": {...}, "by": 2}}         boost.h
 *
 * Of pins to one place the first stands there and the others behind it. */
#ifndef AISLE_SERVER_RULES_H
#define AISLE_SERVER_RULES_H

#include "server/recommend/ask.h"

enum {
    AISLE_RULES = 200,
    AISLE_RULE_BOOSTS = 16 /* of a set */,
    AISLE_RULE_BYTES = 262144 /* of its JSON */
};

/* A set. Immutable, reference-counted. */
typedef struct aisle_rules aisle_rules;
/* list: the array, borrowed. AISLE_EINVAL: *fault, with a pointer below `pointer`. */
aisle_status aisle_rules_read(const struct json_t *list, const char *pointer, aisle_rules **out,
                              aisle_filter_fault *fault);
void aisle_rules_unref(void *rules); /* an aisle_rules; NULL is fine */

typedef struct aisle_rules_place {
    aisle_str scenario; /* absent: none has a name */
    aisle_str category; /* of the product that is looked at; absent: what the filter names */
    int64_t now_ms;     /* wall clock */
} aisle_rules_place;

/* Keeps the newest set. Thread-safe. */
typedef struct aisle_rules_keeper aisle_rules_keeper;
aisle_status aisle_rules_open(aisle_store *store, aisle_rules_keeper **out, aisle_error *err);
void aisle_rules_close(aisle_rules_keeper *k); /* NULL is fine */
/* Takes in what another process has changed. Not on a loop. */
aisle_status aisle_rules_refresh(aisle_rules_keeper *k, aisle_error *err);
/* The set of this version is stored: it counts from now on, unless a newer one does. Takes the reference. */
void aisle_rules_put(aisle_rules_keeper *k, aisle_rules *rules, int64_t version);
/* Adds what holds there to a question: hides to the filter, boosts and pins to the wishes. What they point to is in the arena, or
 * lives as long as it. AISLE_ENOMEM. */
aisle_status aisle_rules_wish(aisle_rules_keeper *k, const aisle_rules_place *at, aisle_arena *a,
                              aisle_filter *filter, aisle_wishes *wishes, aisle_error *err);

#endif
