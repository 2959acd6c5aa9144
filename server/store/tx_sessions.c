/* Sessions and their tokens: made, found, touched, ended. */
#include "server/store/accounts.h"
#include "server/store/store_internal.h"

aisle_status aisle_view_token(aisle_view *v, const unsigned char hash[32], aisle_arena *a, aisle_token *out,
                              bool *found, aisle_error *err)
{
    bool row;
    *found = false;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TOKEN_GET);
    aisle_stmt_blob(&q, 1, hash, AISLE_TOKEN_HASH_BYTES);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return AISLE_OK;
    aisle_token t = {.session = aisle_stmt_get_int(&q, 0),
                     .user = aisle_stmt_get_int(&q, 2),
                     .admin = aisle_stmt_get_int(&q, 4) != 0,
                     .created_ms = aisle_stmt_get_int(&q, 5),
                     .used_ms = aisle_stmt_get_int(&q, 6)};
    bool copied =
        aisle_stmt_copy_text(&q, 1, a, &t.session_ext) && aisle_stmt_copy_text(&q, 3, a, &t.user_ext);
    aisle_stmt_end(&q);
    if (!copied) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
    *out = t;
    *found = true;
    return AISLE_OK;
}

static bool copy_session(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_session_row *out = row;
    *out = (aisle_session_row){.id = aisle_stmt_get_int(q, 0),
                               .created_ms = aisle_stmt_get_int(q, 1),
                               .used_ms = aisle_stmt_get_int(q, 2)};
    return aisle_stmt_copy_text(q, 3, a, &out->agent);
}

aisle_status aisle_view_sessions(aisle_view *v, int64_t user, int32_t limit, aisle_arena *a,
                                 aisle_session_row **out, int32_t *n, aisle_error *err)
{
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TOKEN_OF_USER);
    aisle_stmt_int(&q, 1, user);
    aisle_stmt_int(&q, 2, limit);
    AISLE_TRY(aisle_stmt_list(&q, a, limit, sizeof **out, copy_session, &list, n, err));
    *out = list;
    return AISLE_OK;
}

static aisle_status run_with(aisle_tx *tx, aisle_sql sql, int64_t id, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, sql);
    aisle_stmt_int(&q, 1, id);
    return aisle_stmt_run(&q, err);
}

static aisle_status own_session(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SESSION_OWN);
    aisle_stmt_int(&q, 1, session);
    aisle_stmt_int(&q, 2, user);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_session_add(aisle_tx *tx, const aisle_new_session *s, int64_t *session,
                                  aisle_error *err)
{
    int64_t id;
    AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_SESSION, s->ext, &id, err));
    if (s->user) AISLE_TRY(own_session(tx, id, s->user, err));
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOKEN_ADD);
    aisle_stmt_blob(&q, 1, s->hash, AISLE_TOKEN_HASH_BYTES);
    aisle_stmt_int(&q, 2, id);
    aisle_stmt_id(&q, 3, s->user);
    aisle_stmt_int(&q, 4, s->now_ms);
    aisle_stmt_text(&q, 5, s->agent);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *session = id;
    return s->user ? run_with(tx, AISLE_SQL_TOKEN_PRUNE, s->user, err) : AISLE_OK;
}

aisle_status aisle_tx_session_drop(aisle_tx *tx, int64_t session, aisle_error *err)
{
    return run_with(tx, AISLE_SQL_TOKEN_DROP, session, err);
}

aisle_status aisle_tx_guest(aisle_tx *tx, const unsigned char hash[32], const char *ext, int64_t now_ms,
                            int64_t *session, aisle_error *err)
{
    aisle_new_session s = {.ext = aisle_str_from(ext), .now_ms = now_ms};
    for (int i = 0; i < AISLE_TOKEN_HASH_BYTES; i++) s.hash[i] = hash[i];
    return aisle_tx_session_add(tx, &s, session, err);
}

aisle_status aisle_tx_session_touch(aisle_tx *tx, const unsigned char hash[32], int64_t now_ms,
                                    aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOKEN_TOUCH);
    aisle_stmt_blob(&q, 1, hash, AISLE_TOKEN_HASH_BYTES);
    aisle_stmt_int(&q, 2, now_ms);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_session_end(aisle_tx *tx, int64_t user, int64_t session, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOKEN_END);
    aisle_stmt_int(&q, 1, session);
    aisle_stmt_id(&q, 2, user);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "no such session");
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_sessions_end(aisle_tx *tx, int64_t user, int64_t but, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOKEN_END_OTHERS);
    aisle_stmt_int(&q, 1, user);
    aisle_stmt_int(&q, 2, but);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_sessions_purge(aisle_tx *tx, int64_t used_ms, int64_t waits_ms, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOKEN_PURGE);
    aisle_stmt_int(&q, 1, used_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_THROTTLE_PURGE);
    aisle_stmt_int(&q, 1, waits_ms);
    return aisle_stmt_run(&q, err);
}
