/* What a set of rules holds. Private to rules*.c. */
#ifndef AISLE_SERVER_RULE_SET_H
#define AISLE_SERVER_RULE_SET_H

#include "server/recommend/rules.h"

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

struct aisle_rules {
    int64_t refs;
    aisle_arena arena; /* all that it points to */
    aisle_rule *rule;
    int32_t n;
};

#endif
