/* Counting a shop's events as they come and as they were: against sums by hand. */
#include <math.h>

#include "random_answering.h"
#include "server/recommend/trends.h"
#include "server/store/store_internal.h"

enum { MANY = 2500, MORE = 1200 }; /* several slices each */
static const int64_t hour_ms = 3600000;
static random_answering r;
static aisle_trends *trends;
static aisle_event sent[MANY + 3 * MORE];
static char names[MANY + 3 * MORE][2][16];
static int n_sent;
static int64_t now_ms;

static void setup(void)
{
    random_answering_init(&r, RANDOM_PRODUCTS);
    cr_assert_ok(aisle_trends_open(r.f.store, &trends, &r.f.err), r.f);
    now_ms = aisle_time_now_ms();
    n_sent = 0;
}

static void teardown(void)
{
    aisle_trends_close(trends);
    random_answering_end(&r);
}

TestSuite(trends, .init = setup, .fini = teardown);

typedef struct sending {
    aisle_write base;
    int from, to;
} sending;

static aisle_status run_sending(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    bool known;
    for (int i = ((sending *)w)->from; i < ((sending *)w)->to; i++) {
        AISLE_TRY(aisle_tx_event(tx, &sent[i], &known, err));
        cr_assert_not(known);
    }
    return AISLE_OK;
}

static void send(int n)
{
    static const aisle_event_type types[] = {AISLE_EVENT_VIEW, AISLE_EVENT_PURCHASE, AISLE_EVENT_RATING,
                                             AISLE_EVENT_DISLIKE};
    sending w = {.base = {.run = run_sending}, .from = n_sent, .to = n_sent + n};
    for (; n_sent < w.to; n_sent++) {
        snprintf(names[n_sent][0], sizeof *names[n_sent], "s%d", n_sent);
        snprintf(names[n_sent][1], sizeof *names[n_sent], "p%03d", (int)below(&r.g, RANDOM_PRODUCTS));
        sent[n_sent] = (aisle_event){.session = aisle_str_from(names[n_sent][0]),
                                     .item = aisle_str_from(names[n_sent][1]),
                                     .type = types[below(&r.g, 4)],
                                     .value = 1 + (double)below(&r.g, 5),
                                     .at_ms = now_ms - (int64_t)below(&r.g, 200) * hour_ms - 1};
    }
    cr_assert_ok(aisle_store_write_now(r.f.store, &w.base, &r.f.err), r.f);
}

static double sum_of(const aisle_weights *w, aisle_str id, int32_t window)
{
    double sum = 0, newest = -1e18;
    const double length = (double)aisle_windows[window].ms;
    for (int i = 0; i < n_sent; i++) {
        const double weight = aisle_weights_event(w, sent[i].type, sent[i].value);
        const double age = (double)(now_ms - sent[i].at_ms);
        if (!aisle_str_eq(sent[i].item, id) || weight <= 0) continue;
        sum += weight * exp(-2 * age / length);
        newest = fmax(newest, -age);
    }
    return newest >= -length ? sum : 0;
}

static void check(const aisle_weights *w)
{
    aisle_hit room[RANDOM_ITEMS];
    aisle_hits hits = {.hit = room};
    uint64_t all[RANDOM_ITEMS / 64 + 2], some[RANDOM_ITEMS / 64 + 2];
    memset(all, 0, sizeof all);
    for (int i = 0; i < r.shelf->n_items; i++) all[i / 64] |= (uint64_t)1 << (i % 64);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) some[i] = all[i] & UINT64_C(0x5555aaaaff00ff01);
    for (int32_t window = 0; window < AISLE_WINDOWS; window++) {
        int32_t want = 0;
        aisle_trends_best(trends, r.shelf, window, now_ms, some, RANDOM_ITEMS, &hits);
        for (int32_t i = 0; i < r.shelf->n_items; i++)
            want += some[i / 64] >> (i % 64) & 1 && r.shelf->row[i] >= 0 &&
                    sum_of(w, aisle_shelf_id(r.shelf, i), window) > 0;
        cr_assert_eq(hits.n, want, "%s: %d for %d", aisle_windows[window].name, hits.n, want);
        for (int32_t h = 0; h < hits.n; h++) {
            const double count = sum_of(w, aisle_shelf_id(r.shelf, room[h].item), window);
            cr_assert(some[room[h].item / 64] >> (room[h].item % 64) & 1);
            cr_assert_leq(fabs((double)room[h].score - count), 1e-6 * count);
            cr_assert(!h || room[h].score < room[h - 1].score ||
                      (room[h].score == room[h - 1].score && room[h].item > room[h - 1].item));
        }
        aisle_hit best[5];
        aisle_hits few = {.hit = best};
        aisle_trends_best(trends, r.shelf, window, now_ms, some, 5, &few);
        cr_assert_eq(few.n, hits.n < 5 ? hits.n : 5);
        for (int32_t h = 0; h < few.n; h++) cr_assert_eq(best[h].item, room[h].item);
    }
}

static void run(const aisle_weights *w)
{
    cr_assert_ok(aisle_trends_run(trends, w, &r.f.err), r.f);
}

Test(trends, counts_what_was_there_what_comes_and_anew_with_other_weights)
{
    aisle_weights w = aisle_weights_default();
    send(MANY);
    run(&w);
    check(&w);
    send(MORE);
    run(&w);
    check(&w);
    run(&w);
    check(&w);
    w.weight[AISLE_EVENT_VIEW] = 0;
    w.rating_floor = 2;
    run(&w);
    check(&w);
}

static aisle_status remove_newest(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w;
    return aisle_db_run(tx->db, "DELETE FROM events WHERE id = (SELECT max(id) FROM events)", err);
}

/* As another process does, which does not know that there was such an id. */
static aisle_status add_again(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    char sql[400];
    (void)w;
    snprintf(sql, sizeof sql,
             "INSERT INTO events SELECT id + 1, user_id, session_id, (SELECT id FROM products WHERE ext = "
             "'p003'), 4, %lld, "
             "1, -1, 0, NULL, NULL, NULL FROM events ORDER BY id DESC LIMIT 1",
             (long long)now_ms);
    return aisle_db_run(tx->db, sql, err);
}

Test(trends, an_event_with_the_id_of_a_removed_one_counts)
{
    const aisle_weights w = aisle_weights_default();
    aisle_write removal = {.run = remove_newest}, addition = {.run = add_again};
    aisle_hit best;
    aisle_hits hits = {.hit = &best};
    const uint64_t first[RANDOM_ITEMS / 64 + 2] = {1}; /* item 0 is p003 */
    send(10);
    run(&w);
    aisle_trends_best(trends, r.shelf, 0, now_ms, first, 1, &hits);
    const double before = hits.n ? (double)best.score : 0;
    cr_assert_ok(aisle_store_write_now(r.f.store, &removal, &r.f.err), r.f);
    run(&w);
    cr_assert_ok(aisle_store_write_now(r.f.store, &addition, &r.f.err), r.f);
    run(&w);
    aisle_trends_best(trends, r.shelf, 0, now_ms, first, 1, &hits);
    cr_assert_eq(hits.n, 1);
    cr_assert_float_eq((double)best.score, before + (double)w.weight[AISLE_EVENT_PURCHASE], 1e-5);
}
