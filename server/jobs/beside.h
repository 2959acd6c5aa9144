/* The small JSON files that stand beside a version of the model and go with it: what was measured on people held out (".report",
 * gate.h), and loss and metric of each iteration (".curve", training_curve.h). Models of elsewhere have none. */
#ifndef AISLE_SERVER_BESIDE_H
#define AISLE_SERVER_BESIDE_H

#include <jansson.h>

#include "server/jobs/registry.h"

/* Made whole by rename. Borrows json; NULL: AISLE_ENOMEM. */
aisle_status aisle_beside_write(aisle_registry *r, int64_t version, const char *ending, const json_t *json,
                                aisle_error *err);
/* AISLE_OK also when there is none. Before a version is made: another one of its number may have left it. */
aisle_status aisle_beside_remove(const aisle_registry *r, int64_t version, const char *ending,
                                 aisle_error *err);
/* Its text in the arena; NULL: there is none, or it cannot be read, or it has more than 1 MiB. */
const char *aisle_beside_read(aisle_registry *r, int64_t version, const char *ending, aisle_arena *a);

#endif
