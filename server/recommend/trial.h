/* A question as the variant of who asks has it answered: another model, another strategy. The stage before all others. */
#ifndef AISLE_SERVER_TRIAL_H
#define AISLE_SERVER_TRIAL_H

#include "server/jobs/shelf_rack.h"
#include "server/recommend/ask.h"
#include "server/recommend/experiments.h"

typedef struct aisle_trial {
    aisle_answering w;    /* what to answer with ... */
    const aisle_ask *ask; /* ... and what: as it came, or changed */
    aisle_ask changed;
    aisle_str experiment, variant; /* in the arena of w; absent: who asks takes part in none */
    aisle_shelf *shelf;            /* the trial's reference, or NULL */
} aisle_trial;

/* *out must not move. Who asks is the user of the question, else its session; nobody takes part in nothing. A variant whose model is not kept
 * (shelf_rack.h) is no variant: the answer is as without, and is not counted as the variant's. AISLE_ENOMEM. */
aisle_status aisle_trial_begin(aisle_experiment_keeper *k, aisle_shelf_rack *rack, const aisle_answering *w,
                               const aisle_ask *ask, aisle_trial *out, aisle_error *err);
void aisle_trial_end(aisle_trial *t); /* when the answer is made: it may point into the shelf */

/* What a variant's strategy may be: NULL-terminated; aisle_ask_sight of each in the same order. */
extern const char *const aisle_trial_strategies[];

#endif
