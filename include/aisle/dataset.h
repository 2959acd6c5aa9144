/* A shop's records in memory, with dense ids, ready for splitting and training. Built once, then read-only.
 */
#ifndef AISLE_DATASET_H
#define AISLE_DATASET_H

#include <stdint.h>

#include "aisle/matrix.h"
#include "aisle/shop.h"

/* External id <-> dense int32 id, in order of first sight. Strings are owned by the map. */
typedef struct aisle_idmap aisle_idmap;
aisle_idmap *aisle_idmap_new(void);
void aisle_idmap_free(aisle_idmap *m);
int32_t aisle_idmap_add(aisle_idmap *m, aisle_str id); /* the id's number, new or old; -1: out of memory */
int32_t aisle_idmap_find(const aisle_idmap *m, aisle_str id); /* -1 when absent */
aisle_str aisle_idmap_get(const aisle_idmap *m, int32_t i);   /* borrowed for the map's life */
int32_t aisle_idmap_count(const aisle_idmap *m);

typedef struct aisle_dataset aisle_dataset;

/* Events as parallel arrays in the order of arrival; borrowed for the dataset's life. */
typedef struct aisle_events {
    int64_t n;
    const int32_t *user, *item; /* dense ids */
    const uint8_t *type;        /* aisle_event_type */
    const float *value;
    const int64_t *at_ms;
    const uint32_t *order; /* a number of the order that it is of, one of the user's own; 0 = none */
} aisle_events;

aisle_dataset *aisle_dataset_new(void);
void aisle_dataset_free(aisle_dataset *d);
/* A sink that fills d. Guest events (no user) are taken under the user id "session:" + session; an event with
 * neither, or without item, is AISLE_EINVAL. A later product or user record replaces an earlier one of the same
 * id. A user of the dataset is whoever has an event; the record of anybody else is kept until an event comes. */
aisle_sink aisle_dataset_sink(aisle_dataset *d);

const aisle_idmap *aisle_dataset_users(const aisle_dataset *d);
const aisle_idmap *aisle_dataset_items(const aisle_dataset *d); /* products and every item seen in an event */
aisle_events aisle_dataset_events(const aisle_dataset *d);
/* The product record of dense item i; only `id` is set when no product record came. Borrowed for the
 * dataset's life. */
aisle_product aisle_dataset_product(const aisle_dataset *d, int32_t i);
/* Likewise the record of dense user u. */
aisle_user aisle_dataset_user(const aisle_dataset *d, int32_t u);

/* How events become confidences. weight[type] 0 ignores the type. Ratings below rating_floor are ignored
 * (disliked). */
typedef struct aisle_weights {
    float weight
        [AISLE_EVENT_TYPES]; /* e.g. view 1, add_to_cart 3, purchase 5; of a dislike how sure it is that the
                                        user does not want the item, 0 = it only takes the pair out */
    double half_life_days;   /* event weight halves every so many days before now_ms; 0 = no decay; events
                              without time do not decay */
    int64_t now_ms;          /* 0 = time of the newest event kept */
    float rating_floor;      /* ratings and reviews of fewer stars are ignored; 0 = none */
    bool binary;             /* every pair kept weighs 1 */
} aisle_weights;

/* view .3, click .3, add_to_cart 1, purchase 2, rating/review stars/5 x 2 with floor 3, like and dislike 2; no decay. */
aisle_weights aisle_weights_default(void);

/* What one event weighs by type and stars, before decay, cancels and `binary`: rating and review weigh stars
 * / 5 of their weight and nothing below the floor (a review without stars has 0), a dislike minus its weight. May be 0 or negative. */
double aisle_weights_event(const aisle_weights *w, aisle_event_type type, double value);

/* Sums events of a pair into one positive weight (users x items CSR); purchases undone by cancels are left
 * out (a cancel takes its quantity off the user's earlier purchases of the item, newest first; what is left
 * of a purchase still weighs as one, whatever its quantity); a dislike removes the pair. keep: per-event
 * mask, NULL = all. Pairs with weight <= 0 do not appear. threads: 0 = all cores; the same bytes for any number. Takes 8
 * bytes an event and a user beside the matrix. */
