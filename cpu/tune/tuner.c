/* The search: threads that take the next look, measure it and write it down. */
#include "aisle/tune.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/tune/brackets.h"
#include "cpu/tune/tune_state.h"

typedef struct search {
    const aisle_tune_params *p;
    aisle_tune_fn fn;
    void *fn_ctx;
    aisle_brackets brackets;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    FILE *state;
    aisle_tune_look *looks;
    int64_t n_looks, room, best;
    int32_t working, running; /* threads that have not ended; looks at work */
    int stop;                 /* raised: cancel what runs and begin nothing */
    bool complete;
    aisle_status status;
    aisle_error error, first_failure;
    int64_t started_ns;
} search;

typedef struct worker {
    search *s;
    int32_t job;
    pthread_t thread;
} worker;

void aisle_tune_trial(const aisle_tune_params *p, int32_t trial, aisle_train_params *out)
{
    aisle_rng rng;
    *out = *p->start;
    if (trial == 0) return;
    aisle_rng_init(&rng, p->seed, (uint64_t)trial);
    for (int32_t i = 0; i < p->n_ranges; i++) {
        const aisle_tune_range *r = &p->ranges[i];
        double at = aisle_rng_f64(&rng), n = 0;
        if (r->setting->type == AISLE_SETTING_FLAG) {
            aisle_setting_set(r->setting, out, at >= .5);
        } else if (r->setting->choices) {
            while (r->setting->choices[(int)n]) n++;
            aisle_setting_set(r->setting, out, floor(at * n));
        } else {
            double v = r->log ? r->from * pow(r->to / r->from, at) : r->from + (r->to - r->from) * at;
            aisle_setting_set(r->setting, out, fmin(fmax(v, r->from), r->to));
        }
    }
}

/* Under the lock. */
static aisle_status remember(search *s, const aisle_tune_look *look, aisle_error *err)
{
    if (!aisle_grow((void **)&s->looks, &s->room, s->n_looks + 1, sizeof *s->looks))
        return aisle_fail(err, AISLE_ENOMEM, "tuning: out of memory for the looks");
    if (!isnan(look->value) && (s->best < 0 || aisle_brackets_better(s->p->less, look, &s->looks[s->best])))
        s->best = s->n_looks;
    s->looks[s->n_looks++] = *look;
    return AISLE_OK;
}

/* Of a state file: looks that this search, of other `trials`, does not make are not its looks. */
static aisle_status found(void *ctx, const aisle_tune_look *look, aisle_error *err)
{
    search *s = ctx;
    if (!aisle_brackets_done(&s->brackets, look->trial, look->rung, look->value)) return AISLE_OK;
    return remember(s, look, err);
}

static void fail(search *s, aisle_status st, const aisle_error *why)
{
    if (s->status == AISLE_OK && !s->stop) {
        s->status = st;
        s->error = *why;
    }
    aisle_cancel(&s->stop);
}

/* Under the lock, which it gives back while it measures. */
static void look_once(search *s, int32_t job, aisle_tune_look look)
{
    aisle_train_params params;
    aisle_error err = {0};
    double share = pow(AISLE_TUNE_ETA, look.rung - (s->p->rungs - 1));
    aisle_tune_trial(s->p, look.trial, &params);
    s->running++;
    pthread_mutex_unlock(&s->lock);
    int64_t begun = aisle_time_monotonic_ns();
    aisle_status st = s->fn(s->fn_ctx, job, &params, share, &s->stop, &look.value, &err);
    look.seconds = (double)(aisle_time_monotonic_ns() - begun) * 1e-9;
    pthread_mutex_lock(&s->lock);
    s->running--;
    if (st == AISLE_EINVAL || st == AISLE_ENUMERIC || (st == AISLE_OK && !isfinite(look.value))) {
        if (!s->first_failure.message[0]) s->first_failure = err;
        look.value = NAN;
        st = AISLE_OK;
    }
    if (st == AISLE_OK && s->state) st = aisle_tune_state_add(s->p, s->state, &look, &err);
    if (st == AISLE_OK) st = remember(s, &look, &err);
    if (st == AISLE_OK)
        aisle_brackets_done(&s->brackets, look.trial, look.rung, look.value);
    else
        fail(s, st, &err);
}

static void *work(void *argument)
{
    worker *w = argument;
    search *s = w->s;
    bool over = false;
    aisle_tune_look look;
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        if (aisle_brackets_next(&s->brackets, &look, &over)) {
            look_once(s, w->job, look);
            pthread_cond_broadcast(&s->changed);
        } else if (over) {
            s->complete = true;
            break;
        } else
            pthread_cond_wait(&s->changed, &s->lock);
    }
    s->working--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void tell(search *s)
{
    if (!s->p->on_change) return;
    aisle_tune_view view = {s->looks, s->n_looks, s->best, s->running,
                            (double)(aisle_time_monotonic_ns() - s->started_ns) * 1e-9};
    s->p->on_change(s->p->ctx, &view);
}

