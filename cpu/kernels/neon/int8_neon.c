/* First pass of top-N by NEON: products of signed bytes in 16 bits, added in pairs to 32. Needs no dot-product extension. */
#include <arm_neon.h>
#include <string.h>

#include "cpu/kernels/kernels.h"

enum { ROWS = 4, ITEMS = 16 };

/* rows users from the u-th of `users` against 16 items from the i-th on. The sums start at 0: codes are made signed, so
 * there is no 128 to undo. */
static inline __attribute__((always_inline)) void block(const aisle_int8_tile *t, int32_t users, int32_t rows,
                                                        int32_t u, int32_t i, aisle_int8_hits *hits)
{
    int32x4_t low[ROWS][4], high[ROWS][4]; /* of four items: pairs of the first two, of the last two */
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 4; v++) low[r][v] = high[r][v] = vdupq_n_s32(0);
    for (int32_t g = 0; g < t->groups; g++) {
        const uint8_t *item = t->item + ((int64_t)g * AISLE_INT8_ITEMS + i) * 4;
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, t->user + ((int64_t)g * users + u + r) * 4, sizeof four);
            int8x8_t uv = vreinterpret_s8_s32(vdup_n_s32(four));
            for (int v = 0; v < 4; v++) {
                int8x16_t iv = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(item + 16 * v), vdupq_n_u8(128)));
                low[r][v] = vpadalq_s16(low[r][v], vmull_s8(vget_low_s8(iv), uv));
                high[r][v] = vpadalq_s16(high[r][v], vmull_s8(vget_high_s8(iv), uv));
            }
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 4; v++) {
            float s[4];
            int32_t at = i + 4 * v;
            vst1q_f32(s,
                      vmulq_f32(vcvtq_f32_s32(vpaddq_s32(low[r][v], high[r][v])), vld1q_f32(t->scale + at)));
            memcpy(hits->score + (u + r) * AISLE_INT8_ITEMS + at, s, sizeof s);
            for (int l = 0; l < 4; l++) hits->at[u + r] |= (uint64_t)(s[l] >= t->floor[u + r]) << (at + l);
        }
}

#include "cpu/kernels/int8_blocks.h"

void aisle_kernels_neon_int8(aisle_kernels *k)
{
    k->int8_tile = tile_of_blocks;
    k->int8_one = one_of_blocks;
    k->int8_limit = 127;
}
