/* Idempotency-Key: by what a request that carries one is known again, and the answer that it then gets. How long answers
 * are kept is in store/buying.h. */
#ifndef AISLE_SERVER_ONCE_H
#define AISLE_SERVER_ONCE_H

#include "server/http/handlers/handlers.h"
#include "server/store/buying.h"

/* *has false when the route takes no key or the request has none. Known by who asks, method, path and key; compared by
 * query and body. Guests who have no session yet, and programs with keys, share a name: the key of one is another's too,
 * and only the comparison keeps them apart. AISLE_EINVAL: a key of a wrong length. */
aisle_status aisle_once_of(aisle_request *r, bool *has, aisle_once *out);
/* The same known by method, path and key alone, and compared by these texts: for a body that holds a secret, of which no
 * quick hash may be kept. */
aisle_status aisle_once_of_texts(aisle_request *r, const aisle_str *texts, int32_t n, bool *has,
                                 aisle_once *out);

/* On the writer's thread, with the change: keeps an answer. NULL body: none. location may be NULL. */
aisle_status aisle_once_keep(aisle_tx *tx, const aisle_once *o, int status, const char *type,
                             const char *location, json_t *body, aisle_error *err);
/* On the loop: the kept answer, marked as such. */
aisle_status aisle_once_reply(aisle_request *r, const aisle_kept *k);
/* 422: the key came with another request before. */
extern const char aisle_once_reused[], aisle_once_reused_detail[];

#endif
