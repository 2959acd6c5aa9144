/* What a hybrid is made of, and which part gave which share of a score. For sources that the kinds "hybrid", "fusion" and
 * "switch" of fit.h made; of any other source the number of parts is 0.
 *
 *   score(u, i) = sum over parts p of w_sp c_p(u, i)
 *
 * s is the segment of user and item below; w_sp >= 0, sum over p = 1 but for new items. c_p is p's score made
 * comparable, >= 0, per user, over the items that the user has no pair with:
 *   hybrid  (score - lowest finite score) / standard deviation; 0 where p cannot rank the item
 *   fusion  1 / (k + rank), rank 1.. by p among the best 1000, 0 below (Cormack, Clarke, Buettcher 2009); w = 1 / parts
 *   switch  as hybrid; one part of each segment weighs 1
 * Weights of "hybrid" are learned on pairs held out of the part it is fitted to (cpu/fit/hybrid_learn.c). */
#ifndef AISLE_HYBRID_H
#define AISLE_HYBRID_H

#include "aisle/eval.h"
#include "aisle/table.h"
#include "aisle/train.h"

int32_t aisle_hybrid_parts(const aisle_eval_source *s);
const char *aisle_hybrid_part(const aisle_eval_source *s, int32_t p); /* the kind's name; static */
double aisle_hybrid_weight(const aisle_eval_source *s, aisle_hybrid_segment segment, int32_t p);

/* shares[k * parts + p] = w_sp c_p(u, items[k]) / score: sums to 1 over p, or is all 0 where the score is 0. thread: as of
 * the source's scores. AISLE_EINVAL when s is no hybrid or an item is out of range. */
aisle_status aisle_hybrid_shares(const aisle_eval_source *s, int32_t thread, int32_t user,
                                 const int32_t *items, int32_t n, float *shares, aisle_error *err);

/* What params->model says: aisle_train, and for a hybrid besides it the tables of one into out->hybrid: the parts and weights
 * that the kind "hybrid" has when it is fitted to the same events, no part of factors being fitted twice for it. AISLE_EINVAL
 * names a part that cannot score a user by given items alone, user-knn. */
aisle_status aisle_hybrid_train(const aisle_dataset *d, const aisle_train_params *p, const aisle_trainer *t,
                                aisle_trained *out, aisle_error *err);

/* Bytes that a hybrid takes beside those of aisle_train_bytes, about, without its texts; 0 where params->model makes none. */
int64_t aisle_hybrid_bytes(const aisle_trainer *t, const aisle_train_sizes *s, const aisle_train_params *p);

#endif
