/* What is bought together since the model was trained: baskets that came later are added to the counts that the model holds of
 * its own (complement-both and complement-baskets of include/FORMAT.md), so that a pair's log-likelihood ratio (aisle/train.h) is that
 * of all baskets, old and new.
 *
 * Baskets are those of aisle_dataset_baskets, by the same code: of each person who has bought or cancelled since, the baskets of
 * all purchases less the baskets of those that were trained on. So an order that goes on after the training, and a cancel of what
 * was bought before it, come out as the next training will have them. The background thread counts them, exactly and each once, in
 * memory alone: after a start, and with another model, from the model's last event on (`last_event` of its meta).
 *
 *   a pair of the model's list     the ratio of all baskets
 *   another pair                   is shown while two people or more have baskets with both since: what one person buys is nobody
 *                                  else's to see. Who has cancelled theirs is none of them. Of products that the model knows it is
 *                                  not known in how many trained baskets both were, since such pairs are not kept: they are
 *                                  taken to be none, so that the ratio is at least what is said
 * People are accounts, ids that events name, and guest sessions. What somebody bought as a guest is their own from the next time
 * on that they buy the pair signed in (of their 32 newest sessions), so that signing in makes nobody two; who buys a pair both ways
 * and then signs in for good counts as two until then.
 *
 * When somebody is erased all is counted anew, without them; what is not counted yet is not shown meanwhile.
 * Of a model without those counts, and of a shop without a catalogue, the model's lists are all there is. */
#ifndef AISLE_SERVER_LATER_BASKETS_H
#define AISLE_SERVER_LATER_BASKETS_H

#include "aisle/memory.h"
#include "aisle/scorer.h"
#include "server/catalogue/catalogue_index.h"
#include "server/jobs/shelf.h"

/* Counted at most, 55 MB, and half as much again while room is made; the next training begins anew. */
enum { AISLE_LATER_PAIRS = 1 << 20 };

typedef struct aisle_later_baskets aisle_later_baskets;
/* A view of its own; the store is borrowed. most_pairs: AISLE_LATER_PAIRS. */
aisle_status aisle_later_baskets_open(aisle_store *s, int32_t most_pairs, aisle_later_baskets **out,
                                      aisle_error *err);
void aisle_later_baskets_close(aisle_later_baskets *b); /* NULL is a no-op */
/* Counts what came since the last call, until 200 ms are over and the 2,000 events begun then are counted; begins anew with another
 * model and after an erasure. Some 100 us a person who bought; readers wait for one basket at a time. One thread, not a loop. */
aisle_status aisle_later_baskets_run(aisle_later_baskets *b, const aisle_shelf *s, aisle_error *err);

/* The lists of these items of the shelf (n_items >= 1, with repeats or without) as they are with the later baskets, into
 * *out[*n], in the arena: aisle_related_query.lists. None where there are no later baskets, or the shelf is not of the model
 * that they are counted for. Beside the model's pairs 2,048 are looked at, those that were put in last, shared by the items (32 each at
 * least). Any thread; about .1 us a pair. AISLE_ENOMEM, AISLE_EIO. */
typedef struct aisle_later_ask {
    const aisle_shelf *shelf;
    aisle_catalogue *catalogue;
    aisle_view *view; /* the thread's */
    aisle_arena *arena;
    const int32_t *items;
    int32_t n_items;
} aisle_later_ask;
aisle_status aisle_later_baskets_lists(aisle_later_baskets *b, const aisle_later_ask *ask,
                                       aisle_item_list **out, int32_t *n, aisle_error *err);

#endif
