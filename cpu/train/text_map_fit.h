/* Learning the map from text to item factors; private to cpu/train and cpu/fit. */
#ifndef AISLE_CPU_TRAIN_TEXT_MAP_FIT_H
#define AISLE_CPU_TRAIN_TEXT_MAP_FIT_H

#include "aisle/train.h"

typedef struct text_map_input {
    const aisle_csr *text;        /* items x terms, rows of length 1 or empty */
    const float *pairs;           /* items: how many pairs each has */
    double reg;                   /* > 0 */
    const aisle_trainer *trainer; /* threads and progress */
} text_map_input;

/* Learns the map from the factors y of the items with pairs and text; then gives the items with text and without pairs
 * theirs by it, in y. *out: the caller's; empty, and y as it was, where no item has both pairs and text. Same bytes for
 * any number of threads. */
aisle_status text_map_fit(const text_map_input *in, aisle_mat *y, aisle_text_map *out, aisle_error *err);
/* Whether any item has text and no pair. */
bool text_map_has_new(const text_map_input *in);

#endif
