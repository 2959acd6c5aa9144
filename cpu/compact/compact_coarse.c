/* The upper halves of a table's codes, and what they are off by. */
#include <math.h>

#include "aisle/memory.h"
#include "cpu/compact/compact_code.h"

enum { ROW_OF_GROUPS = AISLE_COMPACT_TILE * 4 }; /* bytes: four factors of a tile */

static int64_t pairs_of(const aisle_compact *t)
{
    return (t->groups + 1) / 2;
}

/* l - 8, as the kernel takes l for 8, squared and added up, of the factors that there are: the rest has nothing to be off
 * from. */
static void add_squares(const aisle_compact *t, int32_t group, const uint8_t *codes, int64_t *squares)
{
    for (int32_t k = 0; k < ROW_OF_GROUPS; k++) {
        const int32_t off = (codes[k] & 15) - COMPACT_MIDDLE;
        if (group * 4 + k % 4 < t->n_factors) squares[k / 4] += off * off;
    }
}

static float coarsen_tile(const aisle_compact *t, int32_t tile, uint8_t *out)
{
    int64_t squares[AISLE_COMPACT_TILE] = {0};
    double most = 0;
    for (int32_t g = 0; g < t->groups; g++) {
        const uint8_t *codes = t->codes + ((int64_t)tile * t->groups + g) * ROW_OF_GROUPS;
        uint8_t *to = out + g / 2 * ROW_OF_GROUPS;
        for (int32_t k = 0; k < ROW_OF_GROUPS; k++)
            to[k] = (uint8_t)(g % 2 ? to[k] | (codes[k] & 240) : codes[k] >> 4);
        add_squares(t, g, codes, squares);
    }
    for (int32_t i = 0; i < AISLE_COMPACT_TILE; i++) {
        const int64_t e = (int64_t)tile * AISLE_COMPACT_TILE + i;
        const double scale = (double)t->scale[e], error = (double)t->error[e];
        const double off = scale > 0 ? error / scale + sqrt((double)squares[i]) : INFINITY;
        const bool is_nothing = t->ids[e] < 0 || !(scale > 0 || error > 0);
        if (!is_nothing && off > most) most = off;
    }
    return (float)(most * (1 + 0x1p-22)); /* above, whatever was rounded */
}

aisle_status compact_coarsen(aisle_compact *t, aisle_error *err)
{
    const int64_t tile_bytes = pairs_of(t) * ROW_OF_GROUPS, bytes = t->n_tiles * tile_bytes;
    aisle_free(t->owned_coarse); /* made before */
    t->coarse = NULL, t->coarse_ratio = NULL, t->owned_coarse = NULL;
    uint8_t *coarse = aisle_alloc_aligned((size_t)bytes + (size_t)t->n_tiles * sizeof(float) + 64);
    if (!coarse) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a table's coarse codes");
    float *ratio = (float *)(void *)(coarse + bytes);
#pragma omp parallel for schedule(static)
    for (int32_t i = 0; i < t->n_tiles; i++) ratio[i] = coarsen_tile(t, i, coarse + i * tile_bytes);
    t->coarse = coarse;
    t->coarse_ratio = ratio;
    t->owned_coarse = coarse;
    return AISLE_OK;
}

aisle_status aisle_compact_coarsen(aisle_compact *t, aisle_error *err)
{
    const int64_t bytes = (int64_t)t->n_tiles * t->groups * ROW_OF_GROUPS;
    if (!aisle_kernels_get()->coarse_pays || bytes <= AISLE_COMPACT_CACHED) return AISLE_OK;
    return compact_coarsen(t, err);
}
