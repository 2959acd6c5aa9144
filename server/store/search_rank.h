/* The ranking of store_search.h as a function of FTS5. Internal to store/. */
#ifndef AISLE_SERVER_SEARCH_RANK_H
#define AISLE_SERVER_SEARCH_RANK_H

#include <sqlite3.h>

#include "server/store/store_search.h"

/* Bound as the pointer "aisle_collector" to the second parameter of search_rows. */
typedef struct aisle_collector {
    const aisle_rank *rank;
    aisle_search_hit *hits; /* the caller's to free */
    int64_t n, cap, most;
} aisle_collector;

int aisle_search_register_rank(fts5_api *api); /* an SQLite code */

#endif
