/* What the files of carts and orders share inside store/. */
#ifndef AISLE_SERVER_BUYING_INTERNAL_H
#define AISLE_SERVER_BUYING_INTERNAL_H

#include "server/store/buying.h"
#include "server/store/store_internal.h"

/* Adds a refusal; AISLE_ECONFLICT. */
aisle_status aisle_refuse(aisle_refusals *no, aisle_refused why, aisle_error *err);
/* Binds ?1 the user, ?2 the session: one of them NULL. */
void aisle_stmt_owner(aisle_stmt *q, aisle_owner owner);
/* *total += price * quantity; false, and nothing done, above AISLE_MONEY_MAX. */
bool aisle_money_add(int64_t *total, int64_t price, int64_t quantity);
aisle_status aisle_cart_read(aisle_db *db, aisle_owner owner, aisle_arena *a, aisle_cart *out,
                             aisle_error *err);
/* A new version; an empty cart has no currency. */
aisle_status aisle_tx_cart_touch(aisle_tx *tx, aisle_cart *c, int64_t now_ms, aisle_error *err);
/* Inserts an event of the owner and a product's row; no key is claimed: nobody sends it again. */
aisle_status aisle_tx_owner_event(aisle_tx *tx, aisle_owner owner, int64_t product, aisle_event *e,
                                  aisle_error *err);

#endif
