/* A hold-out that a training makes while it reads the shop, and what models are worth on it: of one person in N, the item of the
 * newest event that counts, and is no purchase that was cancelled, is kept out of the training, and asked for afterwards. Who is held out follows from a hash of the
 * id alone, so that the next training holds out the same people: their newest items are then unknown to that model and to
 * the one before it, and the two can be compared on them. Evaluating by splits is holdout.h's. */
#ifndef AISLE_SERVER_HELD_PEOPLE_H
#define AISLE_SERVER_HELD_PEOPLE_H

#include "aisle/dataset.h"
#include "aisle/model.h"

enum {
    AISLE_HELD_CUT = 10,
    AISLE_HELD_MOST = 2000
}; /* measured at most, of those held out: by their hashes */

typedef struct aisle_held aisle_held;
/* one_in >= 2. Passes everything on to `to`, but for the events of who is held out, which are kept in memory until finish. w
 * says which events count: positive weight; borrowed. NULL: no memory. */
aisle_held *aisle_held_new(aisle_sink to, int32_t one_in, const aisle_weights *w);
void aisle_held_free(aisle_held *h); /* NULL is a no-op */
aisle_sink aisle_held_sink(aisle_held *h);
/* All events have come: passes on those of the people held out, all but those on the item that is asked for. Of whom nothing
 * else is known nothing is held out. */
aisle_status aisle_held_finish(aisle_held *h, aisle_error *err);
int32_t aisle_held_count(const aisle_held *h); /* people that are measured */
int32_t aisle_held_one_in(const aisle_held *h);

/* Of each person NDCG@10 of the one item, 1 / log2(1 + rank) or 0 beyond 10, when the model is asked with what else he did, as
 * of a person that it does not know; items that he has otherwise are not recommended. values: [count]. */
aisle_status aisle_held_measure(const aisle_held *h, const aisle_model *m, double *values, aisle_error *err);

#endif
