/* What weights are learned on: users with held-out pairs and the items that could be recommended to them; private to
 * cpu/fit. */
#ifndef AISLE_CPU_FIT_HYBRID_SAMPLE_H
#define AISLE_CPU_FIT_HYBRID_SAMPLE_H

#include "cpu/fit/hybrid_parts.h"

enum { HYBRID_HELD = 1, HYBRID_NEW_ITEM = 2 };

/* Candidates of a user: the best HYBRID_TOP items of each part together. Others have next to no chance to be among the
 * first few of a sum of parts, and a held-out item that no part has so far up is missed by every weighting. */
typedef struct hybrid_sample {
    int32_t n_users, n_parts;
    int32_t *n_held; /* of each user, candidates or not: what the ideal is made of */
    uint8_t *segment;
    int32_t *n;     /* candidates of each user, ascending by item */
    int64_t stride; /* user u's are u * stride .. u * stride + n[u] - 1 of: */
    float *c;       /* x n_parts: scaled scores */
    uint8_t *mark;  /* HYBRID_HELD | HYBRID_NEW_ITEM */
} hybrid_sample;

typedef struct hybrid_sampling {
    const hybrid *h;         /* fitted */
    const aisle_csr *held;   /* users x items */
    const uint8_t *eligible; /* items that may be candidates */
    int32_t max_users, threads;
    uint64_t seed;
    const aisle_progress *progress;
} hybrid_sampling;

/* Users with a held-out pair of an eligible item that they have no other pair with, a seeded sample of them. n_users 0
 * when there is none. */
aisle_status hybrid_sample_init(hybrid_sample *s, const hybrid_sampling *p, aisle_error *err);
void hybrid_sample_deinit(hybrid_sample *s);

/* NDCG@20 of each user of the segment (-1 = all) into values (0 for the others), and its mean over them. usual weighs what
 * is not marked new; new_item what is, NULL: those are no candidates. Same result for any thread count. */
typedef struct hybrid_weights {
    const float *usual, *new_item;
    int segment;
} hybrid_weights;
double hybrid_sample_ndcg(const hybrid_sample *s, const hybrid_weights *w, int32_t threads, double *values);

#endif
