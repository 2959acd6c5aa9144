/* Boosts, least scores and caps against scoring and sorting everything. */
#include <math.h>

#include "random_answering.h"
#include "server/recommend/boost.h"
#include "server/recommend/choose.h"
#include "server/recommend/scenario.h"
#include "server/store/view_kept.h"

static random_answering r;

static void setup(void)
{
    random_answering_init(&r, RANDOM_PRODUCTS);
}

static void teardown(void)
{
    random_answering_end(&r);
}

TestSuite(choose, .init = setup, .fini = teardown);

/* ---- who asks ---- */

typedef struct who {
    aisle_query q;
    aisle_weighted_item recent[4];
    int calls;
} who;

static aisle_status best(void *ctx, const uint64_t *allowed, int32_t n, bool explain, aisle_hits *hits,
                         aisle_error *err)
{
    who *w = ctx;
    aisle_query q = w->q;
    q.allowed = allowed;
    q.n = n;
    q.explain = explain;
    w->calls++;
    return aisle_scorer_recommend(r.scorer, r.model, &q, hits, err);
}

static void random_who(who *w)
{
    memset(w, 0, sizeof *w);
    w->q = (aisle_query){.user = (int32_t)below(&r.g, RANDOM_USERS + 6) - 6, .recent = w->recent};
    if (w->q.user < -1) {
        w->q.n_recent = 1 + w->q.user / -2;
        for (int i = 0; i < w->q.n_recent; i++)
            w->recent[i] = (aisle_weighted_item){(int32_t)below(&r.g, RANDOM_ITEMS), 1};
    }
    if (w->q.user < 0) w->q.user = -1;
}

typedef struct wish {
    aisle_wishes w;
    struct aisle_ask_boost boosts[AISLE_BOOSTS];
    json_t *filters[AISLE_BOOSTS], *filter;
} wish;

static void random_wish(wish *w, int n_boosts)
{
    memset(w, 0, sizeof *w);
    w->w = (aisle_wishes){.boosts = w->boosts, .n_boosts = n_boosts, .min_score = -INFINITY};
    w->filter = below(&r.g, 3) ? json_object() : random_filter(&r.g, 1);
    for (int i = 0; i < n_boosts; i++) {
        static const double by[] = {.01, .3, .5, .9, 1, 1.2, 2, 2, 10, 100};
        w->filters[i] = random_filter(&r.g, 1);
        w->boosts[i].filter = filter_of(&r, w->filters[i]);
        w->boosts[i].by = by[below(&r.g, 10)];
    }
}

static void drop(wish *w)
{
    json_decref(w->filter);
    for (int i = 0; i < w->w.n_boosts; i++) json_decref(w->filters[i]);
}

/* ---- by hand ---- */

typedef struct scored {
    int32_t item;
    double score;
} scored;

static int compare(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->item - y->item;
}

static const random_product *product(int32_t item)
{
    return &r.shop[product_of_item(item)];
}

/* Everything that may be shown, sorted. */
static int32_t everything(who *q, const wish *w, scored *out)
{
    static aisle_hit hit[AISLE_SOURCE_MOST];
    aisle_hits all = {.hit = hit};
    uint64_t bits[(RANDOM_ITEMS + 63) / 64] = {0};
    for (int32_t i = 0; i < RANDOM_ITEMS; i++)
        bits[i / 64] |= (uint64_t)offered_by_hand(&r, w->filter, i) << (i % 64);
    cr_assert_ok(best(q, bits, AISLE_SOURCE_MOST, false, &all, &r.f.err), r.f);
    int32_t n = 0;
    for (int32_t h = 0; h < all.n; h++) {
        double by = 1, score = (double)hit[h].score;
        for (int k = 0; k < w->w.n_boosts; k++)
            if (by_hand(w->filters[k], product(hit[h].item))) by *= w->boosts[k].by;
        by = (double)(float)by;
        score = score < 0 ? score / by : score * by;
        if (score >= w->w.min_score) out[n++] = (scored){hit[h].item, score};
    }
    qsort(out, (size_t)n, sizeof *out, compare);
    return n;
}

