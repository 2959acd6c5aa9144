/* What an evaluation found, told: tables for people, one object for programs, which is also what the report shows. */
#ifndef AISLE_SERVER_EVALUATION_PRINT_H
#define AISLE_SERVER_EVALUATION_PRINT_H

#include <jansson.h>

#include "aisle/settings.h"
#include "server/cli/evaluation.h"

/* The tables under a heading, or with --json one {"event":"done"} line; and the report's file. */
aisle_status aisle_evaluation_print(const aisle_evaluation *e, const aisle_evaluated *r, aisle_error *err);
/* NULL when memory is short; the caller's. */
json_t *aisle_evaluation_json(const aisle_evaluation *e, const aisle_evaluated *r);
/* The settings of the data and of one kind (NULL = of the data alone): {"factors": 64, ...}. */
json_t *aisle_settings_json(const aisle_train_params *p, const char *kind);

#endif
