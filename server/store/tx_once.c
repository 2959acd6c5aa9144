/* Answers kept for requests that come again with the same Idempotency-Key, in the transaction that they answer for. */
#include <string.h>

#include "server/store/buying_internal.h"
#include "server/store/event_tail.h"

static aisle_status run_sql(aisle_tx *tx, aisle_sql id, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, id);
    return aisle_stmt_run(&q, err);
}

/* Savepoints of one name nest: the innermost is meant. */
aisle_status aisle_tx_mark(aisle_tx *tx, aisle_error *err)
{
    tx->marked = tx->deltas;
    tx->marked_tail = aisle_event_tail_mark(tx->db->tail);
    return run_sql(tx, AISLE_SQL_TX_MARK, err);
}

aisle_status aisle_tx_undo(aisle_tx *tx, aisle_error *err)
{
    tx->deltas = tx->marked;
    aisle_event_tail_cut(tx->db->tail, tx->marked_tail);
    aisle_id_cache_clear(tx->ids); /* rows that were made since are undone */
    return run_sql(tx, AISLE_SQL_TX_UNDO, err);
}

aisle_status aisle_tx_settle(aisle_tx *tx, aisle_error *err)
{
    return run_sql(tx, AISLE_SQL_TX_KEEP, err);
}

aisle_status aisle_tx_once_find(aisle_tx *tx, const aisle_once *o, aisle_arena *a, bool *found,
                                aisle_kept *out, aisle_error *err)
{
    aisle_kept k = {0};
    *found = false;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ONCE_GET);
    aisle_stmt_blob(&q, 1, o->key, sizeof o->key);
    aisle_stmt_int(&q, 2, aisle_time_now_ms() - AISLE_ONCE_MS);
    AISLE_TRY(aisle_stmt_next(&q, found, err));
    if (!*found) return AISLE_OK;
    const void *request = sqlite3_column_blob(q.stmt, 0);
    bool same = request && memcmp(request, o->request, sizeof o->request) == 0;
    k.status = (int32_t)aisle_stmt_get_int(&q, 1);
    k.user = aisle_stmt_get_int(&q, 5);
    bool copied = aisle_stmt_copy_text(&q, 2, a, &k.type) && aisle_stmt_copy_text(&q, 3, a, &k.location) &&
                  aisle_stmt_copy_text(&q, 4, a, &k.body);
    aisle_stmt_end(&q);
    if (!same) return aisle_fail(err, AISLE_ECONFLICT, "the key came with another request before");
    if (!copied) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", tx->db->path);
    *out = k;
    return AISLE_OK;
}

aisle_status aisle_tx_once_keep(aisle_tx *tx, const aisle_once *o, const aisle_kept *k, aisle_error *err)
{
    int64_t now_ms = aisle_time_now_ms();
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ONCE_FORGET);
    aisle_stmt_int(&q, 1, now_ms - AISLE_ONCE_MS);
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_ONCE_PUT);
    aisle_stmt_blob(&q, 1, o->key, sizeof o->key);
    aisle_stmt_blob(&q, 2, o->request, sizeof o->request);
    aisle_stmt_int(&q, 3, k->status);
    aisle_stmt_text(&q, 4, k->type);
    aisle_stmt_text(&q, 5, k->location);
    aisle_stmt_text(&q, 6, k->body);
    aisle_stmt_int(&q, 7, now_ms);
    aisle_stmt_id(&q, 8, o->user);
    aisle_stmt_id(&q, 9, o->session);
    return aisle_stmt_run(&q, err);
}