static bool is_full(const scored *list, int32_t n, int32_t item, const wish *w)
{
    int category = 0, brand = 0;
    const random_product *p = product(item);
    for (int32_t i = 0; i < n; i++) {
        category += p->category[0] && strcmp(product(list[i].item)->category, p->category) == 0;
        brand += p->brand[0] && strcmp(product(list[i].item)->brand, p->brand) == 0;
    }
    return (w->w.max_per_category && category >= w->w.max_per_category) ||
           (w->w.max_per_brand && brand >= w->w.max_per_brand);
}

static int32_t chosen_by_hand(who *q, const wish *w, int32_t n, scored *out)
{
    scored all[RANDOM_ITEMS];
    int32_t have = 0, n_all = everything(q, w, all);
    for (int32_t i = 0; i < n_all && have < n; i++)
        if (!is_full(out, have, all[i].item, w)) out[have++] = all[i];
    return have;
}

static void choose(who *q, const wish *w, int32_t n, bool explain, aisle_hits *hits)
{
    const aisle_answering with = random_with(&r);
    const aisle_filter filter = filter_of(&r, w->filter);
    const aisle_source source = {.best = best, .ctx = q};
    const aisle_choosing c = {&with, &source, &filter, &w->w, n, explain};
    cr_assert_ok(aisle_choose(&c, hits, &r.f.err), r.f);
}

static int32_t check(who *q, const wish *w, int32_t n)
{
    aisle_hit hit[128];
    aisle_hits hits = {.hit = hit};
    scored want[128];
    int32_t n_want = chosen_by_hand(q, w, n, want);
    q->calls = 0;
    choose(q, w, n, false, &hits);
    cr_assert_eq(hits.n, n_want);
    for (int32_t i = 0; i < hits.n; i++) {
        cr_assert_eq(hit[i].item, want[i].item, "place %d of %d", i, hits.n);
        cr_assert_eq(hit[i].score, (float)want[i].score);
    }
    return hits.n;
}

Test(choose, boosts_give_what_scoring_everything_gives)
{
    int calls = 0, got = 0;
    for (int round = 0; round < 400; round++) {
        who q;
        wish w;
        random_who(&q);
        random_wish(&w, (int)below(&r.g, AISLE_BOOSTS + 1));
        if (below(&r.g, 4) == 0) w.w.min_score = (double)below(&r.g, 100) / 50 - 1;
        got += check(&q, &w, 1 + (int32_t)below(&r.g, 30));
        if (q.calls > calls) calls = q.calls;
        drop(&w);
    }
    cr_assert(got > 2000 && calls > 5, "%d, %d", got, calls);
}

static int64_t work(aisle_wishes wishes, aisle_scenario *scenario, unsigned leave_out)
{
    const aisle_ask ask = {
        .user = AISLE_STR("u"), .limit = 10, .wishes = wishes, .scenario = scenario, .leave_out = leave_out};
    return aisle_ask_work(r.shelf, &ask);
}

Test(choose, work_counts_what_wishes_may_cost)
{
    const int64_t plain = work((aisle_wishes){.min_score = -INFINITY}, NULL, 0);
    aisle_scenario all = {.n_steps = 1}, spread = {.n_steps = 1, .diversity = .3};
    const aisle_wishes none = {.min_score = -INFINITY};
    aisle_wishes boosted = none, capped = none, both = none;
    both.n_boosts = boosted.n_boosts = 24;
    both.max_per_brand = capped.max_per_brand = 1;
    cr_assert_gt(work(boosted, NULL, 0), 100 * (plain - 10000));
    cr_assert_gt(work(capped, NULL, 0), 10 * (plain - 10000));
    cr_assert_gt(work(both, NULL, 0), 10 * (work(boosted, NULL, 0) - 10000));
    cr_assert_gt(work(none, &spread, 0), 2 * work(none, &all, 0));
    cr_assert_gt(work(none, NULL, AISLE_KEPT_BOUGHT), 10000000);
    cr_assert_eq(work(none, NULL, AISLE_KEPT_CART), plain);
}

