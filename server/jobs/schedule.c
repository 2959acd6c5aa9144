/* Two questions a second, each of one row: how many events there are, and whether a training has ended meanwhile. Deadlines
 * are kept by the monotonic clock, made from wall-clock times of the store and never further off than their own length. */
#include "server/jobs/schedule.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "aisle/log.h"
#include "server/jobs/train_order.h"

enum { MINUTE_MS = 60000, DAY_MS = 24 * 3600 * 1000 };

struct aisle_schedule {
    aisle_schedule_params p;
    aisle_training_history history; /* without `asked` */
    int64_t ended;                  /* trainings that had ended when it was read, -1 = not read yet */
    int64_t model_ms,
        model_events;         /* a model that is newer than the history, and the events when it was seen */
    int64_t due_ms, retry_ms; /* monotonic: not before */
    int ordering;             /* atomic: an order is on its way to the store */
    pthread_mutex_t lock;
    aisle_schedule_state state; /* under it */
};

static int64_t monotonic_ms(void)
{
    return aisle_time_monotonic_ns() / 1000000;
}

/* The moment `length` after a moment of the wall clock, by the monotonic clock. */
static int64_t deadline(int64_t from_ms, int64_t length_ms)
{
    int64_t left = from_ms + length_ms - aisle_time_now_ms();
    return monotonic_ms() + (left < 0 ? 0 : left > length_ms ? length_ms : left);
}

static int64_t pause_after(const aisle_schedule *s, int64_t failures)
{
    int64_t every = s->p.config->train_every_ms, pause = every && every < MINUTE_MS ? every : MINUTE_MS;
    for (int64_t i = 1; i < failures && pause < DAY_MS; i++) pause *= 2;
    return pause < DAY_MS ? pause : DAY_MS;
}

/* ---- what is known ---- */

static bool is_of_others(const aisle_schedule *s)
{
    return s->model_ms > s->history.ended_ms;
}

/* In a row; a model that was made meanwhile ends the row. */
static int64_t failures_of(const aisle_schedule *s)
{
    return is_of_others(s) && s->model_ms > s->history.failed_ms ? 0 : s->history.failures;
}

static void set_deadlines(aisle_schedule *s)
{
    const aisle_training_history *h = &s->history;
    int64_t last_ms = is_of_others(s) ? s->model_ms : h->started_ms;
    s->due_ms = last_ms ? deadline(last_ms, s->p.config->train_every_ms) : 0;
    s->retry_ms = failures_of(s) ? deadline(h->failed_ms, pause_after(s, failures_of(s))) : 0;
}

static aisle_status read_history(aisle_schedule *s, int64_t ended, aisle_error *err)
{
    aisle_arena arena = {0};
    aisle_status st = aisle_view_trainings(s->p.view, aisle_job_stopped, &arena, &s->history, err);
    s->history.asked = NULL;
    aisle_arena_deinit(&arena);
    if (st != AISLE_OK) return st;
    s->ended = ended;
    set_deadlines(s);
    return AISLE_OK;
}

typedef struct note {
    aisle_write w;
    int64_t made_ms, events;
} note;

static aisle_status write_note(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const note *n = (note *)w;
    return aisle_tx_model_seen(tx, n->made_ms, n->events, err);
}

/* The events that a model of others lacks are not known: those since it was first seen, by whichever server. */
static aisle_status note_model(aisle_schedule *s, int64_t model_ms, int64_t events, aisle_error *err)
{
    if (model_ms == s->model_ms) return AISLE_OK;
    if (model_ms > s->history.ended_ms) {
        aisle_status st = aisle_view_model_seen(s->p.view, model_ms, &s->model_events, err);
        note n = {{.run = write_note}, model_ms, events};
        if (st == AISLE_ENOTFOUND) {
            st = aisle_store_write_now(s->p.store, &n.w, err);
            s->model_events = events;
        }
        AISLE_TRY(st);
    }
    s->model_ms = model_ms;
    set_deadlines(s);
    return AISLE_OK;
}

static int64_t new_events(const aisle_schedule *s, int64_t events)
{
    int64_t known = is_of_others(s) ? s->model_events : s->history.events;
    return events > known ? events - known : 0;
}

static void publish(aisle_schedule *s, int64_t fresh)
{
    int64_t now = monotonic_ms(), until = s->due_ms > s->retry_ms ? s->due_ms : s->retry_ms;
    if (!s->p.config->train_every_ms) until = s->retry_ms;
    aisle_schedule_state state = {
        .succeeded_ms = is_of_others(s) ? s->model_ms : s->history.succeeded_ms,
        .new_events = fresh,
        .failures = failures_of(s),
        .wait_ms = s->p.config->train_every_ms || failures_of(s) ? until > now ? until - now : 0 : -1};
    pthread_mutex_lock(&s->lock);
    s->state = state;
    pthread_mutex_unlock(&s->lock);
}

/* ---- an order ---- */

