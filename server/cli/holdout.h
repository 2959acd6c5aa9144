/* The events of a shop as a training part and a held-out one, for commands that measure. The k-core is taken first, of
 * all events. */
#ifndef AISLE_SERVER_HOLDOUT_H
#define AISLE_SERVER_HOLDOUT_H

#include "aisle/part.h"
#include "aisle/train.h"

typedef struct aisle_holdout {
    const aisle_dataset *d;  /* borrowed */
    uint8_t *in;             /* after the k-core */
    aisle_part *part, *held; /* held NULL: nothing is */
    int64_t n_kept;          /* events of `part` */
} aisle_holdout;

extern const char *const aisle_split_names[];         /* in the order of aisle_split_kind; ends with NULL */
aisle_split_kind aisle_split_named(const char *name); /* NULL = random */

/* Begins h, zeroed; takes the cores out of *p, as they are done. deinit also after a failure. */
aisle_status aisle_holdout_core(aisle_holdout *h, const aisle_dataset *d, aisle_train_params *p,
                                aisle_error *err);
/* Either may be called again: the parts are made anew. AISLE_EINVAL when a side is empty. */
aisle_status aisle_holdout_all(aisle_holdout *h, const aisle_weights *w, int32_t threads, aisle_error *err);
aisle_status aisle_holdout_split(aisle_holdout *h, const aisle_split_params *split, const aisle_weights *w,
                                 int32_t threads, aisle_error *err);
/* Takes the test part of a split out of h for good: what is asked for afterwards never sees it. */
aisle_status aisle_holdout_set_aside(aisle_holdout *h, const aisle_split_params *split, aisle_error *err);
/* The lowest and the highest stars of the training part. */
aisle_status aisle_holdout_range(const aisle_holdout *h, double *lowest, double *highest, aisle_error *err);
void aisle_holdout_deinit(aisle_holdout *h);

#endif
