/* The state file of a search: JSON lines, the first says of what search; private to cpu/tune. */
#ifndef AISLE_CPU_TUNE_TUNE_STATE_H
#define AISLE_CPU_TUNE_TUNE_STATE_H

#include "aisle/tune.h"

/* Opens p->state for appending: new, or with the looks that it holds given to `found` in their order, which may refuse
 * one. AISLE_ECONFLICT, AISLE_EFORMAT as aisle_tune. */
aisle_status aisle_tune_state_open(const aisle_tune_params *p,
                                   aisle_status (*found)(void *ctx, const aisle_tune_look *look,
                                                         aisle_error *err),
                                   void *ctx, FILE **out, aisle_error *err);
/* On the disk when it returns. */
aisle_status aisle_tune_state_add(const aisle_tune_params *p, FILE *f, const aisle_tune_look *look,
                                  aisle_error *err);

#endif
