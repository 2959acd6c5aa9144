/* What counts for an answer, once, and for how long; what a removed event leaves. */
#include <math.h>

#include "server/recommend/outcomes.h"
#include "server/recommend/rates.h"
#include "server/store/store_internal.h"
#include "tests/unit/store/shop_fixture.h"

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;
static shop_fixture f;
static aisle_recommendation_ids *ids;
static aisle_outcomes *outcomes;
static int64_t sent;

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
    cr_assert_eq(aisle_recommendation_ids_open(f.store, &ids, &f.err), AISLE_OK, "%s", f.err.message);
    cr_assert_eq(aisle_outcomes_open(f.store, ids, NULL, &outcomes, &f.err), AISLE_OK, "%s", f.err.message);
}

static void teardown(void)
{
    aisle_outcomes_close(outcomes);
    aisle_recommendation_ids_close(ids);
    fixture_end(&f);
}

TestSuite(outcomes, .init = setup, .fini = teardown);

static int64_t price = 20;

/* An event of a session about an answer of so many days ago; each is another event to the store. */
static void send(const aisle_origin *o, aisle_event_type type, const char *session, const char *item)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES], number[32];
    bool known;
    aisle_recommendation_id_write(ids, o, id);
    snprintf(number, sizeof number, "%lld", (long long)sent++);
    aisle_event e = {.event_id = aisle_str_from(number),
                     .session = aisle_str_from(session),
                     .item = aisle_str_from(item),
                     .recommendation = aisle_str_from(id),
                     .type = type,
                     .at_ms = 1,
                     .value = 3,
                     .price_minor = price};
    fixture_write w = {.base = {.run = fixture_run}, .event = &e};
    cr_assert_eq(aisle_store_write_now(f.store, &w.base, &f.err), AISLE_OK, "%s", f.err.message);
    known = w.known;
    cr_assert_not(known);
}

static aisle_outcome_sum sum_of(const char *strategy)
{
    aisle_outcome_sum *list;
    int32_t n;
    int64_t today = aisle_time_now_ms() / day_ms;
    cr_assert_eq(aisle_outcomes_run(outcomes, &f.err), AISLE_OK, "%s", f.err.message);
    cr_assert_eq(
        aisle_view_outcomes(f.view, AISLE_BY_STRATEGY, today - 100, today + 1, &f.arena, &list, &n, &f.err),
        AISLE_OK, "%s", f.err.message);
    for (int32_t i = 0; i < n; i++)
        if (aisle_str_eq(list[i].name, aisle_str_from(strategy))) return list[i];
    return (aisle_outcome_sum){.n_revenue = 0};
}

static aisle_origin origin(const char *strategy, int64_t days_ago)
{
    static uint64_t number;
    return (aisle_origin){.model_version = 1,
                          .strategy = aisle_str_from(strategy),
                          .number = ++number,
                          .at_ms = aisle_time_now_ms() - days_ago * day_ms};
}

static void check(const char *strategy, int64_t impressions, int64_t clicks, int64_t purchases)
{
    aisle_outcome_sum s = sum_of(strategy);
    cr_assert(s.counts.impressions == impressions && s.counts.clicks == clicks &&
                  s.counts.purchases == purchases,
              "%s: %lld impressions, %lld clicks, %lld purchases", strategy, (long long)s.counts.impressions,
              (long long)s.counts.clicks, (long long)s.counts.purchases);
}

Test(outcomes, count_once_for_an_answer_and_product_whoever_does_it)
{
    aisle_origin a = origin("hybrid", 0), b = origin("hybrid", 0);
    send(&a, AISLE_EVENT_IMPRESSION, "s", "p1");
    send(&a, AISLE_EVENT_CLICK, "s", "p1");
    send(&a, AISLE_EVENT_VIEW, "t", "p1"); /* of the same answer: the same person, signed in by now */
    send(&a, AISLE_EVENT_PURCHASE, "s", "p2");
    check("hybrid", 2, 1, 1);
    send(&a, AISLE_EVENT_PURCHASE, "s", "p2"); /* in a later batch */
    send(&b, AISLE_EVENT_CLICK, "s", "p1");
    check("hybrid", 3, 2, 1);
    aisle_outcome_sum s = sum_of("hybrid");
    cr_assert_eq(s.n_revenue, 1);
    cr_assert_eq(s.revenue[0].minor, 60);
}

Test(outcomes, of_lists_that_all_share_count_for_each_person)
{
    aisle_origin a = origin("similar", 0);
    a.shared = true;
    send(&a, AISLE_EVENT_CLICK, "s", "p1");
    send(&a, AISLE_EVENT_CLICK, "s", "p1");
    send(&a, AISLE_EVENT_CLICK, "t", "p1");
    check("similar", 2, 2, 0);
}

Test(outcomes, of_answers_beyond_the_window_do_not_count)
{
    aisle_origin last = origin("last", AISLE_OUTCOME_DAYS), late = origin("late", AISLE_OUTCOME_DAYS + 1),
                 early = origin("early", -3);
    send(&last, AISLE_EVENT_CLICK, "s", "p1");
    send(&late, AISLE_EVENT_CLICK, "s", "p1");
    send(&early, AISLE_EVENT_CLICK, "s", "p1");
    check("last", 1, 1, 0);
    check("late", 0, 0, 0);
    check("early", 0, 0, 0);
}

static aisle_status remove_newest(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w;
    return aisle_db_run(tx->db, "DELETE FROM events WHERE id = (SELECT max(id) FROM events)", err);
}

