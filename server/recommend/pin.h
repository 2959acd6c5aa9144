/* Products that have a place of their own in a list. */
#ifndef AISLE_SERVER_PIN_H
#define AISLE_SERVER_PIN_H

#include "server/recommend/choose.h"

struct aisle_pin {
    aisle_str product;
    int32_t position; /* 1 = the first */
};

/* Puts the pins of c->wishes at their places in hits, which has at most c->n of room; the others move behind. Places count from the
 * first page on, and `before` products stood on the pages before this one; a pin of an earlier place comes first. A product that is not
 * allowed by c's filter, or of which masked says so (NULL = none), is passed over; so is what the shelf does not know. The first
 * pin to a place stands there, the next behind it; beyond the end is the end. A pinned product has the score and the reasons that
 * the source gives it, else 0 and none. Caps let pinned products through, which count for them: of the others those go that would be
 * too many. AISLE_ENOMEM, AISLE_EIO and the source's errors. */
aisle_status aisle_pin_hits(const aisle_choosing *c, int64_t before,
                            bool (*masked)(const void *ctx, int32_t item), const void *ctx, aisle_hits *hits,
                            aisle_error *err);

#endif
