/* What the files of ratings and reviews share inside store/. */
#ifndef AISLE_SERVER_FEEDBACK_INTERNAL_H
#define AISLE_SERVER_FEEDBACK_INTERNAL_H

#include "server/store/buying_internal.h"
#include "server/store/feedback.h"

/* The row of a product that has a record and is not hidden; else AISLE_ENOTFOUND. */
aisle_status aisle_offer_row(aisle_db *db, aisle_str item, int64_t *product, aisle_error *err);
/* The stars that the person has given; 0 = none. */
aisle_status aisle_tx_stars(aisle_tx *tx, int64_t user, int64_t product, int64_t *half_stars,
                            aisle_error *err);
/* Writes them to ratings, the review and the product's summary; 0 takes them back. Not the events. */
aisle_status aisle_tx_stars_put(aisle_tx *tx, int64_t user, int64_t product, int64_t half_stars,
                                aisle_error *err);
/* The person's rating and review events of the product become these: none older stays. */
aisle_status aisle_tx_stars_events(aisle_tx *tx, int64_t user, int64_t product, int64_t half_stars,
                                   bool reviewed, aisle_error *err);
/* AISLE_ENOTFOUND; texts in the arena. */
aisle_status aisle_review_read(aisle_db *db, int64_t id, aisle_arena *a, aisle_review *out, aisle_error *err);
aisle_status aisle_tx_reviewed(aisle_tx *tx, int64_t user, int64_t product, bool *reviewed, aisle_error *err);

#endif
