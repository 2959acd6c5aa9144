/* Maximal marginal relevance and caps against working every value out anew. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/rng.h"
#include "server/recommend/diversify.h"

enum { POOL = 60, ITEMS = 80 };

static double alike[ITEMS][ITEMS];
static aisle_candidate pool[POOL];
static aisle_arena arena;
static aisle_rng g;

static double likeness(const void *ctx, int32_t a, int32_t b)
{
    (void)ctx;
    return alike[a][b];
}

static void make(void)
{
    for (int a = 0; a < ITEMS; a++)
        for (int b = 0; b <= a; b++) alike[a][b] = alike[b][a] = (double)aisle_rng_below(&g, 201) / 100 - 1;
    int32_t item = 0;
    double score = 10;
    for (int i = 0; i < POOL; i++) {
        item += 1 + (int32_t)aisle_rng_below(&g, 2) * (item < ITEMS - POOL);
        score -= (double)aisle_rng_below(&g, 4) / 8;
        pool[i] = (aisle_candidate){
            item - 1 < ITEMS ? item - 1 : ITEMS - 1, score, {aisle_rng_below(&g, 6), aisle_rng_below(&g, 4)}};
    }
}

static bool stands(const aisle_candidate *list, int32_t n, int32_t item)
{
    for (int32_t i = 0; i < n; i++)
        if (list[i].item == item) return true;
    return false;
}

static bool full(const aisle_candidate *list, int32_t n, const aisle_candidate *c, const aisle_diversity *d)
{
    for (int g_ = 0; g_ < AISLE_CAPS; g_++) {
        int same = 0;
        for (int32_t i = 0; i < n; i++) same += c->group[g_] && list[i].group[g_] == c->group[g_];
        if (d->cap[g_] && same >= d->cap[g_]) return true;
    }
    return false;
}

static int32_t by_hand(const aisle_diversity *d, int32_t n, aisle_candidate *list, int32_t have)
{
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i < POOL; i++) {
        least = fmin(least, pool[i].score);
        most = fmax(most, pool[i].score);
    }
    while (have < n) {
        int best = -1;
        double best_value = 0;
        for (int i = 0; i < POOL; i++) {
            double nearest = have ? -INFINITY : 0;
            for (int32_t k = 0; k < have; k++) nearest = fmax(nearest, alike[pool[i].item][list[k].item]);
            double rel = (pool[i].score - least) / (most - least);
            double value = (1 - d->by) * rel - d->by * nearest;
            if (stands(list, have, pool[i].item) || full(list, have, &pool[i], d)) continue;
            if (best < 0 || value > best_value) {
                best = i;
                best_value = value;
            }
        }
        if (best < 0) break;
        list[have++] = pool[best];
    }
    return have;
}

Test(diversify, chooses_what_working_it_out_chooses)
{
    aisle_rng_init(&g, 5, 0);
    aisle_arena_init(&arena);
    int moved = 0, short_lists = 0;
    for (int round = 0; round < 300; round++) {
        make();
        const aisle_diversity d = {.by = (double)aisle_rng_below(&g, 5) / 4,
                                   .cap = {(int32_t)aisle_rng_below(&g, 4), (int32_t)aisle_rng_below(&g, 4)},
                                   .likeness = likeness};
        int32_t n = 1 + (int32_t)aisle_rng_below(&g, 30), have = (int32_t)aisle_rng_below(&g, 2) * 2;
        aisle_candidate want[40] = {0}, got[40] = {0};
        for (int32_t k = 0; k < have; k++) want[k] = got[k] = pool[20 + 7 * k];
        int32_t n_want = by_hand(&d, n, want, have), n_got = have;
        cr_assert(aisle_diversify(pool, POOL, &d, n, got, &n_got, &arena));
        cr_assert_eq(n_got, n_want, "round %d", round);
        for (int32_t i = 0; i < n_got; i++) {
            cr_assert_eq(got[i].item, want[i].item, "round %d, place %d", round, i);
            moved += got[i].item != pool[i].item;
        }
        short_lists += n_got < n;
    }
    cr_assert(moved > 500 && short_lists > 20, "%d, %d: a test of nothing", moved, short_lists);
    aisle_arena_deinit(&arena);
}

Test(diversify, by_nothing_is_the_order_of_scores)
{
    aisle_rng_init(&g, 6, 0);
    aisle_arena_init(&arena);
    make();
    const aisle_diversity none = {.by = 0};
    aisle_candidate got[POOL];
    int32_t n = 0;
    cr_assert(aisle_diversify(pool, POOL, &none, POOL, got, &n, &arena) && n == POOL);
    for (int i = 0; i < POOL; i++) cr_assert_eq(got[i].item, pool[i].item);
    aisle_arena_deinit(&arena);
}
