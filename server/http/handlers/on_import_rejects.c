/* GET /v1/admin/imports/{id}/rejects: rows that an import has dropped, page by page. */
#include <string.h>

#include "server/http/handlers/handlers.h"
#include "server/store/import_rejects.h"

enum { PAGE = 24 };

static json_t *encode(const aisle_kept_reject *k)
{
    json_t *o = aisle_answer_with(json_object(), "line", json_integer(k->line));
    o = aisle_answer_with(o, "reason", aisle_answer_text(k->reason));
    o = aisle_answer_with(o, "column", aisle_answer_text(k->column));
    o = aisle_answer_with(o, "got", aisle_answer_text(k->got));
    o = aisle_answer_with(o, "wanted", aisle_answer_text(k->wanted));
    return aisle_answer_with(o, "row", aisle_answer_text(k->row));
}

static aisle_status parse_reason(aisle_request *r, aisle_str *out)
{
    *out = aisle_request_query(r, "reason");
    bool known = !out->ptr;
    for (int i = 0; i < AISLE_REASON_COUNT; i++)
        known |= aisle_str_eq(*out, aisle_str_from(aisle_import_reason_name((aisle_import_reason)i)));
    return known ? AISLE_OK
                 : aisle_request_invalid(r, "?reason", "unknown", "no reason of this name is known");
}

/* The cursor is the number of the last row of the page before. */
static aisle_status parse(aisle_request *r, aisle_rejects_page *page)
{
    static const char *const known[] = {"reason", "cursor", "limit", NULL};
    int64_t limit;
    aisle_str cursor = aisle_request_query(r, "cursor");
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, PAGE}, &limit));
    AISLE_TRY(parse_reason(r, &page->reason));
    page->limit = (int32_t)limit;
    if (cursor.ptr && (!aisle_str_to_i64(cursor, &page->after) || page->after < 1))
        return aisle_request_invalid(r, "?cursor", "unknown", "`next` of a page of this list wanted");
    if (aisle_str_to_i64(aisle_request_param(r, "id"), &page->job) && page->job > 0) return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a job's id is a number from 1");
}

static aisle_status find_import(aisle_request *r, int64_t id)
{
    aisle_job_record job;
    aisle_error *err = aisle_request_error(r);
    AISLE_TRY(aisle_view_job(aisle_loop_of(r)->view, id, aisle_request_arena(r), &job, err));
    if (strcmp(job.kind, aisle_job_kind_name(AISLE_JOB_IMPORT)) == 0) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOTFOUND, "job %lld is no import", (long long)id);
}

aisle_status aisle_on_import_rejects(aisle_request *r)
{
    aisle_rejects_page page = {0};
    aisle_kept_reject *list;
    int32_t n;
    AISLE_TRY(parse(r, &page));
    AISLE_TRY(find_import(r, page.job));
    page.limit++; /* one more than is answered: is there a next page? */
    AISLE_TRY(aisle_view_import_rejects(aisle_loop_of(r)->view, &page, aisle_request_arena(r), &list, &n,
                                        aisle_request_error(r)));
    const bool more = n == page.limit;
    n -= more;
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++) json_array_append_new(items, encode(&list[i]));
    const char *next =
        more ? aisle_arena_printf(aisle_request_arena(r), "%lld", (long long)list[n - 1].n) : NULL;
    aisle_reply_header(r, "Cache-Control", "private, no-store");
    json_t *o = aisle_answer_with(json_object(), "items", items);
    return aisle_reply_json(r, 200, aisle_answer_with(o, "next", next ? json_string(next) : json_null()));
}
