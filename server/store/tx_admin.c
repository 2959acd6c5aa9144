/* Writing API keys and jobs inside a transaction. */
#include "server/store/store_internal.h"

aisle_status aisle_tx_key_add(aisle_tx *tx, const aisle_key *key, const unsigned char hash[32],
                              aisle_error *err)
{
    aisle_error why;
    aisle_str name = key->name;
    if (name.len < 1 || name.len > 64)
        return aisle_fail(err, AISLE_EINVAL, "name of a key: %zu bytes, must be 1 to 64", name.len);
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_KEY_ADD);
    aisle_stmt_text(&q, 1, name);
    aisle_stmt_text(&q, 2, key->scope);
    aisle_stmt_blob(&q, 3, hash, 32);
    aisle_stmt_int(&q, 4, aisle_time_now_ms());
    aisle_stmt_int(&q, 5, key->publishable);
    aisle_status st = aisle_stmt_run(&q, &why);
    if (st == AISLE_ECONFLICT)
        return aisle_fail(err, st, "key %.*s: exists already; remove it first or choose another name",
                          (int)name.len, name.ptr);
    if (st != AISLE_OK && err) *err = why;
    return st;
}

aisle_status aisle_tx_key_remove(aisle_tx *tx, aisle_str name, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_KEY_REMOVE);
    aisle_stmt_text(&q, 1, name);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "key %.*s: not found", (int)name.len, name.ptr);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_key_rotate(aisle_tx *tx, aisle_str name, const unsigned char hash[32],
                                 int64_t old_until_ms, bool publishable, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_KEY_ROTATE);
    aisle_stmt_text(&q, 1, name);
    aisle_stmt_blob(&q, 2, hash, 32);
    aisle_stmt_int(&q, 3, old_until_ms);
    aisle_stmt_int(&q, 4, publishable);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "key %.*s: not found", (int)name.len, name.ptr);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_key_used(aisle_tx *tx, int64_t id, int64_t now_ms, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_KEY_USED);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_int(&q, 2, now_ms);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_job(aisle_tx *tx, aisle_job_record *job, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, job->id ? AISLE_SQL_JOB_UPDATE : AISLE_SQL_JOB_ADD);
    if (job->id) aisle_stmt_int(&q, 1, job->id);
    aisle_stmt_cstr(&q, 2, job->kind);
    aisle_stmt_cstr(&q, 3, job->state);
    aisle_stmt_cstr(&q, 4, job->request);
    aisle_stmt_cstr(&q, 5, job->result);
    aisle_stmt_int(&q, 6, job->created_ms);
    aisle_stmt_int(&q, 7, job->started_ms);
    aisle_stmt_int(&q, 8, job->ended_ms);
    if (!job->id) aisle_stmt_cstr(&q, 9, job->cause);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "job %lld: not found", (long long)job->id);
    job->id = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_model_seen(aisle_tx *tx, int64_t made_ms, int64_t events, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_MODEL_SEEN_FORGET);
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_MODEL_SEEN_PUT);
    aisle_stmt_int(&q, 1, made_ms);
    aisle_stmt_int(&q, 2, events);
    return aisle_stmt_run(&q, err);
}
