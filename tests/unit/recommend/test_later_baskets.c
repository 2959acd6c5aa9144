/* Counts of pairs against counting by hand, and what a person's purchases change, slice by slice, against all at once. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "server/recommend/basket_change.h"
#include "server/recommend/pair_counts.h"

enum { ROWS = 30, BASKETS = 400 };

static aisle_rng g;

static int32_t below(int32_t n)
{
    return (int32_t)aisle_rng_below(&g, (uint64_t)n);
}

/* 1 to 6 distinct rows. */
static int32_t random_basket(int32_t *rows)
{
    int32_t n = 0;
    for (int32_t want = 1 + below(6), row, i; n < want;) {
        row = 1 + below(ROWS);
        for (i = 0; i < n && rows[i] != row;) i++;
        if (i == n) rows[n++] = row;
    }
    return n;
}

static bool put(aisle_pair_counts *c, const int32_t *rows, int32_t n, int32_t delta, int64_t owner)
{
    const uint32_t name = aisle_pair_name(owner);
    return aisle_pair_counts_add(c, rows, n, delta, (aisle_pair_owner){&name, 1});
}

Test(pair_counts, are_those_by_hand_whatever_comes_and_goes)
{
    static int32_t both[ROWS + 1][ROWS + 1], owners[ROWS + 1][ROWS + 1][3];
    int32_t rows[6], all = 0;
    aisle_rng_init(&g, 3, 0);
    aisle_pair_counts *c = aisle_pair_counts_new(1 << 20);
    for (int k = 0; k < BASKETS; k++) {
        const int32_t n = random_basket(rows), delta = below(4) ? 1 : -1, owner = below(3);
        cr_assert(put(c, rows, n, delta, owner));
        all += delta;
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = 0; j < n; j++) {
                both[rows[i]][rows[j]] += delta;
                owners[rows[i]][rows[j]][owner] += delta;
            }
    }
    cr_assert_eq(aisle_pair_counts_baskets(c), all);
    for (int32_t a = 0; a <= ROWS + 1; a++) {
        int32_t seen = 0, there = 0, at = 0;
        aisle_pair_count p;
        cr_assert_eq(aisle_pair_counts_of(c, a), a <= ROWS ? both[a][a] : 0);
        for (; aisle_pair_counts_next(c, a, &at, &p); seen++) {
            const int32_t *o = owners[a][p.row];
            cr_assert(p.row != a && p.both == both[a][p.row]);
            cr_assert_eq(p.several, (o[0] > 0) + (o[1] > 0) + (o[2] > 0) > 1);
            cr_assert_eq(aisle_pair_counts_find(c, a, p.row).both, p.both);
        }
        for (int32_t b = 1; a <= ROWS && b <= ROWS; b++)
            there += b != a && aisle_pair_counts_find(c, a, b).several;
        cr_assert_geq(seen, there);
    }
    cr_assert_eq(aisle_pair_counts_find(c, 5, 5).both, 0);
    aisle_pair_counts_free(c);
}

static bool several(const aisle_pair_counts *c)
{
    return aisle_pair_counts_find(c, 1, 2).several;
}

Test(pair_counts, who_takes_theirs_away_is_no_owner)
{
    aisle_pair_counts *c = aisle_pair_counts_new(100);
    const int32_t rows[] = {1, 2};
    cr_assert(put(c, rows, 2, 1, 7) && put(c, rows, 2, 1, 7) && !several(c));
    cr_assert(put(c, rows, 2, 1, 8) && several(c));
    cr_assert(put(c, rows, 2, -1, 8) && !several(c));
    cr_assert(put(c, rows, 2, 1, 9) && several(c));
    cr_assert(put(c, rows, 2, 1, 10) && put(c, rows, 2, -1, 9) && several(c));
    cr_assert(put(c, rows, 2, -1, 10) && !several(c));
    cr_assert(put(c, rows, 2, -1, 11) && !several(c)); /* of a basket that was not put in */
    aisle_pair_counts_free(c);
}

Test(pair_counts, one_owner_of_several_names_is_one)
{
    aisle_pair_counts *c = aisle_pair_counts_new(100);
    const int32_t rows[] = {1, 2};
    const uint32_t names[] = {aisle_pair_name(7), aisle_pair_name(-1), aisle_pair_name(-2)};
    const aisle_pair_owner joined = {names, 3};
    cr_assert(put(c, rows, 2, 1, -1) && !several(c));
    cr_assert(put(c, rows, 2, 1, -2) && several(c));
    cr_assert(aisle_pair_counts_add(c, rows, 2, 1, joined) && !several(c));
    cr_assert(put(c, rows, 2, 1, 8) && several(c));
    for (int i = 0; i < 3; i++) cr_assert(several(c) && aisle_pair_counts_add(c, rows, 2, -1, joined));
    cr_assert_not(several(c));
    cr_assert_eq(aisle_pair_counts_find(c, 1, 2).both, 1);
    aisle_pair_counts_free(c);
}

