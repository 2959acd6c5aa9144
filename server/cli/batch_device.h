/* Lists of users by their trained factors, computed by a back-end: what an accelerator can take over of `aisle batch`. */
#ifndef AISLE_SERVER_BATCH_DEVICE_H
#define AISLE_SERVER_BATCH_DEVICE_H

#include "aisle/backend.h"
#include "server/cli/model_source.h"

typedef struct aisle_batch_device {
    const aisle_backend_ops *ops; /* NULL = none */
    aisle_device *device;
    aisle_dev_mat *users, *items; /* items: the model's, then the newcomers */
    aisle_csr seen;               /* what is left out of each user's list; n_cols as items */
    bool own_seen;
} aisle_batch_device;

/* Factors of the source's model and newcomers, onto the device. include_seen: only disliked items are left out. d is the
 * caller's storage; close also after a failure. */
aisle_status aisle_batch_device_open(const aisle_backend_ops *ops, const aisle_device_params *p,
                                     const aisle_model_source *s, bool include_seen, aisle_batch_device *d,
                                     aisle_error *err);
/* The n best items that s->allowed lets pass of users first .. first + n_users - 1: ids and scores [n_users x n], -1 and 0 fill.
 * They are those of aisle_scorer_recommend with the user alone, of a model without hybrid; scores differ by the rounding of
 * sums in another order. */
aisle_status aisle_batch_device_lists(const aisle_batch_device *d, const aisle_model_source *s, int32_t first,
                                      int32_t n_users, int32_t n, int32_t *ids, float *scores,
                                      aisle_error *err);
void aisle_batch_device_close(aisle_batch_device *d);

#endif
