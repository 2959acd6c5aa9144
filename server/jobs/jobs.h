/* Trainings and imports as child processes: one of a kind at a time, the rest wait in a bounded queue. What
 * was asked for and how it ended is in the store; what is said meanwhile stays in memory. */
#ifndef AISLE_SERVER_JOBS_H
#define AISLE_SERVER_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/status.h"
#include "aisle/str.h"
#include "server/jobs/child.h"
#include "server/store/store.h"

typedef enum aisle_job_kind { AISLE_JOB_TRAINING, AISLE_JOB_IMPORT } aisle_job_kind;
enum {
    AISLE_JOB_KINDS = 2,
    AISLE_JOB_QUEUE = 8,    /* jobs of a kind that may wait or run */
    AISLE_JOB_LINES = 1000, /* newest lines kept of a job */
    AISLE_JOB_KEPT = 32     /* ended jobs whose lines are kept */
};

/* The result of a job that the server's end took along. */
extern const char aisle_job_stopped[];

typedef struct aisle_jobs aisle_jobs;
typedef struct aisle_jobs_params {
    aisle_store *store;  /* with its writer started */
    const char *program; /* NULL = this very program */
    aisle_child_limits limits[AISLE_JOB_KINDS];
    /* On the job's own thread after its child has succeeded and before the job counts as succeeded; `result`
     * is the child's last line of JSON, or NULL. A failure fails the job; AISLE_ECONFLICT: the work is
     * done, but what came of it is not taken: the job is "refused", and "error" stands beside the rest of its result. May be
     * NULL. */
    aisle_status (*succeeded)(void *ctx, aisle_job_kind kind, const char *result, aisle_error *err);
    void *ctx;
} aisle_jobs_params;

/* Jobs that an earlier server left waiting or running become failed ("server stopped"). */
aisle_status aisle_jobs_open(const aisle_jobs_params *p, aisle_jobs **out, aisle_error *err);
/* Tells the children to end (SIGTERM, SIGKILL after 2 s) and takes no more orders. Does not block. */
void aisle_jobs_stop(aisle_jobs *j);
/* Stops and waits; what waited or ran has failed. No watch may be left. */
void aisle_jobs_close(aisle_jobs *j);

typedef struct aisle_job_order {
    aisle_job_kind kind;
    const char *cause;       /* "schedule", "events"; static; NULL = "request" */
    const char *const *argv; /* argv[0] included, NULL at the end; copied */
    const char *id_option;   /* "--job": goes behind argv, with the job's id behind it; NULL = none */
    const char *request;     /* JSON text, copied */
    const char *scratch; /* file that the jobs remove once the job has ended or was refused; may be NULL */
    /* In the transaction that stores the job: with id 0 before it is, then with its id. A failure leaves no job and is what
     * `accepted` is told. May be NULL. */
    aisle_status (*within)(void *ctx, aisle_tx *tx, int64_t id, aisle_error *err);
    /* Once, on another thread, when the job is stored (AISLE_OK and its id) or could not be. */
    void (*accepted)(void *ctx, aisle_status st, int64_t id, const aisle_error *err);
    void *ctx;
} aisle_job_order;
/* Does not block. AISLE_EBUSY: the queue is full. On failure `accepted` is not called and scratch is still
 * the caller's. */
aisle_status aisle_jobs_submit(aisle_jobs *j, const aisle_job_order *o, aisle_error *err);

/* Does not block; the job becomes canceled soon. AISLE_ENOTFOUND, AISLE_ECONFLICT: it has ended. */
aisle_status aisle_jobs_cancel(aisle_jobs *j, int64_t id, aisle_error *err);

/* A job as it stands now; false when memory does not hold it (the store may). Texts in the arena. */
typedef struct aisle_job_live {
    aisle_job_record record;
    const char *last; /* its newest line of JSON, or NULL */
} aisle_job_live;
bool aisle_jobs_get(aisle_jobs *j, int64_t id, aisle_arena *a, aisle_job_live *out);

typedef struct aisle_job_line {
    int64_t id;               /* 1, 2, 3 ... within the job */
    const char *event, *data; /* the line's "event" member, and the line: one JSON object */
} aisle_job_line;
/* The kept lines with ids above `after`, at most `room`; *ended: the job has ended and these are the last.
 * AISLE_ENOTFOUND, AISLE_ENOMEM. */
aisle_status aisle_jobs_lines(aisle_jobs *j, int64_t id, int64_t after, aisle_arena *a, aisle_job_line *out,
                              int32_t room, int32_t *n, bool *ended);

/* A watch is told of every change of one job, on any thread, under the jobs' lock: it may only pass it on. */
typedef struct aisle_job_watch {
    int64_t job;
    void (*changed)(struct aisle_job_watch *w);
    struct aisle_job_watch *next; /* the jobs' */
} aisle_job_watch;
bool aisle_jobs_watch(aisle_jobs *j, aisle_job_watch *w);   /* false: no such job in memory */
void aisle_jobs_unwatch(aisle_jobs *j, aisle_job_watch *w); /* no call is under way or to come afterwards */

typedef struct aisle_jobs_counts {
    int64_t waiting[AISLE_JOB_KINDS], running[AISLE_JOB_KINDS];
    int64_t succeeded[AISLE_JOB_KINDS], failed[AISLE_JOB_KINDS], refused[AISLE_JOB_KINDS],
        canceled[AISLE_JOB_KINDS]; /* since the start */
} aisle_jobs_counts;
void aisle_jobs_count(aisle_jobs *j, aisle_jobs_counts *out);
const char *aisle_job_kind_name(aisle_job_kind k); /* "training", "import" */

#endif
