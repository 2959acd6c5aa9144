/* The first pass over 8-bit codes, on every table, against a plain sum; extreme codes too, where 16 bits could overflow. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/rng.h"
#include "cpu/kernels/kernels.h"

enum { GROUPS = 70, USERS = AISLE_INT8_USERS, ITEMS = AISLE_INT8_ITEMS };

typedef struct codes {
    uint8_t item[GROUPS * ITEMS * 4];
    int8_t user[GROUPS * USERS * 4];
    float scale[ITEMS];
    aisle_int8_tile tile;
} codes;

/* places: 8, or 1 as it is for int8_one */
static void make(codes *c, int32_t places, int32_t limit, bool extreme, aisle_rng *r)
{
    int32_t groups = 1 + (int32_t)aisle_rng_below(r, GROUPS);
    for (int32_t i = 0; i < groups * ITEMS * 4; i++)
        c->item[i] = (uint8_t)(extreme ? (aisle_rng_below(r, 8) ? 255 : 1) : 1 + aisle_rng_below(r, 255));
    for (int32_t i = 0; i < groups * places * 4; i++)
        c->user[i] = (int8_t)(extreme ? (aisle_rng_below(r, 8) ? limit : -limit)
                                      : (int32_t)aisle_rng_below(r, (uint64_t)limit * 2 + 1) - limit);
    for (int32_t i = 0; i < ITEMS; i++) c->scale[i] = (float)aisle_rng_f64(r) * (i % 9 ? 1 : 0);
    c->tile = (aisle_int8_tile){.groups = groups, .item = c->item, .scale = c->scale, .user = c->user};
    for (int32_t u = 0; u < places; u++) {
        for (int32_t i = 0; i < groups * 4; i++)
            c->tile.start[u] -= 128 * c->user[(i / 4 * places + u) * 4 + i % 4];
        c->tile.floor[u] = u == 5 ? INFINITY : u == 6 ? -INFINITY : (float)(aisle_rng_f64(r) - .5) * 100000;
    }
}

static void check(const aisle_kernels *k, const codes *c, int32_t places, int32_t users)
{
    aisle_int8_hits hits;
    aisle_int8_tile tile = c->tile;
    tile.users = users;
    bool any = false, said = (places == 1 ? k->int8_one : k->int8_tile)(&tile, &hits);
    for (int32_t u = 0; u < users; u++) {
        uint64_t at = 0;
        for (int32_t i = 0; i < ITEMS; i++) {
            int32_t sum = 0;
            for (int32_t p = 0; p < c->tile.groups * 4; p++)
                sum += (c->item[(p / 4 * ITEMS + i) * 4 + p % 4] - 128) *
                       c->user[(p / 4 * places + u) * 4 + p % 4];
            float score = c->scale[i] * (float)sum;
            at |= (uint64_t)(score >= c->tile.floor[u]) << i;
            if (hits.at[u]) cr_assert(hits.score[u * ITEMS + i] == score, "%s", k->name);
        }
        cr_assert(at == hits.at[u], "%s, user %d of %d", k->name, u, users);
        any |= at != 0;
    }
    cr_assert(any == said, "%s", k->name);
}

Test(int8, every_table_finds_the_hits_of_a_plain_sum)
{
    static codes c;
    const aisle_kernels *k;
    aisle_rng r;
    aisle_rng_init(&r, 1, 0);
    for (int32_t i = 0; (k = aisle_kernels_at(i)) != NULL; i++)
        for (int32_t run = 0; run < 60; run++) {
            int32_t places = run % 3 ? USERS : 1;
            make(&c, places, k->int8_limit, run % 2, &r);
            for (int32_t users = 1; users <= places; users++) check(k, &c, places, users);
        }
}

/* Codes of which the upper half is meant, two groups a byte; the last one of an odd number has no partner. */
Test(int8, every_table_takes_the_upper_halves_alone)
{
    static codes c;
    static uint8_t halves[(GROUPS + 1) / 2 * ITEMS * 4];
    const aisle_kernels *k;
    aisle_int8_hits hits;
    aisle_rng r;
    aisle_rng_init(&r, 2, 0);
    for (int32_t i = 0; (k = aisle_kernels_at(i)) != NULL; i++)
        for (int32_t run = 0; run < 60; run++) {
            make(&c, 1, k->int8_limit, run % 2, &r);
            aisle_int8_tile t = c.tile;
            memset(halves, 0, sizeof halves);
            t.item = halves;
            t.start[0] = t.start[0] / 128 * 15;
            uint64_t at = 0;
            for (int32_t g = 0; g < t.groups; g++)
                for (int32_t b = 0; b < ITEMS * 4; b++)
                    halves[g / 2 * ITEMS * 4 + b] |= (uint8_t)(c.item[g * ITEMS * 4 + b] >> 4 << g % 2 * 4);
            bool said = k->coarse_one(&t, &hits);
            for (int32_t n = 0; n < ITEMS; n++) {
                int32_t sum = 0;
                for (int32_t p = 0; p < t.groups * 4; p++)
                    sum += (2 * (c.item[(p / 4 * ITEMS + n) * 4 + p % 4] >> 4) - 15) * c.user[p];
                float score = c.scale[n] * (float)sum;
                at |= (uint64_t)(score >= t.floor[0]) << n;
                if (hits.at[0]) cr_assert(hits.score[n] == score, "%s", k->name);
            }
            cr_assert(at == hits.at[0] && said == (at != 0), "%s", k->name);
        }
}
