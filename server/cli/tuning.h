/* One search of the command line: what is fitted, on what it is measured, and how it is told. */
#ifndef AISLE_SERVER_TUNING_H
#define AISLE_SERVER_TUNING_H

#include <jansson.h>

#include "aisle/fit.h"
#include "aisle/tune.h"
#include "server/cli/training.h"

typedef struct aisle_tuning {
    const aisle_train_options *options;
    const char *command;
    const char *model, *metric;
    const char *split, *inner; /* NULL: nothing is set aside; as the outer one, or random */
    const char *state, *out, *report;
    aisle_strings range;
    double fraction, inner_fraction, minutes;
    int64_t at, trials, jobs, rungs, users;
} aisle_tuning;

/* What a search is, once its options are understood, and what it has found. */
typedef struct aisle_tuning_run {
    const aisle_tuning *t;
    const aisle_fit_kind *kind;
    int32_t metric, k; /* as in aisle_evaluated */
    const char *inner;
    aisle_tune_range ranges[AISLE_TUNE_MAX_RANGES];
    int32_t n_ranges;
    aisle_train_params start;
    aisle_tune_params search;
    int32_t n_users, n_items;
    int64_t n_train, n_held; /* pairs of the inner parts */
    aisle_tuned found;
    double seconds;
} aisle_tuning_run;

aisle_status aisle_tuning_go(const aisle_tuning *t, aisle_error *err);

/* tune_print.c: the table while it works and when it is over; with --json a line a look and {"event":"done"}. */
typedef struct aisle_tuning_teller {
    const aisle_tuning_run *run;
    int64_t told;  /* looks that have been told */
    int32_t lines; /* drawn on the terminal */
    long long last_ns;
    bool terminal;
} aisle_tuning_teller;
void aisle_tuning_tell(void *teller, const aisle_tune_view *view);
void aisle_tuning_clear(aisle_tuning_teller *teller);
void aisle_tuning_print(const aisle_tuning_run *run);
/* "ndcg@20" */
void aisle_tuning_metric(const aisle_tuning_run *run, char text[32]);
/* The best settings as --config reads them. */
aisle_status aisle_tuning_write(const aisle_tuning_run *run, const char *path, aisle_error *err);

/* tune_json.c: the whole search as one object; NULL when memory is short. */
json_t *aisle_tuning_json(const aisle_tuning_run *run);
json_t *aisle_tuning_look_json(const aisle_tuning_run *run, const aisle_tune_look *look);

/* tune_keep.c: keeps the search (of aisle_tuning_json) in the shop; where that cannot be, says so on stderr. */
void aisle_tuning_keep(const aisle_tuning_run *run, const json_t *doc);

#endif
