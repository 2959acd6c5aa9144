/* Making a shelf: wholly, or from the one before and what changed. Private to server/jobs. */
#ifndef AISLE_SERVER_SHELF_BUILD_H
#define AISLE_SERVER_SHELF_BUILD_H

#include "server/jobs/shelf.h"

/* Reads the whole catalogue. before: NULL, or a shelf of the same model, whose newcomers are taken over where their texts
 * are the same. *out has one reference, and one of m; versions and since_ms are the caller's to set. */
aisle_status aisle_shelf_build(aisle_store *store, aisle_view *v, aisle_model *m, const aisle_shelf *before,
                               aisle_shelf **out, aisle_error *err);

enum { AISLE_SHELF_BULK = 2000 };
/* The same, from `before` and the products that changed since that version of the catalogue. *out NULL: *same, and `before` is as
 * it should be; or it must be built, because they are more than AISLE_SHELF_BULK or the shop kept no catalogue before. */
aisle_status aisle_shelf_renew(aisle_view *v, const aisle_shelf *before, int64_t since, aisle_shelf **out,
                               bool *same, aisle_error *err);

void aisle_shelf_destroy(aisle_shelf *s); /* NULL is fine */

#endif
