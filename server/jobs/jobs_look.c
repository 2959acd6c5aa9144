/* Looking at jobs, watching and canceling them: what any thread may ask while the lanes run. */
#include <string.h>

#include "aisle/progress.h"
#include "server/jobs/jobs_internal.h"

aisle_status aisle_jobs_cancel(aisle_jobs *j, int64_t id, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    pthread_mutex_lock(&j->lock);
    aisle_job *job = aisle_jobs_find(j, id);
    if (!job)
        st = aisle_fail(err, AISLE_ENOTFOUND, "job %lld: there is none that waits or runs", (long long)id);
    else if (job->ended)
        st = aisle_fail(err, AISLE_ECONFLICT, "job %lld has %s already", (long long)id, job->record.state);
    else {
        job->canceled = true;
        aisle_cancel(&job->stop);
    }
    pthread_mutex_unlock(&j->lock);
    return st;
}

bool aisle_jobs_get(aisle_jobs *j, int64_t id, aisle_arena *a, aisle_job_live *out)
{
    pthread_mutex_lock(&j->lock);
    aisle_job *job = aisle_jobs_find(j, id);
    bool found = job && aisle_job_copy(job, a, out);
    pthread_mutex_unlock(&j->lock);
    return found;
}

aisle_status aisle_jobs_lines(aisle_jobs *j, int64_t id, int64_t after, aisle_arena *a, aisle_job_line *out,
                              int32_t room, int32_t *n, bool *ended)
{
    aisle_status st = AISLE_OK;
    *n = 0;
    pthread_mutex_lock(&j->lock);
    aisle_job *job = aisle_jobs_find(j, id);
    if (!job) st = AISLE_ENOTFOUND;
    int64_t first = job && job->n_lines > AISLE_JOB_LINES ? job->n_lines - AISLE_JOB_LINES + 1 : 1;
    int64_t k = after + 1 > first ? after + 1 : first;
    for (; job && st == AISLE_OK && k <= job->n_lines && *n < room; k++) {
        int64_t at = (k - 1) % AISLE_JOB_LINES;
        aisle_job_line line = {k, aisle_arena_strndup(a, job->events[at], strlen(job->events[at])),
                               aisle_arena_strndup(a, job->lines[at], strlen(job->lines[at]))};
        if (line.event && line.data)
            out[(*n)++] = line;
        else
            st = AISLE_ENOMEM;
    }
    *ended = job && job->ended && k > job->n_lines;
    pthread_mutex_unlock(&j->lock);
    return st;
}

bool aisle_jobs_watch(aisle_jobs *j, aisle_job_watch *w)
{
    pthread_mutex_lock(&j->lock);
    aisle_job *job = aisle_jobs_find(j, w->job);
    if (job) {
        job->users++;
        w->next = j->watches;
        j->watches = w;
    }
    pthread_mutex_unlock(&j->lock);
    return job != NULL;
}

void aisle_jobs_unwatch(aisle_jobs *j, aisle_job_watch *w)
{
    pthread_mutex_lock(&j->lock);
    aisle_job *job = aisle_jobs_find(j, w->job);
    for (aisle_job_watch **at = &j->watches; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            if (job) job->users--;
            break;
        }
    pthread_mutex_unlock(&j->lock);
}

void aisle_jobs_count(aisle_jobs *j, aisle_jobs_counts *out)
{
    pthread_mutex_lock(&j->lock);
    *out = j->counts;
    for (aisle_job *job = j->first; job; job = job->next)
        if (!job->ended) (job->record.started_ms ? out->running : out->waiting)[job->kind]++;
    pthread_mutex_unlock(&j->lock);
}
