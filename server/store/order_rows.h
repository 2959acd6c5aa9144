/* Reading one order out of any connection. Internal to store/. */
#ifndef AISLE_SERVER_ORDER_ROWS_H
#define AISLE_SERVER_ORDER_ROWS_H

#include "server/store/buying_internal.h"

/* owner NULL: anybody's; another's is AISLE_ENOTFOUND, like none. With lines; texts in the arena. */
aisle_status aisle_order_read(aisle_db *db, aisle_str id, const aisle_owner *owner, aisle_arena *a,
                              aisle_order *out, aisle_error *err);

#endif
