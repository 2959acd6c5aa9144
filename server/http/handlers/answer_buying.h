/* Carts and orders as JSON, for their handlers. */
#ifndef AISLE_SERVER_ANSWER_BUYING_H
#define AISLE_SERVER_ANSWER_BUYING_H

#include "server/http/handlers/change.h"

/* With `changes`: what is not as it was when the cart was changed last. NULL when memory is short, as below. */
json_t *aisle_answer_cart(const aisle_cart *c);
/* "VERSION-DIGEST" in quotes, in the arena: another version or another price is another tag. */
const char *aisle_answer_cart_tag(aisle_arena *a, const aisle_cart *c, const json_t *body);

json_t *aisle_answer_order(const aisle_order *o);
json_t *aisle_answer_money(int64_t minor); /* null below 0 */

#endif
