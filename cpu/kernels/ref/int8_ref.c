/* Plain-C first pass of top-N over 8-bit codes. */
#include "cpu/kernels/kernels.h"

/* users of `places` that lie beside each other */
static bool pass(const aisle_int8_tile *t, int32_t users, int32_t places, aisle_int8_hits *hits)
{
    bool any = false;
    for (int32_t u = 0; u < users; u++) {
        uint64_t at = 0;
        for (int32_t i = 0; i < AISLE_INT8_ITEMS; i++) {
            int32_t sum = t->start[u];
            for (int32_t g = 0; g < t->groups; g++)
                for (int32_t c = 0; c < 4; c++)
                    sum += t->item[(g * AISLE_INT8_ITEMS + i) * 4 + c] * t->user[(g * places + u) * 4 + c];
            float score = t->scale[i] * (float)sum;
            hits->score[u * AISLE_INT8_ITEMS + i] = score;
            at |= (uint64_t)(score >= t->floor[u]) << i;
        }
        hits->at[u] = at;
        any |= at != 0;
    }
    return any;
}

static bool tile_ref(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    return pass(t, t->users, AISLE_INT8_USERS, hits);
}

static bool one_ref(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    return pass(t, 1, 1, hits);
}

static bool coarse_ref(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    hits->at[0] = 0;
    for (int32_t i = 0; i < AISLE_INT8_ITEMS; i++) {
        int32_t sum = 0;
        for (int32_t g = 0; g < t->groups; g++)
            for (int32_t c = 0; c < 4; c++)
                sum += (t->item[(g / 2 * AISLE_INT8_ITEMS + i) * 4 + c] >> (g % 2 * 4) & 15) *
                       t->user[g * 4 + c];
        hits->score[i] = t->scale[i] * (float)(2 * sum + t->start[0]);
        hits->at[0] |= (uint64_t)(hits->score[i] >= t->floor[0]) << i;
    }
    return hits->at[0] != 0;
}

void aisle_kernels_ref_int8(aisle_kernels *k)
{
    k->int8_tile = tile_ref;
    k->int8_one = one_ref;
    k->coarse_one = coarse_ref;
    k->int8_limit = 127;
}
