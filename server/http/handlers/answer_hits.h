/* Recommended items as JSON, for every route that answers with some. */
#ifndef AISLE_SERVER_ANSWER_HITS_H
#define AISLE_SERVER_ANSWER_HITS_H

#include "server/http/handlers/handlers.h"
#include "server/http/handlers/pages.h"
#include "server/recommend/ask.h"

/* A shelf to answer from, else NULL after a 503 model_not_ready. The caller's (aisle_shelf_unref). */
aisle_shelf *aisle_shelf_or_refuse(aisle_request *r);
aisle_status aisle_no_memory(aisle_request *r);
static inline aisle_answering aisle_answering_of(aisle_request *r, const aisle_shelf *s,
                                                 const aisle_loop_state *with)
{
    return (aisle_answering){.shelf = s,
                             .view = with->view,
                             .recents = aisle_request_app(r)->recents,
                             .scorer = with->scorer,
                             .arena = aisle_request_arena(r),
                             .catalogue = aisle_request_app(r)->catalogue,
                             .later = aisle_request_app(r)->later,
                             .trends = aisle_request_app(r)->trends};
}

/* A question after its trial has begun, and what to answer it with: the trial's shelf where it has one. All borrowed. */
typedef struct aisle_asking {
    aisle_answering w;
    const aisle_ask *ask;
    const aisle_trial *trial;
} aisle_asking;
/* What to try questions of this surface with; serving is borrowed. */
aisle_trying aisle_trying_of(aisle_request *r, const aisle_shelf *serving, aisle_surface surface);
/* Asks, and appends the answer as JSON text: {recommendation_id, model_version, strategy, items, next, took_ms}. On failure out
 * holds a part of it. shown receives which items. */
aisle_status aisle_answer_recommended(aisle_request *r, const aisle_asking *a, aisle_page_note *shown,
                                      aisle_buf *out);
/* Which variant an answer is of: appended as a member, comma first; nothing where it is of none. */
bool aisle_encode_trial(const aisle_trial *t, aisle_buf *out);
json_t *aisle_answer_trial(const aisle_trial *t); /* the same as a tree, of one that is of a variant */

/* What hits become: an array of products of the catalogue with score and reasons, appended as JSON text; those that
 * have gone or sold out meanwhile are left out, at most `limit` are there. reason_type names where the reasons' items stand. */
typedef struct aisle_hits_style {
    aisle_view *view;
    unsigned fields;
    int64_t limit;
    const char *reason_type;
    aisle_page_note *shown; /* NULL, or receives what was put in */
    const aisle_sourced
        *sourced; /* NULL, or the source of each: it is said, and its reasons are called as it has them */
    int32_t n_sourced;
} aisle_hits_style;
aisle_status aisle_encode_hits(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits,
                               aisle_hits_style style, aisle_buf *out);

#endif
