/* A ring under one lock: tasks are rare (activations, lists of models) and long. */
#include "server/jobs/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "aisle/memory.h"

typedef struct task {
    void (*run)(void *ctx);
    void *ctx;
} task;

struct aisle_worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    task ring[AISLE_WORKER_QUEUE];
    uint32_t first, n;
    bool stopping;
    task chore;
};

/* Waits for a task until the chore is due. False: none came. */
static bool take(aisle_worker *w, const struct timespec *due, task *out)
{
    while (!w->n && !w->stopping)
        if (pthread_cond_timedwait(&w->changed, &w->lock, due)) break;
    if (!w->n) return false;
    *out = w->ring[w->first];
    w->first = (w->first + 1) % AISLE_WORKER_QUEUE;
    w->n--;
    return true;
}

static void *work(void *arg)
{
    aisle_worker *w = arg;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    pthread_mutex_lock(&w->lock);
    while (w->n || !w->stopping) {
        task t;
        bool got = take(w, &due, &t);
        if (!got && w->stopping) break;
        pthread_mutex_unlock(&w->lock);
        if (got)
            t.run(t.ctx);
        else {
            if (w->chore.run) w->chore.run(w->chore.ctx);
            clock_gettime(CLOCK_MONOTONIC, &due);
            due.tv_sec++;
        }
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

aisle_status aisle_worker_start(void (*chore)(void *ctx), void *ctx, aisle_worker **out, aisle_error *err)
{
    pthread_condattr_t monotonic;
    aisle_worker *w = aisle_calloc(1, sizeof *w);
    *out = NULL;
    if (!w) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the background thread");
    w->chore = (task){chore, ctx};
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&w->thread, NULL, work, w)) {
        aisle_free(w);
        return aisle_fail(err, AISLE_ENOMEM, "no thread for background work");
    }
    *out = w;
    return AISLE_OK;
}

void aisle_worker_stop(aisle_worker *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    aisle_free(w);
}

aisle_status aisle_worker_submit(aisle_worker *w, void (*run)(void *ctx), void *ctx, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    pthread_mutex_lock(&w->lock);
    if (w->n == AISLE_WORKER_QUEUE || w->stopping)
        st = aisle_fail(err, AISLE_EBUSY, "too much background work waits; try again in a second");
    else {
        w->ring[(w->first + w->n++) % AISLE_WORKER_QUEUE] = (task){run, ctx};
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return st;
}

int32_t aisle_worker_waiting(aisle_worker *w)
{
    pthread_mutex_lock(&w->lock);
    int32_t n = (int32_t)w->n;
    pthread_mutex_unlock(&w->lock);
    return n;
}
