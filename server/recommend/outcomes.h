/* Counts what came of recommendations: events whose recommendation_id this shop has made, added up by day, model, strategy,
 * scenario and variant. Not at the time of the answer or of the event: the background thread reads the newest events, so that
 * neither waits for it.
 *
 *   impression  a product of an answer was shown; whatever else came of it implies that, and makes it one
 *   click       ... and opened: an event click or view
 *   cart        ... and put into a cart
 *   purchase    ... and bought. Revenue is quantity times price of the first purchase; what is cancelled later stays
 *
 * Each counts once for an answer and product, however often its event comes; of lists that all share (related, trending)
 * once for each person or session. The day is that of the answer, in UTC, so that rates compare what belongs together.
 * An event counts that is stored AISLE_OUTCOME_DAYS days after the answer at the latest: what is counted already is kept so
 * long, as 64 bits a kind (some 20 bytes on disk), and two of n are taken for one with n^2 / 2^65. Ids that are not of this shop
 * (recommendation_id.h) count for nothing.
 *
 * Of an experiment people are counted too: who was shown something, who of them clicked, who bought, each once a variant,
 * as long as the experiment is there. Results are compared by people, since the clicks of one person depend on each other. */
#ifndef AISLE_SERVER_OUTCOMES_H
#define AISLE_SERVER_OUTCOMES_H

#include "server/recommend/experiments.h"
#include "server/recommend/recommendation_id.h"
#include "server/store/learning.h"

enum { AISLE_OUTCOME_DAYS = 7 };

typedef struct aisle_outcomes aisle_outcomes;
/* All borrowed; experiments may be NULL. */
aisle_status aisle_outcomes_open(aisle_store *s, const aisle_recommendation_ids *ids,
                                 aisle_experiment_keeper *experiments, aisle_outcomes **out,
                                 aisle_error *err);
void aisle_outcomes_close(aisle_outcomes *o); /* NULL is a no-op */
/* Counts the events that came since the last call, for 400 ms at most and never in the middle of a transaction: what is
 * left is the next call's. One thread, not a loop: waits for the writer. */
aisle_status aisle_outcomes_run(aisle_outcomes *o, aisle_error *err);

/* Counted since the start, by strategy. Any thread. */
typedef struct aisle_strategy_outcomes {
    char strategy[AISLE_LABEL_MAX + 1];
    aisle_outcome_counts counts;
} aisle_strategy_outcomes;
enum { AISLE_STRATEGIES_COUNTED = 16 };
int32_t aisle_outcomes_since_start(aisle_outcomes *o, aisle_strategy_outcomes out[AISLE_STRATEGIES_COUNTED]);

#endif
