/* Keeping the tail in memory. Its SQL function is in event_tail_table.c. */
#include "server/store/event_tail.h"

#include "aisle/memory.h"

void aisle_event_tail_init(aisle_event_tail *t)
{
    *t = (aisle_event_tail){.version = -1};
    pthread_mutex_init(&t->mutex, NULL);
}

void aisle_event_tail_deinit(aisle_event_tail *t)
{
    aisle_tail_table_deinit(&t->keys);
    aisle_tail_table_deinit(&t->owners);
    pthread_mutex_destroy(&t->mutex);
}

static aisle_status number(aisle_db *db, aisle_sql sql, int64_t *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(db, sql);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_EFORMAT, "%s: a row is missing; restore a backup", db->path);
    *out = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status read_rows(aisle_event_tail *t, aisle_db *db, int64_t upto, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_EVENT_TAIL_ROWS);
    aisle_stmt_int(&q, 1, upto);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;
        int64_t key = aisle_stmt_get_int(&q, 1);
        bool keyed = sqlite3_column_type(q.stmt, 1) != SQLITE_NULL;
        aisle_status st = aisle_event_tail_add(t, aisle_stmt_get_int(&q, 0), keyed ? &key : NULL,
                                               aisle_stmt_get_int(&q, 2), aisle_stmt_get_int(&q, 3), err);
        if (st == AISLE_OK) continue;
        aisle_stmt_end(&q);
        return st;
    }
}

/* Readers do not look at owners meanwhile: it is not known. */
static aisle_status read_anew(aisle_event_tail *t, aisle_db *db, aisle_error *err)
{
    int64_t upto = 0, last = 0;
    aisle_event_tail_forget(t);
    aisle_event_tail_cut(t, (aisle_tail_mark){0, 0});
    AISLE_TRY(number(db, AISLE_SQL_EVENT_TAIL_FROM, &upto, err));
    AISLE_TRY(number(db, AISLE_SQL_EVENT_LAST, &last, err));
    if (last < upto) last = upto;
    if (t->next_id <= last) t->next_id = last + 1;
    AISLE_TRY(read_rows(t, db, upto, err));
    pthread_mutex_lock(&t->mutex);
    t->upto = upto;
    t->seen = last;
    t->known = true;
    pthread_mutex_unlock(&t->mutex);
    return AISLE_OK;
}

aisle_status aisle_event_tail_sync(aisle_event_tail *t, aisle_db *db, aisle_error *err)
{
    int64_t version = 0;
    AISLE_TRY(number(db, AISLE_SQL_EVENT_DATA_VERSION, &version, err));
    t->fresh = !t->known || version != t->version;
    if (!t->fresh) return AISLE_OK;
    AISLE_TRY(read_anew(t, db, err));
    t->version = version;
    return AISLE_OK;
}

void aisle_event_tail_forget(aisle_event_tail *t)
{
    pthread_mutex_lock(&t->mutex);
    t->known = false;
    pthread_mutex_unlock(&t->mutex);
}

bool aisle_event_tail_has(const aisle_event_tail *t, int64_t key)
{
    return aisle_tail_table_find(&t->keys, key) != 0;
}

aisle_status aisle_event_tail_add(aisle_event_tail *t, int64_t id, const int64_t *key, int64_t user,
                                  int64_t session, aisle_error *err)
{
    bool added = !key || aisle_tail_table_add(&t->keys, *key, id);
    pthread_mutex_lock(&t->mutex);
    added = added && (!user || aisle_tail_table_add(&t->owners, aisle_tail_user(user), id));
    added = added && (!session || aisle_tail_table_add(&t->owners, aisle_tail_session(session), id));
    if (id > t->seen) t->seen = id;
    pthread_mutex_unlock(&t->mutex);
    return added ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the newest events");
}

aisle_tail_mark aisle_event_tail_mark(const aisle_event_tail *t)
{
    return (aisle_tail_mark){t->keys.n, t->owners.n};
}

void aisle_event_tail_cut(aisle_event_tail *t, aisle_tail_mark mark)
{
    aisle_tail_table_cut(&t->keys, mark.keys);
    pthread_mutex_lock(&t->mutex);
    aisle_tail_table_cut(&t->owners, mark.owners);
    pthread_mutex_unlock(&t->mutex);
}

/* Only this thread changes the tables, so it may read them without the lock, and readers wait for a swap alone. */
void aisle_event_tail_merged(aisle_event_tail *t, aisle_tail_mark mark, int64_t upto)
{
    aisle_tail_table keys = {0}, owners = {0}, old = t->keys;
    bool made = aisle_tail_table_rest(&t->keys, mark.keys, &keys) &&
                aisle_tail_table_rest(&t->owners, mark.owners, &owners);
    if (!made) {
        aisle_tail_table_deinit(&keys);
        aisle_event_tail_forget(t);
        return;
    }
    t->keys = keys;
    aisle_tail_table_deinit(&old);
    pthread_mutex_lock(&t->mutex);
    old = t->owners;
    t->owners = owners;
    t->upto = upto;
    pthread_mutex_unlock(&t->mutex);
    aisle_tail_table_deinit(&old);
}
