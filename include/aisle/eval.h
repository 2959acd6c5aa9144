/* Ranking quality on held-out data. Every definition is the textbook's and stands beside its name. */
#ifndef AISLE_EVAL_H
#define AISLE_EVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/matrix.h"
#include "aisle/progress.h"
#include "aisle/status.h"
#include "aisle/str.h"

/* Scores of a block of users for all items: out[r * n_items + i], finite or -INFINITY ("cannot rank"). Any
 * model. Called from several threads at once, for disjoint blocks, each with its own `thread` number 0 ..
 * threads-1: a source that calls a BLAS keeps it to one thread. */
typedef struct aisle_eval_source {
    void *ctx;
    aisle_status (*scores)(void *ctx, int32_t thread, const int32_t *users, int32_t n_users, float *out,
                           aisle_error *err);
    void (*free)(void *ctx); /* NULL = ctx is one block of aisle/memory.h */
} aisle_eval_source;

enum { AISLE_EVAL_MAX_CUTS = 8 };

typedef struct aisle_eval_params {
    int32_t cuts[AISLE_EVAL_MAX_CUTS]; /* ascending, each 1..1000; e.g. 5 10 20 */
    int32_t n_cuts;
    int32_t threads;   /* 0 = all cores */
    int32_t bootstrap; /* resamples of users for the 95 % intervals (Efron 1979); 0 = none */
    uint64_t seed;
    int32_t max_users; /* 0 = all; else a seeded sample of the users with test items */
    const aisle_progress *progress;
} aisle_eval_params;

/* Per user u with test items T (|T| >= 1, items of u's train row taken out), ranking all items outside u's
 * train row, best first, cut at k; rel_r = 1 when the item of rank r is in T. Means over these users; the
 * others are skipped. An item scored -INFINITY ranks last and is never recommended.
 *   precision@k = hits/k
 *   recall@k    = hits/|T|
 *   f1@k        = 2PR/(P+R) per user, 0 when both are 0
 *   accuracy@k  = share of all ranked items that are classed right when the top k are called relevant
 *   hit_rate@k  = [hits > 0]
 *   map@k       = (1/min(k,|T|)) sum_r rel_r precision@r (Manning et al. 2008, 8.4)
 *   mrr@k       = 1/rank of the first hit, 0 without one (Voorhees 1999)
 *   ndcg@k      = sum_r rel_r / log2(r+1) over the ideal sum to min(k,|T|) (Jaervelin, Kekaelaeinen 2002)
 *   auc         = share of (test, non-test) item pairs ranked right, ties count half (no cut); 1/2 without pairs
 *   coverage@k  = distinct items recommended / items (not a mean over users) */
typedef struct aisle_metric {
    double mean, low, high; /* low = high = mean without bootstrap, and for coverage */
} aisle_metric;

typedef struct aisle_eval_at {
    int32_t k;
    aisle_metric precision, recall, f1, accuracy, hit_rate, map, mrr, ndcg, coverage;
} aisle_eval_at;

typedef struct aisle_eval_report {
    int32_t n_users; /* evaluated */
    int32_t n_cuts;
    aisle_eval_at at[AISLE_EVAL_MAX_CUTS];
    aisle_metric auc;
    double seconds;
} aisle_eval_report;

/* train and test: users x items, rows sorted (aisle_csr_check). Ties in score are broken by smaller item id.
 * Same result for any thread count (seconds excepted). Work space: threads x (32 MiB + n_items * 2 bytes) and
 * the users' values. Errors: AISLE_EINVAL (shapes, parameters, no user to measure), AISLE_ENUMERIC (a score
 * is NaN or +INFINITY), AISLE_ECANCELED, AISLE_ENOMEM, and what source->scores returns. */
aisle_status aisle_evaluate(const aisle_eval_source *source, const aisle_csr *train, const aisle_csr *test,
                            const aisle_eval_params *p, aisle_eval_report *out, aisle_error *err);

/* Ready sources. The matrices are borrowed for the source's life; release with aisle_eval_source_free. */
/* The dot products of the rows. Packs a copy of the items. threads: as of the evaluation; 0 = all cores.
 * AISLE_EINVAL unless both have the same 1 .. AISLE_MAX_FACTORS factors. */
aisle_status aisle_eval_source_factors(const aisle_mat *users, const aisle_mat *items, int32_t threads,
                                       aisle_eval_source *out, aisle_error *err);
aisle_status aisle_eval_source_vector(const float *item_scores, int32_t n_items, aisle_eval_source *out,
                                      aisle_error *err); /* popularity: the same scores for everyone */
/* score(u, i) = sum over u's train items j of weight_uj * neighbour score(j -> i); -INFINITY when no j has
 * the neighbour i; ids/scores n_items x k, scores > 0, -1 fills. */
aisle_status aisle_eval_source_neighbours(const aisle_csr *train, const int32_t *ids, const float *scores,
                                          int32_t k, aisle_eval_source *out, aisle_error *err);
void aisle_eval_source_free(aisle_eval_source *s);

/* Appends one table that compares n >= 1 reports of the same test pairs and cut-offs: a row for each metric@k
 * and the AUC, a column for each report under its name, at most 90 columns wide for four names of up to 10
 * characters. "*" stands behind the best values of a row (to the four digits shown) unless all are equal;
 * under a row with bootstrap intervals stands a second one of low..high. */
aisle_status aisle_eval_table_text(const aisle_eval_report *reports, const char *const *names, int32_t n,
                                   aisle_buf *out, aisle_error *err);
/* Appends one JSON object {"users", "seconds", "at": [{"k", "precision": {"mean", "low", "high"}, ...}],
 * "auc": {...}}. */
aisle_status aisle_eval_report_json(const aisle_eval_report *r, aisle_buf *out, aisle_error *err);

#endif
