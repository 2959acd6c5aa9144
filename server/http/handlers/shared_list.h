/* Lists that are the same for everybody (related, trending), and in caches: except where an experiment runs on them. Then each
 * person's answer is that of their variant, for them alone. */
#ifndef AISLE_SERVER_SHARED_LIST_H
#define AISLE_SERVER_SHARED_LIST_H

#include "server/http/handlers/answer_hits.h"
#include "server/http/handlers/ask_recommend.h"
#include "server/recommend/choose.h"

/* One question and its answer, in the request's arena. */
typedef struct aisle_shared_list aisle_shared_list;
struct aisle_shared_list {
    aisle_work work; /* the frame's, and so are those of the second group */

    /* The caller's. find: on a loop, or on the scoring thread beside it; the best into hits, which has room for limit +
     * AISLE_SPARE_HITS, under the list's wishes (aisle_shared_rules). */
    aisle_status (*find)(aisle_shared_list *l, const aisle_answering *w, aisle_hits *hits);
    aisle_surface surface;
    const char *kind; /* of the list, for its recommendation_id */
    aisle_str of;     /* what it is about */
    const char *more; /* what else tells it from others, or "" */
    const char *reason_type;
    int64_t limit;
    int max_age;      /* seconds; in caches */
    const char *said; /* members of the answer, a comma first; or NULL. find may set it */

    aisle_ask who; /* who asks; the diversity of their variant */
    aisle_shelf *shelf;
    aisle_trial trial;
    bool own; /* an experiment runs here */
    aisle_buf body;
};

/* Reads who asks (?user, ?session) and ?limit. */
aisle_status aisle_shared_parse(aisle_request *r, aisle_shared_list *l);
/* Answers. Questions of a variant that wants diversity go to the thread beside the loop. */
aisle_status aisle_shared_answer(aisle_request *r, aisle_shared_list *l);
/* The shop keeper's rules and the variant's diversity: into filter and wishes, which c borrows. */
aisle_status aisle_shared_rules(aisle_shared_list *l, aisle_choosing *c, aisle_str category,
                                aisle_filter *filter, aisle_wishes *wishes);

#endif
