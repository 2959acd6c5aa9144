/* A hybrid: its parts, how their scores are made comparable, and the weights; private to cpu/fit. */
#ifndef AISLE_CPU_FIT_HYBRID_PARTS_H
#define AISLE_CPU_FIT_HYBRID_PARTS_H

#include "aisle/fit.h"
#include "aisle/hybrid.h"
#include "cpu/rank/table_rank.h"

#define HYBRID_USUAL_PARTS "als-content,als,item-knn,ease,content,popular,trending,demographic"

enum {
    HYBRID_EASE_ITEMS =
        6000, /* of EASE as a usual part: above it its inverse takes longer than all other parts */
    /* EASE's weights for an item: what a hybrid recommends is the same (bench/NOTES.md, "Served hybrids"), and a request and
     * a model file have an eighth of them for 4,000 items */
    HYBRID_EASE_KEPT = 500,
    HYBRID_USERS = 3000, /* that weights are learned on, at most */
    HYBRID_TOP = 100,    /* candidates of each part */
    HYBRID_BLOCK = 16    /* users scored together */
};

typedef struct hybrid_parts {
    int32_t n;
    bool named; /* by the user: all must be there. Else those whose data are missing are left out */
    const aisle_fit_kind *kind[AISLE_HYBRID_MAX_PARTS];
    aisle_eval_source source[AISLE_HYBRID_MAX_PARTS];
} hybrid_parts;

/* The kinds of params->hybrid.parts, or of `usual` (a comma-separated list; names that the table lacks are left out). */
aisle_status hybrid_parts_choose(const aisle_train_params *params, const char *usual, hybrid_parts *out,
                                 aisle_error *err);
/* Fits part after part by `one`, each to its slot of whatever ctx is, and drops those that the data do not allow; p->named as
 * above. Settings of the parts are those of *in, but for what only makes sense for a single fit. After a failure *p is as it
 * was, and what was fitted is ctx's to release. */
typedef aisle_status (*hybrid_fit_one)(void *ctx, const aisle_fit_kind *kind, const aisle_fit_input *in,
                                       int32_t slot, aisle_error *err);
aisle_status hybrid_parts_each(hybrid_parts *p, const aisle_fit_input *in, hybrid_fit_one one, void *ctx,
                               aisle_error *err);
aisle_status hybrid_parts_fit(hybrid_parts *p, const aisle_fit_input *in, aisle_error *err);
/* Only the fitted models: the kinds stay chosen. */
void hybrid_parts_unfit(hybrid_parts *p);

/* What makes one part's scores of one user comparable (rank_scaled). seen: ascending ids of the n_seen items that do not
 * count; their scores become -INFINITY. room: HYBRID_ROOM entries. */
typedef struct hybrid_row {
    int32_t n_items, n_seen;
    const int32_t *seen;
    double fusion_k;
    uint64_t *room;
    float *scores;
} hybrid_row;
typedef rank_scale (*hybrid_scale)(const hybrid_row *r);
enum { HYBRID_FUSED = 1000, HYBRID_ROOM = 2 * HYBRID_FUSED + 32 + HYBRID_FUSED };

rank_scale hybrid_scale_deviation(const hybrid_row *r);
rank_scale hybrid_scale_rank(const hybrid_row *r); /* puts what counts in the scores' place */

typedef struct hybrid {
    const aisle_part *part;
    hybrid_parts parts;
    hybrid_scale scale;
    double fusion_k;
    int32_t few;
    float weight[AISLE_HYBRID_SEGMENTS][AISLE_HYBRID_MAX_PARTS];
} hybrid;

/* Users to be scored, and the thread's room. */
typedef struct hybrid_asked {
    int32_t thread, n_users;
    const int32_t *users;
    uint64_t *room;
} hybrid_asked;

/* The segment of a user by the pairs of the part. */
aisle_hybrid_segment hybrid_segment(const aisle_part *part, int32_t few, int32_t user);

/* What part p says of users[n_users]: out[n_users x items], and how each row is scaled. */
aisle_status hybrid_part_rows(const hybrid *h, int32_t p, const hybrid_asked *a, float *out,
                              rank_scale *scales, aisle_error *err);

/* Sets h->weight from pairs held out of h->part. h->parts are chosen and not fitted; those that the held-in data could not
 * feed are dropped. Nothing is learned, and nothing set, where too little is left to fit anything to. */
aisle_status hybrid_learn(hybrid *h, const aisle_fit_input *in, bool *learned, aisle_error *err);
void hybrid_weigh_equally(hybrid *h);

/* Takes h over: fits the parts to the whole part and makes the source. Frees h on failure. */
aisle_status hybrid_finish(hybrid *h, const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err);
hybrid *hybrid_new(const aisle_fit_input *in, hybrid_scale scale, aisle_error *err); /* NULL: out of memory */
void hybrid_free(void *h);

#endif
