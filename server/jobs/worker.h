/* One background thread for what must not run on a loop: a bounded queue of tasks, and a regular chore. */
#ifndef AISLE_SERVER_WORKER_H
#define AISLE_SERVER_WORKER_H

#include <stdint.h>

#include "aisle/status.h"

typedef struct aisle_worker aisle_worker;
enum {
    AISLE_WORKER_QUEUE = 128
}; /* some tenths of a second of what takes long; 64 clients that ask for nothing else are answered */

/* chore(ctx) runs once a second between tasks; NULL = none. */
aisle_status aisle_worker_start(void (*chore)(void *ctx), void *ctx, aisle_worker **out, aisle_error *err);
/* Runs what waits, then joins. */
void aisle_worker_stop(aisle_worker *w);
/* task(ctx) runs once, later, in order. AISLE_EBUSY when the queue is full. Any thread; does not block. */
aisle_status aisle_worker_submit(aisle_worker *w, void (*task)(void *ctx), void *ctx, aisle_error *err);
int32_t aisle_worker_waiting(aisle_worker *w); /* tasks, the one that runs not counted */

#endif
