/* A search on its way from question to answer: shared by the search and the suggestions. */
#ifndef AISLE_SERVER_ASK_SEARCH_H
#define AISLE_SERVER_ASK_SEARCH_H

#include "server/http/handlers/answer_hits.h"
#include "server/http/handlers/ask_products.h"
#include "server/search/query.h"

enum {
    AISLE_SEARCH_DEPTH = 1000, /* hits that can be paged through */
    AISLE_SEARCH_WINDOW = 200, /* best hits that personalize puts into another order */
    AISLE_SEARCH_LITTLE = 3,   /* fewer hits than that: did you mean something else? */
    AISLE_SEARCH_LONG_NS = 1500000
};

typedef struct aisle_search {
    aisle_work work; /* first */
    aisle_loop_state *with;
    aisle_products_ask *ask;
    aisle_str text;
    int32_t order; /* aisle_catalogue_order, -1 = by relevance */
    bool personalize;
    aisle_ask who; /* whose factors */
    int64_t started_ns;
    aisle_words *words; /* a reference */
    aisle_search_query *query;
    bool some;    /* nothing had all words: hits have some of them */
    bool on_loop; /* where nothing may take long: then `later` is set instead, and there is no answer yet */
    bool later;
    bool personal; /* the order is */
    json_t *body;
} aisle_search;

/* One of the page: its record is read after the catalogue is let go. */
typedef struct aisle_search_item {
    aisle_str id;
    int64_t row;
    float score; /* of the text, and what is sorted by where nothing is blended in */
    float blend;
} aisle_search_item;

/* on_search.c: the parameter q. */
aisle_status aisle_search_text(aisle_request *r, aisle_str *out);

/* Understands the text (s->words, s->query); aisle_search_end releases. */
aisle_status aisle_search_begin(aisle_search *s, aisle_error *err);
void aisle_search_end(aisle_search *s);
/* Fills s->body, or sets s->later. */
aisle_status aisle_search_answer(aisle_search *s, aisle_error *err);

/* search_page.c */

/* Where a page of hits by relevance ends. */
typedef struct aisle_search_place {
    uint64_t tag;  /* of text, filter, order and who asks */
    int64_t row;   /* of the last hit; 0 = the first page */
    float score;   /* its score */
    int32_t depth; /* hits before the next page */
} aisle_search_place;
aisle_status aisle_search_place_read(aisle_str cursor, uint64_t tag, aisle_search_place *out,
                                     aisle_error *err);
aisle_str aisle_search_place_write(const aisle_search_place *p, aisle_arena *a); /* absent: out of memory */

/* Keeps the n best of the hits whose slots pass, after `from`: highest score first, ties in order of storing. In the
 * arena. */
aisle_status aisle_search_best(const aisle_catalogue *c, const aisle_search_hit *hits, int64_t n_hits,
                               const uint64_t *pass, const aisle_search_place *from, int32_t most,
                               aisle_arena *a, aisle_search_item **out, int32_t *n, aisle_error *err);

/* search_personal.c: sorts the n best hits anew by 0.6 text + 0.4 model. text: the score over the best one's; model: what
 * the serving model gives the item for `who`, from 0 of the least of these hits to 1 of the greatest. An item that the
 * model does not have counts as the least. *applied false, and nothing changed, where no model serves or nothing is known
 * of `who`. Off the loop. */
aisle_status aisle_search_personalize(aisle_search *s, aisle_search_item *items, int32_t n, bool *applied);

#endif
