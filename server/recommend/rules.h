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
#include "server/recommend/sets.h"

enum { AISLE_RULES = 200, AISLE_RULE_BOOSTS = 16 /* of a set */ };

typedef enum aisle_rule_kind { AISLE_RULE_PIN, AISLE_RULE_HIDE, AISLE_RULE_BOOST } aisle_rule_kind;

typedef struct aisle_rule {
    aisle_str name, category; /* category absent = any */
    int64_t from_ms, until_ms;
    const aisle_str *scenarios;
    int32_t n_scenarios; /* 0 = all */
    aisle_rule_kind kind;
    aisle_str product; /* of a pin */
    int32_t position;
    aisle_filter filter; /* of the others */
    double by;
} aisle_rule;

typedef struct aisle_rules {
    aisle_set set; /* first */
    aisle_rule *rule;
    int32_t n;
} aisle_rules;

typedef struct aisle_rules_place {
    aisle_str scenario; /* absent: none has a name */
    aisle_str category; /* of the product that is looked at; absent: what the filter names */
    int64_t now_ms;     /* wall clock */
} aisle_rules_place;

/* Adds what holds there to a question: hides to the filter, boosts and pins to the wishes. What they point to is in the arena, or
 * lives as long as it. k keeps rules. AISLE_ENOMEM. */
aisle_status aisle_rules_wish(aisle_set_keeper *k, const aisle_rules_place *at, aisle_arena *a,
                              aisle_filter *filter, aisle_wishes *wishes, aisle_error *err);

#endif
