/* One lane a kind: a queue and the thread that runs its jobs one after the other. One lock over all of it;
 * nothing blocks under it. Rows are written before the memory says so, so that a reader never sees a state
 * that a restart would take back. */
#include "server/jobs/jobs.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "aisle/log.h"
#include "aisle/progress.h"
#include "server/jobs/child.h"
#include "server/jobs/jobs_internal.h"

enum { LEFT_OVER = 1000, SAVE_TRIES = 12 };
const char aisle_job_stopped[] = "{\"error\":\"server stopped\"}";

const char *aisle_job_kind_name(aisle_job_kind k)
{
    return k == AISLE_JOB_TRAINING ? "training" : "import";
}

static void tell(aisle_jobs *j, const aisle_job *job)
{
    for (aisle_job_watch *w = j->watches; w; w = w->next)
        if (w->job == job->record.id) w->changed(w);
}

/* The oldest ended jobs that nobody watches make room. */
static void trim(aisle_jobs *j)
{
    for (aisle_job **at = &j->first; *at && j->n_ended > AISLE_JOB_KEPT;) {
        aisle_job *job = *at;
        if (!job->ended || job->users) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        if (j->last == &job->next) j->last = at;
        j->n_ended--;
        aisle_job_free(job);
    }
}

/* ---- rows ---- */

typedef struct row_write {
    aisle_write w;
    aisle_job_record *record;
} row_write;

static aisle_status write_row(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    return aisle_tx_job(tx, ((row_write *)w)->record, err);
}

/* Waits out a long transaction of another process, such as an import's. A row that cannot be written is no
 * reason to lose the job: a restart then finds it as left over. */
static void save(aisle_jobs *j, aisle_job_record record)
{
    aisle_error err = {0};
    aisle_status st = AISLE_EBUSY;
    for (int k = 0; k < SAVE_TRIES && st == AISLE_EBUSY; k++) {
        row_write row = {.w = {.run = write_row}, .record = &record};
        st = aisle_store_write_now(j->p.store, &row.w, &err);
        if (__atomic_load_n(&j->closing, __ATOMIC_RELAXED)) break;
    }
    if (st != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "job %lld: %s", (long long)record.id, err.message);
}

static aisle_status fail_left_over(aisle_jobs *j, aisle_error *err)
{
    aisle_view *view = NULL;
    aisle_arena arena = {0};
    aisle_job_record *records = NULL;
    int32_t n = 0;
    AISLE_TRY(aisle_view_open(j->p.store, &view, err));
    aisle_status st = aisle_view_jobs(view, LEFT_OVER, &arena, &records, &n, err);
    for (int32_t i = 0; i < n && st == AISLE_OK; i++) {
        if (strcmp(records[i].state, "queued") != 0 && strcmp(records[i].state, "running") != 0) continue;
        records[i].state = "failed";
        records[i].result = aisle_job_stopped;
        records[i].ended_ms = aisle_time_now_ms();
        row_write row = {.w = {.run = write_row}, .record = &records[i]};
        st = aisle_store_write_now(j->p.store, &row.w, err);
    }
    aisle_arena_deinit(&arena);
    aisle_view_close(view);
    return st;
}

/* ---- running ---- */

typedef struct talk {
    aisle_jobs *jobs;
    aisle_job *job;
} talk;

static void hear(void *ctx, const char *text, size_t n)
{
    talk *t = ctx;
    pthread_mutex_lock(&t->jobs->lock);
    aisle_job_say(t->job, text, n);
    tell(t->jobs, t->job);
    pthread_mutex_unlock(&t->jobs->lock);
}

/* "error" in the object, which is released; NULL: memory is short, or the message is not UTF-8. */
static char *with_error(json_t *object, const char *message)
{
    bool set = json_object_set_new(object, "error", json_string(message)) == 0;
    char *text = set ? json_dumps(object, JSON_COMPACT) : NULL;
    char *copy = text ? aisle_strdup(text) : NULL;
    aisle_free(text);
    json_decref(object);
    return copy;
}

static char *error_json(const char *message)
{
    return with_error(json_object(), message);
}

/* {"event":"error","message":...} as the child's last line. */
static bool said_why(const char *last, char *text, size_t bytes)
{
    json_t *line = last ? json_loads(last, 0, NULL) : NULL;
    const char *event = json_string_value(json_object_get(line, "event"));
    const char *message = json_string_value(json_object_get(line, "message"));
    bool said = event && message && strcmp(event, "error") == 0;
    if (said) snprintf(text, bytes, "%s", message);
    json_decref(line);
    return said;
}

