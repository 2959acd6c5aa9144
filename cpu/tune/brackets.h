/* Which looks a search makes, and which it may make next; private to cpu/tune. No threads, no clock. */
#ifndef AISLE_CPU_TUNE_BRACKETS_H
#define AISLE_CPU_TUNE_BRACKETS_H

#include "aisle/tune.h"

/* The largest bracket: ETA^(R-1) of R = AISLE_TUNE_MAX_RUNGS. */
enum { AISLE_TUNE_MAX_BRACKET = 81 };

typedef enum aisle_look_state { AISLE_LOOK_NONE, AISLE_LOOK_RUNNING, AISLE_LOOK_DONE } aisle_look_state;

typedef struct aisle_bracket_trial {
    int32_t rung; /* of the search's; the highest it has reached */
    uint8_t state[AISLE_TUNE_MAX_RUNGS];
    double value[AISLE_TUNE_MAX_RUNGS];
} aisle_bracket_trial;

typedef struct aisle_bracket {
    int32_t first, n;    /* trials */
    int32_t start, rung; /* the rung it began with, and the one it is at; past the last = over */
} aisle_bracket;

typedef struct aisle_brackets {
    int32_t rungs;
    bool less;
    int32_t n, n_trials;
    aisle_bracket *brackets;
    aisle_bracket_trial *trials;
} aisle_brackets;

aisle_status aisle_brackets_init(aisle_brackets *b, int32_t trials, int32_t rungs, bool less,
                                 aisle_error *err);
void aisle_brackets_deinit(aisle_brackets *b);

/* The next look, marked as running; false when there is none before a running one ends. *over: there is none at all. */
bool aisle_brackets_next(aisle_brackets *b, aisle_tune_look *out, bool *over);
/* The look has ended (whether or not it was marked as running); value may be NaN. False: there is no such look. */
bool aisle_brackets_done(aisle_brackets *b, int32_t trial, int32_t rung, double value);
/* Is a better than b: a higher rung, then the value, then the smaller trial. Failed ones are the worst. */
bool aisle_brackets_better(bool less, const aisle_tune_look *a, const aisle_tune_look *b);

#endif
