/* The writer: whatever waits becomes one transaction, so that durable writes cost one fsync for many. */
#include <errno.h>
#include <string.h>

#include "server/store/store_internal.h"

static bool in_transaction(aisle_db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

/* Memory as it was at the savepoint, or before the transaction. */
static void undo_memory(aisle_tx *tx, aisle_tail_mark mark)
{
    aisle_event_tail_cut(tx->db->tail, mark);
    if (tx->ids_changed) aisle_id_cache_clear(tx->ids);
    tx->ids_changed = false;
}

/* A lone write needs no savepoint: the transaction is its own. That spares a large import the savepoint's
 * journal.
 */
static aisle_status run_write(aisle_tx *tx, aisle_write *w, bool alone, aisle_error *err)
{
    aisle_deltas before = tx->deltas;
    aisle_tail_mark mark = aisle_event_tail_mark(tx->db->tail);
    bool ids_changed = tx->ids_changed;
    tx->ids_changed = false;
    if (!alone) AISLE_TRY(aisle_db_step(tx->db, AISLE_SQL_TX_MARK, err));
    w->error.message[0] = '\0';
    w->status = w->run(w, tx, &w->error);
    /* A full disk or short memory may have made SQLite roll the whole transaction back. */
    if (!in_transaction(tx->db)) {
        *err = w->error;
        return w->status != AISLE_OK ? w->status
                                     : aisle_fail(err, AISLE_EIO, "%s: rolled back", tx->db->path);
    }
    if (w->status != AISLE_OK) {
        tx->deltas = before;
        undo_memory(tx, mark);
    }
    tx->ids_changed |= ids_changed;
    if (alone && w->status != AISLE_OK) {
        *err = w->error;
        return w->status;
    }
    if (!alone && w->status != AISLE_OK) AISLE_TRY(aisle_db_step(tx->db, AISLE_SQL_TX_UNDO, err));
    return alone ? AISLE_OK : aisle_db_step(tx->db, AISLE_SQL_TX_KEEP, err);
}

/* *catalogue: the version that the transaction makes; left alone when it makes none. */
static aisle_status flush_totals(aisle_tx *tx, int64_t *catalogue, aisle_error *err)
{
    bool row;
    const aisle_deltas *d = &tx->deltas;
    if (!d->products && !d->users && !d->events && !d->catalogue) return AISLE_OK;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOTALS_ADD);
    aisle_stmt_int(&q, 1, d->products);
    aisle_stmt_int(&q, 2, d->users);
    aisle_stmt_int(&q, 3, d->events);
    aisle_stmt_int(&q, 4, d->catalogue ? 1 : 0);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return AISLE_OK;
    *catalogue = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static void count(aisle_store *s, const aisle_write *list, aisle_status st, int64_t took_ns)
{
    int64_t good = 0, bad = 0;
    for (const aisle_write *w = list; w; w = w->next)
        *(st == AISLE_OK && w->status == AISLE_OK ? &good : &bad) += 1;
    pthread_mutex_lock(&s->queue_mutex);
    s->stats.written += good;
    s->stats.failed += bad;
    s->stats.transactions++;
    s->stats.busy_ns += took_ns;
    pthread_mutex_unlock(&s->queue_mutex);
}

void aisle_store_stats_get(aisle_store *s, aisle_store_stats *out)
{
    pthread_mutex_lock(&s->queue_mutex);
    *out = s->stats;
    out->waiting = s->n_waiting;
    pthread_mutex_unlock(&s->queue_mutex);
}

void aisle_store_apply(aisle_store *s, aisle_write *list)
{
    aisle_error err = {.message = ""};
    aisle_tx tx = {.db = &s->db, .ids = &s->ids, .people = &s->people};
    int64_t catalogue = 0;
    int64_t started_ns = aisle_time_monotonic_ns();
    pthread_mutex_lock(&s->applying);
    for (aisle_write *w = list; w; w = w->next) w->status = AISLE_OK;
    aisle_status st = aisle_store_begin(s, &err);
    aisle_tail_mark mark = aisle_event_tail_mark(&s->tail);
    if (s->tail.fresh) { /* another process has written, and may have removed rows */
        aisle_people_touch_all(&s->people);
        aisle_id_cache_clear(&s->ids);
    }
    for (aisle_write *w = list; w && st == AISLE_OK; w = w->next)
        st = run_write(&tx, w, list->next == NULL, &err);
    if (st == AISLE_OK) st = flush_totals(&tx, &catalogue, &err);
    if (st == AISLE_OK) st = aisle_db_step(&s->db, AISLE_SQL_TX_COMMIT, &err);
    if (st == AISLE_OK) aisle_store_note_catalogue(s, catalogue);
    if (st != AISLE_OK) {
        if (in_transaction(&s->db)) aisle_db_step(&s->db, AISLE_SQL_TX_ROLLBACK, NULL);
        tx.ids_changed = true; /* a write that ended early has not said so */
        undo_memory(&tx, mark);
    }
    aisle_people_settle(&s->people);
    pthread_mutex_unlock(&s->applying);
    count(s, list, st, aisle_time_monotonic_ns() - started_ns);
    while (list) {
        aisle_write *w = list;
        list = w->next; /* done may release w */
        bool own = w->status != AISLE_OK;
        w->next = NULL;
        if (!own && st != AISLE_OK) w->error = err;
        aisle_status end = own ? w->status : st;
        w->status = end;
        if (w->done) w->done(w, end, end == AISLE_OK ? NULL : &w->error);
    }
}

/* What waits, or NULL at due_ns; *stopping: and nothing will come. */
static aisle_write *take_list(aisle_store *s, int64_t due_ns, bool *stopping)
{
    const struct timespec due = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
    int rc = 0;
    pthread_mutex_lock(&s->queue_mutex);
    while (!s->head && !s->stopping && due_ns && rc != ETIMEDOUT)
        rc = due_ns == INT64_MAX ? pthread_cond_wait(&s->queue_filled, &s->queue_mutex)
                                 : pthread_cond_timedwait(&s->queue_filled, &s->queue_mutex, &due);
    aisle_write *list = s->head;
    *stopping = s->stopping;
    s->head = s->last = NULL;
    s->n_waiting = 0;
    pthread_mutex_unlock(&s->queue_mutex);
    return list;
}

static void *writer_main(void *arg)
{
    aisle_store *s = arg;
    int64_t written_ns = aisle_time_monotonic_ns();
    aisle_store_merge_start(s);
    for (;;) {
        bool stopping;
        aisle_write *list = take_list(s, aisle_store_merge_due_ns(s, written_ns), &stopping);
        if (!list && stopping) return NULL;
        if (list) aisle_store_apply(s, list);
        if (list) written_ns = aisle_time_monotonic_ns();
        if (aisle_store_merge_due_ns(s, written_ns) <= aisle_time_monotonic_ns()) aisle_store_merge(s);
    }
}

aisle_status aisle_store_start_writer(aisle_store *s, aisle_error *err)
{
    int rc = 0;
    pthread_mutex_lock(&s->queue_mutex);
    if (!s->writer_runs) rc = pthread_create(&s->writer, NULL, writer_main, s);
    s->writer_runs = rc == 0;
    pthread_mutex_unlock(&s->queue_mutex);
    if (rc) return aisle_fail(err, AISLE_ENOMEM, "the writer thread did not start: %s", strerrordesc_np(rc));
    return AISLE_OK;
}

void aisle_store_stop_writer(aisle_store *s)
{
    pthread_mutex_lock(&s->queue_mutex);
    bool join = s->writer_runs;
    s->stopping = true;
    pthread_cond_signal(&s->queue_filled);
    pthread_mutex_unlock(&s->queue_mutex);
    if (join) pthread_join(s->writer, NULL);
    s->writer_runs = false;
}

aisle_status aisle_store_submit(aisle_store *s, aisle_write *w)
{
    aisle_status st = AISLE_OK;
    pthread_mutex_lock(&s->queue_mutex);
    if (!s->writer_runs || s->stopping || s->n_waiting >= AISLE_WRITES_MAX) {
        st = AISLE_EBUSY;
    } else {
        w->next = NULL;
        if (s->last)
            s->last->next = w;
        else
            s->head = w;
        s->last = w;
        s->n_waiting++;
        pthread_cond_signal(&s->queue_filled);
    }
    pthread_mutex_unlock(&s->queue_mutex);
    return st;
}

/* A write that wakes its caller. */
typedef struct now_write {
    aisle_write base;
    aisle_write *inner;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool has_ended;
} now_write;

static aisle_status now_run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    now_write *n = (now_write *)w;
    return n->inner->run(n->inner, tx, err);
}

