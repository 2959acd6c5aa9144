/* Selection against a full sort, with ties, negative scores and signed zeros. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/rng.h"
#include "cpu/kernels/select.h"

Test(select, order_is_score_and_then_smaller_id)
{
    cr_assert(aisle_select_key(1, 5) > aisle_select_key(.5F, 1));
    cr_assert(aisle_select_key(-1, 5) > aisle_select_key(-2, 1));
    cr_assert(aisle_select_key(0, 5) > aisle_select_key(-1e-30F, 1));
    cr_assert(aisle_select_key(1, 5) > aisle_select_key(1, 6));
    cr_assert(aisle_select_key(-0.0F, 5) > aisle_select_key(0.0F, 6));
    cr_assert(aisle_select_key(INFINITY, INT32_MAX) > aisle_select_key(3e38F, 0));
}

Test(select, the_best_of_any_stream_come_out_sorted)
{
    static float score[3000];
    static uint64_t key[2 * 700 + 32];
    static int32_t ids[700];
    static float got[700];
    for (int32_t t = 0; t < 200; t++) {
        aisle_rng r;
        aisle_rng_init(&r, (uint64_t)t, 0);
        int32_t n = 1 + (int32_t)aisle_rng_below(&r, t % 10 ? 40 : 700),
                count = (int32_t)aisle_rng_below(&r, 3000);
        uint64_t levels = t % 3 ? 1000000 : 5; /* few levels: many ties */
        aisle_select s;
        aisle_select_init(&s, key, n);
        for (int32_t i = 0; i < count; i++) {
            score[i] = (float)aisle_rng_below(&r, levels) - (float)levels / 2;
            if (t % 7 == 0) score[i] = (float)i; /* ascending: the threshold rises at every step */
            if (score[i] >= s.threshold) aisle_select_push(&s, score[i], i);
        }
        int32_t found = aisle_select_take(&s, ids, got);
        cr_assert(found == (count < n ? count : n));
        for (int32_t i = 0; i < found; i++) {
            cr_assert(got[i] == score[ids[i]]);
            if (i) cr_assert(got[i] < got[i - 1] || (got[i] == got[i - 1] && ids[i] > ids[i - 1]));
        }
        for (int32_t i = found; i < n; i++) cr_assert(ids[i] == -1 && got[i] == 0);
        int32_t better = 0; /* nothing left out beats the last one in */
        for (int32_t i = 0; i < count && found; i++)
            better += aisle_select_key(score[i], i) > aisle_select_key(got[found - 1], ids[found - 1]);
        cr_assert(found == 0 || better == found - 1, "run %d: %d of %d", t, better, found);
    }
}
