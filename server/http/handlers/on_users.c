/* /v1/admin/users: who the shop knows, and what one has done. */
#include <stdio.h>
#include <string.h>

#include "server/http/handlers/handlers.h"
#include "server/json/json.h"
#include "server/store/people.h"

enum { PAGE = 24, CURSOR_BYTES = 48 };

static json_t *encode_person(const aisle_person *p)
{
    json_t *o = aisle_answer_with(json_object(), "id", aisle_answer_text(p->user.id));
    o = aisle_answer_with(o, "email", aisle_answer_text(p->email));
    o = aisle_answer_with(o, "age_band", aisle_answer_text(p->user.age_band));
    o = aisle_answer_with(o, "gender", aisle_answer_text(p->user.gender));
    return aisle_answer_with(o, "country", aisle_answer_text(p->user.country));
}

/* Takes both references. */
static aisle_status reply_page(aisle_request *r, json_t *items, json_t *next)
{
    aisle_reply_header(r, "Cache-Control", "private, no-store");
    return aisle_reply_json(
        r, 200, aisle_answer_with(aisle_answer_with(json_object(), "items", items), "next", next));
}

/* The cursor is the id of the last user of the page before. */
aisle_status aisle_on_users_list(aisle_request *r)
{
    static const char *const known[] = {"prefix", "cursor", "limit", NULL};
    int64_t limit;
    aisle_person *list;
    int32_t n;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, PAGE}, &limit));
    AISLE_TRY(aisle_view_people(aisle_loop_of(r)->view, aisle_request_query(r, "prefix"),
                                aisle_request_query(r, "cursor"), (int32_t)limit, aisle_request_arena(r),
                                &list, &n, aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++) json_array_append_new(items, encode_person(&list[i]));
    return reply_page(r, items, n == limit ? aisle_answer_text(list[n - 1].user.id) : json_null());
}

static json_t *encode_deed(const aisle_deed *d)
{
    bool priced = d->price_minor >= 0;
    json_t *o = aisle_answer_with(json_object(), "type", json_string(aisle_event_type_name(d->type)));
    o = aisle_answer_with(o, "item", aisle_answer_text(d->item));
    o = aisle_answer_with(o, "title", aisle_answer_text(d->title));
    o = aisle_answer_with(o, "time", aisle_answer_time(d->at_ms));
    o = aisle_answer_with(o, "value", json_real(d->value));
    o = aisle_answer_with(o, "price", priced ? json_integer(d->price_minor) : json_null());
    o = aisle_answer_with(o, "currency", priced ? aisle_answer_text(d->currency) : json_null());
    return aisle_answer_with(o, "recommendation_id", aisle_answer_text(d->recommendation));
}

/* "milliseconds-row" of the last event of the page before. */
static aisle_status read_cursor(aisle_request *r, aisle_deeds_page *page)
{
    aisle_str cursor = aisle_request_query(r, "cursor");
    if (!cursor.ptr) return AISLE_OK;
    const char *dash = memchr(cursor.ptr, '-', cursor.len);
    size_t first = dash ? (size_t)(dash - cursor.ptr) : 0;
    if (first && aisle_str_to_i64((aisle_str){cursor.ptr, first}, &page->before_ms) &&
        aisle_str_to_i64((aisle_str){dash + 1, cursor.len - first - 1}, &page->before_row))
        return AISLE_OK;
    return aisle_request_invalid(r, "?cursor", "unknown", "`next` of a page of this list wanted");
}

aisle_status aisle_on_user_events(aisle_request *r)
{
    static const char *const known[] = {"cursor", "limit", NULL};
    aisle_deeds_page page = {
        .user = aisle_request_param(r, "id"), .before_ms = INT64_MAX, .before_row = INT64_MAX};
    char next[CURSOR_BYTES];
    int64_t limit;
    aisle_deed *list;
    int32_t n;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, PAGE}, &limit));
    AISLE_TRY(read_cursor(r, &page));
    page.limit = (int32_t)limit;
    AISLE_TRY(aisle_view_deeds(aisle_loop_of(r)->view, &page, aisle_request_arena(r), &list, &n,
                               aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++) json_array_append_new(items, encode_deed(&list[i]));
    if (n == limit)
        snprintf(next, sizeof next, "%lld-%lld", (long long)list[n - 1].at_ms, (long long)list[n - 1].row);
    return reply_page(r, items, n == limit ? json_string(next) : json_null());
}
