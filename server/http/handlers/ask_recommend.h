/* Parsing of a question for recommendations (ask.h). */
#ifndef AISLE_SERVER_ASK_RECOMMEND_H
#define AISLE_SERVER_ASK_RECOMMEND_H

#include "server/http/handlers/handlers.h"
#include "server/recommend/ask.h"

/* An object of POST /v1/recommendations; texts lie in the body or the arena. AISLE_EINVAL: noted for the problem. */
aisle_status aisle_ask_body(aisle_json_scope *s, aisle_ask *ask);
/* The same of GET's query. */
aisle_status aisle_ask_query(aisle_request *r, aisle_ask *ask);

/* Adds the asker's own cart to the items, where that is asked for. */
aisle_status aisle_ask_cart(aisle_request *r, aisle_view *v, aisle_ask *ask);
/* May these be asked? Questions that name nobody become the asker's own. False: answered, with 401 or 403. */
bool aisle_ask_admitted(aisle_request *r, aisle_ask *asks, int64_t n);

#endif
