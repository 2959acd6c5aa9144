/* Registers the ranking of store_search.h with FTS5. Internal to store/. */
#ifndef AISLE_SERVER_SEARCH_RANK_H
#define AISLE_SERVER_SEARCH_RANK_H

#include <sqlite3.h>

int aisle_search_register_rank(fts5_api *api); /* an SQLite code */

#endif