/* Under the lock: the calling thread tells, and raises the flag in time. */
static void oversee(search *s)
{
    enum { TICK_NS = 1000000000 / 6 };
    while (s->working > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_NS;
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        pthread_cond_timedwait(&s->changed, &s->lock, &until);
        double seconds = (double)(aisle_time_monotonic_ns() - s->started_ns) * 1e-9;
        if (aisle_canceled(s->p->progress) || (s->p->seconds > 0 && seconds >= s->p->seconds)) {
            aisle_cancel(&s->stop);
            pthread_cond_broadcast(&s->changed);
        }
        tell(s);
    }
}

static aisle_status run_workers(search *s, aisle_error *err)
{
    worker workers[AISLE_TUNE_MAX_JOBS];
    int32_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (; n < s->p->jobs; n++) {
        workers[n] = (worker){.s = s, .job = n};
        if (pthread_create(&workers[n].thread, NULL, work, &workers[n]) != 0) break;
        s->working++;
    }
    if (n == 0) s->status = aisle_fail(&s->error, AISLE_ENOMEM, "tuning: no thread can be started");
    oversee(s);
    pthread_mutex_unlock(&s->lock);
    while (n > 0) pthread_join(workers[--n].thread, NULL);
    if (s->status != AISLE_OK) return aisle_fail(err, s->status, "%s", s->error.message);
    if (aisle_canceled(s->p->progress)) return aisle_fail(err, AISLE_ECANCELED, "tuning canceled");
    return AISLE_OK;
}

static aisle_status check(const aisle_tune_params *p, aisle_error *err)
{
    if (p->n_ranges < 1 || p->n_ranges > AISLE_TUNE_MAX_RANGES)
        return aisle_fail(err, AISLE_EINVAL, "tuning: %d ranges, must be 1 to %d", p->n_ranges,
                          AISLE_TUNE_MAX_RANGES);
    if (p->trials < 1 || p->trials > 100000)
        return aisle_fail(err, AISLE_EINVAL, "tuning: %d trials, must be 1 to 100000", p->trials);
    if (p->rungs < 1 || p->rungs > AISLE_TUNE_MAX_RUNGS)
        return aisle_fail(err, AISLE_EINVAL, "tuning: %d rungs, must be 1 to %d", p->rungs,
                          AISLE_TUNE_MAX_RUNGS);
    if (p->jobs < 1 || p->jobs > AISLE_TUNE_MAX_JOBS)
        return aisle_fail(err, AISLE_EINVAL, "tuning: %d jobs, must be 1 to %d", p->jobs,
                          AISLE_TUNE_MAX_JOBS);
    return aisle_train_params_check(p->start, err);
}

static aisle_status finish(search *s, aisle_tuned *out, aisle_error *err)
{
    if (s->best < 0 && s->n_looks > 0)
        return aisle_fail(err, AISLE_EINVAL, "no trial could be measured; the first: %s",
                          s->first_failure.message[0] ? s->first_failure.message
                                                      : "failed in the state file");
    if (s->best < 0) return aisle_fail(err, AISLE_EINVAL, "no trial ended in %g s", s->p->seconds);
    *out = (aisle_tuned){
        .look = s->looks[s->best], .looks = s->looks, .n_looks = s->n_looks, .complete = s->complete};
    aisle_tune_trial(s->p, out->look.trial, &out->best);
    s->looks = NULL;
    return AISLE_OK;
}

aisle_status aisle_tune(const aisle_tune_params *p, aisle_tune_fn fn, void *fn_ctx, aisle_tuned *out,
                        aisle_error *err)
{
    search s = {.p = p, .fn = fn, .fn_ctx = fn_ctx, .best = -1};
    s.started_ns = aisle_time_monotonic_ns();
    AISLE_TRY(check(p, err));
    AISLE_TRY(aisle_brackets_init(&s.brackets, p->trials, p->rungs, p->less, err));
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.changed, NULL);
    aisle_status st = p->state ? aisle_tune_state_open(p, found, &s, &s.state, err) : AISLE_OK;
    if (st == AISLE_OK) st = run_workers(&s, err);
    if (st == AISLE_OK) st = finish(&s, out, err);
    if (s.state && fclose(s.state) != 0 && st == AISLE_OK)
        st = aisle_fail_errno(err, "state of the search", p->state);
    pthread_cond_destroy(&s.changed);
    pthread_mutex_destroy(&s.lock);
    aisle_brackets_deinit(&s.brackets);
    aisle_free(s.looks);
    return st;
}

void aisle_tuned_deinit(aisle_tuned *t)
{
    aisle_free(t->looks);
    *t = (aisle_tuned){0};
}
