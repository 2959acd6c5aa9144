/* The settings of experiments as they come (a body) and go (an answer). */
#ifndef AISLE_SERVER_EXPERIMENT_BODY_H
#define AISLE_SERVER_EXPERIMENT_BODY_H

#include "server/http/handlers/handlers.h"
#include "server/store/learning.h"

/* The body's set; *out lies in the request's arena. Everything is checked but whether the models are there. AISLE_EINVAL: noted
 * for the problem. */
aisle_status aisle_experiment_body(aisle_request *r, aisle_experiment_set *out);

/* Members for an answer: the settings of an experiment but for its variants, and of a variant. NULL: out of memory. */
json_t *aisle_experiment_settings(const aisle_experiment *e);
json_t *aisle_variant_settings(const aisle_variant *v);

#endif
