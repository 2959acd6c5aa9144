/* The lists of names on the command line of `aisle evaluate`: models, what is compared, by which metric. */
#ifndef AISLE_SERVER_EVALUATION_NAMES_H
#define AISLE_SERVER_EVALUATION_NAMES_H

#include "server/cli/evaluation.h"

/* Fills the models and the metric of r; AISLE_EINVAL names what is unknown and what there is. */
aisle_status aisle_evaluated_names(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err);
/* Room for the values to compare, once n_users and n_folds are known. */
aisle_status aisle_evaluated_make_room(aisle_evaluated *r, aisle_error *err);
/* "NAME" or "NAME@K"; without @K the largest of `cuts`, which it must be among; stars: RMSE and MAE alone. */
aisle_status aisle_metric_parse(const char *text, bool stars, const aisle_eval_params *cuts, int32_t *metric,
                                int32_t *k, aisle_error *err);
/* Comma-separated kinds of the table for an error message or a help text. */
const char *aisle_kind_names(void);

#endif
