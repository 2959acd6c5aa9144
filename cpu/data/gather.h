/* The catalogue and the users' attributes that event rows carry along, gathered for the end of an import.
 * Private to cpu/data. */
#ifndef AISLE_CPU_DATA_GATHER_H
#define AISLE_CPU_DATA_GATHER_H

#include "aisle/shop.h"

typedef struct gather gather;

gather *gather_new(void);
void gather_free(gather *g);

/* What one event row says of its product. Title: the most frequent non-empty one wins, ties the first seen;
 * price
 * (-1 = none): the newest, ties the later row; the rest: the first non-empty. false: out of memory. */
bool gather_product(gather *g, const aisle_product *p, int64_t at_ms);
/* First non-empty value of each attribute wins. */
bool gather_user(gather *g, const aisle_user *u);

/* Sends everything in order of first sight; counts what was sent. */
aisle_status gather_send(const gather *g, const aisle_sink *sink, aisle_str currency, int64_t *products,
                         int64_t *users, aisle_error *err);

#endif
