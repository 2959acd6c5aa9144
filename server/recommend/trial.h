/* A question as the variant of who asks has it answered: another model, strategy, scenario or diversity. The stage before all
 * others. */
#ifndef AISLE_SERVER_TRIAL_H
#define AISLE_SERVER_TRIAL_H

#include "server/jobs/shelf_rack.h"
#include "server/recommend/experiments.h"
#include "server/recommend/recommendation_id.h"
#include "server/recommend/scenario.h"

/* What a list is answered with. Flat: it is kept with what the list has shown (shown.h), so that its next pages go the same way,
 * whatever has become of the experiment. */
struct aisle_course {
    char experiment[AISLE_LABEL_MAX + 1], variant[AISLE_LABEL_MAX + 1]; /* "": who asks takes part in none */
    char scenario[AISLE_SCENARIO_NAME + 1];                             /* "": that of the question */
    int32_t sight;                                                      /* aisle_ask_sight; -1: as without */
    int64_t model;                                                      /* 0: that which serves */
    double diversity;                                                   /* below 0: as without */
};

/* What a variant may set. */
enum { AISLE_SETS_MODEL = 1, AISLE_SETS_STRATEGY = 2, AISLE_SETS_SCENARIO = 4, AISLE_SETS_DIVERSITY = 8 };
/* Those that change something on one of these surfaces (1 << aisle_surface each): recommendations heed all, related and trending
 * the model and the diversity, rank the model and the strategy. */
unsigned aisle_trial_heeds(unsigned surfaces);

typedef struct aisle_trial {
    aisle_course course;
    aisle_shelf *shelf; /* of the variant's model, the trial's reference; NULL: that which serves */
} aisle_trial;

/* What to try with. All borrowed. */
typedef struct aisle_trying {
    aisle_experiment_keeper *experiments;
    aisle_shelf_rack *rack;
    aisle_set_keeper *scenarios;
    aisle_arena *arena; /* of the question: what is put into it lies there */
    const aisle_shelf *serving;
    aisle_surface surface;
} aisle_trying;

/* Finds the variant of who asks, and changes the question as it says. Who asks is the user of the question, else its session;
 * nobody takes part in nothing. A next page goes by ask->course instead. A variant whose model is not kept (shelf_rack.h), or whose
 * scenario is gone, is no variant: the answer is as without, and is not counted as the variant's. The scenario and the diversity
 * of a variant come instead of those of the question; rules hold that are for the scenario of the question. AISLE_ENOMEM. */
aisle_status aisle_trial_begin(const aisle_trying *with, aisle_ask *ask, aisle_trial *out, aisle_error *err);
void aisle_trial_end(aisle_trial *t); /* when the answer is made: it may point into the shelf */
/* What the answer's id says of it: experiment and variant; absent: none. */
static inline void aisle_trial_mark(const aisle_trial *t, aisle_origin *o)
{
    if (!t->course.experiment[0]) return;
    o->experiment = aisle_str_from(t->course.experiment);
    o->variant = aisle_str_from(t->course.variant);
}

/* What a variant's strategy may be: NULL-terminated; aisle_ask_sight of each in the same order. */
extern const char *const aisle_trial_strategies[];

#endif
