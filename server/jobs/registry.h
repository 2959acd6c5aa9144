/* The model versions of a data folder and which one serves: FOLDER/models/NNNNNN.aisle and the file
 * `current`. */
#ifndef AISLE_SERVER_REGISTRY_H
#define AISLE_SERVER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/model.h"
#include "server/jobs/marks.h"

/* Thread-safe. `current` holds one version number and is replaced by rename; a broken current model is
 * logged, and the newest older version that opens serves instead. Opening maps no model: that happens at the
 * first aisle_registry_current or _refresh. */
typedef struct aisle_registry aisle_registry;
aisle_status aisle_registry_open(const char *data_folder, aisle_registry **out,
                                 aisle_error *err); /* makes models/ */
void aisle_registry_close(aisle_registry *r);
/* Removes the temporary files that killed writers left; does nothing while a version is being made, or which one serves is being
 * changed. Does not wait. For the server, at its start. */
void aisle_registry_sweep(aisle_registry *r);

/* The serving model with a reference of the caller's (aisle_model_unref), NULL when there is none; *version
 * (may be NULL) as of that model. Takes as long as a lock once the first call has opened the model. */
aisle_model *aisle_registry_current(aisle_registry *r, int64_t *version);
/* Takes up a `current` that another process has written since. AISLE_OK also when nothing is new. */
aisle_status aisle_registry_refresh(aisle_registry *r, aisle_error *err);
/* A path for the next version to be written to by a trainer. The number is this registry's until it is
 * closed, or its process ends: AISLE_EBUSY names the process that holds it now. */
aisle_status aisle_registry_next(aisle_registry *r, int64_t *version, char path[4096], aisle_error *err);
/* Whatever changes which version serves does so under a lock file: two changes, of whatever process, come one after the other.
 * wait_ms: how long the caller can wait for another one's; AISLE_EBUSY names the process that has held it all that time. */
enum {
    AISLE_REGISTRY_SHORT_MS = 500,  /* on a thread that others wait for */
    AISLE_REGISTRY_LONG_MS = 30000, /* on one of the caller's own: a model of many GB is opened in less */
};
/* Opens and checks that version, makes it current on disk, then swaps it in. The old one serves until the
 * swap. AISLE_ENOTFOUND: no such version. */
aisle_status aisle_registry_activate(aisle_registry *r, int64_t version, int64_t wait_ms, aisle_error *err);

/* ---- pin, roll back, retention: kept in the folder (marks.h), and so over restarts ---- */

/* The pinned version, which no training replaces; 0 = none, also when that cannot be read. */
int64_t aisle_registry_pinned(aisle_registry *r);
/* As aisle_registry_activate, but leaves everything as it is where another version is pinned, which *pinned then names (0 = none,
 * and `version` serves): no pin can come in between. Pins that cannot be read are a failure. */
aisle_status aisle_registry_activate_unless_pinned(aisle_registry *r, int64_t version, int64_t wait_ms,
                                                   int64_t *pinned, aisle_error *err);
/* Serves the version and pins it. AISLE_ENOTFOUND. */
aisle_status aisle_registry_pin(aisle_registry *r, int64_t version, int64_t wait_ms, aisle_error *err);
/* What serves goes on serving. AISLE_ENOTFOUND: another version is pinned, or none. */
aisle_status aisle_registry_unpin(aisle_registry *r, int64_t version, int64_t wait_ms, aisle_error *err);
/* Serves what had served before the present version, which is forgotten as having served: again goes further back.
 * Versions that are gone, or do not open, are passed over. AISLE_ECONFLICT: none is left, or another version is pinned. */
aisle_status aisle_registry_rollback(aisle_registry *r, int64_t wait_ms, int64_t *version, aisle_error *err);
/* The candidate that is watched beside what serves (marks.h), as it was written last. Says nothing of whether it is there. */
aisle_status aisle_registry_watched(const aisle_registry *r, aisle_watched *out, aisle_error *err);
aisle_status aisle_registry_watch(const aisle_registry *r, const aisle_watched *w, aisle_error *err);
/* Removes the oldest versions until `most` are left: of those that never served, are not pinned, not the newest, and not
 * among `spared`; also when more than `most` remain. Returns how many went. Waits for others' changes, as long as AISLE_REGISTRY_LONG_MS. */
int32_t aisle_registry_trim(aisle_registry *r, int32_t most, const int64_t *spared, int32_t n_spared);
/* The file that stands beside a version with this ending: ".report"; ".aisle" is the model itself. */
void aisle_registry_path(const aisle_registry *r, int64_t version, const char *ending, char path[4096]);

/* That version, opened and checked, with a reference of the caller's; serves nothing. Not on a loop. AISLE_ENOTFOUND. */
aisle_status aisle_registry_get(const aisle_registry *r, int64_t version, aisle_model **out,
                                aisle_error *err);
/* Rises when aisle_registry_each has replaced a file: whoever holds a model of an older count opens it anew. */
int64_t aisle_registry_rewrites(aisle_registry *r);

/* Calls fn for every version on disk, newest first, while no other change can happen; when it says that it has replaced
 * the file of the serving version, that is opened anew and swapped in. fn's failure ends the walk. Not on a loop. */
aisle_status aisle_registry_each(aisle_registry *r,
                                 aisle_status (*fn)(void *ctx, int64_t version, const char *path,
                                                    bool *changed, aisle_error *err),
                                 void *ctx, aisle_error *err);

typedef struct aisle_model_entry {
    int64_t version, bytes, created_ms;
    bool current;
    const char *meta;  /* JSON text, or NULL when the file does not open */
    const char *fault; /* why not, or NULL */
} aisle_model_entry;
/* Newest first. Opens and checks every file: seconds for large ones, so not on a loop. */
aisle_status aisle_registry_list(aisle_registry *r, aisle_arena *a, aisle_model_entry **out, int32_t *n,
                                 aisle_error *err);

#endif
