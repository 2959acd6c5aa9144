/* Ratings, reviews, votes, likes, dislikes and wishes in the store. Each is written with its event in the same
 * transaction, and taking it back removes that event: what is recommended and trained follows at once. */
#ifndef AISLE_SERVER_FEEDBACK_H
#define AISLE_SERVER_FEEDBACK_H

#include "server/store/buying.h"

/* Products without a record, and hidden ones: AISLE_ENOTFOUND. */

/* half_stars 1..10; 0 takes the rating back (AISLE_ENOTFOUND: there is none). The review of the same person shows the same
 * stars. */
aisle_status aisle_tx_rate(aisle_tx *tx, int64_t user, aisle_str item, int64_t half_stars, aisle_error *err);
/* type: AISLE_EVENT_LIKE or AISLE_EVENT_DISLIKE, each instead of the other; AISLE_EVENT_VIEW takes both back
 * (AISLE_ENOTFOUND: there is none). Those that came as events go too. */
aisle_status aisle_tx_opinion(aisle_tx *tx, aisle_owner owner, aisle_str item, aisle_event_type type,
                              aisle_error *err);

/* ---- wishes: each writes a like ---- */

/* *added false: it was there. */
aisle_status aisle_tx_wish(aisle_tx *tx, aisle_owner owner, aisle_str item, bool *added, aisle_error *err);
aisle_status aisle_tx_wish_remove(aisle_tx *tx, aisle_owner owner, aisle_str item, aisle_error *err);
typedef struct aisle_wish {
    int64_t row, added_ms;
    aisle_str item;
} aisle_wish;
/* Newest first, below the row `before` (0 = all); texts in the arena. */
aisle_status aisle_view_wishes(aisle_view *v, aisle_owner owner, int64_t before, int32_t limit,
                               aisle_arena *a, aisle_wish **out, int32_t *n, aisle_error *err);
/* AISLE_ENOTFOUND. */
aisle_status aisle_view_wish(aisle_view *v, aisle_owner owner, aisle_str item, int64_t *added_ms,
                             aisle_error *err);
/* At login: the guest's wishes become the person's. */
aisle_status aisle_tx_wishes_join(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err);

/* ---- reviews ---- */

typedef enum aisle_review_state { /* pinned: stored */
                                  AISLE_REVIEW_PENDING = 0,
                                  AISLE_REVIEW_PUBLISHED = 1,
                                  AISLE_REVIEW_REJECTED = 2
} aisle_review_state;
enum { AISLE_REVIEW_STATES = 3 };

typedef struct aisle_review {
    int64_t id, user, product;           /* user 0: erased */
    aisle_str item, author, title, text; /* author, title: may be absent */
    int64_t half_stars;                  /* 0 = none */
    aisle_review_state state;
    bool verified; /* the writer had bought it */
    int64_t helpful, unhelpful, created_ms, changed_ms;
    int64_t key; /* of the sort */
} aisle_review;

/* item, title, text, half_stars, user and state of r are written, the others filled in. AISLE_ECONFLICT: the person has
 * reviewed the product. */
aisle_status aisle_tx_review_add(aisle_tx *tx, aisle_review *r, aisle_arena *a, aisle_error *err);
/* As the transaction sees it. */
aisle_status aisle_tx_review_get(aisle_tx *tx, int64_t id, aisle_arena *a, aisle_review *out,
                                 aisle_error *err);
/* title, text, half_stars and state as they are in r, which came from get. */
aisle_status aisle_tx_review_update(aisle_tx *tx, const aisle_review *r, aisle_error *err);
/* With its votes; the rating stays. */
aisle_status aisle_tx_review_remove(aisle_tx *tx, const aisle_review *r, aisle_error *err);
/* One vote a person, the last counts. AISLE_EDENIED: one's own; AISLE_ENOTFOUND: none, or not published. */
aisle_status aisle_tx_review_vote(aisle_tx *tx, int64_t id, int64_t user, bool helpful, aisle_arena *a,
                                  aisle_review *out, aisle_error *err);

typedef enum aisle_review_sort {
    AISLE_REVIEWS_HELPFUL,
    AISLE_REVIEWS_NEWEST,
    AISLE_REVIEWS_BEST,
    AISLE_REVIEWS_QUEUE
} aisle_review_sort;
typedef struct aisle_review_filter {
    aisle_review_sort sort; /* published ones of a product, or with QUEUE all of a state */
    int64_t product;        /* row */
    aisle_review_state state;
    int64_t after_key, after_id; /* of the last review of the page before; id 0 = first page */
    int32_t limit;               /* 1..100 */
} aisle_review_filter;
aisle_status aisle_view_reviews(aisle_view *v, const aisle_review_filter *f, aisle_arena *a,
                                aisle_review **out, int32_t *n, aisle_error *err);
/* counts[h]: ratings of h half stars; *product its row. */
aisle_status aisle_view_ratings(aisle_view *v, aisle_str item, int64_t *product, int64_t counts[11],
                                aisle_error *err);

/* ---- all that one has said of a product ---- */

typedef struct aisle_mine {
    int64_t half_stars;       /* 0 = none */
    aisle_event_type opinion; /* LIKE, DISLIKE, or VIEW = none */
    bool wished;
    aisle_review review; /* id 0 = none; in any state */
} aisle_mine;
/* Of a guest (user 0) there are neither stars nor a review, of nobody there is nothing. Texts in the arena. */
aisle_status aisle_view_mine(aisle_view *v, aisle_owner owner, aisle_str item, aisle_arena *a,
                             aisle_mine *out, aisle_error *err);

#endif
