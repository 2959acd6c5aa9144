/* Products that came after a model was trained, placed beside its items by their texts. Knows no catalogue: whoever has one
 * says which products there are. */
#ifndef AISLE_NEWCOMERS_H
#define AISLE_NEWCOMERS_H

#include "aisle/model.h"
#include "aisle/shop.h"

/* Of one model. Immutable once made, shared by threads, reference-counted. Newcomer j is item n_items + j of whoever takes
 * items of the model and newcomers together (scorer.h). */
typedef struct aisle_newcomers aisle_newcomers;

/* Making one: begin, add, end. One thread. */
typedef struct aisle_newcomers_maker aisle_newcomers_maker;
/* before: newcomers of the same model, whose rows are taken over where the text is still the same, or NULL: then the index
 * of the model's texts is made first, which takes as long as reading them a few times. References to both are kept. */
aisle_status aisle_newcomers_begin(aisle_model *m, aisle_newcomers *before, aisle_newcomers_maker **out,
                                   aisle_error *err);
/* *item: the product's number, n_items + j in order of addition. -1 where the model has nothing to place it by: it has no
 * texts, or none of the product's terms is known; and for products that the model has. AISLE_EINVAL: added before. */
aisle_status aisle_newcomers_add(aisle_newcomers_maker *k, const aisle_product *p, int32_t *item,
                                 aisle_error *err);
/* Adds newcomer `was` of `before` again as it was; AISLE_EINVAL when there is none of this number. */
aisle_status aisle_newcomers_keep(aisle_newcomers_maker *k, int32_t was, int32_t *item, aisle_error *err);
aisle_status aisle_newcomers_end(aisle_newcomers_maker *k, aisle_newcomers **out, aisle_error *err);
void aisle_newcomers_maker_free(aisle_newcomers_maker *k); /* after `end` too; NULL is fine */

aisle_newcomers *aisle_newcomers_ref(aisle_newcomers *n); /* NULL is fine */
void aisle_newcomers_unref(aisle_newcomers *n);           /* NULL is fine */

const aisle_model *aisle_newcomers_model(const aisle_newcomers *n);
int32_t aisle_newcomers_count(const aisle_newcomers *n); /* NULL: 0 */
/* The number of a newcomer, n_items + j; -1 when there is none of this id. NULL: -1. */
int32_t aisle_newcomers_find(const aisle_newcomers *n, aisle_str id);
aisle_str aisle_newcomers_id(const aisle_newcomers *n, int32_t item); /* of n_items + j; borrowed */
/* By row j. Borrowed. */
aisle_mat aisle_newcomers_factors(const aisle_newcomers *n); /* data NULL: the model has no map from texts */
aisle_csr aisle_newcomers_text(const aisle_newcomers *n);    /* newcomers x terms, rows of length 1 */
/* What has a term: terms x newcomers, and terms x items of the model. */
aisle_csr aisle_newcomers_by_term(const aisle_newcomers *n);
aisle_csr aisle_newcomers_items_by_term(const aisle_newcomers *n);

#endif
