/* Keys come from memory, where each belongs to a stored event. Of the entries memory tells only which are whose, so that
 * they can be written in order: the statement takes them from the rows, as they are now. */
#include "server/store/event_merge.h"

#include <stdlib.h>

#include "server/store/number_list.h"
#include "server/store/store_internal.h"

static int compare_keys(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Users have even names, sessions odd ones. */
static int compare_owners(const void *a, const void *b)
{
    const aisle_merge_owner *x = a, *y = b;
    int64_t kinds = (x->name & 1) - (y->name & 1);
    if (kinds) return kinds < 0 ? -1 : 1;
    if (x->name != y->name) return x->name < y->name ? -1 : 1;
    return (x->event > y->event) - (x->event < y->event);
}

aisle_status aisle_event_merge_begin(aisle_event_merge *m, const aisle_event_tail *t, aisle_error *err)
{
    *m = (aisle_event_merge){.active = true, .upto = t->seen, .rows = aisle_event_tail_mark(t)};
    m->keys = aisle_array(m->rows.keys, sizeof *m->keys);
    m->owners = aisle_array(m->rows.owners, sizeof *m->owners);
    if (!m->keys || !m->owners) {
        aisle_event_merge_end(m);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the order of the newest events");
    }
    for (; m->n_keys < m->rows.keys; m->n_keys++) m->keys[m->n_keys] = t->keys.rows[m->n_keys].name;
    for (; m->n_owners < m->rows.owners; m->n_owners++) {
        const aisle_tail_row *r = &t->owners.rows[m->n_owners];
        m->owners[m->n_owners] = (aisle_merge_owner){r->event, r->name};
        m->n_users += (r->name & 1) == 0;
    }
    qsort(m->keys, (size_t)m->n_keys, sizeof *m->keys, compare_keys);
    qsort(m->owners, (size_t)m->n_owners, sizeof *m->owners, compare_owners);
    return AISLE_OK;
}

void aisle_event_merge_end(aisle_event_merge *m)
{
    aisle_free(m->keys);
    aisle_free(m->owners);
    *m = (aisle_event_merge){0};
}

static aisle_status run_list(aisle_db *db, aisle_sql sql, aisle_number_list list, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(db, sql);
    aisle_stmt_numbers(&q, 1, &list);
    return aisle_stmt_run(&q, err);
}

static aisle_status run_id(aisle_db *db, aisle_sql sql, int64_t id, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(db, sql);
    aisle_stmt_int(&q, 1, id);
    return aisle_stmt_run(&q, err);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

aisle_status aisle_event_merge_slice(aisle_event_merge *m, aisle_db *db, int64_t most, bool *last,
                                     aisle_error *err)
{
    int64_t n = least(most, m->n_keys - m->key_at);
    *last = false;
    if (n > 0) {
        const aisle_number_list list = {m->keys + m->key_at, n, 1};
        m->key_at += n;
        return run_list(db, AISLE_SQL_EVENT_KEYS_PUT, list, err);
    }
    bool users = m->owner_at < m->n_users;
    n = least(most, (users ? m->n_users : m->n_owners) - m->owner_at);
    if (n > 0) {
        const aisle_number_list list = {&m->owners[m->owner_at].event, n,
                                        sizeof *m->owners / sizeof(int64_t)};
        m->owner_at += n;
        AISLE_TRY(run_list(db, users ? AISLE_SQL_EVENT_USERS_PUT : AISLE_SQL_EVENT_SESSIONS_PUT, list, err));
    }
    *last = m->owner_at == m->n_owners;
    return *last ? run_id(db, AISLE_SQL_EVENT_MERGED, m->upto, err) : AISLE_OK;
}

aisle_status aisle_tx_event_last(aisle_tx *tx, int64_t *id, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EVENT_LAST);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *id = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_events_merge_after(aisle_tx *tx, int64_t first, aisle_error *err)
{
    int64_t last;
    AISLE_TRY(run_id(tx->db, AISLE_SQL_EVENT_USERS_AFTER, first, err));
    AISLE_TRY(run_id(tx->db, AISLE_SQL_EVENT_SESSIONS_AFTER, first, err));
    AISLE_TRY(aisle_tx_event_last(tx, &last, err));
    AISLE_TRY(run_id(tx->db, AISLE_SQL_EVENT_MERGED, last, err));
    aisle_event_tail_forget(tx->db->tail); /* also where the transaction is undone: it is read anew */
    if (tx->db->tail->next_id <= last) tx->db->tail->next_id = last + 1;
    return AISLE_OK;
}

aisle_status aisle_tx_events_merge(aisle_tx *tx, aisle_error *err)
{
    bool row;
    int64_t upto = 0;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EVENT_TAIL_FROM);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (row) upto = aisle_stmt_get_int(&q, 0);
    if (row) aisle_stmt_end(&q);
    AISLE_TRY(run_id(tx->db, AISLE_SQL_EVENT_KEYS_AFTER, upto, err));
    return aisle_tx_events_merge_after(tx, upto, err);
}