Test(pair_counts, of_a_product_what_several_bought_last_comes_first)
{
    aisle_pair_counts *c = aisle_pair_counts_new(1 << 20);
    int32_t at = 0, seen = 0;
    aisle_pair_count p;
    for (int32_t round = 0; round < 2; round++)
        for (int32_t row = 2; row <= 1000; row++) {
            const int32_t rows[] = {row, 1};
            if (round == 0 || row % 2) cr_assert(put(c, rows, 2, 1, round));
        }
    const int32_t again[] = {1, 501};
    cr_assert(put(c, again, 2, 1, 0));
    for (; aisle_pair_counts_next(c, 1, &at, &p); seen++)
        cr_assert_eq(p.row, seen == 0 ? 501 : 999 - 2 * (seen - (seen <= 249)), "%d: %d", seen, p.row);
    cr_assert_eq(seen, 499);
    aisle_pair_counts_free(c);
}

Test(pair_counts, one_that_has_room_counts_the_same_and_takes_no_memory)
{
    aisle_pair_counts *c = aisle_pair_counts_new(1 << 20), *all = aisle_pair_counts_new(1 << 20);
    int32_t rows[6], wide[100], n;
    aisle_rng_init(&g, 4, 0);
    for (int32_t i = 0; i < 100; i++) wide[i] = 7 * (i + 1);
    for (int k = 0; k < 100; k++) {
        n = random_basket(rows);
        cr_assert(put(c, rows, n, 1, k % 3) && put(all, rows, n, 1, k % 3));
    }
    cr_assert_not(aisle_pair_counts_has_room(c, wide, 100));
    for (int64_t nth = 1; nth <= 4; nth++) {
        aisle_alloc_fail_after(nth);
        cr_assert_null(aisle_pair_counts_grown(c, wide, 100));
        aisle_alloc_fail_after(0);
    }
    aisle_pair_counts *more = aisle_pair_counts_grown(c, wide, 100);
    aisle_pair_counts_free(c);
    cr_assert(more && aisle_pair_counts_has_room(more, wide, 100));
    aisle_alloc_fail_after(1);
    cr_assert(put(more, wide, 100, 1, 1));
    aisle_alloc_fail_after(0);
    cr_assert(put(all, wide, 100, 1, 1));
    cr_assert_eq(aisle_pair_counts_pairs(more), aisle_pair_counts_pairs(all));
    cr_assert_eq(aisle_pair_counts_baskets(more), 101);
    for (int32_t a = 1; a <= 700; a++) {
        aisle_pair_count p, q;
        cr_assert_eq(aisle_pair_counts_of(more, a), aisle_pair_counts_of(all, a));
        for (int32_t i = 0, j = 0; aisle_pair_counts_next(all, a, &i, &p);)
            cr_assert(aisle_pair_counts_next(more, a, &j, &q) && p.row == q.row && p.both == q.both);
    }
    aisle_pair_counts_free(more);
    aisle_pair_counts_free(all);
}

Test(pair_counts, without_room_leave_new_pairs_out_and_count_the_others_on)
{
    aisle_pair_counts *c = aisle_pair_counts_new(3);
    const int32_t first[] = {1, 2, 3}, second[] = {2, 3, 4};
    cr_assert(put(c, first, 3, 1, 1));
    cr_assert_eq(aisle_pair_counts_left_out(c), 0);
    cr_assert(put(c, second, 3, 1, 2));
    cr_assert_eq(aisle_pair_counts_pairs(c), 3);
    cr_assert_eq(aisle_pair_counts_left_out(c), 2);
    cr_assert_eq(aisle_pair_counts_find(c, 3, 2).both, 2);
    cr_assert(aisle_pair_counts_find(c, 3, 2).several);
    cr_assert_eq(aisle_pair_counts_find(c, 4, 2).both, 0);
    cr_assert_eq(aisle_pair_counts_of(c, 4), 1);
    cr_assert_eq(aisle_pair_counts_baskets(c), 2);
    aisle_pair_counts_free(c);
}

Test(pair_counts, out_of_memory_nothing_is_counted)
{
    for (int64_t nth = 1; nth <= 3; nth++) {
        aisle_pair_counts *c = aisle_pair_counts_new(100);
        const int32_t rows[] = {1, 2};
        aisle_alloc_fail_after(nth);
        cr_assert_not(put(c, rows, 2, 1, 1));
        aisle_alloc_fail_after(0);
        cr_assert_eq(aisle_pair_counts_baskets(c) + aisle_pair_counts_of(c, 1), 0);
        cr_assert(put(c, rows, 2, 1, 1));
        cr_assert_eq(aisle_pair_counts_find(c, 1, 2).both, 1);
        aisle_pair_counts_free(c);
    }
}

/* ---- one person ---- */

enum { EVENTS = 300 };
static aisle_bought bought[EVENTS];

