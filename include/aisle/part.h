/* The part of a shop's data that a model may learn from, and nothing else. Every model is fitted to a part, so what
 * was held out cannot leak: vocabulary, document frequencies, popularity and norms are made here, of the kept events. */
#ifndef AISLE_PART_H
#define AISLE_PART_H

#include "aisle/dataset.h"
#include "aisle/progress.h"
#include "aisle/text.h"

typedef struct aisle_part aisle_part;

/* d and keep (a mask of d's events; NULL = all) are borrowed for the part's life. threads: 0 = all cores. AISLE_EINVAL
 * when no pair of positive weight is left. */
aisle_status aisle_part_new(const aisle_dataset *d, const uint8_t *keep, const aisle_weights *w,
                            int32_t threads, aisle_part **out, aisle_error *err);
void aisle_part_free(aisle_part *p);

/* What follows is borrowed for the part's life. Rows and columns are the dataset's dense users and items, those without
 * a kept event included: their rows are empty. */
int32_t aisle_part_n_users(const aisle_part *p);
int32_t aisle_part_n_items(const aisle_part *p);
const aisle_csr *
aisle_part_pairs(const aisle_part *p); /* users x items, confidences > 0 (aisle_dataset_matrix) */
/* The same with dislikes, below 0 (aisle_dataset_preferences): what ALS is fitted to, and nobody should be shown. The
 * same matrix where there are none. */
const aisle_csr *aisle_part_preferences(const aisle_part *p);
const aisle_csr *aisle_part_by_item(const aisle_part *p); /* the transpose of the pairs */
const uint8_t *aisle_part_fresh(const aisle_part *p);     /* of each item: 1 = without a pair */
const aisle_weights *aisle_part_weights(const aisle_part *p);
/* Catalogue and user records, which are known before any event. */
aisle_product aisle_part_product(const aisle_part *p, int32_t item);
aisle_user aisle_part_user(const aisle_part *p, int32_t user);

/* The kept events, in the dataset's order: visit e = 0 .. n-1 of aisle_part_events and skip those with
 * !aisle_part_keeps(p, e). */
aisle_events aisle_part_events(const aisle_part *p);
bool aisle_part_keeps(const aisle_part *p, int64_t e);
bool aisle_part_has_item(const aisle_part *p, int32_t item); /* of a kept event of whatever weight */

/* users x items: confidences by other weights, of the kept events with in[e] != 0 alone. *out is the caller's. */
aisle_status aisle_part_pairs_of(const aisle_part *p, const aisle_weights *w, const uint8_t *in,
                                 aisle_csr *out, aisle_error *err);

/* users x items: the stars of each pair's newest kept rating or review with stars; AISLE_EINVAL when there is none.
 * *out is the caller's. */
aisle_status aisle_part_stars(const aisle_part *p, aisle_csr *out, aisle_error *err);

/* items x terms, rows of length 1, of all items; vocabulary and document frequencies of the items with a kept event, or of
 * the whole catalogue where no mask was given, as aisle_train has it. No
 * columns when no such item has text. *out is the caller's. vocabulary: NULL, or receives it, the caller's too. */
aisle_status aisle_part_text(const aisle_part *p, const aisle_text_params *t, aisle_csr *out,
                             aisle_vocabulary **vocabulary, aisle_error *err);

/* Splits the part once more, for weights and settings that are learned: *rest is a part without the held-out pairs,
 * *held their matrix, the caller's both. *rest borrows p's dataset, not p. The draw is another one than that of aisle_split
 * with the same seed. AISLE_EINVAL as aisle_split, and when no pair of positive weight is left; AISLE_ENOMEM. */
aisle_status aisle_part_hold_out(const aisle_part *p, const aisle_split_params *split, aisle_part **rest,
                                 aisle_csr *held, aisle_error *err);

#endif
