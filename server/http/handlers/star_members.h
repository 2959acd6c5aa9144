/* What the handlers of ratings and reviews share. */
#ifndef AISLE_SERVER_STAR_MEMBERS_H
#define AISLE_SERVER_STAR_MEMBERS_H

#include "server/http/handlers/handlers.h"
#include "server/store/feedback.h"

/* The member `stars`: 1 to 5, in halves where the shop allows them; 0 when it is not there. */
aisle_status aisle_read_stars(aisle_json_scope *s, int64_t *half_stars);
json_t *aisle_answer_review(const aisle_review *v);
json_t *aisle_answer_stars(int64_t half_stars); /* null for 0 */

#endif
