/* The ALS loop over the back-end table; private to cpu/train. No kernels here. */
#ifndef AISLE_CPU_TRAIN_ALS_LOOP_H
#define AISLE_CPU_TRAIN_ALS_LOOP_H

#include "aisle/train.h"

/* Where a run stands: what a checkpoint holds beside the factors. */
typedef struct aisle_als_state {
    int32_t searching; /* 1: with pairs held out */
    int32_t iteration; /* done in this phase */
    int32_t best_iteration;
    int32_t pad;
    double best_ndcg, loss;
} aisle_als_state;

/* A checkpoint file: "AISLECKP" · u32 version · u32 0 · u64 fingerprint · i32 n_users, n_items, factors, 0 ·
 * state · users f32 · items f32 · u64 hash of all before. Written and read on one kind of machine: native
 * byte order. */
aisle_status aisle_checkpoint_write(const char *path, uint64_t fingerprint, const aisle_als_state *s,
                                    const aisle_mat *users, const aisle_mat *items, aisle_error *err);
/* users and items have the sizes wanted. AISLE_ECONFLICT: of other data or settings; AISLE_EFORMAT: damaged.
 */
aisle_status aisle_checkpoint_read(const char *path, uint64_t fingerprint, aisle_als_state *s,
                                   aisle_mat *users, aisle_mat *items, aisle_error *err);
/* Over everything that the result of ALS depends on. */
uint64_t aisle_als_fingerprint(const aisle_csr *c, const aisle_train_params *p);

typedef struct aisle_als_fitted {
    aisle_mat users, items;     /* the caller's to release; ld may exceed the number of factors */
    float *confidence;          /* of the items, as in aisle_trained; the caller's to release; NULL = all 1 */
    aisle_als_params objective; /* what was minimised: a0 and reg where the settings left them to the data */
    aisle_als_state state;      /* how it ended */
} aisle_als_fitted;

/* p with a0 and reg by the data where they are 0; aisle_train_params says how. */
aisle_als_params aisle_als_objective(const aisle_csr *c, const aisle_als_params *p);

/* Trains factors for c: search with held-out pairs when p->validation > 0, then the run on all of c. Factors are
 * on the device alone while it works, unless p wants a validation or a checkpoint. *ct becomes the transpose of c,
 * made when the search is over, and the caller's to release. gram: factors x factors, the items' Gramian. *out is
 * empty after a failure. */
aisle_status aisle_als_fit(const aisle_trainer *t, const aisle_train_params *p, const aisle_csr *c,
                           aisle_csr *ct, float *gram, aisle_als_fitted *out, aisle_error *err);

/* Moves each pair into `held` with probability p->validation, by a random number of the pair's own. */
aisle_status aisle_als_hold_out(const aisle_csr *c, const aisle_train_params *p, aisle_csr *rest,
                                aisle_csr *held, aisle_error *err);

/* s_i of aisle_train_params.item_damping for ct (items x users) into *out, the caller's to release. */
aisle_status aisle_item_confidence(const aisle_csr *ct, float damping, float **out, aisle_error *err);

#endif
