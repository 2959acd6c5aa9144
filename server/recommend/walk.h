/* A scenario walked through: its steps' sources, one after the other, into one list. */
#ifndef AISLE_SERVER_WALK_H
#define AISLE_SERVER_WALK_H

#include "server/recommend/choose.h"
#include "server/recommend/scenario.h"
#include "server/recommend/taste.h"

/* Of which source an item came. */
struct aisle_sourced {
    int32_t item;
    aisle_step_source source;
};

typedef struct aisle_walking {
    const aisle_answering *w;
    const aisle_ask *ask; /* with a scenario */
    const aisle_taste *taste;
    const aisle_query *personal; /* allowed, n and explain are not looked at */
} aisle_walking;

/* Up to ask->limit + AISLE_SPARE_HITS into hits (empty before), and of what source each is into out[hits->n], in the arena.
 * hits->strategy is the first source's that found something. AISLE_ENOMEM, AISLE_EIO, and the scorer's errors. */
aisle_status aisle_walk(const aisle_walking *k, aisle_hits *hits, aisle_sourced **out, aisle_error *err);

/* What reasons of a source's items name: "similar", "bought_with", ...; NULL: as of the answer. */
const char *aisle_source_reason(aisle_step_source source);

#endif
