/* Quality on held-out data: ranking, stars, and whether two models differ. Every definition is the textbook's and stands
 * beside its name. */
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

/* Per user u with test items T (|T| >= 1, items of u's train row taken out), ranking all candidates outside u's
 * train row, best first, cut at k; rel_r = 1 when the item of rank r is in T. Means over these users, those with an
 * empty train row (new users) included; the others are skipped. An item scored -INFINITY ranks last and is never
 * recommended.
 *   precision@k = hits/k
 *   recall@k    = hits/|T|
 *   f1@k        = 2PR/(P+R) per user, 0 when both are 0
 *   accuracy@k  = share of all ranked items that are classed right when the top k are called relevant
 *   hit_rate@k  = [hits > 0]
 *   map@k       = (1/min(k,|T|)) sum_r rel_r precision@r (Manning et al. 2008, 8.4)
 *   mrr@k       = 1/rank of the first hit, 0 without one (Voorhees 1999)
 *   ndcg@k      = sum_r rel_r / log2(r+1) over the ideal sum to min(k,|T|) (Jaervelin, Kekaelaeinen 2002)
 *   auc         = share of (test, non-test) item pairs ranked right, ties count half (no cut); 1/2 without pairs
 *   coverage@k  = distinct items recommended / candidates (not a mean over users)
 * Beyond accuracy, of the lists of up to k items that are recommended; n_i = users with item i in their train row, U =
 * users with a train row that is not empty. Means over the users whose list is not empty:
 *   novelty@k    = mean of log2(U / max(n_i, 1)) over the list: self-information (Zhou et al. 2010)
 *   diversity@k  = 1 - mean cosine of all pairs of the list by their item vectors; a vector of length 0 is like none,
 *                  a list of one item counts 0 (intra-list similarity of Ziegler et al. 2005, turned round)
 *   popularity@k = mean of n_i over the list / mean of n_i over all train pairs: popularity bias; above 1 the lists are
 *                  more popular than what was taken (average recommendation popularity of Yin et al. 2012, scaled)
 *   gini@k       = sum_j (2j - n - 1) c_j / (n sum_j c_j), c_1 <= .. <= c_n how often each candidate is in a list:
 *                  0 = all alike, 1 - 1/n = always the same (Gini 1912; not a mean over users) */
typedef enum aisle_metric_id {
    AISLE_METRIC_PRECISION,
    AISLE_METRIC_RECALL,
    AISLE_METRIC_F1,
    AISLE_METRIC_ACCURACY,
    AISLE_METRIC_HIT_RATE,
    AISLE_METRIC_MAP,
    AISLE_METRIC_MRR,
    AISLE_METRIC_NDCG,
    AISLE_METRIC_COVERAGE,
    AISLE_METRIC_NOVELTY,
    AISLE_METRIC_DIVERSITY,
    AISLE_METRIC_POPULARITY,
    AISLE_METRIC_GINI,
    AISLE_METRIC_AUC,
    AISLE_METRIC_IDS
} aisle_metric_id;

const char *aisle_metric_name(aisle_metric_id m); /* "precision" ..: as above and in the JSON; NULL outside */

typedef struct aisle_metric {
    double mean, low, high; /* low = high = mean without bootstrap, and for coverage and gini */
} aisle_metric;

/* One metric of one user, for aisle_compare. */
typedef struct aisle_eval_values {
    aisle_metric_id metric; /* PRECISION .. NDCG, or AUC */
    int32_t k;              /* one of the cuts; not looked at for AUC */
    double *values;         /* caller's, n_users of the matrices: NaN for users that are not measured */
} aisle_eval_values;

/* Zero is "not asked for", and costs nothing, from max_users on. */
typedef struct aisle_eval_params {
    int32_t cuts[AISLE_EVAL_MAX_CUTS]; /* ascending, each 1..1000; e.g. 5 10 20 */
    int32_t n_cuts;
    int32_t threads;   /* 0 = all cores */
    int32_t bootstrap; /* resamples of users for the 95 % intervals (Efron 1979); 0 = none */
    uint64_t seed;     /* of ties, the sample of users and the resamples */
    int32_t max_users; /* 0 = all; else a seeded sample of the users with test items */
    const aisle_progress *progress;
    const uint8_t
        *candidates; /* n_items bytes: only items with 1 are ranked, and counted as test items; what a source
                                  scores the others is not looked at. NULL = all */
    const aisle_eval_values *values; /* n_values of them; NULL = none */
    int32_t n_values;
    bool beyond; /* novelty, popularity, gini */
    const aisle_csr
        *item_vectors; /* diversity; one row an item, e.g. of words or of users; borrowed; NULL = none */
    bool segments;
    int32_t light; /* light users have 1 .. light train pairs; 0 = 5 */
    double head;   /* share of the train pairs that the head items make, 0..1; 0 = .8 */
} aisle_eval_params;

