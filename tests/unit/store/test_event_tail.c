/* Events between their commit and the merge of their keys and entries: known, found, given and erased as all others, before
 * the merge, in the middle of it, after it and after a restart; also for a process that did not write them. */
#include "server/store/accounts.h"
#include "server/store/buying.h"
#include "server/store/feedback.h"
#include "server/store/person_rows.h"
#include "server/store/store_internal.h"
#include "shop_fixture.h"

static shop_fixture f;

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
    f.store->merge_rule.slice = 3;
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(event_tail, .init = setup, .fini = teardown, .timeout = 60);

static void reopen(void)
{
    fixture_close(&f);
    fixture_open(&f);
    f.store->merge_rule.slice = 3;
}

/* One event of the number's id; user or session may be NULL. */
static bool post(int number, const char *user, const char *session)
{
    char id[32];
    bool known = false;
    snprintf(id, sizeof id, "n%d", number);
    aisle_event e = {
        .event_id = STR(id), .item = STR(id), .at_ms = 1000 + number, .value = 1, .price_minor = -1};
    if (user) e.user = STR(user);
    if (session) e.session = STR(session);
    cr_assert_ok(put_event(&f, &e, &known), f);
    return known;
}

static void merge_slices(int n)
{
    while (n-- > 0) aisle_store_merge(f.store);
}

static void merge_all(void)
{
    do aisle_store_merge(f.store);
    while (f.store->merge.active || f.store->tail.owners.n);
}

static int64_t number_of(const char *sql)
{
    aisle_db db;
    char path[96];
    sqlite3_stmt *stmt;
    snprintf(path, sizeof path, "%s/aisle.db", f.folder);
    cr_assert_ok(aisle_db_open(path, AISLE_DB_READ, &db, &f.err), f);
    cr_assert_eq(sqlite3_prepare_v2(db.handle, sql, -1, &stmt, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db.handle));
    cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    aisle_db_close(&db);
    return n;
}

/* The items of whoever it is are those numbers, newest first. */
static void check_recent_of(aisle_view *v, const char *user, const char *session, int from, int to)
{
    aisle_recent *r;
    int32_t n;
    cr_assert_ok(aisle_view_recent(v, user ? STR(user) : (aisle_str){NULL, 0},
                                   session ? STR(session) : (aisle_str){NULL, 0}, 100, &f.arena, &r, &n,
                                   &f.err),
                 f);
    cr_assert_eq(n, to - from, "%s%s: %d of %d", user ? user : "", session ? session : "", n, to - from);
    for (int i = 0; i < n; i++) {
        char id[32];
        snprintf(id, sizeof id, "n%d", to - 1 - i);
        cr_assert_text(r[i].item, id);
    }
}

/* Here, and to a process that knows nothing of what this one has in memory. */
static void check_recent(const char *user, const char *session, int from, int to)
{
    aisle_store *other;
    aisle_view *v;
    check_recent_of(f.view, user, session, from, to);
    cr_assert_ok(aisle_store_open(f.folder, false, &other, &f.err), f);
    cr_assert_ok(aisle_view_open(other, &v, &f.err), f);
    check_recent_of(v, user, session, from, to);
    aisle_view_close(v);
    aisle_store_close(other);
}

Test(event_tail, an_event_stays_known_before_in_and_after_a_merge_and_over_restarts)
{
    for (int i = 0; i < 10; i++) cr_assert(!post(i, "u", NULL));
    for (int i = 0; i < 10; i++) cr_assert(post(i, "u", NULL), "%d in the tail", i);
    reopen();
    for (int i = 0; i < 10; i++) cr_assert(post(i, "u", NULL), "%d in a tail that was read again", i);
    for (int step = 0; step < 12; step++) {
        merge_slices(1);
        cr_assert(!post(100 + step, "u", NULL), "a new one beside the merge");
        for (int i = 0; i < 10; i++) cr_assert(post(i, "u", NULL), "%d after %d slices", i, step + 1);
        cr_assert(post(100 + step, "u", NULL));
    }
    merge_all();
    cr_assert_eq(number_of("SELECT count(*) FROM event_keys"), 22);
    cr_assert_eq(number_of("SELECT upto FROM event_merge"), 22);
    cr_assert_eq(f.store->tail.keys.n, 0);
    reopen();
    for (int i = 0; i < 10; i++) cr_assert(post(i, "u", NULL), "%d merged", i);
    for (int i = 0; i < 12; i++) cr_assert(post(100 + i, "u", NULL), "%d merged", 100 + i);
    cr_assert_eq(fixture_counts(&f).events, 22);
}

