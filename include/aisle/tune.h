/* Looking for good settings: random search (Bergstra, Bengio 2012) with successive halving, in the brackets of Hyperband
 * (Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar 2018, algorithm 1). It knows the table of settings and a function that
 * measures one set of them on a validation part; no model, no data, no command line. */
#ifndef AISLE_TUNE_H
#define AISLE_TUNE_H

#include "aisle/progress.h"
#include "aisle/settings.h"

enum { AISLE_TUNE_MAX_RANGES = 32, AISLE_TUNE_MAX_RUNGS = 5, AISLE_TUNE_ETA = 3, AISLE_TUNE_MAX_JOBS = 64 };

typedef struct aisle_tune_range {
    const aisle_setting *setting; /* a number, a choice (any of them) or a flag; not a text */
    double from, to;              /* of numbers: within the setting's range, from <= to, > 0 if log */
    bool log;
} aisle_tune_range;

/* The range of "NAME=FROM..TO", or "NAME" for the setting's own; whether it is log-scaled is the setting's, and without
 * one where from > 0 and to / from >= 10. AISLE_EINVAL says what is wrong. */
aisle_status aisle_tune_range_parse(aisle_str text, aisle_tune_range *out, aisle_error *err);
/* The ranges of the settings of a kind of model that are searched by default, into ranges; their number. */
int32_t aisle_tune_ranges_default(const char *kind, aisle_tune_range ranges[AISLE_TUNE_MAX_RANGES]);

/* Measures p with `share` (0 < share <= 1) of the full effort, however that is: iterations, users looked at. The same
 * input must give the same value for any number of threads and jobs. Called from several threads at once, each with its
 * own job number 0 .. jobs-1; *cancel is to be obeyed as in aisle_progress. AISLE_EINVAL and AISLE_ENUMERIC are of these
 * settings alone: the trial has failed, the search goes on; other errors end it. */
typedef aisle_status (*aisle_tune_fn)(void *ctx, int32_t job, const aisle_train_params *p, double share,
                                      const int *cancel, double *value, aisle_error *err);

/* One look. rung r of R looks with ETA^-(R-1-r) of the effort: the last with all of it. */
typedef struct aisle_tune_look {
    int32_t trial, rung;
    double value; /* NaN: failed */
    double seconds;
} aisle_tune_look;

typedef struct aisle_tune_view {
    const aisle_tune_look
        *looks; /* in the order they ended, those of the state file first; borrowed for the call */
    int64_t n_looks;
    int64_t best;    /* place of the best of the highest rung so far; -1 = none yet */
    int32_t running; /* looks at work now */
    double seconds;
} aisle_tune_view;

/* Trial 0 is `start` itself, with full effort at once; the others are drawn from the ranges, each from the seed and its
 * own number. They go in brackets: of R rungs, a bracket with s+1 of them starts ceil(R / (s+1) ETA^s) trials with
 * ETA^-s of the effort, and the best 1 / ETA of a rung, at least one, go on to the next; s = R-1, R-2 .. 0, and again. */
typedef struct aisle_tune_params {
    const aisle_train_params *start;
    const aisle_tune_range *ranges;
    int32_t n_ranges; /* 1..AISLE_TUNE_MAX_RANGES */
    int32_t trials;   /* 1..100000, the start included */
    int32_t rungs;    /* 1..AISLE_TUNE_MAX_RUNGS; 1 = random search alone */
    uint64_t seed;
    bool less;      /* the smaller value is the better */
    int32_t jobs;   /* looks at once, 1..64 */
    double seconds; /* after which looks are broken off and the search ends; 0 = never */
    const char
        *about; /* what values depend on beside the settings (data, split, metric): kept in the state file */
    const char *
        state; /* JSON lines, one a look, each on the disk before the next look of its job; NULL = none. Goes on
                          from what the file holds, whatever the jobs and trials were: the result is that of a search
                          that was never broken off. A last line that was cut short is dropped. */
    const aisle_progress *progress; /* cancel alone; may be NULL */
    void (*on_change)(void *ctx,
                      const aisle_tune_view *view); /* on the calling thread, at most 6 times a second and
                                                                  at the end; may be NULL */
    void *ctx;
} aisle_tune_params;

typedef struct aisle_tuned {
    aisle_train_params best;
    aisle_tune_look look;   /* where its value comes from */
    aisle_tune_look *looks; /* n_looks, of the caller; in the order they ended */
    int64_t n_looks;
    bool complete; /* false: `seconds` was over first */
} aisle_tuned;

/* AISLE_EINVAL (parameters; the first failure, when every trial failed), AISLE_ECONFLICT (the state file is of another
 * search), AISLE_EFORMAT (it is damaged before its last line), AISLE_EIO, AISLE_ECANCELED (the state file holds all
 * looks that ended), and what fn returns. fn_ctx goes to fn. */
aisle_status aisle_tune(const aisle_tune_params *p, aisle_tune_fn fn, void *fn_ctx, aisle_tuned *out,
                        aisle_error *err);
void aisle_tuned_deinit(aisle_tuned *t);

/* The settings of a trial. */
void aisle_tune_trial(const aisle_tune_params *p, int32_t trial, aisle_train_params *out);

#endif