static void make_person(uint64_t seed)
{
    static const aisle_str orders[] = {{NULL, 0}, {NULL, 0}, {"o1", 2}, {"o2", 2}, {"o3", 2}};
    aisle_rng_init(&g, seed, 0);
    for (int i = 0; i < EVENTS; i++)
        bought[i] = (aisle_bought){.id = 10 + 3 * i,
                                   .product = 1 + below(ROWS),
                                   .at_ms = below(20) ? 1000000000 + (int64_t)below(10 * 24) * 3600000 : 0,
                                   .value = 1 + below(3),
                                   .type = below(5) ? AISLE_EVENT_PURCHASE : AISLE_EVENT_CANCEL,
                                   .order = orders[below(5)]};
}

/* The purchases' baskets as they are with ids up to `last`, less those up to `before`. */
static void change(int64_t before, int64_t last, int64_t owner, aisle_pair_counts *c)
{
    aisle_arena arena = {0};
    aisle_basket_delta *d;
    int32_t n, events = 0;
    while (events < EVENTS && bought[events].id <= last) events++;
    cr_assert_eq(aisle_basket_change(bought, events, before, &arena, &d, &n, NULL), AISLE_OK);
    for (int32_t i = 0; i < n; i++) cr_assert(put(c, d[i].rows, d[i].n, d[i].delta, owner));
    aisle_arena_deinit(&arena);
}

Test(basket_change, slices_add_up_to_the_whole)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        make_person(seed);
        aisle_pair_counts *sliced = aisle_pair_counts_new(1 << 20), *whole = aisle_pair_counts_new(1 << 20);
        const int64_t trained = bought[100].id, end = bought[EVENTS - 1].id;
        for (int64_t upto = trained, next; upto < end; upto = next) {
            next = upto + 1 + below(60) < end ? upto + 1 + below(60) : end;
            change(upto, next, 1, sliced);
        }
        change(0, end, 1, whole);
        aisle_pair_counts *less = aisle_pair_counts_new(1 << 20);
        change(0, trained, 1, less);
        cr_assert_eq(aisle_pair_counts_baskets(sliced),
                     aisle_pair_counts_baskets(whole) - aisle_pair_counts_baskets(less));
        for (int32_t a = 1; a <= ROWS; a++) {
            cr_assert_eq(aisle_pair_counts_of(sliced, a),
                         aisle_pair_counts_of(whole, a) - aisle_pair_counts_of(less, a));
            for (int32_t b = 1; b <= ROWS; b++)
                cr_assert_eq(aisle_pair_counts_find(sliced, a, b).both,
                             aisle_pair_counts_find(whole, a, b).both -
                                 aisle_pair_counts_find(less, a, b).both);
        }
        aisle_pair_counts_free(sliced);
        aisle_pair_counts_free(whole);
        aisle_pair_counts_free(less);
    }
}

Test(basket_change, whole_baskets_are_those_of_a_dataset)
{
    make_person(77);
    aisle_dataset *d = aisle_dataset_new();
    const aisle_sink sink = aisle_dataset_sink(d);
    aisle_csr baskets;
    for (int i = 0; i < EVENTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", (int)bought[i].product);
        const aisle_event e = {.user = AISLE_STR("u"),
                               .item = aisle_str_from(name),
                               .type = bought[i].type,
                               .at_ms = bought[i].at_ms,
                               .value = bought[i].value,
                               .order = bought[i].order};
        cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    }
    cr_assert_eq(aisle_dataset_baskets(d, NULL, 1, &baskets, NULL), AISLE_OK);
    aisle_pair_counts *c = aisle_pair_counts_new(1 << 20);
    change(0, INT64_MAX, 1, c);
    cr_assert_eq(aisle_pair_counts_baskets(c), baskets.n_rows);
    int32_t entries = 0;
    for (int32_t a = 1; a <= ROWS; a++) entries += aisle_pair_counts_of(c, a);
    cr_assert_eq(entries, aisle_csr_nnz(&baskets));
    cr_assert_gt(baskets.n_rows, 5);
    aisle_pair_counts_free(c);
    aisle_csr_deinit(&baskets);
    aisle_dataset_free(d);
}

Test(basket_change, nothing_new_changes_nothing_and_memory_may_run_out)
{
    make_person(5);
    aisle_arena arena = {0};
    aisle_basket_delta *d;
    int32_t n;
    cr_assert_eq(aisle_basket_change(bought, EVENTS, INT64_MAX, &arena, &d, &n, NULL), AISLE_OK);
    cr_assert_eq(n, 0);
    aisle_status st = AISLE_ENOMEM;
    for (int64_t nth = 1; st != AISLE_OK; nth++) {
        aisle_error err = {0};
        aisle_alloc_fail_after(nth);
        st = aisle_basket_change(bought, EVENTS, 400, &arena, &d, &n, &err);
        aisle_alloc_fail_after(0);
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "%s", err.message);
    }
    aisle_arena_deinit(&arena);
}