Test(choose, many_large_boosts_keep_the_order)
{
    struct aisle_ask_boost boosts[24];
    for (int i = 0; i < 24; i++)
        boosts[i] = (struct aisle_ask_boost){.filter = {.key = AISLE_STR("")}, .by = AISLE_BOOST_MOST};
    for (int32_t user = 0; user < 10; user++) {
        who q = {.q = {.user = user}};
        wish plain = {.w = {.min_score = -INFINITY}, .filter = json_object()}, large = plain;
        aisle_hit hit[20], want[20];
        aisle_hits hits = {.hit = hit}, all = {.hit = want};
        large.w.boosts = boosts;
        large.w.n_boosts = 24;
        choose(&q, &plain, 20, false, &all);
        choose(&q, &large, 20, false, &hits);
        cr_assert_eq(hits.n, all.n);
        for (int32_t i = 0; i < hits.n; i++) {
            cr_assert_eq(hit[i].item, want[i].item, "place %d", i);
            cr_assert(isfinite(hit[i].score));
        }
        json_decref(plain.filter);
    }
}

/* Backwards: worst first. */
static aisle_status best_backwards(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                   aisle_hits *hits, aisle_error *err)
{
    aisle_hit all[AISLE_SOURCE_MOST];
    aisle_hits of_all = {.hit = all};
    AISLE_TRY(best(ctx, allowed, AISLE_SOURCE_MOST, explain, &of_all, err));
    hits->n = of_all.n < n ? of_all.n : n;
    hits->strategy = of_all.strategy;
    for (int32_t i = 0; i < hits->n; i++) hits->hit[i] = all[of_all.n - 1 - i];
    return AISLE_OK;
}

Test(choose, a_least_score_leaves_what_stands_behind_worse_ones)
{
    who q = {.q = {.user = 3}};
    wish w = {.w = {.min_score = -INFINITY}, .filter = json_object()};
    aisle_hit hit[20], want[20];
    aisle_hits hits = {.hit = hit}, all = {.hit = want};
    const aisle_answering with = random_with(&r);
    const aisle_filter filter = {.key = AISLE_STR("")};
    const aisle_source source = {.best = best_backwards, .ctx = &q, .unsorted = true};
    const aisle_choosing c = {&with, &source, &filter, &w.w, 20, false};
    choose(&q, &w, 20, false, &all);
    w.w.min_score = (double)want[9].score;
    cr_assert_ok(aisle_choose(&c, &hits, &r.f.err), r.f);
    cr_assert_eq(hits.n, 10);
    for (int32_t i = 0; i < hits.n; i++) cr_assert_eq(hit[i].item, want[i].item, "place %d", i);
    json_decref(w.filter);
}

/* Shares of a block that the next question writes to, as a scorer's. */
static aisle_status best_with_shares(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                     aisle_hits *hits, aisle_error *err)
{
    static float shares[64];
    AISLE_TRY(best(ctx, allowed, n, explain, hits, err));
    for (int32_t i = 0; i < hits->n; i++) shares[i] = (float)hits->hit[i].item;
    hits->shares = explain ? shares : NULL;
    hits->n_parts = explain;
    return AISLE_OK;
}