Test(event_tail, the_newest_events_of_all_are_found_at_every_step)
{
    for (int i = 0; i < 8; i++) post(i, "u", NULL);
    for (int i = 8; i < 13; i++) post(i, NULL, "s");
    for (int i = 13; i < 15; i++) post(i, "both", "both");
    check_recent("u", NULL, 0, 8);
    for (int step = 0; step < 12; step++) {
        merge_slices(1);
        check_recent("u", NULL, 0, 8);
        check_recent(NULL, "s", 8, 13);
        check_recent("both", NULL, 13, 15);
        check_recent(NULL, "both", 13, 15);
        check_recent("nobody", NULL, 0, 0);
    }
    merge_all();
    cr_assert_eq(f.store->tail.owners.n, 0);
    cr_assert_eq(number_of("SELECT count(*) FROM event_by_user"), 10);
    cr_assert_eq(number_of("SELECT count(*) FROM event_by_session"), 7);
    for (int i = 15; i < 20; i++) post(i, "both", NULL); /* half merged, half in the tail */
    check_recent("both", NULL, 13, 20);
    reopen();
    check_recent("both", NULL, 13, 20);
    check_recent("u", NULL, 0, 8);
}

/* What a reader saw at its begin stays, when all of it leaves the tail meanwhile. */
Test(event_tail, a_reader_that_began_before_a_merge_finds_what_it_merges)
{
    for (int i = 0; i < 5; i++) post(i, "u", NULL);
    cr_assert_ok(aisle_db_run(&f.view->db, "BEGIN", &f.err), f);
    check_recent_of(f.view, "u", NULL, 0, 5);
    post(5, "u", NULL);
    merge_all();
    post(6, "u", NULL);
    check_recent_of(f.view, "u", NULL, 0, 5);
    cr_assert_ok(aisle_db_run(&f.view->db, "COMMIT", &f.err), f);
    check_recent_of(f.view, "u", NULL, 0, 7);
}

/* An event and a failure after it. */
static aisle_status run_and_fail(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    fixture_write *one = (fixture_write *)w;
    AISLE_TRY(aisle_tx_event(tx, one->event, &one->known, err));
    return aisle_fail(err, AISLE_ECONFLICT, "as asked");
}

Test(event_tail, what_was_undone_is_not_known)
{
    aisle_event e = {.event_id = STR("n1"),
                     .item = STR("n1"),
                     .user = STR("u"),
                     .at_ms = 1001,
                     .value = 1,
                     .price_minor = -1};
    aisle_event next = {.event_id = STR("n2"),
                        .item = STR("n2"),
                        .user = STR("u"),
                        .at_ms = 1002,
                        .value = 1,
                        .price_minor = -1};
    fixture_write bad = {.base = {.run = run_and_fail}, .event = &e},
                  good = {.base = {.run = fixture_run}, .event = &next};
    /* Alone, then in a transaction with another write, where only a savepoint is undone. */
    cr_assert_eq(aisle_store_write_now(f.store, &bad.base, &f.err), AISLE_ECONFLICT);
    cr_assert_eq(f.store->tail.keys.n, 0);
    bad.base.next = &good.base;
    aisle_store_apply(f.store, &bad.base);
    cr_assert(bad.base.status == AISLE_ECONFLICT && good.base.status == AISLE_OK && !good.known);
    merge_all();
    cr_assert_eq(number_of("SELECT count(*) FROM event_keys"), 1);
    cr_assert(!post(1, "u", NULL));
    cr_assert(post(2, "u", NULL));
    check_recent("u", NULL, 1, 3);
}

typedef struct person_write {
    aisle_write base;
    const char *user, *session;
    bool join;
} person_write;

