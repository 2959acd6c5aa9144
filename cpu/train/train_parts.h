/* The parts of a model that are not factors; private to cpu/train. Each fills its fields of `out` and leaves
 * what it made there on failure too: the caller deinits. */
#ifndef AISLE_CPU_TRAIN_TRAIN_PARTS_H
#define AISLE_CPU_TRAIN_TRAIN_PARTS_H

#include "aisle/train.h"

/* The events to train on: the caller's, less what the k-core takes off. *mask stays as it is where that is nothing, and
 * is the caller's else, on failure too. */
aisle_status aisle_train_select(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                                uint8_t **mask, aisle_error *err);
/* Item-item cosine over interactions; ct: items x users, with values, which are scaled in place. */
aisle_status aisle_train_similar(const aisle_trainer *t, const aisle_train_params *p, aisle_csr *ct,
                                 aisle_trained *out, aisle_error *err);
/* TF-IDF (or BM25) cosine over product text, vocabulary learned from items with in[i] != 0 (NULL = all). */
aisle_status aisle_train_content(const aisle_dataset *d, const uint8_t *in, const aisle_trainer *t,
                                 const aisle_train_params *p, aisle_trained *out, aisle_error *err);
/* aisle_trained.complements, of the kept events' baskets. */
aisle_status aisle_train_complements(const aisle_dataset *d, const uint8_t *keep, const aisle_trainer *t,
                                     const aisle_train_params *p, aisle_trained *out, aisle_error *err);
/* Sums of ct's rows. */
aisle_status aisle_train_popularity(const aisle_csr *ct, aisle_trained *out, aisle_error *err);
/* The same for whoever has no dataset; *out: n_items scores, the caller's, NULL when no event has a time. */
aisle_status aisle_trending_scores(const aisle_events *ev, const uint8_t *keep, const aisle_train_params *p,
                                   int32_t n_items, float **out, aisle_error *err);
aisle_status aisle_train_trending(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                                  aisle_trained *out, aisle_error *err);

#endif
