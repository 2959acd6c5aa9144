/* One evaluation of the command line: what is measured, on what, and what was found. */
#ifndef AISLE_SERVER_EVALUATION_H
#define AISLE_SERVER_EVALUATION_H

#include "aisle/eval.h"
#include "aisle/fit.h"
#include "aisle/hybrid.h"
#include "server/cli/training.h"

enum { AISLE_EVALUATED_MODELS = 16 };

typedef struct aisle_evaluation {
    const aisle_train_options *options;
    const char *command;
    const char *split; /* NULL = random, or none with a test file */
    const char *test, *preset, *map, *event_type;
    const char *model_name; /* file, or a version of the data folder; NULL = models are fitted */
    const char *models;     /* comma-separated kinds; NULL = those that the data allow */
    const char *compare;    /* comma-separated kinds, each against the first; NULL = none */
    const char *metric;     /* that is compared, "ndcg" or "ndcg@10" */
    const char *candidates; /* "all" or "cold" */
    const char *report;     /* HTML file; NULL = none */
    double fraction;
    int64_t folds;
    bool beyond, segments;
    aisle_eval_params params;
} aisle_evaluation;

/* The parts of a hybrid and what each weighs; of several folds the last. */
typedef struct aisle_evaluated_parts {
    int32_t n; /* 0: the model is no hybrid */
    const char *name[AISLE_HYBRID_MAX_PARTS];
    double weight[AISLE_HYBRID_SEGMENTS][AISLE_HYBRID_MAX_PARTS];
} aisle_evaluated_parts;

typedef struct aisle_evaluated_model {
    const char *name;
    const aisle_fit_kind *kind; /* NULL: of a model file */
    bool have;                  /* the data allow it; what follows holds */
    aisle_eval_report ranking;  /* unless kind->stars; over all folds, as everything here */
    aisle_stars_report stars;
    double fit_seconds;
    aisle_evaluated_parts parts;
    double *values;              /* of the metric compared: folds x users; NULL = not compared */
    aisle_comparison comparison; /* with the first of --compare */
    double holm_bootstrap, holm_wilcoxon;
} aisle_evaluated_model;

typedef struct aisle_evaluated {
    aisle_evaluated_model model[AISLE_EVALUATED_MODELS];
    int32_t n_models, n_compared; /* the compared ones stand first */
    bool named;                   /* the user has named the models: one that cannot be is an error */
    int32_t metric;               /* aisle_metric_id, or one of the two below */
    int32_t k;                    /* 0 where the metric has no cut */
    int32_t n_users, n_items, n_folds;
    int32_t n_candidates;    /* items that were ranked; of several folds the last */
    int64_t n_train, n_test; /* pairs; of all folds */
    double seconds;          /* of all of it, training included */
    aisle_train_params settings;
} aisle_evaluated;
enum { AISLE_METRIC_RMSE = AISLE_METRIC_IDS, AISLE_METRIC_MAE };

/* The name of a metric of either sort. */
const char *aisle_evaluated_metric(int32_t metric);

/* Fits or opens, measures, and prints: tables, or with options->json one {"event":"done"} line at the end; writes the
 * report. */
aisle_status aisle_evaluation_run(const aisle_evaluation *e, aisle_error *err);

#endif
