/* One child process of this program: its lines, its end, its cancellation. Knows nothing of jobs or HTTP. */
#ifndef AISLE_SERVER_CHILD_H
#define AISLE_SERVER_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aisle/status.h"

typedef enum aisle_child_priority {
    AISLE_PRIORITY_NORMAL,
    AISLE_PRIORITY_LOW, /* batch, nice 19, least of the disk: a fiftieth of a core that others want */
    AISLE_PRIORITY_IDLE /* nothing of a core that others want */
} aisle_child_priority;

typedef struct aisle_child_limits {
    /* Resident, without mapped files: looked at ten times a second, and the child that has more is killed. Not by
     * setrlimit: OpenBLAS tries for ever to get what a limit refuses. 0 = any. */
    int64_t memory_bytes;
    aisle_child_priority priority;
} aisle_child_limits;

typedef struct aisle_child_params {
    const char *program; /* path; NULL = this very program */
    aisle_child_limits limits;
    const char *const *argv; /* argv[0] included, NULL at the end */
    const int *stop;         /* raised with aisle_cancel: SIGTERM, and SIGKILL 5 s later */
    const int *hurry;        /* raised too: SIGKILL 2 s after SIGTERM */
    /* Each line of standard output without its end, NUL-terminated; longer ones than 64 KiB are left out. */
    void (*line)(void *ctx, const char *text, size_t n);
    void *ctx;
} aisle_child_params;

typedef struct aisle_child_end {
    int exit_code;      /* -1 when a signal ended it */
    int signal_number;  /* 0 when it exited */
    bool stopped;       /* it was told to stop while it ran */
    bool too_large;     /* it was killed for its memory */
    char message[1024]; /* the last lines of standard error */
} aisle_child_end;

/* Runs the child to its end; blocks. The calling thread must live as long as the child: the kernel ends the
 * child with it, so that no child outlives a killed server. AISLE_OK whenever the child has run. */
aisle_status aisle_child_run(const aisle_child_params *p, aisle_child_end *end, aisle_error *err);

#endif