static void now_done(aisle_write *w, aisle_status st, const aisle_error *err)
{
    now_write *n = (now_write *)w;
    n->inner->status = st;
    if (err) n->inner->error = *err;
    if (n->inner->done) n->inner->done(n->inner, st, err);
    pthread_mutex_lock(&n->mutex);
    n->has_ended = true;
    pthread_cond_signal(&n->ended);
    pthread_mutex_unlock(&n->mutex);
}

aisle_status aisle_store_write_now(aisle_store *s, aisle_write *w, aisle_error *err)
{
    now_write n = {.base = {.run = now_run, .done = now_done}, .inner = w};
    pthread_mutex_lock(&s->queue_mutex);
    bool queued = s->writer_runs;
    pthread_mutex_unlock(&s->queue_mutex);
    pthread_mutex_init(&n.mutex, NULL);
    pthread_cond_init(&n.ended, NULL);
    aisle_status st = queued ? aisle_store_submit(s, &n.base) : AISLE_OK;
    if (st != AISLE_OK) {
        aisle_fail(err, st, "%s: too many writes are waiting; try again later", s->folder);
    } else {
        if (!queued) aisle_store_apply(s, &n.base);
        pthread_mutex_lock(&n.mutex);
        while (!n.has_ended) pthread_cond_wait(&n.ended, &n.mutex);
        pthread_mutex_unlock(&n.mutex);
        st = n.base.status;
        if (st != AISLE_OK && err) *err = n.base.error;
    }
    pthread_cond_destroy(&n.ended);
    pthread_mutex_destroy(&n.mutex);
    return st;
}
