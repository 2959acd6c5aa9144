/* Users with factors on their way to the best items, as many as one pass over the table serves. Not public. */
#ifndef AISLE_CPU_FACTOR_SCAN_H
#define AISLE_CPU_FACTOR_SCAN_H

#include "cpu/score/score_state.h"

enum { FACTOR_ASKS = 64 }; /* more at once save nothing: compact_topn takes as many at a time */

typedef struct factor_asks {
    const aisle_model *m;
    int32_t n; /* that wait */
    const aisle_query *query[FACTOR_ASKS];
    aisle_hits *out[FACTOR_ASKS];
    top_heap heap[FACTOR_ASKS];    /* in out->hit: of what is newer than the model */
    int64_t rows[FACTOR_ASKS + 1]; /* into the scorer's left_out */
} factor_asks;

/* Room for these queries, 1 to FACTOR_ASKS. Users are of the model. */
aisle_status factor_asks_start(aisle_scorer *s, const aisle_model *m, const aisle_query *q, int32_t n,
                               factor_asks *asks, aisle_error *err);
/* Where the factors of the next one go, with room for AISLE_KERNEL_SLACK behind them. */
float *factor_asks_next(aisle_scorer *s, factor_asks *asks);
/* The next one, whose factors are there; given and f are of q. Answered now where the model has no table, else by finish:
 * q and out must live until then. */
void factor_asks_add(aisle_scorer *s, factor_asks *asks, const aisle_query *q, given_items given,
                     const score_filter *f, aisle_hits *out);
aisle_status factor_asks_finish(aisle_scorer *s, factor_asks *asks, aisle_error *err);

#endif
