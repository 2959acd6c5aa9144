/* When the tail is merged, and its transactions. Sorting is in event_merge.c. */
#include "server/store/store_internal.h"

static const int64_t rest_ns = INT64_C(5000000000);

aisle_status aisle_store_begin(aisle_store *s, aisle_error *err)
{
    s->tail.fresh = false;
    /* Memory may have been too short to undo the one before. */
    if (!sqlite3_get_autocommit(s->db.handle)) AISLE_TRY(aisle_db_step(&s->db, AISLE_SQL_TX_ROLLBACK, err));
    AISLE_TRY(aisle_db_step(&s->db, AISLE_SQL_TX_BEGIN, err));
    AISLE_TRY(aisle_event_tail_sync(&s->tail, &s->db, err));
    if (s->tail.fresh) {
        aisle_id_cache_clear(&s->ids);
        aisle_event_merge_end(&s->merge);
    }
    return AISLE_OK;
}

/* Only reads, so that it waits for nobody. A tail that cannot be read now is read with the first write. */
void aisle_store_merge_start(aisle_store *s)
{
    pthread_mutex_lock(&s->applying);
    if (aisle_db_run(&s->db, "BEGIN", NULL) == AISLE_OK) aisle_event_tail_sync(&s->tail, &s->db, NULL);
    if (!sqlite3_get_autocommit(s->db.handle)) aisle_db_step(&s->db, AISLE_SQL_TX_ROLLBACK, NULL);
    pthread_mutex_unlock(&s->applying);
}

int64_t aisle_store_merge_due_ns(const aisle_store *s, int64_t written_ns)
{
    int64_t rows = s->tail.owners.n, due = INT64_MAX;
    if (s->merge.active || rows >= s->merge_rule.rows)
        due = 0;
    else if (rows >= s->merge_rule.idle_rows)
        due = written_ns + s->merge_rule.idle_ns;
    return due < s->merge_rest_ns ? s->merge_rest_ns : due;
}

/* Twice as much for each time that the tail is longer than it should be: whatever comes in, it does not outgrow the merge. */
static int64_t slice_of(const aisle_store *s)
{
    int64_t times = s->tail.owners.n / s->merge_rule.rows;
    return s->merge_rule.slice << (times < 2 ? 0 : times < 12 ? times - 1 : 10);
}

static aisle_status write_slice(aisle_store *s, bool *last, aisle_error *err)
{
    AISLE_TRY(aisle_store_begin(s, err));
    if (!s->merge.active) AISLE_TRY(aisle_event_merge_begin(&s->merge, &s->tail, err));
    AISLE_TRY(aisle_event_merge_slice(&s->merge, &s->db, slice_of(s), last, err));
    return aisle_db_step(&s->db, AISLE_SQL_TX_COMMIT, err);
}

void aisle_store_merge(aisle_store *s)
{
    bool last = false;
    pthread_mutex_lock(&s->applying);
    sqlite3_busy_timeout(s->db.handle, 0); /* writes wait for us: do not wait for another process */
    aisle_status st = write_slice(s, &last, NULL);
    sqlite3_busy_timeout(s->db.handle, AISLE_DB_BUSY_MS);
    if (st == AISLE_OK && last) aisle_event_tail_merged(&s->tail, s->merge.rows, s->merge.upto);
    if (st != AISLE_OK || last) aisle_event_merge_end(&s->merge);
    if (st != AISLE_OK && !sqlite3_get_autocommit(s->db.handle))
        aisle_db_step(&s->db, AISLE_SQL_TX_ROLLBACK, NULL);
    s->merge_rest_ns = st == AISLE_OK ? 0 : aisle_time_monotonic_ns() + rest_ns;
    pthread_mutex_unlock(&s->applying);
}
