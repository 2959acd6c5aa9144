/* Reading people and what they did. */
#include "server/store/people.h"
#include "server/store/store_internal.h"

static aisle_status no_memory(aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
}

/* Behind every text that begins with the prefix: texts are compared byte by byte, and none of UTF-8 is 0xff. */
static aisle_str end_of(aisle_str prefix, aisle_arena *a)
{
    char *text = aisle_arena_printf(a, "%.*s\xff", (int)prefix.len, prefix.ptr);
    return (aisle_str){text, text ? prefix.len + 1 : 0};
}

static bool copy_person(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_person *out = row;
    aisle_str *const texts[] = {&out->user.id, &out->user.age_band, &out->user.gender, &out->user.country,
                                &out->email};
    for (int i = 0; i < 5; i++)
        if (!aisle_stmt_copy_text(q, i, a, texts[i])) return false;
    return true;
}

aisle_status aisle_view_people(aisle_view *v, aisle_str prefix, aisle_str after, int32_t limit,
                               aisle_arena *a, aisle_person **out, int32_t *n, aisle_error *err)
{
    void *list;
    aisle_str end = prefix.len ? end_of(prefix, a) : (aisle_str){NULL, 0};
    if (prefix.len && !end.ptr) return no_memory(v, err);
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_USER_PAGE);
    aisle_stmt_text(&q, 1, prefix.ptr ? prefix : AISLE_STR(""));
    aisle_stmt_text(&q, 2, end);
    aisle_stmt_text(&q, 3, after);
    aisle_stmt_int(&q, 4, limit);
    AISLE_TRY(aisle_stmt_list(&q, a, limit, sizeof **out, copy_person, &list, n, err));
    *out = list;
    return AISLE_OK;
}

static bool copy_deed(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_deed *out = row;
    out->row = aisle_stmt_get_int(q, 0);
    out->type = (aisle_event_type)aisle_stmt_get_int(q, 3);
    out->at_ms = aisle_stmt_get_int(q, 4);
    out->value = aisle_stmt_get_real(q, 5);
    out->price_minor = aisle_stmt_get_int(q, 6);
    return aisle_stmt_copy_text(q, 1, a, &out->item) && aisle_stmt_copy_text(q, 2, a, &out->title) &&
           aisle_stmt_copy_text(q, 7, a, &out->currency) &&
           aisle_stmt_copy_text(q, 8, a, &out->recommendation);
}

static aisle_status user_row(aisle_view *v, aisle_str user, int64_t *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_USER_ID);
    aisle_stmt_text(&q, 1, user);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "user %.*s: not found", (int)user.len, user.ptr);
    *out = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_deeds(aisle_view *v, const aisle_deeds_page *page, aisle_arena *a, aisle_deed **out,
                              int32_t *n, aisle_error *err)
{
    int64_t user = 0;
    void *list;
    AISLE_TRY(user_row(v, page->user, &user, err));
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_USER_EVENTS);
    aisle_stmt_int(&q, 1, user);
    aisle_stmt_int(&q, 2, page->before_ms);
    aisle_stmt_int(&q, 3, page->before_row);
    aisle_stmt_int(&q, 4, page->limit);
    AISLE_TRY(aisle_stmt_list(&q, a, page->limit, sizeof **out, copy_deed, &list, n, err));
    *out = list;
    return AISLE_OK;
}
