/* Scores of one user by each kind of table, by hand; and one scale for all. */
#include "cpu/rank/table_rank.h"

#include <criterion/criterion.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/kernels.h"

static const float none = -(float)INFINITY;
static const double u32 = 0x1p-24; /* unit roundoff of f32 */

static rank_room room_for(int32_t n_items, int32_t n_terms)
{
    rank_room room;
    cr_assert_eq(rank_room_init(&room, n_items, n_terms, NULL), AISLE_OK);
    return room;
}

Test(rank, links_add_up_what_the_given_items_speak_for)
{
    int64_t rows[] = {0, 2, 3, 3, 3};
    int32_t col[] = {1, 2, 2}, given[] = {0, 1};
    float val[] = {.5F, .25F, -1}, weight[] = {8, 2}, out[4];
    uint8_t fresh[] = {0, 0, 0, 1};
    aisle_table t = {.kind = AISLE_TABLE_LINKS,
                     .ranks = AISLE_RANKS_TAKEN,
                     .n_items = 4,
                     .fresh = fresh,
                     .links = {4, 4, rows, col, val},
                     .unit = 2};
    rank_user u = {.n = 2, .item = given, .weight = weight, .group = {-1, -1, -1}};
    rank_room room = room_for(4, 0);
    rank_scores(&t, &u, &room, out);
    cr_assert(out[0] == 0 && out[1] == 1, "sqrt(8 / 2) * .5");
    cr_assert(out[2] == -.5F && out[3] == none, "2 * .25 - 1; nobody took the last");
    t.ranks = AISLE_RANKS_ABOVE;
    rank_scores(&t, &u, &room, out);
    cr_assert(out[0] == none && out[1] == 1 && out[2] == none && out[3] == none);
    u.n = 0;
    t.ranks = AISLE_RANKS_TAKEN;
    rank_scores(&t, &u, &room, out);
    for (int i = 0; i < 4; i++) cr_assert_eq(out[i], none, "nothing was taken");
    rank_room_deinit(&room);
}

Test(rank, texts_are_compared_with_the_sum_of_the_given_ones)
{
    int64_t rows[] = {0, 1, 3, 3}, terms_rows[] = {0, 2, 3};
    int32_t col[] = {0, 0, 1}, items[] = {0, 1, 1}, given[] = {0, 1, 2};
    float val[] = {1, .6F, .8F}, terms_val[] = {1, .6F, .8F}, weight[] = {2, 1, 5}, out[3];
    aisle_table t = {.kind = AISLE_TABLE_TEXT,
                     .n_items = 3,
                     .text = {3, 2, rows, col, val},
                     .terms = {2, 3, terms_rows, items, terms_val}};
    rank_user u = {.n = 3, .item = given, .weight = weight, .group = {-1, -1, -1}};
    rank_room room = room_for(3, 2);
    for (int again = 0; again < 2; again++) { /* the room is left as it was found */
        rank_scores(&t, &u, &room, out);
        double length = sqrt(2.6 * 2.6 + .8 * .8); /* 2 (1, 0) + (.6, .8) */
        cr_assert_float_eq((double)out[0], 2.6 / length, 8 * u32);
        cr_assert_float_eq((double)out[1], (2.6 * .6 + .8 * .8) / length, 8 * u32);
        cr_assert_eq(out[2], none, "no text");
    }
    u.item = given + 2;
    u.n = 1;
    rank_scores(&t, &u, &room, out);
    for (int i = 0; i < 3; i++) cr_assert_eq(out[i], none, "what was taken has no text");
    rank_room_deinit(&room);
}

Test(rank, groups_add_to_what_everyone_takes)
{
    int64_t rows[] = {0, 1, 2};
    int32_t col[] = {0, 1};
    float val[] = {2, 3}, base[] = {-1, -2, -3}, out[3];
    aisle_table t = {
        .kind = AISLE_TABLE_GROUPS, .n_items = 3, .scores = base, .groups = {2, 3, rows, col, val}};
    rank_user u = {.group = {0, -1, 1}};
    rank_room room = room_for(3, 0);
    rank_scores(&t, &u, &room, out);
    cr_assert(out[0] == 1 && out[1] == 1 && out[2] == -3);
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) u.group[a] = -1;
    rank_scores(&t, &u, &room, out);
    cr_assert_eq(memcmp(out, base, sizeof base), 0);
    rank_room_deinit(&room);
}