typedef struct aisle_eval_at {
    int32_t k;
    aisle_metric precision, recall, f1, accuracy, hit_rate, map, mrr, ndcg, coverage;
    aisle_metric novelty, diversity, popularity, gini;
} aisle_eval_at;

/* Users by the length of their train row: new = 0, light = 1 .. params.light, heavy = more. Test items by train
 * popularity n_i: head = the most popular (ties by smaller id) that together make the share params.head of all train
 * pairs, tail = the others with a train pair, cold = those without one. A segment of items measures every user who has a
 * test item in it, the same ranking of all candidates, as if T were T within the segment. */
typedef enum aisle_segment_id {
    AISLE_SEGMENT_NEW,
    AISLE_SEGMENT_LIGHT,
    AISLE_SEGMENT_HEAVY,
    AISLE_SEGMENT_HEAD,
    AISLE_SEGMENT_TAIL,
    AISLE_SEGMENT_COLD,
    AISLE_SEGMENTS
} aisle_segment_id;

const char *aisle_segment_name(aisle_segment_id s); /* "new users" .. "cold items"; NULL outside */

typedef struct aisle_eval_segment {
    int32_t n_users;                       /* measured in it; 0 leaves the metrics 0 */
    int64_t n_pairs;                       /* their test pairs in it */
    aisle_eval_at at[AISLE_EVAL_MAX_CUTS]; /* precision .. ndcg; the others stay 0 */
} aisle_eval_segment;

typedef struct aisle_eval_report {
    int32_t n_users; /* evaluated */
    int32_t n_cuts;
    aisle_eval_at at[AISLE_EVAL_MAX_CUTS];
    aisle_metric auc;
    double seconds;
    bool beyond, diversity,
        segments; /* whether these were asked for: 0 otherwise, in neither table nor JSON */
    aisle_eval_segment segment[AISLE_SEGMENTS];
} aisle_eval_report;

/* Metric m of a cut, borrowed; NULL for AUC, which has no cut. */
const aisle_metric *aisle_eval_at_get(const aisle_eval_at *at, aisle_metric_id m);

/* train and test: users x items, rows sorted (aisle_csr_check). Items of equal score are ranked in a random order of the
 * seed's, another for every user (serving takes the smaller id): ids are the order in which items were first seen, held-out
 * events included, so that a score which tells nothing would measure as well as the items' age does. Same result for any
 * thread count (seconds excepted). Work space: threads x (32 MiB + n_items * 2 bytes + a double for each column of
 * item_vectors), n_items * 8 bytes and the users' values. On failure *out and the arrays of params->values are unchanged.
 * Errors: AISLE_EINVAL (shapes, parameters, no user to measure), AISLE_ENUMERIC (a score is NaN or +INFINITY),
 * AISLE_ECANCELED, AISLE_ENOMEM, and what source->scores returns. */
aisle_status aisle_evaluate(const aisle_eval_source *source, const aisle_csr *train, const aisle_csr *test,
                            const aisle_eval_params *p, aisle_eval_report *out, aisle_error *err);

/* Predicted stars against given ones. */
typedef struct aisle_eval_stars_params {
    double lowest, highest; /* predictions are moved into this range; both 0 = taken as they are */
    int32_t threads;        /* 0 = all cores */
    int32_t bootstrap;      /* resamples of users (their stars depend on each other); 0 = no intervals */
    uint64_t seed;
    const aisle_progress *progress;
    double *absolute,
        *squared; /* NULL, or the caller's n_users each: the user's mean |error| and mean squared error,
                                   for aisle_compare; NaN for users without a test pair */
} aisle_eval_stars_params;

/* e = prediction - stars over all test pairs that are not in train: rmse = sqrt(mean e^2), mae = mean |e|. Users and
 * items without a train pair are measured like all others. */
