/* Loss and metric of each iteration of a training, kept beside its version: VERSION.curve. A resumed training has those since. */
#ifndef AISLE_SERVER_TRAINING_CURVE_H
#define AISLE_SERVER_TRAINING_CURVE_H

#include "aisle/train.h"
#include "server/jobs/registry.h"

/* Zeroed = empty. */
typedef struct aisle_training_curve {
    aisle_train_iteration *at;
    int64_t n, cap;
} aisle_training_curve;

/* Where memory is short the point is left out: a curve is no reason to lose a training. */
void aisle_training_curve_add(aisle_training_curve *c, const aisle_train_iteration *it);
/* {"search": [{"iteration", "loss", "ndcg"}], "train": [...]}: on a part, to find the best number of iterations, and on all. Nothing
 * is written for a training without iterations. */
aisle_status aisle_training_curve_write(const aisle_training_curve *c, aisle_registry *r, int64_t version,
                                        aisle_error *err);
void aisle_training_curve_deinit(aisle_training_curve *c);

#endif
