/* What a set of scenarios is made of. Private to server/recommend. */
#ifndef AISLE_SERVER_SCENARIO_SET_H
#define AISLE_SERVER_SCENARIO_SET_H

#include "server/recommend/scenario.h"

struct aisle_scenarios {
    int64_t refs;
    aisle_scenario *at;
    int32_t n;
    aisle_arena arena; /* what is in it */
};

#endif
