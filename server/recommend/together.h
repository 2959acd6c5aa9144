/* Questions that arrive together are scored together: one pass over the items serves them all. Each is answered by a call of its
 * own (fibre.h), which is left where it asks the scorer. When all are left, or have returned, what they ask is scored at once and
 * they go on, until all have returned. The stages know nothing of it but that they ask the scorer by aisle_score, as often as they
 * like, and hold nothing meanwhile that others of the thread want: no lock, no reading of the catalogue that is not ended. So
 * whatever a question wishes, scenario, boosts or diversity, it goes with the others, and never is an answer another
 * than it would be alone. */
#ifndef AISLE_SERVER_TOGETHER_H
#define AISLE_SERVER_TOGETHER_H

#include "server/recommend/ask.h"

enum {
    AISLE_TOGETHER_MOST = 32, /* questions at once */
    /* multiply-adds of them all (aisle_ask_work): the 2 ms that a loop may be held up */
    AISLE_TOGETHER_WORK = 10000000
};

/* One thread's: stacks, which are made when they are first needed. */
typedef struct aisle_together aisle_together;
aisle_together *aisle_together_new(void); /* NULL: out of memory */
void aisle_together_free(aisle_together *t);

/* One question. answer(ctx, place) answers it with aisle_answering.place = place. */
typedef struct aisle_together_one {
    void (*answer)(void *ctx, struct aisle_place *place);
    void *ctx;
    const aisle_model *model; /* its own, or what most of it is asked of */
    int64_t work, shared;     /* aisle_ask_work and aisle_ask_shared of all it asks */
} aisle_together_one;

/* How many of the first of n take no more than AISLE_TOGETHER_WORK together; at least one. */
int32_t aisle_together_fit(const aisle_together_one *all, int32_t n);

/* Answers n questions, up to AISLE_TOGETHER_MOST, with one scorer; of one shelf or of several. One alone is answered
 * straight away, and so is whoever there is no memory for a stack for. */
void aisle_answer_together(aisle_together *t, aisle_scorer *s, const aisle_together_one *all, int32_t n);

/* How long this question has waited for others to come to their next question to the scorer, or to be scored by another model. What is
 * scored with it in one pass is no waiting. */
int64_t aisle_waited_ns(const aisle_answering *w);
/* Calls fn(ctx) on the thread's own stack and comes back: for what is not of the stages, and may go deep. */
void aisle_outside(const aisle_answering *w, void (*fn)(void *ctx), void *ctx);

/* The scorer's answer, as of aisle_scorer_recommend; hits->hit has room for q->n. What is to be explained is scored at once. */
aisle_status aisle_score(const aisle_answering *w, const aisle_query *q, aisle_hits *hits, aisle_error *err);

#endif
