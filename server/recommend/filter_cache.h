/* What the filters of late pass, as bitmaps over the items of one shelf. Knows neither filters nor products. */
#ifndef AISLE_SERVER_FILTER_CACHE_H
#define AISLE_SERVER_FILTER_CACHE_H

#include <stdint.h>

#include "aisle/str.h"

/* Written by who made it, before anybody else sees it; then never again. Reference-counted, shared by threads. */
typedef struct aisle_item_bits {
    int64_t refs;
    uint64_t at[];
} aisle_item_bits;
aisle_item_bits *aisle_item_bits_new(int64_t words); /* zeroed, one reference; NULL: out of memory */
void aisle_item_bits_unref(void *bits);              /* an aisle_item_bits */

/* Thread-safe; a lock is held for nanoseconds. */
enum { AISLE_FILTERS_KEPT = 64, AISLE_FILTER_KEY_BYTES = 8192 /* of a longer key nothing is kept */ };
typedef struct aisle_filter_cache aisle_filter_cache;
aisle_filter_cache *aisle_filter_cache_new(void); /* NULL: out of memory */
void aisle_filter_cache_free(aisle_filter_cache *c);
/* A reference to what was put with this key, and as of when; NULL = not there. */
aisle_item_bits *aisle_filter_cache_find(aisle_filter_cache *c, aisle_str key, int64_t *as_of);
/* Takes a reference of its own, in the place of the one looked for longest ago. What is there as of a later time stays. */
void aisle_filter_cache_put(aisle_filter_cache *c, aisle_str key, int64_t as_of, aisle_item_bits *bits);

#endif
