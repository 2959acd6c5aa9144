/* What is undone, by SQLite or by the write itself, is gone from memory, too. */
#include "server/store/buying.h"
#include "server/store/store_internal.h"
#include "shop_fixture.h"

static shop_fixture f;

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(store_undo, .init = setup, .fini = teardown);

static const aisle_event visit = {
    .event_id = {"1", 1}, .session = {"s", 1}, .item = {"p", 1}, .value = 1, .price_minor = -1};

static void assert_stored_now(void)
{
    bool known, row;
    cr_assert_ok(put_event(&f, &visit, &known), f);
    cr_assert_not(known);
    aisle_stmt q = aisle_stmt_begin(&f.view->db, AISLE_SQL_SESSION_ID);
    aisle_stmt_text(&q, 1, visit.session);
    cr_assert_ok(aisle_stmt_next(&q, &row, &f.err), f);
    cr_assert(row, "the event's session is not there");
    aisle_stmt_end(&q);
}

static aisle_status roll_back(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w;
    AISLE_TRY(aisle_db_run(tx->db, "ROLLBACK", err));
    return aisle_fail(err, AISLE_ENOSPC, "as on a full disk");
}

Test(store_undo, rows_of_ids_are_forgotten_when_sqlite_undoes_all)
{
    fixture_write one = {.base = {.run = fixture_run}, .event = &visit};
    aisle_write two = {.run = roll_back};
    one.base.next = &two;
    aisle_store_apply(f.store, &one.base);
    cr_assert_eq(one.base.status, AISLE_ENOSPC);
    assert_stored_now();
}

static aisle_status take_back(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    bool known;
    (void)w;
    AISLE_TRY(aisle_tx_mark(tx, err));
    AISLE_TRY(aisle_tx_event(tx, &visit, &known, err));
    AISLE_TRY(aisle_tx_undo(tx, err));
    return aisle_tx_settle(tx, err);
}

Test(store_undo, an_event_that_a_write_has_taken_back_is_new_again)
{
    aisle_write w = {.run = take_back};
    cr_assert_ok(aisle_store_write_now(f.store, &w, &f.err), f);
    cr_assert_eq(fixture_counts(&f).events, 0);
    assert_stored_now();
}
