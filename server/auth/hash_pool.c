/* A list under one lock: a task takes tens of milliseconds, so nobody waits for the lock. */
#include "server/auth/hash_pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aisle/memory.h"

enum { THREADS_MAX = 64, NICE = 5 };

struct aisle_hash_pool {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    aisle_hash_task *head, **tail;
    int32_t taken, places, n_threads;
    bool draining, stopping;
    pthread_t threads[THREADS_MAX];
};

static void *work(void *arg)
{
    aisle_hash_pool *p = arg;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread alone, on Linux; a hint */
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->head && !p->stopping) pthread_cond_wait(&p->filled, &p->lock);
        aisle_hash_task *t = p->head;
        if (!t) break;
        p->head = t->next;
        if (!p->head) p->tail = &p->head;
        bool canceled = p->draining;
        pthread_mutex_unlock(&p->lock);
        t->run(t, canceled); /* may release t */
        pthread_mutex_lock(&p->lock);
        p->taken--;
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

aisle_status aisle_hash_pool_open(int32_t threads, int32_t places, aisle_hash_pool **out, aisle_error *err)
{
    sigset_t all, old;
    int failed = 0;
    *out = NULL;
    aisle_hash_pool *p = aisle_calloc(1, sizeof *p);
    if (!p) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the hashing threads");
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->filled, NULL);
    p->tail = &p->head;
    p->places = places;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (p->n_threads < threads && p->n_threads < THREADS_MAX && !failed) {
        failed = pthread_create(&p->threads[p->n_threads], NULL, work, p);
        p->n_threads += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed && p->n_threads == 0) {
        aisle_hash_pool_close(p);
        return aisle_fail(err, AISLE_ENOMEM, "no thread for hashing: error %d", failed);
    }
    *out = p;
    return AISLE_OK;
}

aisle_status aisle_hash_pool_reserve(aisle_hash_pool *p, aisle_error *err)
{
    pthread_mutex_lock(&p->lock);
    bool full = p->taken >= p->places || p->draining;
    p->taken += !full;
    pthread_mutex_unlock(&p->lock);
    return full ? aisle_fail(err, AISLE_EBUSY, "too many passwords wait to be checked; try again in a second")
                : AISLE_OK;
}

void aisle_hash_pool_release(aisle_hash_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->taken--;
    pthread_mutex_unlock(&p->lock);
}

void aisle_hash_pool_submit(aisle_hash_pool *p, aisle_hash_task *t)
{
    t->next = NULL;
    pthread_mutex_lock(&p->lock);
    *p->tail = t;
    p->tail = &t->next;
    pthread_cond_signal(&p->filled);
    pthread_mutex_unlock(&p->lock);
}

void aisle_hash_pool_drain(aisle_hash_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->draining = true;
    pthread_mutex_unlock(&p->lock);
}

void aisle_hash_pool_close(aisle_hash_pool *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->draining = p->stopping = true;
    pthread_cond_broadcast(&p->filled);
    pthread_mutex_unlock(&p->lock);
    for (int32_t i = 0; i < p->n_threads; i++) pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->filled);
    pthread_mutex_destroy(&p->lock);
    aisle_free(p);
}
