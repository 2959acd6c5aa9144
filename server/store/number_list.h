/* A list of numbers as a table: SELECT value FROM numbers(?1), bound with aisle_stmt_numbers, in the order of the list.
 * Internal to store/. */
#ifndef AISLE_SERVER_NUMBER_LIST_H
#define AISLE_SERVER_NUMBER_LIST_H

#include "server/store/db.h"

/* Every stride-th number from `at` on, n of them. */
typedef struct aisle_number_list {
    const int64_t *at;
    int64_t n, stride;
} aisle_number_list;

aisle_status aisle_number_list_register(aisle_db *db, aisle_error *err);

#endif
