/* Jobs with a real store and real child processes: a shell stands where `aisle` would. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/jobs/jobs.h"

static char folder[64];
static aisle_store *store;
static aisle_jobs *jobs;

static void set_up(void)
{
    aisle_error err = {0};
    snprintf(folder, sizeof folder, "/tmp/aisle-jobs-XXXXXX");
    cr_assert(mkdtemp(folder));
    cr_assert_eq(aisle_store_open(folder, true, &store, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_store_start_writer(store, &err), AISLE_OK, "%s", err.message);
}

static void tear_down(void)
{
    char command[256];
    aisle_jobs_close(jobs);
    aisle_store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(jobs, .init = set_up, .fini = tear_down, .timeout = 60);

static void open_jobs(aisle_status (*succeeded)(void *, aisle_job_kind, const char *, aisle_error *))
{
    aisle_error err = {0};
    aisle_jobs_params p = {.store = store, .program = "/bin/sh", .succeeded = succeeded};
    cr_assert_eq(aisle_jobs_open(&p, &jobs, &err), AISLE_OK, "%s", err.message);
}

static int64_t accepted_id;
static int accepted_status;

static void accepted(void *ctx, aisle_status st, int64_t id, const aisle_error *err)
{
    (void)ctx;
    (void)err;
    __atomic_store_n(&accepted_id, id, __ATOMIC_SEQ_CST);
    __atomic_store_n(&accepted_status, 1 + (int)st, __ATOMIC_SEQ_CST);
}

static aisle_status order(const char *script, const char *scratch, int64_t *id)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    aisle_job_order o = {.kind = AISLE_JOB_TRAINING,
                         .argv = argv,
                         .request = "{\"asked\":true}",
                         .scratch = scratch,
                         .accepted = accepted};
    accepted_status = 0;
    aisle_status st = aisle_jobs_submit(jobs, &o, NULL);
    if (st != AISLE_OK) return st;
    while (!__atomic_load_n(&accepted_status, __ATOMIC_SEQ_CST)) usleep(1000);
    *id = accepted_id;
    return (aisle_status)(accepted_status - 1);
}

static int64_t run(const char *script)
{
    int64_t id = 0;
    cr_assert_eq(order(script, NULL, &id), AISLE_OK);
    return id;
}

/* Waits for the state; the text lives in `a`. */
static aisle_job_live await(int64_t id, const char *state, aisle_arena *a)
{
    aisle_job_live job = {0};
    for (int i = 0; i < 20000; i++, usleep(1000))
        if (aisle_jobs_get(jobs, id, a, &job) && strcmp(job.record.state, state) == 0) return job;
    cr_assert(false, "job %lld is %s, not %s", (long long)id, job.record.state, state);
    return job;
}

static void check_stored(int64_t id, const char *state, const char *result)
{
    aisle_view *view;
    aisle_arena a = {0};
    aisle_job_record row;
    cr_assert_eq(aisle_view_open(store, &view, NULL), AISLE_OK);
    cr_assert_eq(aisle_view_job(view, id, &a, &row, NULL), AISLE_OK);
    cr_assert_str_eq(row.state, state);
    cr_assert(result ? row.result && strstr(row.result, result) : !row.result, "%s", row.result);
    aisle_arena_deinit(&a);
    aisle_view_close(view);
}

Test(jobs, a_child_that_ends_well_gives_its_last_line_as_the_result)
{
    aisle_arena a = {0};
    open_jobs(NULL);
    int64_t id = run(
        "echo '{\"event\":\"iteration\",\"loss\":2}'; echo noise; echo '{\"event\":\"done\",\"version\":3}'");
    aisle_job_live job = await(id, "succeeded", &a);
    cr_assert_str_eq(job.record.result, "{\"event\":\"done\",\"version\":3}");
    cr_assert(job.record.started_ms >= job.record.created_ms && job.record.ended_ms >= job.record.started_ms);
    check_stored(id, "succeeded", "\"version\":3");
    aisle_arena_deinit(&a);
}

