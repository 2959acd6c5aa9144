/* One job in memory: its record, its argument list, its newest lines. Guarded by the lock of jobs.c. */
#ifndef AISLE_SERVER_JOB_H
#define AISLE_SERVER_JOB_H

#include "server/jobs/jobs.h"

typedef struct aisle_job {
    struct aisle_job *next; /* in order of acceptance */
    aisle_job_kind kind;
    aisle_job_record record; /* state: a static word; request and result are owned */
    char **argv;             /* owned, NULL at the end */
    char *id_text;           /* what argv says of the id, or NULL; in argv */
    char *scratch;           /* owned, or NULL */
    int stop;                /* raised to end the child */
    bool canceled;           /* by its owner, not by the server's end */
    bool taken, ended;       /* by the runner */
    int64_t n_lines;         /* said in all; line k (1-based) is lines[(k - 1) % AISLE_JOB_LINES] if kept */
    char *events[AISLE_JOB_LINES], *lines[AISLE_JOB_LINES];
    char *last;    /* copy of the newest line of the child, or NULL */
    int32_t users; /* watches */
} aisle_job;

aisle_job *aisle_job_new(const aisle_job_order *o); /* NULL: out of memory */
/* The record has its id: argv says it, where the order wants that. */
void aisle_job_number(aisle_job *job);
void aisle_job_free(aisle_job *job); /* does not remove scratch */
/* Adds a line of JSON; a text that is not one JSON object is left out, as is one that memory is short for. */
void aisle_job_say(aisle_job *job, const char *text, size_t n);
/* A line {"event":"state",...} with the record's state, and the reason when it has one. */
void aisle_job_say_state(aisle_job *job);
/* The record with its texts copied into the arena; false: out of memory. */
bool aisle_job_copy(const aisle_job *job, aisle_arena *a, aisle_job_live *out);

#endif
