/* GET /v1/admin/jobs/{id}/events: a job's lines as server-sent events, those that are known first, then as
 * they come; ends with the job. */
#include "server/http/handlers/handlers.h"
#include "server/json/json.h"

enum { LINES_AT_ONCE = 64 };

/* In the request's arena, which outlives every call that may see it. */
typedef struct feed {
    aisle_job_watch watch; /* first: changed() gets only this */
    aisle_request *r;
    int64_t sent; /* id of the newest line that was sent */
    int posted;   /* a pump is on its way; atomic */
    bool watching, closed;
} feed;

/* Sends what there is; false when the stream has ended. */
static bool send_some(feed *f, bool *more)
{
    aisle_arena arena = {0};
    aisle_job_line lines[LINES_AT_ONCE];
    int32_t n = 0;
    bool ended = false;
    aisle_status st = aisle_jobs_lines(aisle_request_app(f->r)->jobs, f->watch.job, f->sent, &arena, lines,
                                       LINES_AT_ONCE, &n, &ended);
    for (int32_t i = 0; i < n && st == AISLE_OK && !f->closed; i++) {
        st = aisle_stream_send(f->r, lines[i].id, lines[i].event, lines[i].data);
        f->sent = lines[i].id;
    }
    aisle_arena_deinit(&arena);
    if (!f->closed && (st != AISLE_OK || ended)) aisle_stream_end(f->r);
    *more = n == LINES_AT_ONCE;
    return !f->closed;
}

static void pump(aisle_request *r, void *ctx)
{
    feed *f = ctx;
    bool more = true;
    (void)r;
    __atomic_store_n(&f->posted, 0, __ATOMIC_SEQ_CST); /* before looking: a later line posts again */
    while (!f->closed && more && send_some(f, &more)) continue;
}

static void changed(aisle_job_watch *w)
{
    feed *f = (feed *)w;
    if (__atomic_exchange_n(&f->posted, 1, __ATOMIC_SEQ_CST)) return;
    if (aisle_request_post(f->r, pump, f) != AISLE_OK) __atomic_store_n(&f->posted, 0, __ATOMIC_SEQ_CST);
}

static void closed(aisle_request *r, void *ctx)
{
    feed *f = ctx;
    f->closed = true;
    if (f->watching) aisle_jobs_unwatch(aisle_request_app(r)->jobs, &f->watch);
    f->watching = false;
}

/* A job of an earlier server: its lines are gone, its end is known. */
static void send_end_only(feed *f, const aisle_job_record *record)
{
    json_t *job = aisle_answer_job(record, NULL);
    json_t *line = job ? json_pack("{s:s, s:s, s:o}", "event", "state", "state", record->state, "result",
                                   json_incref(json_object_get(job, "result")))
                       : NULL;
    char *text = line ? json_dumps(line, AISLE_JSON_STYLE) : NULL;
    if (text && f->sent < 1) (void)aisle_stream_send(f->r, 1, "state", text);
    aisle_free(text);
    json_decref(line);
    json_decref(job);
    if (!f->closed) aisle_stream_end(f->r);
}

static aisle_status parse(aisle_request *r, feed *f)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    aisle_str last = aisle_request_header(r, "last-event-id");
    if (!aisle_str_to_i64(last, &f->sent) || f->sent < 0) f->sent = 0;
    if (aisle_str_to_i64(aisle_request_param(r, "id"), &f->watch.job) && f->watch.job > 0) return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a job's id is a number from 1");
}

aisle_status aisle_on_job_events(aisle_request *r)
{
    aisle_job_record record = {0};
    feed *f = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *f);
    if (!f) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the stream");
    f->r = r;
    AISLE_TRY(parse(r, f));
    AISLE_TRY(aisle_view_job(aisle_loop_of(r)->view, f->watch.job, aisle_request_arena(r), &record,
                             aisle_request_error(r)));
    AISLE_TRY(aisle_stream_begin(r, closed, f));
    f->watch.changed = changed;
    f->watching = aisle_jobs_watch(aisle_request_app(r)->jobs, &f->watch);
    if (f->watching)
        pump(r, f);
    else
        send_end_only(f, &record);
    return AISLE_OK;
}
