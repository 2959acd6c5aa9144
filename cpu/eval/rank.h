/* One user's ranking and its metrics; private to cpu/eval. Not a top-n for serving: ids are dense, nothing is
 * filtered. */
#ifndef AISLE_CPU_EVAL_RANK_H
#define AISLE_CPU_EVAL_RANK_H

#include "aisle/eval.h"
#include "aisle/rng.h"
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/select.h"

/* A user's vector of values holds the first AISLE_METRICS for every cut; the AUC follows the last cut. */
enum { AISLE_METRICS = AISLE_METRIC_COVERAGE };

/* Name and place of each metric that has a cut: one row serves the evaluator, the table and the JSON. */
typedef struct aisle_metric_row {
    const char *name;
    size_t offset; /* of the aisle_metric within aisle_eval_at */
} aisle_metric_row;
extern const aisle_metric_row aisle_metric_rows[AISLE_METRIC_AUC];

static inline aisle_metric *aisle_metric_at(aisle_eval_at *at, int32_t row)
{
    return (aisle_metric *)((char *)at + aisle_metric_rows[row].offset);
}

/* Where items of equal score stand: in an order that tells nothing, a random one of all items that begins elsewhere for
 * every user. Dense ids are the order in which items were first seen, held-out events included: with ties by id a model that
 * knows nothing of new items would rank them by age. */
typedef struct aisle_tie_order {
    uint64_t seed;
    int32_t n;
    int32_t *place, *item; /* place[item] and item[place], each 0 .. n-1 */
} aisle_tie_order;
aisle_status aisle_tie_order_init(aisle_tie_order *o, int32_t n_items, uint64_t seed, aisle_error *err);
void aisle_tie_order_deinit(aisle_tie_order *o);

/* The place that user u's ties begin at. */
static inline int32_t aisle_tie_start(const aisle_tie_order *o, int32_t u)
{
    return (int32_t)(aisle_mix64(o->seed ^ aisle_mix64((uint64_t)u + 1)) % (uint64_t)o->n);
}
/* How far behind the start an item stands, and the item that stands there. */
static inline int32_t aisle_tie_of_item(const aisle_tie_order *o, int32_t start, int32_t item)
{
    int32_t behind = o->place[item] - start;
    return behind < 0 ? behind + o->n : behind;
}
static inline int32_t aisle_tie_item(const aisle_tie_order *o, int32_t start, int32_t behind)
{
    int64_t place = (int64_t)start + behind;
    return o->item[place < o->n ? place : place - o->n];
}

/* Working memory of one thread. */
typedef struct aisle_ranker {
    const aisle_csr *train, *test;
    const aisle_tie_order *ties;
    int32_t tie_start;         /* of the user being ranked */
    const uint8_t *candidates; /* NULL = all items */
    int32_t n_candidates;
    const int32_t *cuts;
    int32_t n_cuts, n_top; /* n_top = the largest cut */
    const double *gain;    /* n_top: 1 / log2(rank + 1) */
    const aisle_kernels *k;
    aisle_select best;
    int32_t *top;      /* n_top items; the best first after aisle_rank_user */
    float *top_scores; /* n_top */
    int32_t *held;     /* room for the longest test row */
    float *held_scores;
    int32_t n_held, n_ranked; /* of the user ranked last */
} aisle_ranker;

/* r->ties is set by the caller before the first user. */
aisle_status aisle_ranker_init(aisle_ranker *r, const aisle_csr *train, const aisle_csr *test,
                               const aisle_eval_params *p, const double *gain, aisle_error *err);
void aisle_ranker_deinit(aisle_ranker *r);

/* Test items of user u that are candidates (NULL = all are) outside the train row, ascending, into held (NULL = only
 * count). */
int32_t aisle_rank_held(const aisle_csr *train, const aisle_csr *test, const uint8_t *candidates, int32_t u,
                        int32_t *held);

/* Ranks user u by scores[n_items], of which those of the train row and of no candidates are overwritten; values[n_cuts *
 * AISLE_METRICS + 1]; *n_top ranked items stand in r->top. AISLE_ENUMERIC for a score that is NaN or
 * +INFINITY. */
aisle_status aisle_rank_user(aisle_ranker *r, int32_t u, float *scores, double *values, int32_t *n_top,
                             aisle_error *err);

/* The metrics of r->top as if held[n_held >= 1] (ascending) were the user's test items: values[n_cuts * AISLE_METRICS].
 */
void aisle_rank_metrics(const aisle_ranker *r, const int32_t *held, int32_t n_held, int32_t n_top,
                        double *values);

/* Means over n_users rows of values[width], and how they spread when users are resampled: each resample draws n_users
 * rows from random stream b = 1 .. resamples, so the result does not depend on threads. */
typedef struct aisle_bootstrap {
    const double *values;
    int32_t n_users, width, resamples, threads;
    uint64_t seed;
    const aisle_progress *progress;
    void (*statistic)(double *means); /* turns a row of means into what is wanted of them; NULL = the means */
} aisle_bootstrap;

/* means[resamples x width] */
aisle_status aisle_bootstrap_resample(const aisle_bootstrap *b, double *means, aisle_error *err);
/* out[width] over the rows u with in[u] (NULL = all), *n of them (NULL = not wanted), with percentile intervals of 95 %
 * (Efron 1979) when resamples > 0. No rows: zeros. */
aisle_status aisle_bootstrap_run(const aisle_bootstrap *b, const uint8_t *in, aisle_metric *out, int32_t *n,
                                 aisle_error *err);
/* The q-quantile of n sorted values by linear interpolation (Hyndman, Fan 1996, type 7). */
double aisle_quantile(const double *sorted, int32_t n, double q);
void aisle_sort_doubles(double *x, int64_t n);

#endif
