/* What lies beyond accuracy in a list: novelty, popularity, diversity, and how lists share the catalogue; private to
 * cpu/eval. */
#ifndef AISLE_CPU_EVAL_BEYOND_H
#define AISLE_CPU_EVAL_BEYOND_H

#include "aisle/eval.h"

/* A user's values of one cut. */
enum { AISLE_BEYOND_NOVELTY, AISLE_BEYOND_DIVERSITY, AISLE_BEYOND_POPULARITY, AISLE_BEYOND };

typedef struct aisle_beyond {
    const aisle_eval_params *p;
    int32_t n_items;
    double *novelty, *popularity; /* of each item; NULL = not asked for, as are those below */
    int32_t *listed; /* n_cuts x n_items: lists with the item at a rank of this cut and not of the one
                                     before; whole numbers, so threads may add in any order */
    double *scale;   /* 1 / length of each item's vector; 0 for a vector of length 0 */
    double *sums;    /* threads x columns of the vectors; all zero between users */
} aisle_beyond;

/* popularity[n_items]: train users of each item. AISLE_ENOMEM. Release with aisle_beyond_deinit, failed or not. */
aisle_status aisle_beyond_init(aisle_beyond *b, const aisle_csr *train, const int32_t *popularity,
                               const aisle_eval_params *p, int32_t threads, aisle_error *err);
void aisle_beyond_deinit(aisle_beyond *b);

/* values[n_cuts * AISLE_BEYOND] of a list, the best first; a list of none gives NaN. */
void aisle_beyond_user(aisle_beyond *b, int32_t thread, const int32_t *top, int32_t n_top, double *values);

/* Over all lists so far, at cut number c. */
aisle_status aisle_beyond_gini(const aisle_beyond *b, int32_t c, double *gini, aisle_error *err);

#endif
