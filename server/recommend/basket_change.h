/* What a person's purchases change about all baskets: those of every purchase, less those of the purchases up to some moment. */
#ifndef AISLE_SERVER_BASKET_CHANGE_H
#define AISLE_SERVER_BASKET_CHANGE_H

#include "server/store/event_scan.h"

/* A basket that came (delta 1) or is no more (-1): n distinct products, by their rows. */
typedef struct aisle_basket_delta {
    const int32_t *rows;
    int32_t n, delta;
} aisle_basket_delta;

/* list: one person's purchases and cancels in the order of their ids. Baskets of all of them that are none of those with ids up to
 * `before`, and the other way round, into *out[*n_out], in the arena. n log n: some 10 ms for 10,000 orders. AISLE_ENOMEM. */
aisle_status aisle_basket_change(const aisle_bought *list, int32_t n, int64_t before, aisle_arena *a,
                                 aisle_basket_delta **out, int32_t *n_out, aisle_error *err);

#endif
