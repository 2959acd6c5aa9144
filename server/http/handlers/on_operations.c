/* /healthz, /readyz, /metrics and /openapi.yaml: for those who run the server. */
#include <stdio.h>

#include "server/auth/passwords.h"
#include "server/embedded.h"
#include "server/http/handlers/handlers.h"

aisle_status aisle_on_health(aisle_request *r)
{
    aisle_reply_header(r, "Cache-Control", "no-store");
    return aisle_reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}

aisle_status aisle_on_ready(aisle_request *r)
{
    aisle_store_counts counts;
    aisle_status st = aisle_view_counts(aisle_loop_of(r)->view, &counts, aisle_request_error(r));
    aisle_shelf *shelf = aisle_shelf_get(aisle_request_app(r)->shelves);
    bool ready = st == AISLE_OK && shelf;
    aisle_shelf_unref(shelf);
    aisle_reply_header(r, "Cache-Control", "no-store");
    return aisle_reply_json(r, ready ? 200 : 503,
                            json_pack("{s:b, s:{s:s, s:s}}", "ready", ready, "checks", "store",
                                      st == AISLE_OK ? "ok" : "cannot be read", "model",
                                      shelf ? "ok" : "no model serves yet"));
}

static bool add_jobs(aisle_app *app, aisle_buf *b)
{
    aisle_jobs_counts c;
    aisle_jobs_count(app->jobs, &c);
    bool ok = aisle_buf_printf(b, "# HELP aisle_jobs Jobs by kind and state.\n# TYPE aisle_jobs gauge\n");
    for (int k = 0; k < AISLE_JOB_KINDS; k++) {
        const char *kind = aisle_job_kind_name((aisle_job_kind)k);
        ok = ok && aisle_buf_printf(b,
                                    "aisle_jobs{kind=\"%s\",state=\"queued\"} %lld\n"
                                    "aisle_jobs{kind=\"%s\",state=\"running\"} %lld\n",
                                    kind, (long long)c.waiting[k], kind, (long long)c.running[k]);
    }
    ok = ok && aisle_buf_printf(b, "# HELP aisle_jobs_ended_total Jobs that have ended since the start.\n"
                                   "# TYPE aisle_jobs_ended_total counter\n");
    for (int k = 0; k < AISLE_JOB_KINDS; k++) {
        const char *kind = aisle_job_kind_name((aisle_job_kind)k);
        ok = ok && aisle_buf_printf(b,
                                    "aisle_jobs_ended_total{kind=\"%s\",state=\"succeeded\"} %lld\n"
                                    "aisle_jobs_ended_total{kind=\"%s\",state=\"failed\"} %lld\n"
                                    "aisle_jobs_ended_total{kind=\"%s\",state=\"refused\"} %lld\n"
                                    "aisle_jobs_ended_total{kind=\"%s\",state=\"canceled\"} %lld\n",
                                    kind, (long long)c.succeeded[k], kind, (long long)c.failed[k], kind,
                                    (long long)c.refused[k], kind, (long long)c.canceled[k]);
    }
    return ok;
}

static bool add_model(aisle_app *app, aisle_buf *b)
{
    aisle_shelf *s = aisle_shelf_get(app->shelves);
    double age = s && s->since_ms ? (double)(aisle_time_now_ms() - s->since_ms) / 1000 : 0;
    bool ok =
        aisle_buf_printf(b,
                         "# HELP aisle_model_version Version of the serving model, 0 without one.\n"
                         "# TYPE aisle_model_version gauge\naisle_model_version %lld\n"
                         "# HELP aisle_model_items Items of the serving model.\n"
                         "# TYPE aisle_model_items gauge\naisle_model_items %d\n"
                         "# HELP aisle_model_age_seconds Time since it was trained.\n"
                         "# TYPE aisle_model_age_seconds gauge\naisle_model_age_seconds %.3f\n",
                         s ? (long long)s->model_version : 0LL, s ? aisle_model_n_items(s->model) : 0, age);
    aisle_shelf_unref(s);
    return ok;
}

static bool add_trainings(aisle_app *app, aisle_buf *b)
{
    aisle_schedule_state s;
    aisle_schedule_look(app->schedule, &s);
    return aisle_buf_printf(
        b,
        "# HELP aisle_training_last_success_timestamp_seconds When a training succeeded, 0: never.\n"
        "# TYPE aisle_training_last_success_timestamp_seconds gauge\n"
        "aisle_training_last_success_timestamp_seconds %.3f\n"
        "# HELP aisle_training_new_events Events that came since the last training read them.\n"
        "# TYPE aisle_training_new_events gauge\naisle_training_new_events %lld\n"
        "# HELP aisle_training_failures Scheduled trainings that failed since, in a row.\n"
        "# TYPE aisle_training_failures gauge\naisle_training_failures %lld\n",
        (double)s.succeeded_ms / 1000, (long long)s.new_events, (long long)s.failures);
}

