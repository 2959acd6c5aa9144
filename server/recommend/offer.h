/* What may be shown now: the items of a shelf whose products are shown, in stock and pass a filter. Every change of a product
 * counts from the moment that it was answered. */
#ifndef AISLE_SERVER_OFFER_H
#define AISLE_SERVER_OFFER_H

#include "server/recommend/ask.h"

/* *out: a bitmap of aisle_shelf_words(w->shelf), the same address for equal filters while nothing changes; valid as long as the
 * arena of w, and not to be written to. Where the shop keeps no catalogue, all of the model's items are there, with no brand,
 * price or other trait. Answered from the shelf's cache; a changed product costs about a microsecond once a filter, a new filter
 * a few passes over the products, and no more than 2 ms of 100,000. AISLE_ENOMEM, AISLE_EIO. */
aisle_status aisle_offer_bits(const aisle_answering *w, const aisle_filter *f, const uint64_t **out,
                              aisle_error *err);

#endif
