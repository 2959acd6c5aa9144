/* Reading API keys and jobs. */
#include "server/store/store_internal.h"

enum { MAX_KEYS = 1000 };

static aisle_status no_memory(aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
}

static bool copy_key(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_key *out = row;
    out->created_ms = aisle_stmt_get_int(q, 2);
    out->publishable = aisle_stmt_get_int(q, 3) != 0;
    out->used_ms = aisle_stmt_get_int(q, 4);
    out->old_until_ms = aisle_stmt_get_int(q, 5);
    return aisle_stmt_copy_text(q, 0, a, &out->name) && aisle_stmt_copy_text(q, 1, a, &out->scope);
}

aisle_status aisle_view_keys(aisle_view *v, aisle_arena *a, aisle_key **out, int32_t *n, aisle_error *err)
{
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_KEY_ALL);
    aisle_stmt_int(&q, 1, MAX_KEYS);
    AISLE_TRY(aisle_stmt_list(&q, a, MAX_KEYS, sizeof **out, copy_key, &list, n, err));
    *out = list;
    return AISLE_OK;
}

aisle_status aisle_view_key_check(aisle_view *v, const unsigned char hash[32], int64_t now_ms,
                                  aisle_key_row *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_KEY_CHECK);
    aisle_stmt_blob(&q, 1, hash, 32);
    aisle_stmt_int(&q, 2, now_ms);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = (aisle_key_row){.found = row};
    if (!row) return AISLE_OK;
    aisle_str scope = aisle_stmt_get_text(&q, 1);
    out->id = aisle_stmt_get_int(&q, 0);
    snprintf(out->scope, sizeof out->scope, "%.*s", (int)scope.len, scope.ptr);
    out->publishable = aisle_stmt_get_int(&q, 2) != 0;
    out->used_ms = aisle_stmt_get_int(&q, 3);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static bool copy_job(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_job_record *out = row;
    aisle_str text[5];
    for (int i = 0; i < 5; i++)
        if (!aisle_stmt_copy_text(q, i < 4 ? 1 + i : 8, a, &text[i])) return false;
    *out = (aisle_job_record){.id = aisle_stmt_get_int(q, 0),
                              .kind = text[0].ptr,
                              .state = text[1].ptr,
                              .request = text[2].ptr,
                              .result = text[3].ptr,
                              .created_ms = aisle_stmt_get_int(q, 5),
                              .started_ms = aisle_stmt_get_int(q, 6),
                              .ended_ms = aisle_stmt_get_int(q, 7),
                              .cause = text[4].ptr};
    return true;
}

aisle_status aisle_view_job(aisle_view *v, int64_t id, aisle_arena *a, aisle_job_record *out,
                            aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_JOB_GET);
    aisle_stmt_int(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "job %lld: not found", (long long)id);
    bool copied = copy_job(&q, a, out);
    aisle_stmt_end(&q);
    return copied ? AISLE_OK : no_memory(v, err);
}

aisle_status aisle_view_jobs(aisle_view *v, int32_t limit, aisle_arena *a, aisle_job_record **out, int32_t *n,
                             aisle_error *err)
{
    void *list;
    if (limit < 1 || limit > 1000) return aisle_fail(err, AISLE_EINVAL, "limit %d: must be 1 to 1000", limit);
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_JOB_ALL);
    aisle_stmt_int(&q, 1, limit);
    AISLE_TRY(aisle_stmt_list(&q, a, limit, sizeof **out, copy_job, &list, n, err));
    *out = list;
    return AISLE_OK;
}

static aisle_status read_newest(aisle_view *v, aisle_training_history *h, int64_t *id, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TRAINING_NEWEST);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return AISLE_OK;
    *id = aisle_stmt_get_int(&q, 0);
    h->started_ms = aisle_stmt_get_int(&q, 1);
    h->ended_ms = aisle_stmt_get_int(&q, 2);
    h->events = aisle_stmt_get_int(&q, 3);
    h->succeeded_ms = aisle_stmt_get_int(&q, 4);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status read_asked(aisle_view *v, aisle_arena *a, aisle_training_history *h, aisle_error *err)
{
    bool row;
    aisle_str text;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TRAINING_ASKED);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return AISLE_OK;
    bool copied = aisle_stmt_copy_text(&q, 0, a, &text);
    aisle_stmt_end(&q);
    h->asked = copied ? text.ptr : NULL;
    return copied ? AISLE_OK : no_memory(v, err);
}

aisle_status aisle_view_trainings(aisle_view *v, const char *stopped, aisle_arena *a,
                                  aisle_training_history *out, aisle_error *err)
{
    aisle_training_history h = {0};
    int64_t id = 0;
    bool row;
    AISLE_TRY(read_newest(v, &h, &id, err));
    AISLE_TRY(read_asked(v, a, &h, err));
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TRAINING_FAILURES);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_cstr(&q, 2, stopped);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    h.failures = aisle_stmt_get_int(&q, 0);
    h.failed_ms = aisle_stmt_get_int(&q, 1);
    aisle_stmt_end(&q);
    *out = h;
    return AISLE_OK;
}

aisle_status aisle_view_model_seen(aisle_view *v, int64_t made_ms, int64_t *events, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_MODEL_SEEN_GET);
    aisle_stmt_int(&q, 1, made_ms);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row)
        return aisle_fail(err, AISLE_ENOTFOUND, "the model of %lld was not seen before", (long long)made_ms);
    *events = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}