static int64_t row_of(aisle_db *db, aisle_sql sql, const char *ext)
{
    bool row = false;
    aisle_stmt q = aisle_stmt_begin(db, sql);
    aisle_stmt_cstr(&q, 1, ext);
    if (aisle_stmt_next(&q, &row, NULL) != AISLE_OK || !row) return 0;
    int64_t id = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return id;
}

static aisle_status run_person(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    person_write *p = (person_write *)w;
    int64_t user = row_of(tx->db, AISLE_SQL_USER_ID, p->user);
    if (!p->join) return aisle_tx_person_erase(tx, user, err);
    return aisle_tx_guest_join(tx, row_of(tx->db, AISLE_SQL_SESSION_ID, p->session), user, err);
}

static void person(const char *user, const char *session, bool join)
{
    person_write w = {.base = {.run = run_person}, .user = user, .session = session, .join = join};
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
}

/* As many slices as `before` are merged before it, the rest after. */
static void erase_in_the_middle(int before)
{
    const int first = 1000 * before;
    for (int i = first; i < first + 4; i++) post(i, NULL, "guest");
    for (int i = first + 4; i < first + 8; i++) post(i, "person", NULL);
    for (int i = first + 8; i < first + 10; i++) post(i, "other", NULL);
    merge_slices(before);
    person("person", "guest", true);
    check_recent("person", NULL, first, first + 8);
    post(first + 900, NULL, "guest"); /* of a session that has an owner */
    person("person", NULL, false);
    check_recent("person", NULL, 0, 0);
    check_recent("other", NULL, first + 8, first + 10);
    post(first + 950, "person", NULL); /* of the same name, and somebody else */
    check_recent("person", NULL, first + 950, first + 951);
    person("person", NULL, false);
    for (int i = first; i < first + 10; i++)
        cr_assert(post(i, "other", NULL), "%d is known though erased (%d slices)", i, before);
    merge_all();
    cr_assert_eq(
        number_of(
            "SELECT count(*) FROM events WHERE user_id IS NULL OR user_id NOT IN (SELECT id FROM users)"),
        0);
    cr_assert_eq(number_of("SELECT count(*) FROM event_by_user WHERE event NOT IN (SELECT id FROM events)"),
                 0);
    cr_assert_eq(
        number_of("SELECT count(*) FROM event_by_session WHERE event NOT IN (SELECT id FROM events)"), 0);
    reopen();
    for (int i = first; i < first + 10; i++) cr_assert(post(i, "other", NULL), "%d after the merge", i);
    cr_assert(post(first + 900, "other", NULL));
    person("other", NULL, false);
    cr_assert_eq(number_of("SELECT count(*) FROM events"), 0);
    cr_assert_eq(number_of("SELECT count(*) FROM events"), 0);
    cr_assert_eq(fixture_counts(&f).events, 12 * (before + 1), "of all that was ever taken");
}

Test(event_tail, guests_become_persons_and_persons_are_erased_wherever_their_events_are)
{
    for (int before = 0; before < 9; before++) erase_in_the_middle(before);
}

Test(event_tail, a_restart_after_an_erasure_in_the_tail_keeps_the_keys)
{
    for (int i = 0; i < 4; i++) post(i, "person", NULL);
    person("person", NULL, false);
    reopen();
    for (int i = 0; i < 4; i++) cr_assert(post(i, "other", NULL));
}

typedef struct opinion_write {
    aisle_write base;
    aisle_event_type type;
} opinion_write;

static aisle_status run_opinion(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const aisle_owner owner = {row_of(tx->db, AISLE_SQL_USER_ID, "u"), 0};
    return aisle_tx_opinion(tx, owner, STR("P"), ((opinion_write *)w)->type, err);
}

static void opine(aisle_event_type type)
{
    opinion_write w = {.base = {.run = run_opinion}, .type = type};
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
}

/* The newest event goes and the next one comes, again and again: none is taken for one that was merged. */
Test(event_tail, the_place_of_a_removed_event_is_not_taken_by_the_next)
{
    const aisle_product p = {.id = STR("P"), .title = STR("Pot"), .price_minor = -1, .stock = -1};
    cr_assert_ok(put_product(&f, &p), f);
    post(0, "u", NULL);
    for (int i = 1; i < 20; i++) {
        opine(i % 2 ? AISLE_EVENT_LIKE : AISLE_EVENT_DISLIKE);
        merge_slices(1);
        opine(AISLE_EVENT_VIEW); /* takes it back */
        cr_assert(!post(i, "u", NULL));
        check_recent("u", NULL, 0, i + 1);
        if (i % 5 == 0) reopen();
    }
    merge_all();
    check_recent("u", NULL, 0, 20);
    reopen();
    for (int i = 0; i < 20; i++) cr_assert(post(i, "u", NULL));
}

