/* Bytes that are kept under a name for as long as there is room: what was found or made once, to be found again without asking.
 * Knows nothing of what they are, nor whether they are still right. No locks: one thread, or the caller's lock. */
#ifndef AISLE_SERVER_KEPT_H
#define AISLE_SERVER_KEPT_H

#include <stdint.h>

#include "aisle/str.h"

typedef struct aisle_kept_entry {
    struct aisle_kept_entry *next; /* the table's */
    uint64_t hash;
    size_t name_len, len;
    uint32_t tag;  /* several may have one name */
    uint64_t mark; /* the caller's: as of when */
    char bytes[];  /* the name, then the value at a multiple of 8 */
} aisle_kept_entry;

typedef struct aisle_kept aisle_kept;
aisle_kept *aisle_kept_new(size_t bytes_max); /* NULL: out of memory */
void aisle_kept_free(aisle_kept *k);
/* Valid until the next put, drop or clear; NULL: not there. */
const aisle_kept_entry *aisle_kept_find(const aisle_kept *k, aisle_str name, uint32_t tag);
/* The same of n names: where they stand is fetched for many while the first is looked at. */
void aisle_kept_find_all(const aisle_kept *k, const aisle_str *names, int32_t n, uint32_t tag,
                         const aisle_kept_entry **out);
static inline const char *aisle_kept_value(const aisle_kept_entry *e)
{
    return e->bytes + (e->name_len + 7) / 8 * 8;
}
/* Copies, in the place of what has the name and tag; others make room. Without memory, or for what is larger than a
 * hundredth of the room, nothing is kept. */
void aisle_kept_put(aisle_kept *k, aisle_str name, uint32_t tag, uint64_t mark, aisle_str value);
void aisle_kept_drop(aisle_kept *k, aisle_str name); /* of every tag */
void aisle_kept_clear(aisle_kept *k);

#endif