/* The child's last words without the end of the line; what else is known when it said nothing. */
static char *failure(aisle_child_end *end, const char *last)
{
    char text[1200];
    if (end->too_large)
        return error_json(
            "it took more memory than it may have; allow more (--train-memory), or train with fewer "
            "factors");
    if (said_why(last, text, sizeof text)) return error_json(text);
    size_t n = strlen(end->message);
    while (n && (end->message[n - 1] == '\n' || end->message[n - 1] == ' ')) end->message[--n] = '\0';
    if (end->signal_number)
        snprintf(text, sizeof text, "the process was ended by signal %d%s%s", end->signal_number,
                 n ? ": " : "", end->message);
    else if (n)
        snprintf(text, sizeof text, "%s", end->message);
    else
        snprintf(text, sizeof text, "the process ended with code %d and no message", end->exit_code);
    char *json = error_json(text);
    return json ? json : error_json("the process failed; its message was not UTF-8");
}

static bool by_owner(aisle_jobs *j, const aisle_job *job)
{
    pthread_mutex_lock(&j->lock);
    bool canceled = job->canceled;
    pthread_mutex_unlock(&j->lock);
    return canceled;
}

/* Runs the child and what follows success. Sets *result (owned by the caller) and returns the state. */
static const char *carry_out(aisle_jobs *j, aisle_job *job, char **result)
{
    aisle_error err = {0};
    aisle_child_end end;
    talk t = {j, job};
    aisle_child_params p = {.program = j->p.program,
                            .limits = j->p.limits[job->kind],
                            .argv = (const char *const *)job->argv,
                            .stop = &job->stop,
                            .hurry = &j->closing,
                            .line = hear,
                            .ctx = &t};
    if (aisle_child_run(&p, &end, &err) != AISLE_OK) {
        *result = error_json(err.message);
        return "failed";
    }
    if (end.exit_code == 0) { /* done is done, even when a cancel came at the last moment */
        *result = job->last ? aisle_strdup(job->last) : NULL;
        aisle_status st = j->p.succeeded ? j->p.succeeded(j->p.ctx, job->kind, *result, &err) : AISLE_OK;
        if (st == AISLE_OK) return "succeeded";
        const bool refused = st == AISLE_ECONFLICT && *result;
        json_t *said = refused ? json_loads(*result, 0, NULL) : json_object(); /* what there is now */
        aisle_free(*result);
        *result = with_error(said, err.message);
        return refused ? "refused" : "failed";
    }
    if (end.stopped && by_owner(j, job)) return "canceled";
    *result = end.stopped ? aisle_strdup(aisle_job_stopped) : failure(&end, job->last);
    return "failed";
}

static void count_end(aisle_jobs_counts *c, aisle_job_kind kind, const char *state)
{
    int64_t *count = strcmp(state, "succeeded") == 0 ? c->succeeded
                     : strcmp(state, "failed") == 0  ? c->failed
                     : strcmp(state, "refused") == 0 ? c->refused
                                                     : c->canceled;
    count[kind]++;
}

static void publish(aisle_jobs *j, aisle_job *job, const aisle_job_record *record)
{
    save(j, *record);
    pthread_mutex_lock(&j->lock);
    job->record = *record;
    aisle_job_say_state(job);
    if (record->ended_ms) {
        count_end(&j->counts, job->kind, record->state);
        job->ended = true;
        j->n_ended++;
        j->lanes[job->kind].open--;
    }
    tell(j, job);
    if (record->ended_ms) trim(j); /* may free job */
    pthread_mutex_unlock(&j->lock);
}

static void run_job(aisle_jobs *j, aisle_job *job)
{
    aisle_job_record record = job->record;
    char *result = NULL;
    if (__atomic_load_n(&job->stop, __ATOMIC_RELAXED)) { /* stopped while it waited */
        bool canceled = by_owner(j, job);
        record.state = canceled ? "canceled" : "failed";
        result = canceled ? NULL : aisle_strdup(aisle_job_stopped);
    } else {
        record.state = "running";
        record.started_ms = aisle_time_now_ms();
        publish(j, job, &record);
        record.state = carry_out(j, job, &result);
    }
    if (job->scratch) unlink(job->scratch);
    record.result = result;
    record.ended_ms = aisle_time_now_ms();
    aisle_log(AISLE_LOG_INFO, "job %lld (%s) %s%s%s", (long long)record.id, record.kind, record.state,
              result ? ": " : "", result ? result : "");
    publish(j, job, &record);
}

static aisle_job *next_of(const aisle_job_lane *l)
{
    aisle_job *job = l->jobs->first;
    while (job && (job->kind != l->kind || job->taken)) job = job->next;
    return job;
}

static void *run_lane(void *arg)
{
    aisle_job_lane *l = arg;
    aisle_jobs *j = l->jobs;
    for (;;) {
        pthread_mutex_lock(&j->lock);
        aisle_job *job = next_of(l);
        while (!job && !j->closing) {
            pthread_cond_wait(&j->changed, &j->lock);
            job = next_of(l);
        }
        if (job) job->taken = true;
        pthread_mutex_unlock(&j->lock);
        if (!job) return NULL;
        run_job(j, job);
    }
}

/* ---- orders ---- */

