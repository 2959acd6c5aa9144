/* Who asks, as the model and the scorer know it: their number, what they did last, what they dislike. */
#ifndef AISLE_SERVER_TASTE_H
#define AISLE_SERVER_TASTE_H

#include "server/recommend/ask.h"

typedef struct aisle_taste {
    int32_t user; /* the model's, -1 = unknown */
    const int32_t *
        groups; /* AISLE_GROUP_ATTRIBUTES of who has a record and is not the model's; NULL = as the model has them */
    aisle_weighted_item *recent; /* newest events and the items named in the question */
    int32_t *exclude;            /* disliked, and those named in the question */
    int32_t n_recent, n_exclude;
    int32_t exclude_room; /* that `exclude` has */
} aisle_taste;

/* Everything in the arena of w. Ids that the shelf does not know are passed over. */
aisle_status aisle_taste_gather(const aisle_answering *w, const aisle_ask *ask, aisle_taste *out,
                                aisle_error *err);
/* Takes out of *t what ask->sight does not look at: its items are excluded instead. */
aisle_status aisle_taste_narrow(const aisle_answering *w, const aisle_ask *ask, aisle_taste *t,
                                aisle_error *err);

/* For who asks about one item, whether it is left out: seen, disliked, or excluded. ctx: an aisle_tasting. */
typedef struct aisle_tasting {
    const aisle_shelf *shelf;
    const aisle_taste *taste;
} aisle_tasting;
bool aisle_taste_masks(const void *ctx, int32_t item);

#endif