static void import_numbers(aisle_store *s, int from, int to, int64_t want_known)
{
    aisle_store_import *i;
    aisle_import_report report = {0};
    const aisle_store_import_params params = {0};
    cr_assert_ok(aisle_store_import_begin(s, &params, &i, &f.err), f);
    aisle_sink sink = aisle_store_import_sink(i);
    for (int n = from; n < to; n++) {
        char id[32];
        snprintf(id, sizeof id, "n%d", n);
        const aisle_event e = {.event_id = STR(id),
                               .item = STR(id),
                               .user = STR("u"),
                               .at_ms = 1000 + n,
                               .value = 1,
                               .price_minor = -1};
        cr_assert_ok(sink.event(sink.ctx, &e, &f.err), f);
    }
    cr_assert_ok(aisle_store_import_commit(i, &report, &f.err), f);
    aisle_store_import_abort(i);
    cr_assert_eq(report.dropped[AISLE_REASON_KNOWN], want_known);
}

Test(event_tail, imports_of_this_and_of_another_process_know_the_tail_and_are_known)
{
    aisle_store *other;
    for (int i = 0; i < 6; i++) post(i, "u", NULL);
    merge_slices(2); /* a merge is under way */
    cr_assert_ok(aisle_store_open(f.folder, false, &other, &f.err), f);
    import_numbers(other, 3, 9, 3);
    check_recent("u", NULL, 0, 9);
    for (int i = 0; i < 9; i++) cr_assert(post(i, "u", NULL), "%d", i);
    cr_assert(!post(9, "u", NULL));
    import_numbers(f.store, 8, 12, 2);
    for (int i = 0; i < 12; i++) cr_assert(post(i, "u", NULL), "%d", i);
    cr_assert(!post(12, "u", NULL));
    check_recent("u", NULL, 0, 13);
    merge_all();
    aisle_store_close(other);
    check_recent("u", NULL, 0, 13);
    cr_assert_eq(number_of("SELECT count(*) FROM event_keys"), 13);
    cr_assert_eq(number_of("SELECT count(*) FROM event_by_user"), 13);
}

/* Another process has written events one by one, which are in no index and in nobody's memory here. */
Test(event_tail, what_another_process_appended_is_found_and_known)
{
    shop_fixture other = f;
    post(0, "u", NULL);
    cr_assert_ok(aisle_store_open(f.folder, false, &other.store, &f.err), f);
    shop_fixture mine = f;
    f.store = other.store;
    for (int i = 1; i < 4; i++) cr_assert(!post(i, "u", NULL));
    f.store = mine.store;
    check_recent("u", NULL, 0, 4);
    for (int i = 0; i < 4; i++) cr_assert(post(i, "u", NULL), "%d", i);
    merge_all();
    check_recent("u", NULL, 0, 4);
    f.store = other.store;
    for (int i = 0; i < 4; i++) cr_assert(post(i, "u", NULL), "%d", i);
    f.store = mine.store;
    aisle_store_close(other.store);
}

/* The N-th allocation fails while the tail is merged: what is stored stays known and found. */
Test(event_tail, a_merge_that_fails_loses_nothing)
{
    for (int i = 0; i < 12; i++) post(i, "u", "s");
    for (int64_t n = 1; n < 40; n++) {
        aisle_alloc_fail_after(n);
        aisle_store_merge(f.store);
        aisle_alloc_fail_after(0);
        for (int i = 0; i < 12; i += 5) cr_assert(post(i, "u", "s"), "%d after %lld", i, (long long)n);
        check_recent("u", NULL, 0, 12);
        check_recent(NULL, "s", 0, 12);
    }
    merge_all();
    check_recent("u", NULL, 0, 12);
    reopen();
    for (int i = 0; i < 12; i++) cr_assert(post(i, "u", "s"));
}
