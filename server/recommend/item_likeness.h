/* How alike two items of a shelf are, by what its model has of them. */
#ifndef AISLE_SERVER_ITEM_LIKENESS_H
#define AISLE_SERVER_ITEM_LIKENESS_H

#include "server/jobs/shelf.h"

/* The cosine of their factors; where the model has none of one of them, of their texts; 0 where there are none either. -1..1, and
 * the same number on every machine. */
double aisle_likeness(const aisle_shelf *s, int32_t a, int32_t b);

#endif