typedef struct order {
    aisle_write w;
    aisle_jobs *jobs;
    aisle_job *job;
    aisle_status (*within)(void *ctx, aisle_tx *tx, int64_t id, aisle_error *err);
    void (*accepted)(void *ctx, aisle_status st, int64_t id, const aisle_error *err);
    void *ctx;
} order;

static aisle_status store_order(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    order *o = (order *)w;
    if (o->within) AISLE_TRY(o->within(o->ctx, tx, 0, err));
    AISLE_TRY(aisle_tx_job(tx, &o->job->record, err));
    return o->within ? o->within(o->ctx, tx, o->job->record.id, err) : AISLE_OK;
}

static void order_stored(aisle_write *w, aisle_status st, const aisle_error *err)
{
    order *o = (order *)w;
    aisle_jobs *j = o->jobs;
    int64_t id = o->job->record.id;
    if (st != AISLE_OK && o->job->scratch) unlink(o->job->scratch);
    pthread_mutex_lock(&j->lock);
    j->storing--;
    if (st == AISLE_OK) {
        if (j->closing) aisle_cancel(&o->job->stop);
        aisle_job_number(o->job);
        aisle_job_say_state(o->job);
        *j->last = o->job;
        j->last = &o->job->next;
    } else {
        j->lanes[o->job->kind].open--;
        aisle_job_free(o->job);
    }
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    o->accepted(o->ctx, st, st == AISLE_OK ? id : 0, err);
    aisle_free(o);
}

/* Takes a place in the lane; false when there is none. */
static bool reserve(aisle_jobs *j, aisle_job_kind kind)
{
    pthread_mutex_lock(&j->lock);
    bool free_place = j->lanes[kind].open < AISLE_JOB_QUEUE && !j->closing;
    if (free_place) {
        j->lanes[kind].open++;
        j->storing++;
    }
    pthread_mutex_unlock(&j->lock);
    return free_place;
}

static void unreserve(aisle_jobs *j, aisle_job_kind kind)
{
    pthread_mutex_lock(&j->lock);
    j->lanes[kind].open--;
    j->storing--;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

aisle_status aisle_jobs_submit(aisle_jobs *j, const aisle_job_order *o, aisle_error *err)
{
    if (!reserve(j, o->kind))
        return aisle_fail(err, AISLE_EBUSY,
                          "%d jobs of kind %s wait or run already; try again when one has ended",
                          AISLE_JOB_QUEUE, aisle_job_kind_name(o->kind));
    aisle_job *job = aisle_job_new(o);
    order *w = aisle_calloc(1, sizeof *w);
    aisle_status st = AISLE_OK;
    if (!job || !w)
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for a job");
    else {
        *w = (order){{.run = store_order, .done = order_stored}, j, job, o->within, o->accepted, o->ctx};
        w->w.next = NULL;
        st = aisle_store_submit(j->p.store, &w->w);
        if (st != AISLE_OK) aisle_fail(err, st, "the store's queue is full; try again in a second");
    }
    if (st == AISLE_OK) return st;
    unreserve(j, o->kind);
    aisle_job_free(job);
    aisle_free(w);
    return st;
}

/* ---- life ---- */

aisle_status aisle_jobs_open(const aisle_jobs_params *p, aisle_jobs **out, aisle_error *err)
{
    *out = NULL;
    aisle_jobs *j = aisle_calloc(1, sizeof *j);
    if (!j) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the jobs");
    j->p = *p;
    j->last = &j->first;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    aisle_status st = fail_left_over(j, err);
    for (int k = 0; k < AISLE_JOB_KINDS && st == AISLE_OK; k++) {
        aisle_job_lane *l = &j->lanes[k];
        l->jobs = j;
        l->kind = (aisle_job_kind)k;
        l->started = pthread_create(&l->thread, NULL, run_lane, l) == 0;
        if (!l->started) st = aisle_fail(err, AISLE_ENOMEM, "no thread for the jobs");
    }
    if (st != AISLE_OK) {
        aisle_jobs_close(j);
        return st;
    }
    *out = j;
    return AISLE_OK;
}

void aisle_jobs_stop(aisle_jobs *j)
{
    pthread_mutex_lock(&j->lock);
    aisle_cancel(&j->closing);
    for (aisle_job *job = j->first; job; job = job->next)
        if (!job->ended) aisle_cancel(&job->stop);
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

void aisle_jobs_close(aisle_jobs *j)
{
    if (!j) return;
    aisle_jobs_stop(j);
    pthread_mutex_lock(&j->lock);
    while (j->storing) pthread_cond_wait(&j->changed, &j->lock); /* the writer still runs */
    pthread_mutex_unlock(&j->lock);
    for (int k = 0; k < AISLE_JOB_KINDS; k++)
        if (j->lanes[k].started) pthread_join(j->lanes[k].thread, NULL);
    while (j->first) {
        aisle_job *job = j->first;
        j->first = job->next;
        aisle_job_free(job);
    }
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->changed);
    aisle_free(j);
}
