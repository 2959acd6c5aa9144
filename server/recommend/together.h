/* Questions that arrive together are scored together: one pass over the items serves them all. Each question is walked through
 * its stages twice. The first time only finds out what it asks the scorer (aisle_ask_ahead); then all of these are scored at
 * once; the second time answers, with the scores at hand. The stages know nothing of it but that they ask the scorer by
 * aisle_score. What the second walk asks otherwise, because the shop has changed in between, is scored then: never is an answer
 * another than it would be alone. */
#ifndef AISLE_SERVER_TOGETHER_H
#define AISLE_SERVER_TOGETHER_H

#include "server/recommend/ask.h"
#include "server/recommend/taste.h"

enum {
    AISLE_TOGETHER_MOST = 32
}; /* questions at once: about 1 ms of scoring at 40,000 items of 128 factors */

/* One question on its way, in its request's arena. Zeroed at the begin. */
typedef struct aisle_ahead {
    bool looking; /* it is the first walk */
    bool asked, scored;
    const aisle_ask *of; /* whose taste is kept; NULL = none */
    aisle_taste taste;   /* as gathered at the first walk */
    aisle_query query;   /* of the scorer */
    aisle_hits hits;
} aisle_ahead;

/* The scorer's answer, as of aisle_scorer_recommend; hits->hit has room for q->n. AISLE_EBUSY at a first walk: it will be
 * scored with others. */
aisle_status aisle_score(const aisle_answering *w, const aisle_query *q, aisle_hits *hits, aisle_error *err);

/* The first walk of a question. w->ahead is set; nothing fails, the second walk meets it again. */
void aisle_ask_ahead(const aisle_answering *w, const aisle_ask *ask);
/* Scores what n (up to AISLE_TOGETHER_MOST) questions of one shelf have asked. */
void aisle_score_together(aisle_scorer *s, const aisle_shelf *shelf, aisle_ahead *const *all, int32_t n);

/* For taste.c: at the second walk what the first one gathered. */
bool aisle_ahead_taste(const aisle_answering *w, const aisle_ask *ask, aisle_taste *out);
void aisle_ahead_keep_taste(const aisle_answering *w, const aisle_ask *ask, const aisle_taste *t);

#endif
