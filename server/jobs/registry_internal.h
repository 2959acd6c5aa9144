/* What the files of the registry share. Private to registry*.c. */
#ifndef AISLE_SERVER_REGISTRY_INTERNAL_H
#define AISLE_SERVER_REGISTRY_INTERNAL_H

#include <pthread.h>

#include "server/jobs/registry.h"

enum { AISLE_REGISTRY_PATH = 4096, AISLE_VERSION_MOST = 999999 };

struct aisle_registry {
    char folder[AISLE_REGISTRY_PATH - 64]; /* .../models */
    pthread_mutex_t change; /* held while a model is opened and published: one change at a time */
    pthread_mutex_t lock;   /* guards model, version, loaded; for nanoseconds */
    aisle_model *model;
    int64_t version;
    bool loaded;
    int next_lock; /* guarded by `change`: models/next.lock, held since aisle_registry_next; -1 = not held */
    int64_t rewrites; /* atomic */
    int64_t refused;  /* guarded by `change`: named by `current`, did not open; not tried at every refresh */
};

/* ---- the folder: registry_folder.c ---- */

void aisle_registry_next_lock(const aisle_registry *r, char path[AISLE_REGISTRY_PATH]);
/* Versions on disk, newest first; *out by aisle_alloc. */
aisle_status aisle_registry_scan(const aisle_registry *r, int64_t **out, int64_t *n, aisle_error *err);
/* The version that `current` names; 0 when there is no such file. AISLE_EFORMAT: it holds no number. */
aisle_status aisle_registry_read_current(const aisle_registry *r, int64_t *version, aisle_error *err);
aisle_status aisle_registry_write_current(const aisle_registry *r, int64_t version, aisle_error *err);

/* ---- what is open: registry.c ---- */

/* Serves m from now on; takes its reference. Under `change`. */
void aisle_registry_swap(aisle_registry *r, aisle_model *m, int64_t version);

/* ---- one change at a time, whichever process makes it: registry_serve.c ---- */

/* Takes `change`, and the lock file that keeps other processes from changing which version serves. AISLE_EBUSY names a
 * process that has held it all the time that was waited. */
aisle_status aisle_registry_begin(aisle_registry *r, int64_t wait_ms, int *lock, aisle_error *err);
void aisle_registry_end(aisle_registry *r, int lock);

#endif
