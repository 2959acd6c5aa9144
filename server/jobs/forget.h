/* Takes erased people out of the model files: every version, now and whenever a new one turns up that was trained on
 * older data. Answers do not wait for it (aisle_view_is_erased); files follow within seconds. */
#ifndef AISLE_SERVER_FORGET_H
#define AISLE_SERVER_FORGET_H

#include "server/jobs/registry.h"
#include "server/store/store.h"

typedef struct aisle_forgetter aisle_forgetter;
aisle_status aisle_forgetter_open(aisle_store *store, aisle_registry *registry, aisle_forgetter **out,
                                  aisle_error *err);
void aisle_forgetter_close(aisle_forgetter *f); /* NULL is a no-op */
/* Somebody was erased: the next run looks. Any thread. */
void aisle_forget_soon(aisle_forgetter *f);
/* What there is to do, if anything; once a second. Not on a loop: opens model files. One thread. */
aisle_status aisle_forget_run(aisle_forgetter *f, aisle_error *err);

#endif
