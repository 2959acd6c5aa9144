/* One evaluation under way: the evaluator fills it, the summary reads it; private to cpu/eval. */
#ifndef AISLE_CPU_EVAL_EVAL_STATE_H
#define AISLE_CPU_EVAL_EVAL_STATE_H

#include "cpu/eval/beyond.h"
#include "cpu/eval/rank.h"
#include "cpu/eval/segments.h"

typedef struct evaluation {
    const aisle_eval_source *source;
    const aisle_csr *train, *test;
    const aisle_eval_params *p;
    int32_t threads, block, width, n_users;
    int32_t *users;  /* to be evaluated, ascending */
    double *values;  /* n_users x width, in the order of users */
    double *gain;    /* of ranks 1.. */
    float *scores;   /* threads x block x n_items */
    int16_t *placed; /* threads x n_items: the best rank an item was recommended at; 0 = never */
    aisle_tie_order ties;
    aisle_ranker *rankers;
    int32_t *popularity;   /* train users of each item; NULL unless beyond or segments are asked for */
    double *beyond_values; /* n_users x n_cuts x AISLE_BEYOND; likewise */
    aisle_beyond beyond;
    aisle_segments segments;
    int64_t done,
        failed_at; /* failed_at: the first failed block, so that the error told is always the same */
    aisle_status status;
    aisle_error error;
} evaluation;

/* Means in user order, intervals and coverage. *out is half written on failure. */
aisle_status aisle_evaluation_summary(const evaluation *e, aisle_eval_report *out, aisle_error *err);
/* Every user's value of one metric into want->values. */
void aisle_evaluation_values(const evaluation *e, const aisle_eval_values *want);

#endif