Test(outcomes, the_event_after_a_removed_one_is_not_taken_for_counted)
{
    aisle_origin a = origin("hybrid", 0);
    aisle_write w = {.run = remove_newest};
    send(&a, AISLE_EVENT_CLICK, "s", "p1");
    send(&a, AISLE_EVENT_CLICK, "s", "p2");
    check("hybrid", 2, 2, 0);
    cr_assert_eq(aisle_store_write_now(f.store, &w, &f.err), AISLE_OK, "%s", f.err.message);
    send(&a, AISLE_EVENT_CLICK, "s", "p3");
    check("hybrid", 3, 3, 0);
}

static aisle_status set_upto(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w;
    return aisle_tx_outcome_upto(tx, 1000, 0, err);
}

Test(outcomes, counting_never_gets_beyond_the_newest_event)
{
    aisle_origin a = origin("hybrid", 0);
    aisle_write w = {.run = set_upto};
    send(&a, AISLE_EVENT_CLICK, "s", "p1");
    check("hybrid", 1, 1, 0);
    cr_assert_eq(aisle_store_write_now(f.store, &w, &f.err), AISLE_OK, "%s", f.err.message);
    send(&a, AISLE_EVENT_CLICK, "s", "p2");
    check("hybrid", 2, 2, 0);
}

static aisle_status make_rich(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w;
    return aisle_db_run(tx->db, "UPDATE outcome_revenue SET minor = 9223372036854775807", err);
}

Test(outcomes, no_amount_that_anybody_sends_stops_the_counting)
{
    aisle_origin a = origin("hybrid", 0), b = origin("other", 0);
    aisle_write rich = {.run = make_rich};
    price = 1000000000000;
    send(&a, AISLE_EVENT_PURCHASE, "s", "p1"); /* three of them: no revenue */
    check("hybrid", 1, 0, 1);
    cr_assert_eq(sum_of("hybrid").n_revenue, 0);
    price = 300000000000;
    send(&a, AISLE_EVENT_PURCHASE, "s", "p2");
    send(&b, AISLE_EVENT_PURCHASE, "s", "p2");
    cr_assert_eq(sum_of("hybrid").revenue[0].minor, 900000000000);
    cr_assert_eq(aisle_store_write_now(f.store, &rich, &f.err), AISLE_OK, "%s", f.err.message);
    send(&a, AISLE_EVENT_PURCHASE, "s", "p3");
    check("hybrid", 3, 0, 3);
    cr_assert_eq(sum_of("hybrid").revenue[0].minor, INT64_C(1) << 53);
    aisle_origin later = origin("hybrid", 1); /* another row of the same sum */
    send(&later, AISLE_EVENT_PURCHASE, "s", "p1");
    cr_assert_eq(aisle_store_write_now(f.store, &rich, &f.err), AISLE_OK, "%s", f.err.message);
    cr_assert_eq(sum_of("hybrid").revenue[0].minor, INT64_C(1) << 53);
}

static aisle_status refuse_revenue(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w;
    return aisle_db_run(
        tx->db, "CREATE TRIGGER no BEFORE INSERT ON outcome_revenue BEGIN SELECT raise(ABORT, 'no'); END",
        err);
}

Test(outcomes, an_event_that_the_tables_refuse_is_passed_over)
{
    aisle_origin a = origin("hybrid", 0);
    aisle_write w = {.run = refuse_revenue};
    cr_assert_eq(aisle_store_write_now(f.store, &w, &f.err), AISLE_OK, "%s", f.err.message);
    send(&a, AISLE_EVENT_PURCHASE, "s", "p1");
    send(&a, AISLE_EVENT_CLICK, "s", "p2");
    check("hybrid", 2, 1, 1);
}

static aisle_status add_currencies(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w;
    return aisle_db_run(
        tx->db,
        "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 1099)"
        "INSERT INTO outcome_revenue SELECT day, model, strategy, scenario, experiment, variant,"
        " 'C' || n, 1, 1 FROM outcomes, c WHERE strategy = 'first'",
        err);
}

Test(outcomes, many_currencies_of_one_group_push_no_other_out)
{
    aisle_origin a = origin("first", 0), b = origin("last", 0);
    aisle_write w = {.run = add_currencies};
    send(&a, AISLE_EVENT_PURCHASE, "s", "p1");
    send(&b, AISLE_EVENT_PURCHASE, "s", "p1");
    check("last", 1, 0, 1);
    cr_assert_eq(aisle_store_write_now(f.store, &w, &f.err), AISLE_OK, "%s", f.err.message);
    cr_assert_eq(sum_of("first").n_revenue, 1101);
    cr_assert_eq(sum_of("last").n_revenue, 1);
    cr_assert_eq(sum_of("last").revenue[0].minor, 60);
}

Test(outcomes, more_events_than_a_batch_are_all_counted)
{
    aisle_origin a = origin("hybrid", 0);
    char item[16];
    for (int i = 0; i < 1050; i++) {
        snprintf(item, sizeof item, "p%d", i);
        send(&a, AISLE_EVENT_IMPRESSION, "s", item);
    }
    check("hybrid", 1050, 0, 0);
}

Test(rates, intervals_are_those_of_the_books)
{
    /* Agresti and Coull 1998: 0 of 10 */
    aisle_interval none = aisle_rate_interval(0, 10), all = aisle_rate_interval(10, 10),
                   two = aisle_rate_interval(2, 10);
    cr_assert(none.low == 0 && fabs(none.high - 0.27753) < 1e-4);
    cr_assert(all.high == 1 && fabs(all.low - (1 - 0.27753)) < 1e-4);
    cr_assert(fabs(two.low - 0.05668) < 1e-4 && fabs(two.high - 0.50984) < 1e-4);
    aisle_interval mean = aisle_mean_interval(10, 30, 10); /* variance 2 */
    cr_assert(mean.value == 1 && fabs(mean.high - 1 - 1.959964 * sqrt(0.2)) < 1e-6 && mean.low >= 0);
}