aisle_status aisle_dataset_matrix(const aisle_dataset *d, const aisle_weights *w, const uint8_t *keep,
                                  int32_t threads, aisle_csr *out, aisle_error *err);

/* The same, with disliked pairs: minus the weight of the pair's newest dislike, decayed (binary: -1), whatever else was
 * done, or left out where dislikes weigh 0. As ALS takes it (backend.h); nothing that is below 0 is a sign of interest. */
aisle_status aisle_dataset_preferences(const aisle_dataset *d, const aisle_weights *w, const uint8_t *keep,
                                       int32_t threads, aisle_csr *out, aisle_error *err);

/* Which products went into one basket: baskets x items without values. A basket is an order of a user, and where purchases
 * name no order what one user (guest session) bought within 24 hours of the first: not a calendar day, which ends in the
 * middle of somebody's evening. Purchases that cancels undo (as above) are left out, those of unknown time without an order,
 * and baskets of more than AISLE_BASKET_MAX products: a wholesaler's order says little of any pair in it. Baskets of one
 * product are kept: they say that it is bought alone. Baskets are in order of users; of
 * one, those without an order come first, by time, then the orders, in an order that means nothing. keep, threads: as above. */
enum { AISLE_BASKET_MAX = 100 };
aisle_status aisle_dataset_baskets(const aisle_dataset *d, const uint8_t *keep, int32_t threads,
                                   aisle_csr *out, aisle_error *err);

/* k-core: clears keep[] (n events, caller's storage, all 1 at first) of events whose user has fewer than
 * user_k or item fewer than item_k distinct partners, repeated until nothing changes. Returns the number of
 * events cleared in *n. */
aisle_status aisle_dataset_core(const aisle_dataset *d, int32_t user_k, int32_t item_k, uint8_t *keep,
                                int64_t *n, aisle_error *err);

/* Splits. Labels are per event, and no (user, item) pair is on both sides. Random labels depend on the seed and on the
 * pair, item or user alone, never on what else is in. */
typedef enum aisle_split_kind {
    AISLE_SPLIT_RANDOM,     /* each pair is test with probability `fraction` */
    AISLE_SPLIT_LEAVE_LAST, /* each user's pair with the newest first event is test, ties by arrival; users
                               with one pair: train. Where no event at all has a time, arrival decides */
    AISLE_SPLIT_TIME, /* the cut is the time by which (1 - fraction) of the events had come: pairs first seen after
                         it are test. Of the other pairs the events after the cut are left out (label 255): what
                         trains is what was known at the cut */
    AISLE_SPLIT_DAYS, /* as TIME, the cut lying `fraction` of the time between oldest and newest event before the
                         newest: "the last 20 % of days" */
    AISLE_SPLIT_COLD_ITEM, /* each item is new with probability `fraction`: all its events are test, none train */
    AISLE_SPLIT_COLD_USER, /* each user likewise */
    AISLE_SPLIT_FOLD /* each pair lies in one of `folds` folds at random; those in `fold` are test: over all
                              folds every pair is test once (k-fold cross-validation; Stone 1974) */
} aisle_split_kind;

typedef struct aisle_split_params {
    aisle_split_kind kind;
    double fraction; /* 0 < fraction < 1; default .2; not looked at by LEAVE_LAST and FOLD */
    uint64_t seed;
    int32_t folds, fold; /* of FOLD: 2..100 and 0..folds-1 */
} aisle_split_params;

/* label[n events]: 0 train, 1 test, 255 left out: events with in[i] == 0 (NULL = none), and what TIME and DAYS leave
 * out. Events without time are an AISLE_EINVAL for time and days, and for leave-last when others have one. */
aisle_status aisle_split(const aisle_dataset *d, const aisle_split_params *p, const uint8_t *in,
                         uint8_t *label, aisle_error *err);

#endif