Test(choose, shares_outlive_the_next_question)
{
    who q = {.q = {.user = 3}};
    const aisle_wishes w = {.min_score = -INFINITY};
    aisle_hit hit[20];
    aisle_hits hits = {.hit = hit};
    const aisle_answering with = random_with(&r);
    const aisle_filter filter = {.key = AISLE_STR("")};
    const aisle_source source = {.best = best_with_shares, .ctx = &q};
    aisle_choosing c = {&with, &source, &filter, &w, 5, true};
    cr_assert_ok(aisle_choose(&c, &hits, &r.f.err), r.f);
    c.n = 12;
    cr_assert_ok(aisle_choose(&c, &hits, &r.f.err), r.f);
    cr_assert_eq(hits.n, 12);
    for (int32_t i = 0; i < hits.n; i++) cr_assert_eq(hits.shares[i], (float)hit[i].item, "place %d", i);
}

Test(choose, caps_hold_for_all_products_and_leave_no_place_empty)
{
    for (int round = 0; round < 300; round++) {
        who q;
        wish w;
        random_who(&q);
        random_wish(&w, (int)below(&r.g, 2));
        w.w.max_per_category = (int32_t)below(&r.g, 5);
        w.w.max_per_brand = (int32_t)below(&r.g, 4);
        check(&q, &w, 1 + (int32_t)below(&r.g, 40));
        drop(&w);
    }
}

Test(choose, goes_on_with_a_list_and_says_why)
{
    int reasons = 0;
    for (int round = 0; round < 60; round++) {
        who q;
        wish w;
        aisle_hit hit[64], alone[64];
        aisle_hits hits = {.hit = hit}, all = {.hit = alone};
        random_who(&q);
        random_wish(&w, 2);
        w.w.max_per_brand = 3;
        w.w.diversity = round % 2 ? .4 : 0;
        choose(&q, &w, 30, true, &all);
        choose(&q, &w, 10, true, &hits);
        choose(&q, &w, 30, true, &hits);
        cr_assert(hits.n == all.n || w.w.diversity > 0);
        for (int32_t i = 0; i < hits.n; i++) {
            int same = 0;
            for (int32_t k = 0; k < i; k++) same += hit[k].item == hit[i].item;
            cr_assert_eq(same, 0, "twice");
            if (!(w.w.diversity > 0)) cr_assert_eq(hit[i].item, alone[i].item, "place %d", i);
            uint64_t bits[(RANDOM_ITEMS + 63) / 64] = {0};
            aisle_hit one;
            aisle_hits only = {.hit = &one};
            bits[hit[i].item / 64] = (uint64_t)1 << (hit[i].item % 64);
            cr_assert_ok(best(&q, bits, 1, true, &only, &r.f.err), r.f);
            cr_assert_eq(hit[i].n_reasons, one.n_reasons, "place %d", i);
            for (int k = 0; k < one.n_reasons; k++) cr_assert_eq(hit[i].reasons[k].item, one.reasons[k].item);
            reasons += one.n_reasons;
        }
        drop(&w);
    }
    cr_assert_gt(reasons, 500);
}

Test(choose, diversity_puts_what_is_unlike_forward)
{
    who q = {.q = {.user = 3, .recent = NULL}};
    wish w;
    random_wish(&w, 0);
    json_decref(w.filter);
    w.filter = json_object();
    double nearest[2] = {0};
    for (int d = 0; d < 2; d++) {
        aisle_hit hit[10];
        aisle_hits hits = {.hit = hit};
        w.w.diversity = d * .7;
        choose(&q, &w, 10, false, &hits);
        cr_assert_eq(hits.n, 10);
        for (int i = 0; i < 10; i++)
            for (int k = 0; k < i; k++) {
                double dot = 0, a = 0, b = 0;
                for (int f = 0; f < RANDOM_F; f++) {
                    double x = (double)r.items[hit[i].item * RANDOM_F + f],
                           y = (double)r.items[hit[k].item * RANDOM_F + f];
                    dot += x * y;
                    a += x * x;
                    b += y * y;
                }
                nearest[d] += dot / sqrt(a * b) / 45;
            }
    }
    cr_assert_lt(nearest[1], nearest[0] - .1, "%g, %g", nearest[1], nearest[0]);
    drop(&w);
}
