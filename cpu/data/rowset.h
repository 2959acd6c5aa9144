/* The rows seen so far, as 64-bit hashes: exact-duplicate detection. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_ROWSET_H
#define AISLE_CPU_DATA_ROWSET_H

#include <stdbool.h>

#include "aisle/reader.h"

/* Zeroed = empty. About 16 bytes a row; that two different rows of n have one hash has probability n²/2^65.
 */
typedef struct rowset {
    uint64_t *slots; /* 0 = empty */
    int64_t n, cap;  /* cap is a power of two, at most 3/4 full */
} rowset;

void rowset_deinit(rowset *s);
/* Adds a hash; *known when it was there. false: out of memory. */
bool rowset_add(rowset *s, uint64_t hash, bool *known);
/* The hash of all fields, or of the raw text when whole rows are wanted (JSON shows only the columns asked
 * for). */
uint64_t rowset_hash(const aisle_row *row, bool whole);

#endif
