/* The loops of the first pass over blocks of users and products, for machines whose registers do not hold a whole tile: a source
 * file defines ROWS and ITEMS, which divide the tile's sides, and block(), and includes this. */
#include <stdbool.h>

static bool tile_of_blocks(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    uint64_t any = 0;
    memset(hits->at, 0, sizeof hits->at);
    for (int32_t u = 0; u < t->users; u += ROWS)
        for (int32_t i = 0; i < AISLE_INT8_ITEMS; i += ITEMS) block(t, AISLE_INT8_USERS, ROWS, u, i, hits);
    for (int32_t u = 0; u < t->users; u++) any |= hits->at[u];
    return any != 0;
}

static bool one_of_blocks(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    hits->at[0] = 0;
    for (int32_t i = 0; i < AISLE_INT8_ITEMS; i += ITEMS) block(t, 1, 1, 0, i, hits);
    return hits->at[0] != 0;
}
