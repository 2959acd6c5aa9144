/* Rows of external ids that the writer met lately, so that a product or session that many events name is looked up once.
 * Bounded: 4 MB, a place an id by its hash, the newer one stays. Internal to store/. One thread at a time. */
#ifndef AISLE_SERVER_ID_CACHE_H
#define AISLE_SERVER_ID_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/str.h"

typedef struct aisle_id_cache {
    struct aisle_cached_id *places; /* made at the first put; NULL = none is kept */
    uint32_t generation;
} aisle_id_cache;

void aisle_id_cache_deinit(aisle_id_cache *c);
int64_t aisle_id_cache_get(const aisle_id_cache *c, int kind, aisle_str ext); /* 0 = not there */
void aisle_id_cache_put(aisle_id_cache *c, int kind, aisle_str ext, int64_t id);
/* Forgets all: a row may be gone. */
void aisle_id_cache_clear(aisle_id_cache *c);

#endif
