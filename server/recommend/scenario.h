/* Scenarios: what a place of the shop shows, as a list of steps. Each takes products from one source; they are filled in order,
 * without repeats, until the list is full. When the steps are through and it is not, they go once more without their shares and
 * limits, so that a source that has little leaves its places to the others. As JSON, of the whole set an array:
 *
 *   {"name": "home",                       1 to 40 of a-z 0-9 _ -, each once
 *    "steps": [                            1 to 8
 *      {"source": "personal",              below
 *       "share": 0.6,                      of the list at most, rounded up; absent: all
 *       "limit": 6,                        products at most
 *       "when": "known",                   "always", "known": something is known of who asks, "new": nothing is, "items": the question
 *                                          has items or a cart; else the step is passed over
 *       "window": "24h",                   of trending alone: first what is done now, by decayed.h's windows; then, or absent: as
 *                                          the model has it
 *       "filter": {...}}],                 filter.h, beside that of the question
 *    "exclude_bought": true,               what the asker has bought does not come; likewise exclude_cart
 *    "diversity": 0.3}                     0 to 1, where the question says none
 *
 *   personal        what is recommended to who asks (ask.h)
 *   similar         like the items of question and cart or, without any, like what was looked at last
 *   complementary   bought with them; content: of like text
 *   trending, popular, newest   the same for everybody
 *   viewed          what the asker has looked at, newest first
 *
 * What the asker has seen comes of "viewed" alone; what he dislikes, and what the question leaves out, of none. */
#ifndef AISLE_SERVER_SCENARIO_H
#define AISLE_SERVER_SCENARIO_H

#include "server/recommend/ask.h"
#include "server/recommend/decayed.h"
#include "server/recommend/sets.h"

enum { AISLE_SCENARIOS = 50, AISLE_STEPS = 8, AISLE_SCENARIO_NAME = 40 };

typedef enum aisle_step_source {
    AISLE_FROM_PERSONAL,
    AISLE_FROM_SIMILAR,
    AISLE_FROM_COMPLEMENTARY,
    AISLE_FROM_CONTENT,
    AISLE_FROM_TRENDING,
    AISLE_FROM_POPULAR,
    AISLE_FROM_NEWEST,
    AISLE_FROM_VIEWED
} aisle_step_source;
extern const char *const aisle_source_names[]; /* by aisle_step_source; NULL at the end */
typedef enum aisle_step_when {
    AISLE_WHEN_ALWAYS,
    AISLE_WHEN_KNOWN,
    AISLE_WHEN_NEW,
    AISLE_WHEN_ITEMS
} aisle_step_when;

typedef struct aisle_step {
    aisle_step_source source;
    aisle_step_when when;
    double share;               /* 0 < share <= 1 */
    int32_t limit;              /* 1..100 */
    const aisle_window *window; /* NULL: none */
    aisle_filter filter;
} aisle_step;

struct aisle_scenario {
    aisle_str name;
    aisle_step step[AISLE_STEPS];
    int32_t n_steps;
    bool exclude_bought, exclude_cart;
    double diversity;
};

typedef struct aisle_scenarios {
    aisle_set set; /* first */
    aisle_scenario *at;
    int32_t n;
} aisle_scenarios;

/* AISLE_KEPT_*: what the question and its scenario leave out. */
unsigned aisle_ask_left_out(const aisle_ask *ask);

/* The built-in ones, as JSON text. */
extern const char aisle_scenarios_built_in[];
/* The shop's scenario of this name, or else the built-in one; *out NULL: there is none. Valid as long as the arena. k keeps
 * scenarios. AISLE_ENOMEM. */
aisle_status aisle_scenarios_get(aisle_set_keeper *k, aisle_str name, aisle_arena *a,
                                 const aisle_scenario **out, aisle_error *err);

#endif
