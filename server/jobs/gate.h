/* The score gate: is a new model worse than the one that serves, on people held out of both? Decides nothing; whoever publishes
 * asks. */
#ifndef AISLE_SERVER_GATE_H
#define AISLE_SERVER_GATE_H

#include <string.h>

#include "server/jobs/registry.h"

/* Of those whose newest item a training keeps out while a gate is set: one person in so many (`aisle train --hold-out`). */
enum { AISLE_GATE_ONE_IN = 20, AISLE_GATE_PEOPLE = 30 };

/* What trainings are to leave out by config's `gate`: "off", "warn", "refuse". */
static inline int aisle_gate_one_in(const char *gate)
{
    return strcmp(gate, "off") == 0 ? 0 : AISLE_GATE_ONE_IN;
}

typedef struct aisle_verdict {
    bool worse;
    char why[256]; /* the figures, or why nothing could be compared */
} aisle_verdict;

/* By the report that the version's training has left beside it (held_people.h; JSON, aisle_gate_report). Worse: NDCG@10 is below
 * (1 - tolerance) times that of the model that served then, and the difference's 95 % interval, person by person, is below 0, so
 * that chance does not explain it. Not worse: whatever else, and where there is no report, or fewer than 30 people in it. */
void aisle_gate_judge(aisle_registry *r, int64_t version, double tolerance, aisle_verdict *out);

/* {"metric": "ndcg@10", "people", "one_in", "value", "against": null | {"version", "value", "difference": {"value", "low",
 * "high"}}}, in the arena, as text; NULL: there is none, or it cannot be read. */
const char *aisle_gate_report(aisle_registry *r, int64_t version, aisle_arena *a);

#endif