typedef struct aisle_stars_report {
    int32_t n_users;
    int64_t n_pairs;
    aisle_metric rmse, mae;
    double seconds;
} aisle_stars_report;

/* source: its scores are stars. stars: users x items, the stars held out. Same result for any thread count. AISLE_EINVAL
 * (shapes, parameters, no pair to measure), AISLE_ENUMERIC (a prediction that is asked for is not finite),
 * AISLE_ECANCELED, AISLE_ENOMEM, and what source->scores returns. */
aisle_status aisle_evaluate_stars(const aisle_eval_source *source, const aisle_csr *train,
                                  const aisle_csr *stars, const aisle_eval_stars_params *p,
                                  aisle_stars_report *out, aisle_error *err);

typedef struct aisle_compare_params {
    int32_t bootstrap; /* resamples; 0 = 10000 */
    int32_t threads;   /* 0 = all cores */
    uint64_t seed;
    const aisle_progress *progress;
} aisle_compare_params;

/* d_u = a_u - b_u over n users. Differences within 2^-40 of the largest are ties: they differ by rounding alone.
 *   low, high   = percentile interval (95 %) of the mean of d over resampled users (Efron 1979)
 *   p_bootstrap = (1 + resamples whose mean lies as far from the mean of d as that does from 0) / (1 + resamples): two
 *                 sides, shifted to no difference (Efron, Tibshirani 1993, 16.4; Davison, Hinkley 1997, 4.4)
 *   p_wilcoxon  = signed-rank test, two sides (Wilcoxon 1945): zeros take part in the ranking and their ranks are then
 *                 dropped (Pratt 1959), tied ranks are averaged; normal approximation with correction of the variance
 *                 for ties and of 1/2 for continuity: for about 10 or more differences that are not 0. 1 without any
 * Several comparisons at once need a correction (Holm 1979) by whoever makes them. */
typedef struct aisle_comparison {
    int32_t n;                      /* users compared */
    double mean_a, mean_b;          /* over them */
    double difference, low, high;   /* of mean_a - mean_b */
    double p_bootstrap, p_wilcoxon; /* 0..1 */
    double a_higher, b_higher;      /* shares of the users; what is left is equal */
} aisle_comparison;

/* a, b: n values each, of the same users at the same places (aisle_eval_values, absolute or squared errors). Users that
 * are NaN in both are left out; NaN in one alone is AISLE_EINVAL, for other users were measured then. Same result for any
 * thread count. AISLE_EINVAL (also: nothing to compare), AISLE_ECANCELED, AISLE_ENOMEM. */
aisle_status aisle_compare(const double *a, const double *b, int32_t n, const aisle_compare_params *p,
                           aisle_comparison *out, aisle_error *err);

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
 * and the AUC, below them what lies beyond accuracy where a report has it; a column for each report under its name, at
 * most 90 columns wide for four names of up to 10 characters. "*" stands behind the best values of a row (to the four
 * digits shown) unless all are equal; popularity and gini have no best. Under a row with bootstrap intervals stands a
 * second one of low..high. */
aisle_status aisle_eval_table_text(const aisle_eval_report *reports, const char *const *names, int32_t n,
                                   aisle_buf *out, aisle_error *err);
/* Appends the same for the segments: under each one's name and size, recall, hit rate and ndcg at every cut. Segments
 * without users are left out; nothing at all is appended when no report has segments. */
aisle_status aisle_eval_segments_text(const aisle_eval_report *reports, const char *const *names, int32_t n,
                                      aisle_buf *out, aisle_error *err);
/* Appends one JSON object {"users", "seconds", "at": [{"k", "precision": {"mean", "low", "high"}, ...}],
 * "auc": {...}}; with segments also "segments": [{"name", "users", "pairs", "at": [...]}], those without users left
 * out. */
aisle_status aisle_eval_report_json(const aisle_eval_report *r, aisle_buf *out, aisle_error *err);
/* {"users", "pairs", "rmse": {"mean", "low", "high"}, "mae": {...}, "seconds"} */
aisle_status aisle_stars_report_json(const aisle_stars_report *r, aisle_buf *out, aisle_error *err);
/* {"users", "mean_a", "mean_b", "difference": {"mean", "low", "high"}, "p_bootstrap", "p_wilcoxon", "a_higher",
 * "b_higher"} */
aisle_status aisle_comparison_json(const aisle_comparison *c, aisle_buf *out, aisle_error *err);

#endif
