/* What jobs.c and jobs_look.c share: the jobs, their lanes, the one lock. */
#ifndef AISLE_SERVER_JOBS_INTERNAL_H
#define AISLE_SERVER_JOBS_INTERNAL_H

#include <pthread.h>

#include "server/jobs/job.h"

typedef struct aisle_job_lane {
    aisle_jobs *jobs;
    aisle_job_kind kind;
    pthread_t thread;
    bool started;
    int32_t open; /* accepted or being stored, and not ended */
} aisle_job_lane;

struct aisle_jobs {
    aisle_jobs_params p;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    aisle_job *first, **last;
    int32_t n_ended, storing; /* storing: orders on their way through the writer */
    int closing;              /* a flag as of aisle_cancel: the children's threads read it too */
    aisle_job_lane lanes[AISLE_JOB_KINDS];
    aisle_job_watch *watches;
    aisle_jobs_counts counts;
};

/* NULL when memory does not hold it. Under the lock. */
static inline aisle_job *aisle_jobs_find(const aisle_jobs *j, int64_t id)
{
    aisle_job *job = j->first;
    while (job && job->record.id != id) job = job->next;
    return job;
}

#endif
