/* One user's ranking and its metrics; private to cpu/eval. Not a top-n for serving: ids are dense, nothing is
 * filtered. */
#ifndef AISLE_CPU_EVAL_RANK_H
#define AISLE_CPU_EVAL_RANK_H

#include "aisle/eval.h"
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/select.h"

/* What a user's vector of values holds for every cut, in the order of aisle_eval_at; the AUC follows the last
 * cut. */
enum {
    AISLE_METRIC_PRECISION,
    AISLE_METRIC_RECALL,
    AISLE_METRIC_F1,
    AISLE_METRIC_ACCURACY,
    AISLE_METRIC_HIT_RATE,
    AISLE_METRIC_MAP,
    AISLE_METRIC_MRR,
    AISLE_METRIC_NDCG,
    AISLE_METRICS
};

/* Name and place of each metric, the coverage last: one row serves the evaluator, the table and the JSON. */
typedef struct aisle_metric_row {
    const char *name;
    size_t offset; /* of the aisle_metric within aisle_eval_at */
} aisle_metric_row;
extern const aisle_metric_row aisle_metric_rows[AISLE_METRICS + 1];

static inline aisle_metric *aisle_metric_at(aisle_eval_at *at, int32_t row)
{
    return (aisle_metric *)((char *)at + aisle_metric_rows[row].offset);
}

/* Working memory of one thread. */
typedef struct aisle_ranker {
    const aisle_csr *train, *test;
    const int32_t *cuts;
    int32_t n_cuts, n_top; /* n_top = the largest cut */
    const double *gain;    /* n_top: 1 / log2(rank + 1) */
    const aisle_kernels *k;
    aisle_select best;
    int32_t *top;      /* n_top items; the best first after aisle_rank_user */
    float *top_scores; /* n_top */
    int32_t *held;     /* room for the longest test row */
    float *held_scores;
} aisle_ranker;

aisle_status aisle_ranker_init(aisle_ranker *r, const aisle_csr *train, const aisle_csr *test,
                               const aisle_eval_params *p, const double *gain, aisle_error *err);
void aisle_ranker_deinit(aisle_ranker *r);

/* Test items of user u outside the train row, ascending, into held (NULL = only count). */
int32_t aisle_rank_held(const aisle_csr *train, const aisle_csr *test, int32_t u, int32_t *held);

/* Ranks user u by scores[n_items], of which those of the train row are overwritten; values[n_cuts *
 * AISLE_METRICS + 1]; *n_top ranked items stand in r->top. AISLE_ENUMERIC for a score that is NaN or
 * +INFINITY. */
aisle_status aisle_rank_user(aisle_ranker *r, int32_t u, float *scores, double *values, int32_t *n_top,
                             aisle_error *err);

/* Percentile intervals (Efron 1979): means[width] over n_users rows of values, each resample drawing n_users
 * rows; resample b uses random stream b, so the result does not depend on threads. */
typedef struct aisle_bootstrap {
    const double *values;
    int32_t n_users, width, resamples, threads;
    uint64_t seed;
    const aisle_progress *progress;
} aisle_bootstrap;
aisle_status aisle_bootstrap_run(const aisle_bootstrap *b, double *low, double *high, aisle_error *err);

#endif
