/* /v1/admin/tunings: what `aisle tune` has found on this shop, and the trials of each. Nothing is started here. */
#include <string.h>

#include "server/http/handlers/handlers.h"
#include "server/store/tunings.h"

enum { PAGE = 24 };

/* Its own members after those of the search. */
static json_t *encode(const aisle_tuning_row *t)
{
    json_t *head = aisle_answer_parsed(t->head.ptr);
    json_t *o = aisle_answer_with(json_object(), "id", json_integer(t->id));
    o = aisle_answer_with(o, "ended", aisle_answer_time(t->ended_ms));
    o = aisle_answer_with(o, "looks", json_integer(t->n_looks));
    if (o && json_is_object(head)) json_object_update_missing(o, head);
    json_decref(head);
    return o;
}

static aisle_status reply_page(aisle_request *r, json_t *items, const char *next)
{
    aisle_reply_header(r, "Cache-Control", "private, no-store");
    json_t *o = aisle_answer_with(json_object(), "items", items);
    return aisle_reply_json(r, 200, aisle_answer_with(o, "next", next ? json_string(next) : json_null()));
}

static const char *number_text(aisle_request *r, int64_t n)
{
    return aisle_arena_printf(aisle_request_arena(r), "%lld", (long long)n);
}

/* limit, and cursor: the number of the last row of the page before, `first` without one. */
static aisle_status parse_page(aisle_request *r, int64_t first, int32_t *limit, int64_t *from)
{
    static const char *const known[] = {"cursor", "limit", NULL};
    int64_t most;
    aisle_str cursor = aisle_request_query(r, "cursor");
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, PAGE}, &most));
    *limit = (int32_t)most;
    *from = first;
    if (cursor.ptr && (!aisle_str_to_i64(cursor, from) || *from < 1))
        return aisle_request_invalid(r, "?cursor", "unknown", "`next` of a page of this list wanted");
    return AISLE_OK;
}

static aisle_status find(aisle_request *r, aisle_tuning_row *out)
{
    int64_t id;
    if (!aisle_str_to_i64(aisle_request_param(r, "id"), &id) || id < 1)
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a tuning's id is a number from 1");
    return aisle_view_tuning(aisle_loop_of(r)->view, id, aisle_request_arena(r), out, aisle_request_error(r));
}

aisle_status aisle_on_tunings_list(aisle_request *r)
{
    int32_t limit, n;
    int64_t before;
    aisle_tuning_row *list;
    AISLE_TRY(parse_page(r, INT64_MAX, &limit, &before));
    limit++; /* one more than is answered: is there a next page? */
    AISLE_TRY(aisle_view_tunings(aisle_loop_of(r)->view, before, limit, aisle_request_arena(r), &list, &n,
                                 aisle_request_error(r)));
    const bool more = n == limit;
    n -= more;
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++) json_array_append_new(items, encode(&list[i]));
    return reply_page(r, items, more ? number_text(r, list[n - 1].id) : NULL);
}

aisle_status aisle_on_tuning_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_tuning_row row;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(find(r, &row));
    aisle_reply_header(r, "Cache-Control", "private, no-store");
    return aisle_reply_json(r, 200, encode(&row));
}

aisle_status aisle_on_tuning_trials(aisle_request *r)
{
    aisle_tuning_looks_page page = {0};
    aisle_tuning_row row;
    aisle_str *list;
    int32_t n;
    int64_t last = 0;
    AISLE_TRY(parse_page(r, 0, &page.limit, &page.after));
    AISLE_TRY(find(r, &row));
    page.tuning = row.id;
    AISLE_TRY(aisle_view_tuning_looks(aisle_loop_of(r)->view, &page, aisle_request_arena(r), &list, &n, &last,
                                      aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++) json_array_append_new(items, aisle_answer_parsed(list[i].ptr));
    return reply_page(r, items, n == page.limit ? number_text(r, last) : NULL);
}
