/* Shelves of model versions beside the serving one, for who compares them: variants of experiments, and a candidate that is only
 * watched. Each costs what its model maps (pages of the file, shared and given back when memory is short) and its columns
 * over the items (shelf.h); nothing where none is kept. */
#ifndef AISLE_SERVER_SHELF_RACK_H
#define AISLE_SERVER_SHELF_RACK_H

#include "server/jobs/shelf.h"

enum { AISLE_RACK = 10 };
typedef struct aisle_shelf_rack aisle_shelf_rack; /* thread-safe */
aisle_status aisle_shelf_rack_open(aisle_store *store, aisle_registry *registry, aisle_shelf_rack **out,
                                   aisle_error *err);
void aisle_shelf_rack_close(aisle_shelf_rack *r); /* NULL is a no-op */
/* Keeps these versions (at most AISLE_RACK, each once) and lets go of all others. Opens files and reads the catalogue: not on a
 * loop. The status is of the first that cannot be kept (AISLE_ENOTFOUND ...); the others are. */
aisle_status aisle_shelf_rack_keep(aisle_shelf_rack *r, const int64_t *versions, int32_t n, aisle_error *err);
/* As aisle_shelf_refresh, of each. */
aisle_status aisle_shelf_rack_refresh(aisle_shelf_rack *r, aisle_error *err);
/* A reference of the caller's; NULL: it is not kept. As quick as aisle_shelf_get. */
aisle_shelf *aisle_shelf_rack_get(aisle_shelf_rack *r, int64_t version);
bool aisle_shelf_rack_has(aisle_shelf_rack *r, int64_t version);

#endif
