/* Pages of recommendations: what was shown goes with `next`, and does not come again. */
#ifndef AISLE_SERVER_PAGES_H
#define AISLE_SERVER_PAGES_H

#include "server/http/handlers/handlers.h"
#include "server/recommend/trial.h"

/* The items of an answer, in the request's arena, in their order: a shelf that it came of may be let go of before. */
typedef struct aisle_page_note {
    aisle_str *id; /* [limit] */
    int64_t n;
} aisle_page_note;
aisle_status aisle_page_note_init(aisle_request *r, int64_t limit, aisle_page_note *out);
bool aisle_page_note_add(aisle_request *r, aisle_page_note *note,
                         aisle_str id); /* copied; false: out of memory */

/* Adds n ids to what must not come. AISLE_ENOMEM. */
aisle_status aisle_page_exclude(aisle_request *r, aisle_ask *ask, const aisle_str *ids, int64_t n);
/* What the pages before have shown must not come, when the question names one, and it is answered as they were (ask->course). False:
 * answered, with 404 for what is no page of this shop, or 410 for one that is not known any more. */
bool aisle_page_resume(aisle_request *r, aisle_ask *ask);
/* What an answer has shown, and how it came about. */
typedef struct aisle_page_shown {
    const aisle_page_note *shown;
    const aisle_course *course;
    const char *id;
} aisle_page_shown;
/* Remembers it; true when there may be a next page: the list is full, and pages came to no more than AISLE_ASK_EXCLUDE items. */
bool aisle_page_keep(aisle_request *r, const aisle_ask *ask, const aisle_page_shown *page);

#endif