Test(rank, factors_are_multiplied_and_unknown_ones_rank_nothing)
{
    float y[2 * 2 + AISLE_KERNEL_SLACK] = {1, 2, -3, 4}, x[2 + AISLE_KERNEL_SLACK] = {.5F, .25F}, out[2];
    uint8_t fresh[] = {0, 1};
    aisle_table t = {.kind = AISLE_TABLE_FACTORS, .n_items = 2, .fresh = fresh, .items = {2, 2, 2, y}};
    rank_user u = {.factors = x};
    rank_scores(&t, &u, NULL, out);
    cr_assert(out[0] == 1 && out[1] == -.5F);
    t.ranks = AISLE_RANKS_TAKEN;
    rank_scores(&t, &u, NULL, out);
    cr_assert(out[0] == 1 && out[1] == none);
    u.factors = NULL;
    rank_scores(&t, &u, NULL, out);
    cr_assert(out[0] == none && out[1] == none);
}

/* Sums of n terms in double, and a root: far inside 16 u of f32. */
Test(scale, is_the_least_and_the_deviation_of_what_can_be_ranked)
{
    enum { N = 1003 };
    float s[N], sum[N];
    uint8_t fresh[N] = {0};
    double mean = 0, square = 0, n = 0;
    for (int i = 0; i < N; i++) {
        s[i] = i % 7 == 3 ? none : 1000 + (float)(i * 37 % 101) / 8;
        sum[i] = 1;
        fresh[i] = i % 5 == 0;
        if (s[i] == none) continue;
        mean += (double)s[i];
        n++;
    }
    mean /= n;
    for (int i = 0; i < N; i++)
        if (s[i] != none) square += ((double)s[i] - mean) * ((double)s[i] - mean);
    rank_scale c = rank_scale_of(N, s);
    double by = 1 / sqrt(square / n);
    cr_assert_eq(c.low, 1000);
    cr_assert(fabs((double)c.by - by) <= 2 * u32 * by);
    cr_assert_eq(rank_scaled(none, c), 0);
    cr_assert_eq(rank_scaled(999, c), 0, "below the least: an item that was not looked at");
    rank_add_scaled(N, s, c, (rank_weight){.5F, .25F}, fresh, sum);
    for (int i = 0; i < N; i++) {
        double w = fresh[i] ? .25 : .5, want = 1 + (s[i] == none ? 0 : w * ((double)s[i] - 1000) * by);
        cr_assert_float_eq((double)sum[i], want, 16 * u32 * want, "item %d", i);
    }
}

Test(scale, of_equal_scores_and_of_none_adds_nothing)
{
    float same[] = {3.1F, 3.1F, none, 3.1F, 3.1F, 3.1F}, nothing[] = {none, none}, sum[6] = {0};
    const uint8_t fresh[6] = {0};
    rank_scale c = rank_scale_of(6, same);
    cr_assert_eq(c.by, 0);
    rank_add_scaled(6, same, c, (rank_weight){1, 1}, fresh, sum);
    c = rank_scale_of(2, nothing);
    cr_assert(c.by == 0 && c.low == 0);
    rank_add_scaled(2, nothing, c, (rank_weight){1, 1}, fresh, sum);
    for (int i = 0; i < 6; i++) cr_assert_eq(sum[i], 0);
    float shares[2][3] = {{1, 3, 0}, {0, 0, 0}};
    for (int k = 0; k < 2; k++) rank_divide(3, shares[k]);
    cr_assert(shares[0][0] == .25F && shares[0][1] == .75F && shares[0][2] == 0 && shares[1][0] == 0);
}
