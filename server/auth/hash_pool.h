/* A few threads that hash passwords, off the loops: bounded in number (each hash takes 19 MiB and a core) and in queue.
 * They run at a low priority, so that browsing goes on beside a queue of logins. */
#ifndef AISLE_SERVER_HASH_POOL_H
#define AISLE_SERVER_HASH_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"

typedef struct aisle_hash_pool aisle_hash_pool;
typedef struct aisle_hash_task {
    /* On a thread of the pool. canceled: the server ends, and nothing costly is to be done. */
    void (*run)(struct aisle_hash_task *t, bool canceled);
    struct aisle_hash_task *next; /* the pool's */
} aisle_hash_task;

/* places: of those that wait or run. */
aisle_status aisle_hash_pool_open(int32_t threads, int32_t places, aisle_hash_pool **out, aisle_error *err);
/* A place for one task: AISLE_EBUSY when all are taken. It is given back when the task has run, or by release. Any
 * thread; does not block. */
aisle_status aisle_hash_pool_reserve(aisle_hash_pool *p, aisle_error *err);
void aisle_hash_pool_release(aisle_hash_pool *p);
/* Runs t later; its place is reserved. */
void aisle_hash_pool_submit(aisle_hash_pool *p, aisle_hash_task *t);
/* From now on what waits, and what comes, runs canceled. */
void aisle_hash_pool_drain(aisle_hash_pool *p);
void aisle_hash_pool_close(aisle_hash_pool *p); /* after all tasks have run; NULL is a no-op */

#endif