Test(jobs, lines_are_numbered_and_resumed_after_any_of_them)
{
    aisle_arena a = {0};
    aisle_job_line lines[16];
    int32_t n;
    bool ended;
    open_jobs(NULL);
    int64_t id = run("echo '{\"event\":\"a\"}'; echo '{\"event\":\"b\"}'");
    await(id, "succeeded", &a);
    cr_assert_eq(aisle_jobs_lines(jobs, id, 0, &a, lines, 16, &n, &ended), AISLE_OK);
    cr_assert(ended && n == 5, "queued, running, a, b, succeeded; got %d", n);
    cr_assert(strcmp(lines[0].event, "state") == 0 && strcmp(lines[2].event, "a") == 0 && lines[4].id == 5);
    cr_assert_eq(aisle_jobs_lines(jobs, id, 3, &a, lines, 16, &n, &ended), AISLE_OK);
    cr_assert(n == 2 && lines[0].id == 4 && strcmp(lines[0].event, "b") == 0);
    cr_assert_eq(aisle_jobs_lines(jobs, id, 0, &a, lines, 2, &n, &ended), AISLE_OK);
    cr_assert(n == 2 && !ended);
    aisle_arena_deinit(&a);
}

Test(jobs, only_the_newest_thousand_lines_are_kept)
{
    aisle_arena a = {0};
    static aisle_job_line lines[2000];
    int32_t n;
    bool ended;
    open_jobs(NULL);
    int64_t id = run(
        "i=0; while [ $i -lt 1500 ]; do echo \"{\\\"event\\\":\\\"x\\\",\\\"i\\\":$i}\"; i=$((i+1)); done");
    await(id, "succeeded", &a);
    cr_assert_eq(aisle_jobs_lines(jobs, id, 0, &a, lines, 2000, &n, &ended), AISLE_OK);
    cr_assert_eq(n, AISLE_JOB_LINES);
    cr_assert_eq(lines[n - 1].id, 1503);
    aisle_arena_deinit(&a);
}

Test(jobs, a_failed_child_is_described_by_its_last_words)
{
    aisle_arena a = {0};
    open_jobs(NULL);
    int64_t id = run("echo 'aisle train: no events' >&2; exit 1");
    aisle_job_live job = await(id, "failed", &a);
    cr_assert_str_eq(job.record.result, "{\"error\":\"aisle train: no events\"}");
    id = run("kill -SEGV $$");
    job = await(id, "failed", &a);
    cr_assert(strstr(job.record.result, "signal 11"), "%s", job.record.result);
    id = run("exit 3");
    job = await(id, "failed", &a);
    cr_assert(strstr(job.record.result, "code 3"), "%s", job.record.result);
    aisle_arena_deinit(&a);
}

static aisle_status refuse(void *ctx, aisle_job_kind kind, const char *result, aisle_error *err)
{
    (void)ctx;
    (void)kind;
    (void)result;
    return aisle_fail(err, AISLE_EFORMAT, "the model does not open");
}

Test(jobs, what_follows_a_success_may_still_fail_the_job)
{
    aisle_arena a = {0};
    open_jobs(refuse);
    aisle_job_live job = await(run("echo '{\"version\":1}'"), "failed", &a);
    cr_assert(strstr(job.record.result, "does not open"));
    aisle_arena_deinit(&a);
}

static aisle_status not_take(void *ctx, aisle_job_kind kind, const char *result, aisle_error *err)
{
    (void)ctx;
    (void)kind;
    (void)result;
    return aisle_fail(err, AISLE_ECONFLICT, "it is worse");
}

Test(jobs, what_is_done_but_not_taken_is_refused_and_keeps_its_result)
{
    aisle_arena a = {0};
    aisle_jobs_counts c;
    open_jobs(not_take);
    aisle_job_live job = await(run("echo '{\"version\":1}'"), "refused", &a);
    cr_assert_str_eq(job.record.result, "{\"version\":1,\"error\":\"it is worse\"}");
    aisle_jobs_count(jobs, &c);
    cr_assert(c.refused[AISLE_JOB_TRAINING] == 1 && c.failed[AISLE_JOB_TRAINING] == 0);
    aisle_arena_deinit(&a);
}

