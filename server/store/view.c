/* Reading by id, and the short lists. */
#include <string.h>

#include "server/store/store_internal.h"

static aisle_status no_memory(aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
}

aisle_status aisle_view_open(aisle_store *s, aisle_view **out, aisle_error *err)
{
    *out = NULL;
    aisle_view *v = aisle_calloc(1, sizeof *v);
    if (!v) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", s->path);
    v->store = s;
    aisle_status st = aisle_db_open(s->path, AISLE_DB_READ, &v->db, err);
    v->db.tail = &s->tail;
    if (st == AISLE_OK)
        *out = v;
    else
        aisle_view_close(v);
    return st;
}

void aisle_view_close(aisle_view *v)
{
    if (!v) return;
    aisle_db_close(&v->db);
    aisle_free(v);
}

void aisle_stmt_product(const aisle_stmt *q, aisle_product *out)
{
    *out = (aisle_product){.id = aisle_stmt_get_text(q, 1),
                           .title = aisle_stmt_get_text(q, 2),
                           .description = aisle_stmt_get_text(q, 3),
                           .brand = aisle_stmt_get_text(q, 4),
                           .category = aisle_stmt_get_text(q, 5),
                           .currency = aisle_stmt_get_text(q, 6),
                           .attributes = aisle_stmt_get_text(q, 7),
                           .price_minor = aisle_stmt_get_int(q, 8),
                           .stock = aisle_stmt_get_int(q, 9),
                           .created_ms = aisle_stmt_get_int(q, 10),
                           .images = aisle_stmt_get_text(q, 12),
                           .visibility = aisle_stmt_get_int(q, 13) ? AISLE_HIDDEN : AISLE_VISIBLE,
                           .rating_half_stars = aisle_stmt_get_int(q, 14),
                           .rating_count = aisle_stmt_get_int(q, 15)};
}

bool aisle_product_copy(aisle_arena *a, aisle_product *p)
{
    aisle_str *texts[] = {&p->id,       &p->title,    &p->description, &p->brand,
                          &p->category, &p->currency, &p->attributes,  &p->images};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!texts[i]->ptr) continue;
        texts[i]->ptr = aisle_arena_strndup(a, texts[i]->ptr, texts[i]->len);
        if (!texts[i]->ptr) return false;
    }
    return true;
}

aisle_status aisle_db_product(aisle_db *db, aisle_str id, aisle_arena *a, aisle_product *out,
                              int64_t *version, aisle_error *err)
{
    bool row;
    aisle_product p;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_PRODUCT_GET);
    aisle_stmt_text(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "product %.*s: not found", (int)id.len, id.ptr);
    aisle_stmt_product(&q, &p);
    int64_t found = aisle_stmt_get_int(&q, 11);
    bool copied = aisle_product_copy(a, &p);
    aisle_stmt_end(&q);
    if (!copied) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", db->path);
    *out = p;
    if (version) *version = found;
    return AISLE_OK;
}

aisle_status aisle_view_product(aisle_view *v, aisle_str id, aisle_arena *a, aisle_product *out,
                                int64_t *version, aisle_error *err)
{
    return aisle_db_product(&v->db, id, a, out, version, err);
}

aisle_status aisle_view_product_changed(aisle_view *v, aisle_str id, int64_t *changed, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_PRODUCT_CHANGED);
    aisle_stmt_text(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "product %.*s: not found", (int)id.len, id.ptr);
    *changed = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_recent(aisle_view *v, aisle_str user, aisle_str session, int32_t limit,
                               aisle_arena *a, aisle_recent **out, int32_t *n, aisle_error *err)
{
    int32_t count = 0;
    bool row;
    if (limit < 1 || limit > 10000)
        return aisle_fail(err, AISLE_EINVAL, "limit %d: must be 1 to 10000", limit);
    aisle_recent *list = aisle_arena_calloc(a, (size_t)limit, sizeof *list);
    if (!list) return no_memory(v, err);
    aisle_stmt q =
        aisle_stmt_begin(&v->db, user.ptr ? AISLE_SQL_EVENT_RECENT_USER : AISLE_SQL_EVENT_RECENT_SESSION);
    aisle_stmt_text(&q, 1, user.ptr ? user : session);
    aisle_stmt_int(&q, 2, limit);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        aisle_recent *r = &list[count];
        if (!aisle_stmt_copy_text(&q, 0, a, &r->item)) {
            aisle_stmt_end(&q);
            return no_memory(v, err);
        }
        r->type = (aisle_event_type)aisle_stmt_get_int(&q, 1);
        r->at_ms = aisle_stmt_get_int(&q, 2);
        r->value = aisle_stmt_get_real(&q, 3);
        count++;
    }
    *out = list;
    *n = count;
    return AISLE_OK;
}

aisle_status aisle_view_user(aisle_view *v, aisle_str id, aisle_arena *a, aisle_user *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_USER_RECORD);
    aisle_stmt_text(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "user %.*s: not found", (int)id.len, id.ptr);
    aisle_user u = {.id = id};
    bool copied = aisle_stmt_copy_text(&q, 0, a, &u.age_band) && aisle_stmt_copy_text(&q, 1, a, &u.gender) &&
                  aisle_stmt_copy_text(&q, 2, a, &u.country);
    aisle_stmt_end(&q);
    if (!copied) return no_memory(v, err);
    *out = u;
    return AISLE_OK;
}

aisle_status aisle_view_totals(aisle_view *v, aisle_deltas *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TOTALS_GET);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row)
        return aisle_fail(err, AISLE_EFORMAT, "%s: the totals are missing; restore a backup", v->db.path);
    *out = (aisle_deltas){aisle_stmt_get_int(&q, 0), aisle_stmt_get_int(&q, 1), aisle_stmt_get_int(&q, 2),
                          aisle_stmt_get_int(&q, 3)};
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_counts(aisle_view *v, aisle_store_counts *out, aisle_error *err)
{
    aisle_deltas d;
    AISLE_TRY(aisle_view_totals(v, &d, err));
    *out = (aisle_store_counts){d.products, d.users, d.events};
    return AISLE_OK;
}

int64_t aisle_view_catalogue_version(aisle_view *v)
{
    aisle_deltas d;
    if (aisle_view_totals(v, &d, NULL) != AISLE_OK) return -1;
    aisle_store_note_catalogue(v->store, d.catalogue);
    return d.catalogue;
}

aisle_status aisle_view_unavailable(aisle_view *v, aisle_arena *a, aisle_str **ids, int64_t *n,
                                    aisle_error *err)
{
    aisle_str *list = NULL, *copy;
    int64_t cap = 0, count = 0;
    bool row;
    aisle_status st;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_PRODUCT_UNAVAILABLE);
    while ((st = aisle_stmt_next(&q, &row, err)) == AISLE_OK && row) {
        if (aisle_grow((void **)&list, &cap, count + 1, sizeof *list) &&
            aisle_stmt_copy_text(&q, 0, a, &list[count])) {
            count++;
            continue;
        }
        aisle_stmt_end(&q);
        st = no_memory(v, err);
        break;
    }
    copy = st == AISLE_OK ? aisle_arena_calloc(a, (size_t)count, sizeof *copy) : NULL;
    if (st == AISLE_OK && !copy) st = no_memory(v, err);
    if (st == AISLE_OK) {
        if (count) memcpy(copy, list, (size_t)count * sizeof *copy);
        *ids = copy;
        *n = count;
    }
    aisle_free(list);
    return st;
}
