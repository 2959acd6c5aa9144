/* What is known of somebody when a list is made: named items, or the newest events of a user. */
#ifndef AISLE_SERVER_GIVEN_H
#define AISLE_SERVER_GIVEN_H

#include "aisle/scorer.h"
#include "server/cli/model_source.h"

enum { AISLE_GIVEN_MAX = 1000 };

typedef struct aisle_given {
    int32_t n, n_disliked;
    aisle_weighted_item at[AISLE_GIVEN_MAX];
    int32_t disliked[AISLE_RECENT_MAX];
    int32_t groups[AISLE_GROUP_ATTRIBUTES];
} aisle_given;

/* Adds the items of "a,b,c" with this weight. AISLE_EINVAL, AISLE_ENOTFOUND name the id. */
aisle_status aisle_given_items(const aisle_model_source *s, const char *list, float weight, aisle_given *g,
                               aisle_error *err);
/* The newest events of a user that the training has not counted, as the server's answer takes them. known: the model's
 * number of the user, -1 = none. */
aisle_status aisle_given_recent(aisle_model_source *s, const aisle_weights *w, int32_t known, aisle_str user,
                                aisle_given *g, aisle_error *err);
/* The groups of somebody with a record whom the model has not met, into q. */
aisle_status aisle_given_groups(aisle_model_source *s, aisle_str user, aisle_given *g, aisle_query *q,
                                aisle_error *err);

#endif
