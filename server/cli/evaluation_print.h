/* What an evaluation found, and its telling. */
#ifndef AISLE_SERVER_EVALUATION_PRINT_H
#define AISLE_SERVER_EVALUATION_PRINT_H

#include "server/cli/evaluation.h"

enum { AISLE_EVALUATED_MODELS = 4 };
extern const char *const aisle_evaluated_names[AISLE_EVALUATED_MODELS];

typedef struct aisle_evaluated {
    aisle_eval_report report[AISLE_EVALUATED_MODELS];
    bool wanted[AISLE_EVALUATED_MODELS], have[AISLE_EVALUATED_MODELS]; /* report[m] holds when have[m] */
    int32_t n_items;
    double seconds; /* of all of it, training included */
} aisle_evaluated;

/* One table of all models under a heading, or with --json one {"event":"done"} line. */
aisle_status aisle_evaluation_print(const aisle_evaluation *e, const aisle_evaluated *r, aisle_error *err);

#endif
