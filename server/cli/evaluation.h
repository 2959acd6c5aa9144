/* One evaluation of the command line: what is measured, on what, and how it is told. */
#ifndef AISLE_SERVER_EVALUATION_H
#define AISLE_SERVER_EVALUATION_H

#include "aisle/eval.h"
#include "aisle/model.h"
#include "server/cli/training.h"

typedef struct aisle_evaluation {
    const aisle_train_options *options;
    const char *command;
    const char *split; /* NULL = random, or none with a test file */
    const char *test, *preset, *map, *event_type;
    const char *model_name; /* file, or a version of the data folder */
    const char *models;     /* comma-separated */
    double fraction;
    aisle_eval_params params;
} aisle_evaluation;

/* Trains or opens, measures, and prints: tables, or with options->json one {"event":"done"} line at the end.
 */
aisle_status aisle_evaluation_run(const aisle_evaluation *e, aisle_error *err);

#endif