static bool add_passwords(aisle_buf *b)
{
    return aisle_buf_printf(
        b,
        "# HELP aisle_password_hashes_total Passwords hashed or compared since the start.\n"
        "# TYPE aisle_password_hashes_total counter\naisle_password_hashes_total %lld\n",
        (long long)aisle_password_count());
}

static bool add_events(aisle_app *app, aisle_buf *b)
{
    return aisle_buf_printf(b,
                            "# HELP aisle_events_total Events taken since the start.\n"
                            "# TYPE aisle_events_total counter\n"
                            "aisle_events_total{outcome=\"stored\"} %lld\n"
                            "aisle_events_total{outcome=\"duplicate\"} %lld\n",
                            (long long)__atomic_load_n(&app->events_stored, __ATOMIC_RELAXED),
                            (long long)__atomic_load_n(&app->events_known, __ATOMIC_RELAXED));
}

static bool add_outcomes(aisle_app *app, aisle_buf *b)
{
    aisle_strategy_outcomes list[AISLE_STRATEGIES_COUNTED];
    int32_t n = aisle_outcomes_since_start(app->outcomes, list);
    bool ok = aisle_buf_printf(
        b, "# HELP aisle_outcomes_total What came of recommendations, counted since the start.\n"
           "# TYPE aisle_outcomes_total counter\n");
    for (int32_t i = 0; i < n && ok; i++) {
        const char *of = list[i].strategy;
        const aisle_outcome_counts *c = &list[i].counts;
        ok = aisle_buf_printf(b,
                              "aisle_outcomes_total{strategy=\"%s\",kind=\"impression\"} %lld\n"
                              "aisle_outcomes_total{strategy=\"%s\",kind=\"click\"} %lld\n"
                              "aisle_outcomes_total{strategy=\"%s\",kind=\"cart\"} %lld\n"
                              "aisle_outcomes_total{strategy=\"%s\",kind=\"purchase\"} %lld\n",
                              of, (long long)c->impressions, of, (long long)c->clicks, of,
                              (long long)c->carts, of, (long long)c->purchases);
    }
    return ok;
}

aisle_status aisle_on_metrics(aisle_request *r)
{
    aisle_app *app = aisle_request_app(r);
    aisle_http *http = aisle_app_http(app);
    aisle_buf text = {0};
    aisle_status st = AISLE_ENOMEM;
    if ((!http || aisle_http_metrics(http, &text)) && add_jobs(app, &text) && add_model(app, &text) &&
        add_events(app, &text) && add_outcomes(app, &text) && add_trainings(app, &text) &&
        add_passwords(&text) && aisle_process_metrics(app, &text))
        st = aisle_reply_bytes(r, 200, "text/plain; version=0.0.4; charset=utf-8", text.data,
                               (size_t)text.len);
    aisle_buf_deinit(&text);
    return st == AISLE_OK ? st : aisle_fail(aisle_request_error(r), st, "out of memory for the metrics");
}

aisle_status aisle_on_openapi(aisle_request *r)
{
    const aisle_embedded *f = aisle_embedded_find("http/openapi.yaml");
    if (!f)
        return aisle_fail(aisle_request_error(r), AISLE_EINTERNAL,
                          "the API description is not in this build");
    return aisle_reply_bytes(r, 200, "application/yaml", f->data, f->size);
}

/* Two lines made with the page: the policy that allows its very style and script, and its entity tag. */
aisle_status aisle_on_docs(aisle_request *r)
{
    char policy[512], tag[64];
    const aisle_embedded *page = aisle_embedded_find("docs.html"),
                         *fields = aisle_embedded_find("docs.headers");
    if (!page || !fields || sscanf((const char *)fields->data, "%511[^\n]\n%63[^\n]", policy, tag) != 2)
        return aisle_fail(aisle_request_error(r), AISLE_EINTERNAL, "the API's page is not in this build");
    aisle_reply_header(r, "Content-Security-Policy", policy);
    aisle_reply_header(r, "ETag", tag);
    aisle_reply_header(r, "Cache-Control", "public, max-age=300");
    return aisle_reply_bytes(r, 200, "text/html; charset=utf-8", page->data, page->size);
}
