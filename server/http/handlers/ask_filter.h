/* Filters of a question (recommend/filter.h): a member of a body, or parameters of a URL. */
#ifndef AISLE_SERVER_ASK_FILTER_H
#define AISLE_SERVER_ASK_FILTER_H

#include "server/http/handlers/handlers.h"
#include "server/recommend/ask.h"

/* The member `name`; absent = everything. In the request's arena. AISLE_EINVAL: noted for the problem. */
aisle_status aisle_ask_filter(aisle_json_scope *s, const char *name, aisle_filter *out);
/* category, brand, price_min and price_max of the query. */
aisle_status aisle_ask_filter_query(aisle_request *r, aisle_filter *out);

/* Adds the rules that hold now to the question (recommend/rules.h). scenario: absent = without a name; category: of the product
 * that is looked at, absent = what the filter names. */
aisle_status aisle_ask_rules(aisle_request *r, aisle_str scenario, aisle_str category, aisle_filter *filter,
                             aisle_wishes *wishes);

#endif