/* NULL: it is not the time. */
static const char *cause_of(const aisle_schedule *s, int64_t fresh)
{
    const aisle_config *c = s->p.config;
    int64_t now = monotonic_ms();
    if (fresh == 0 || now < s->retry_ms) return NULL;
    if (c->train_every_ms && now >= s->due_ms) return "schedule";
    return c->train_after_events && fresh >= c->train_after_events ? "events" : NULL;
}

static void tell(void *ctx, const char *pointer, const char *code, const char *text)
{
    (void)ctx;
    (void)code;
    aisle_log(AISLE_LOG_WARN, "training with the settings asked for last: %s: %s; it has the defaults",
              pointer, text);
}

/* The settings that were asked for last, as long as this program still knows them. Sets *request, to be released. */
static aisle_status take_settings(aisle_schedule *s, aisle_arena *a, const char *const **argv,
                                  json_t **request, aisle_error *err)
{
    const aisle_config *c = s->p.config;
    const aisle_train_faults faults = {tell, NULL};
    aisle_training_history h;
    if (c->train_config) {
        *request = json_pack("{s:s}", "config", c->train_config);
        return aisle_train_order_file(c, c->train_config, a, argv);
    }
    AISLE_TRY(aisle_view_trainings(s->p.view, aisle_job_stopped, a, &h, err));
    *request = h.asked ? json_loads(h.asked, 0, NULL) : NULL;
    aisle_status st =
        json_is_object(*request) ? aisle_train_order(c, *request, &faults, a, argv) : AISLE_EINVAL;
    if (st != AISLE_EINVAL) return st;
    json_decref(*request);
    *request = json_object();
    return *request ? aisle_train_order(c, *request, &faults, a, argv) : AISLE_ENOMEM;
}

static void accepted(void *ctx, aisle_status st, int64_t id, const aisle_error *err)
{
    aisle_schedule *s = ctx;
    if (st == AISLE_OK)
        aisle_log(AISLE_LOG_INFO, "job %lld (training) waits for its turn", (long long)id);
    else
        aisle_log(AISLE_LOG_WARN, "a training could not be ordered: %s", err->message);
    __atomic_store_n(&s->ordering, 0, __ATOMIC_SEQ_CST);
}

static aisle_status order(aisle_schedule *s, const char *cause, aisle_error *err)
{
    aisle_arena arena = {0};
    json_t *request = NULL;
    aisle_job_order o = {.kind = AISLE_JOB_TRAINING, .cause = cause, .accepted = accepted, .ctx = s};
    aisle_status st = take_settings(s, &arena, &o.argv, &request, err);
    char *text = st == AISLE_OK && request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (st == AISLE_OK && !text) st = AISLE_ENOMEM;
    if (st == AISLE_ENOMEM) aisle_fail(err, st, "out of memory for a training's settings");
    if (st == AISLE_OK) {
        o.request = text;
        __atomic_store_n(&s->ordering, 1, __ATOMIC_SEQ_CST);
        st = aisle_jobs_submit(s->p.jobs, &o, err);
        if (st != AISLE_OK) __atomic_store_n(&s->ordering, 0, __ATOMIC_SEQ_CST);
    }
    aisle_free(text);
    aisle_arena_deinit(&arena);
    return st == AISLE_EBUSY ? AISLE_OK : st; /* in a second again */
}

aisle_status aisle_schedule_run(aisle_schedule *s, int64_t model_ms, aisle_error *err)
{
    const aisle_job_kind k = AISLE_JOB_TRAINING;
    bool ordering = __atomic_load_n(&s->ordering, __ATOMIC_SEQ_CST) != 0;
    aisle_jobs_counts c;
    aisle_store_counts have;
    aisle_jobs_count(s->p.jobs, &c); /* before the store is read: whatever it counts as ended is there */
    int64_t ended = c.succeeded[k] + c.failed[k] + c.refused[k] + c.canceled[k];
    if (ended != s->ended) AISLE_TRY(read_history(s, ended, err));
    AISLE_TRY(aisle_view_counts(s->p.view, &have, err));
    AISLE_TRY(note_model(s, model_ms, have.events, err));
    int64_t fresh = new_events(s, have.events);
    publish(s, fresh);
    const char *cause = cause_of(s, fresh);
    if (!cause || ordering || c.waiting[k] + c.running[k]) return AISLE_OK;
    aisle_log(AISLE_LOG_INFO, "training for the %s: %lld new events", cause, (long long)fresh);
    return order(s, cause, err);
}

void aisle_schedule_look(aisle_schedule *s, aisle_schedule_state *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->state;
    pthread_mutex_unlock(&s->lock);
}

aisle_status aisle_schedule_open(const aisle_schedule_params *p, aisle_schedule **out, aisle_error *err)
{
    aisle_schedule *s = aisle_calloc(1, sizeof *s);
    *out = s;
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the schedule of trainings");
    s->p = *p;
    s->ended = -1;
    pthread_mutex_init(&s->lock, NULL);
    return AISLE_OK;
}

void aisle_schedule_close(aisle_schedule *s)
{
    if (!s) return;
    pthread_mutex_destroy(&s->lock);
    aisle_free(s);
}
