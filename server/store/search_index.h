/* What a connection must know before it can use the table product_search: the tokenizer "aisle". Internal to store/. */
#ifndef AISLE_SERVER_SEARCH_INDEX_H
#define AISLE_SERVER_SEARCH_INDEX_H

#include "server/store/db.h"

/* Products are cut into terms by server/search/terms.h. A query is taken as terms already, one space between them: it is
 * made by this program, and a stem is not stemmed again. */
aisle_status aisle_search_register(aisle_db *db, aisle_error *err);

#endif
