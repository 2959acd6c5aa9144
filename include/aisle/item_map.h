/* A picture of what a model has learned: its most popular items as points of a plane, so that items with factors alike lie
 * close. For people to look at; nothing is recommended by it. */
#ifndef AISLE_ITEM_MAP_H
#define AISLE_ITEM_MAP_H

#include "aisle/model.h"

typedef struct aisle_item_map {
    int32_t n;       /* points; 0 = the model has no factors */
    int32_t *items;  /* [n] most popular first, ties by smaller number */
    float *at;       /* [n x 2] along the two axes, around 0 */
    double share[2]; /* of all their variance that each axis holds, 0..1, the larger first */
} aisle_item_map;

/* The `most` items (1 or more) of the largest popularity that have factors at all, seen along the two principal axes of their
 * factors: eigenvectors of (Y - mean)'(Y - mean), the largest component of each positive. Same bytes for any number of
 * threads. Time O(n f^2 + f^3) and a sort of all items. AISLE_ENOMEM, AISLE_ENUMERIC; *out is written only on success. */
aisle_status aisle_item_map_new(const aisle_model *m, int32_t most, aisle_item_map *out, aisle_error *err);
void aisle_item_map_deinit(aisle_item_map *map);

#endif
