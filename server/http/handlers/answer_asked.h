/* One question for recommendations, from any of the routes that ask it, and its answer as JSON. */
#ifndef AISLE_SERVER_ANSWER_ASKED_H
#define AISLE_SERVER_ANSWER_ASKED_H

#include "server/http/handlers/handlers.h"

enum { AISLE_ASK_ITEMS = 100, AISLE_ASK_EXCLUDE = 1000, AISLE_ASK_LIMIT = 100, AISLE_ASK_DEFAULT = 10 };

typedef struct aisle_ask {
    aisle_loop_state *with;     /* view and scorer of the thread that answers */
    aisle_str user, session;    /* absent = unknown */
    aisle_str *items, *exclude; /* what the page or the cart holds; what must not come */
    int64_t n_items, n_exclude, limit;
    bool explain;
    unsigned fields;
    aisle_shelf_filter filter;
} aisle_ask;

/* A shelf to answer from, else NULL after a 503 model_not_ready. The caller's (aisle_shelf_unref). */
aisle_shelf *aisle_shelf_or_refuse(aisle_request *r);
/* {recommendation_id, model_version, strategy, took_ms, items}; *out is the caller's. */
aisle_status aisle_recommend(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask, json_t **out);
/* The same scores without records: the best n of the allowed items, also those the asker has seen. hits: room for n. */
aisle_status aisle_score_for(aisle_request *r, const aisle_shelf *s, const aisle_ask *ask,
                             const uint64_t *allowed, int32_t n, aisle_hits *hits);

/* About how many multiply-adds answering takes, look-ups of the hits' products counted as their worth. */
int64_t aisle_ask_work(const aisle_shelf *s, const aisle_ask *ask);

/* What hits become: products of the catalogue with score and reasons, those gone or sold out since the shelf
 * was made left out, at most `limit`. reason_type names where the reasons' items stand. */
typedef struct aisle_hits_style {
    aisle_view *view;
    unsigned fields;
    int64_t limit;
    const char *reason_type;
} aisle_hits_style;
aisle_status aisle_encode_hits(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits,
                               aisle_hits_style style, json_t **out);
/* More hits than asked for are fetched, for those that encoding leaves out. */
enum { AISLE_SPARE_HITS = 16 };
aisle_hit *aisle_hits_room(aisle_request *r,
                           int64_t limit); /* limit + spare, in the arena; NULL: no memory */
/* The allowed items, in the arena; NULL: no memory. */
uint64_t *aisle_allowed(aisle_request *r, const aisle_shelf *s, const aisle_shelf_filter *f);
aisle_status aisle_no_memory(aisle_request *r);

#endif
