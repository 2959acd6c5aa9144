/* /v1/admin/jobs: trainings and imports, asked for, looked at, canceled. Their progress is in
 * on_job_events.c. */
#include <string.h>
#include <unistd.h>

#include "server/http/handlers/once.h"

static const char *error_of(const json_t *result)
{
    return json_string_value(json_object_get(result, "error"));
}

json_t *aisle_answer_job(const aisle_job_record *job, const char *last)
{
    json_t *result = aisle_answer_parsed(job->result);
    const bool failed = strcmp(job->state, "failed") == 0;
    const char *error = failed || strcmp(job->state, "refused") == 0 ? error_of(result) : NULL;
    json_t *message = error ? json_string(error) : json_null();
    json_t *o = aisle_answer_with(json_object(), "id", json_integer(job->id));
    o = aisle_answer_with(o, "kind", json_string(job->kind));
    o = aisle_answer_with(o, "state", json_string(job->state));
    o = aisle_answer_with(o, "cause", json_string(job->cause));
    o = aisle_answer_with(o, "request", aisle_answer_parsed(job->request));
    o = aisle_answer_with(o, "created", aisle_answer_time(job->created_ms));
    o = aisle_answer_with(o, "started", aisle_answer_time(job->started_ms));
    o = aisle_answer_with(o, "ended", aisle_answer_time(job->ended_ms));
    o = aisle_answer_with(o, "progress", aisle_answer_parsed(last));
    o = aisle_answer_with(o, "error", message);
    if (error && failed) {
        json_decref(result);
        result = json_null();
    }
    return aisle_answer_with(o, "result", result);
}

/* ---- ordering ---- */

typedef struct ordered {
    aisle_request *r;
    aisle_job_kind kind;
    aisle_status status;
    int64_t id;
    aisle_once once;
    bool has_once, replayed, reused;
    aisle_kept kept;
} ordered;

static const char *location_of(const ordered *o)
{
    const char *text = aisle_arena_printf(aisle_request_arena(o->r), "/v1/admin/jobs/%lld", (long long)o->id);
    return text ? text : "/v1/admin/jobs";
}

static json_t *answer_ordered(const ordered *o)
{
    return json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t)o->id, "kind", aisle_job_kind_name(o->kind),
                     "state", "queued", "location", location_of(o));
}

/* An order with an Idempotency-Key that came before makes no second job. */
static aisle_status within(void *ctx, aisle_tx *tx, int64_t id, aisle_error *err)
{
    ordered *o = ctx;
    if (!o->has_once) return AISLE_OK;
    if (id) {
        o->id = id;
        json_t *body = answer_ordered(o);
        aisle_status st = aisle_once_keep(tx, &o->once, 202, "application/json", location_of(o), body, err);
        json_decref(body);
        return st;
    }
    aisle_status st =
        aisle_tx_once_find(tx, &o->once, aisle_request_arena(o->r), &o->replayed, &o->kept, err);
    o->reused = st == AISLE_ECONFLICT;
    o->replayed &= st == AISLE_OK;
    return o->replayed ? aisle_fail(err, AISLE_ECONFLICT, "the job is ordered already") : st;
}

static void reply_ordered(aisle_request *r, void *ctx)
{
    ordered *o = ctx;
    aisle_status st = o->status;
    if (o->replayed)
        st = aisle_once_reply(r, &o->kept);
    else if (o->reused)
        st = aisle_reply_problem(r, 422, aisle_once_reused, aisle_once_reused_detail);
    else if (st == AISLE_OK) {
        aisle_reply_header(r, "Location", location_of(o));
        st = aisle_reply_json(r, 202, answer_ordered(o));
    }
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void accepted(void *ctx, aisle_status st, int64_t id, const aisle_error *err)
{
    ordered *o = ctx;
    o->status = st;
    o->id = id;
    if (st != AISLE_OK && err) *aisle_request_error(o->r) = *err;
    aisle_request_finish(o->r, reply_ordered, o);
}

aisle_status aisle_answer_ordered(aisle_request *r, aisle_job_order *order)
{
    ordered *o = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *o);
    aisle_error err = {0};
    aisle_status st = AISLE_OK;
    if (!o) st = aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the job");
    if (o) {
        *o = (ordered){.r = r, .kind = order->kind};
        st = aisle_once_of(r, &o->has_once, &o->once);
    }
    if (st != AISLE_OK) {
        if (order->scratch) unlink(order->scratch);
        return st;
    }
    order->within = within;
    order->accepted = accepted;
    order->ctx = o;
    aisle_request_defer(r);
    st = aisle_jobs_submit(aisle_request_app(r)->jobs, order, &err);
    if (st != AISLE_OK) {
        if (order->scratch) unlink(order->scratch);
        accepted(o, st, 0, &err);
    }
    return AISLE_OK;
}

/* ---- looking and canceling ---- */

static aisle_status parse_id(aisle_request *r, int64_t *id)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    if (aisle_str_to_i64(aisle_request_param(r, "id"), id) && *id > 0) return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a job's id is a number from 1");
}

/* Memory is newer than the store while a job is open; the store remembers longer. */
static aisle_status find_job(aisle_request *r, int64_t id, aisle_job_live *out)
{
    *out = (aisle_job_live){0};
    if (aisle_jobs_get(aisle_request_app(r)->jobs, id, aisle_request_arena(r), out)) return AISLE_OK;
    return aisle_view_job(aisle_loop_of(r)->view, id, aisle_request_arena(r), &out->record,
                          aisle_request_error(r));
}

aisle_status aisle_on_job_get(aisle_request *r)
{
    int64_t id;
    aisle_job_live job;
    AISLE_TRY(parse_id(r, &id));
    AISLE_TRY(find_job(r, id, &job));
    return aisle_reply_json(r, 200, aisle_answer_job(&job.record, job.last));
}

aisle_status aisle_on_job_cancel(aisle_request *r)
{
    int64_t id;
    aisle_job_live job;
    AISLE_TRY(parse_id(r, &id));
    AISLE_TRY(find_job(r, id, &job));
    aisle_status st = aisle_jobs_cancel(aisle_request_app(r)->jobs, id, aisle_request_error(r));
    if (st == AISLE_ENOTFOUND)
        return aisle_fail(aisle_request_error(r), AISLE_ECONFLICT, "job %lld has %s already", (long long)id,
                          job.record.state);
    if (st != AISLE_OK) return st;
    AISLE_TRY(find_job(r, id, &job));
    return aisle_reply_json(r, 202, aisle_answer_job(&job.record, job.last));
}

aisle_status aisle_on_jobs_list(aisle_request *r)
{
    static const char *const known[] = {"limit", NULL};
    int64_t limit;
    int32_t n = 0;
    aisle_job_record *records = NULL;
    aisle_arena *a = aisle_request_arena(r);
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, 24}, &limit));
    AISLE_TRY(
        aisle_view_jobs(aisle_loop_of(r)->view, (int32_t)limit, a, &records, &n, aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n; i++) {
        aisle_job_live live = {.record = records[i]};
        aisle_jobs_get(aisle_request_app(r)->jobs, records[i].id, a, &live);
        json_array_append_new(items, aisle_answer_job(&live.record, live.last));
    }
    return aisle_reply_json(r, 200, aisle_answer_with(json_object(), "items", items));
}