Test(jobs, a_running_job_can_be_canceled_and_takes_its_children_along)
{
    aisle_arena a = {0};
    aisle_error err = {0};
    open_jobs(NULL);
    int64_t id = run("echo '{\"event\":\"up\"}'; exec sleep 1000");
    await(id, "running", &a);
    cr_assert_eq(aisle_jobs_cancel(jobs, id, &err), AISLE_OK, "%s", err.message);
    await(id, "canceled", &a);
    check_stored(id, "canceled", NULL);
    cr_assert_eq(aisle_jobs_cancel(jobs, id, NULL), AISLE_ECONFLICT);
    cr_assert_eq(aisle_jobs_cancel(jobs, id + 100, NULL), AISLE_ENOTFOUND);
    aisle_arena_deinit(&a);
}

Test(jobs, one_of_a_kind_runs_and_the_queue_is_bounded)
{
    aisle_arena a = {0};
    int64_t id = 0, first;
    aisle_jobs_counts c;
    open_jobs(NULL);
    first = run("exec sleep 1000");
    await(first, "running", &a);
    for (int i = 1; i < AISLE_JOB_QUEUE; i++) id = run("exit 0");
    cr_assert_eq(order("exit 0", NULL, &(int64_t){0}), AISLE_EBUSY);
    aisle_jobs_count(jobs, &c);
    cr_assert(c.running[AISLE_JOB_TRAINING] == 1 && c.waiting[AISLE_JOB_TRAINING] == AISLE_JOB_QUEUE - 1);
    cr_assert_eq(aisle_jobs_cancel(jobs, id, NULL), AISLE_OK); /* while it waits */
    cr_assert_eq(aisle_jobs_cancel(jobs, first, NULL), AISLE_OK);
    await(id, "canceled", &a);
    await(id - 1, "succeeded", &a);
    run("exit 0");
    aisle_arena_deinit(&a);
}

Test(jobs, the_scratch_file_goes_with_the_job)
{
    char path[256];
    aisle_arena a = {0};
    int64_t id;
    snprintf(path, sizeof path, "%s/upload", folder);
    FILE *f = fopen(path, "w");
    fclose(f);
    open_jobs(NULL);
    cr_assert_eq(order("exit 1", path, &id), AISLE_OK);
    await(id, "failed", &a);
    cr_assert_neq(access(path, F_OK), 0);
    aisle_arena_deinit(&a);
}

Test(jobs, closing_ends_what_runs_and_what_waits_and_says_so)
{
    aisle_arena a = {0};
    open_jobs(NULL);
    int64_t first = run("exec sleep 1000"), second = run("exit 0");
    await(first, "running", &a);
    aisle_jobs_close(jobs);
    jobs = NULL;
    check_stored(first, "failed", "server stopped");
    check_stored(second, "failed", "server stopped");
    aisle_arena_deinit(&a);
}

static aisle_status put_running(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    aisle_job_record row = {.kind = "training", .state = "running", .request = "{}", .created_ms = 1};
    (void)w;
    return aisle_tx_job(tx, &row, err);
}

Test(jobs, what_a_killed_server_left_running_has_failed)
{
    aisle_write w = {.run = put_running};
    cr_assert_eq(aisle_store_write_now(store, &w, NULL), AISLE_OK);
    open_jobs(NULL);
    check_stored(1, "failed", "server stopped");
}

/* A watch hears of every change until it is taken off. */
static int changes;
static void count_change(aisle_job_watch *w)
{
    (void)w;
    __atomic_add_fetch(&changes, 1, __ATOMIC_SEQ_CST);
}

Test(jobs, a_watch_hears_of_every_change)
{
    aisle_arena a = {0};
    open_jobs(NULL);
    int64_t blocker = run("exec sleep 1000");
    aisle_job_watch w = {.job = run("echo '{\"event\":\"x\"}'"), .changed = count_change};
    cr_assert(aisle_jobs_watch(jobs, &w));
    cr_assert_eq(aisle_jobs_cancel(jobs, blocker, NULL), AISLE_OK);
    await(w.job, "succeeded", &a);
    aisle_jobs_unwatch(jobs, &w);
    cr_assert_eq(changes, 3, "running, x, succeeded; got %d", changes);
    aisle_job_watch none = {.job = 12345, .changed = count_change};
    cr_assert_not(aisle_jobs_watch(jobs, &none));
    aisle_arena_deinit(&a);
}
