/* Kept under the id as it comes, with the stamp (people_stamps.h) as it was before the events were read: a change in between
 * makes the stamp another one, and what was read is not believed the next time. Who has no row yet is not kept. */
#include "server/store/recents.h"

#include <stdio.h>
#include <string.h>

#include "server/store/kept.h"
#include "server/store/person_rows.h"
#include "server/store/store_internal.h"

enum { BYTES_MAX = 32 << 20, USER = 0, SESSION = 1 };

struct aisle_recents {
    aisle_store *store;
    pthread_mutex_t lock; /* guards kept */
    aisle_kept *kept;     /* by id, tag: USER or SESSION, mark: stamp */
};

/* The value: this, n rows, and their items' bytes. */
typedef struct kept_head {
    int64_t name; /* of the stamp */
    int32_t n;
    bool erased;
} kept_head;
typedef struct kept_row {
    int64_t at_ms;
    double value;
    int32_t type;
    uint32_t item_len;
} kept_row;

aisle_recents *aisle_recents_new(aisle_store *s)
{
    aisle_recents *r = aisle_calloc(1, sizeof *r);
    if (!r) return NULL;
    *r = (aisle_recents){.store = s, .kept = aisle_kept_new(BYTES_MAX)};
    pthread_mutex_init(&r->lock, NULL);
    if (r->kept) return r;
    aisle_recents_free(r);
    return NULL;
}

void aisle_recents_free(aisle_recents *r)
{
    if (!r) return;
    aisle_kept_free(r->kept);
    pthread_mutex_destroy(&r->lock);
    aisle_free(r);
}

void aisle_recents_look(aisle_recents *r)
{
    aisle_store_look(r->store);
}

/* ---- kept ---- */

/* A copy of what is kept and right, in the arena; NULL = there is none. */
static char *copy_kept(aisle_recents *r, aisle_str id, uint32_t tag, aisle_arena *a)
{
    char *copy = NULL;
    pthread_mutex_lock(&r->lock);
    const aisle_kept_entry *e = aisle_kept_find(r->kept, id, tag);
    if (e) {
        kept_head head;
        memcpy(&head, aisle_kept_value(e), sizeof head);
        if (aisle_stamp_of(&r->store->people, head.name) == e->mark && (copy = aisle_arena_alloc(a, e->len)))
            memcpy(copy, aisle_kept_value(e), e->len);
    }
    pthread_mutex_unlock(&r->lock);
    return copy;
}

static bool unpack(const char *value, aisle_arena *a, aisle_recents_found *out)
{
    kept_head head;
    memcpy(&head, value, sizeof head);
    const kept_row *row = (const kept_row *)(const void *)(value + sizeof head);
    const char *item = (const char *)(row + head.n);
    aisle_recent *list = aisle_arena_alloc(a, (size_t)head.n * sizeof *list + 1);
    if (!list) return false;
    for (int32_t i = 0; i < head.n; i++, item += row++->item_len)
        list[i] = (aisle_recent){{item, row->item_len}, (aisle_event_type)row->type, row->at_ms, row->value};
    *out = (aisle_recents_found){list, head.n, head.erased};
    return true;
}

static void keep(aisle_recents *r, aisle_str id, uint32_t tag, uint64_t stamp, int64_t name,
                 const aisle_recents_found *f, aisle_arena *a)
{
    const kept_head head = {name, f->n, f->erased};
    size_t bytes = sizeof head + (size_t)f->n * sizeof(kept_row);
    for (int32_t i = 0; i < f->n; i++) bytes += f->events[i].item.len;
    char *value = aisle_arena_calloc(a, 1, bytes);
    if (!value) return;
    kept_row *row = (kept_row *)(void *)(value + sizeof head);
    char *item = (char *)(row + f->n);
    memcpy(value, &head, sizeof head);
    for (int32_t i = 0; i < f->n; i++) {
        const aisle_recent *e = &f->events[i];
        row[i] = (kept_row){e->at_ms, e->value, (int32_t)e->type, (uint32_t)e->item.len};
        memcpy(item, e->item.ptr, e->item.len);
        item += e->item.len;
    }
    pthread_mutex_lock(&r->lock);
    aisle_kept_put(r->kept, id, tag, stamp, (aisle_str){value, bytes});
    pthread_mutex_unlock(&r->lock);
}

/* ---- asked ---- */

/* The row's id as the tail names it; 0 = there is no row. */
static aisle_status find_name(aisle_view *v, aisle_str id, uint32_t tag, int64_t *name, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, tag == USER ? AISLE_SQL_USER_ID : AISLE_SQL_SESSION_ID);
    aisle_stmt_text(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *name = 0;
    if (!row) return AISLE_OK;
    int64_t found = aisle_stmt_get_int(&q, 0);
    *name = tag == USER ? aisle_tail_user(found) : aisle_tail_session(found);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status find_erased(aisle_view *v, aisle_str id, uint32_t tag, aisle_arena *a, bool *erased,
                                aisle_error *err)
{
    if (tag == SESSION) {
        const char *text = aisle_arena_printf(a, "session:%.*s", (int)id.len, id.ptr);
        if (!text) return aisle_fail(err, AISLE_ENOMEM, "out of memory for who asks");
        id = aisle_str_from(text);
    }
    return aisle_view_is_erased(v, id, erased, err);
}

aisle_status aisle_recents_get(aisle_recents *r, aisle_view *v, const aisle_recents_ask *ask, aisle_arena *a,
                               aisle_recents_found *out, aisle_error *err)
{
    const uint32_t tag = ask->user.ptr ? USER : SESSION;
    const aisle_str id = ask->user.ptr ? ask->user : ask->session;
    const char *kept = copy_kept(r, id, tag, a);
    int64_t name;
    if (kept && unpack(kept, a, out)) return AISLE_OK;
    AISLE_TRY(find_name(v, id, tag, &name, err));
    uint64_t stamp = aisle_stamp_of(&r->store->people, name);
    AISLE_TRY(aisle_view_recent(v, ask->user, ask->session, ask->limit, a, &out->events, &out->n, err));
    AISLE_TRY(find_erased(v, id, tag, a, &out->erased, err));
    if (name) keep(r, id, tag, stamp, name, out, a);
    return AISLE_OK;
}
