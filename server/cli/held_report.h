/* What a training has measured on the people it held out, beside its model: VERSION.report. */
#ifndef AISLE_SERVER_HELD_REPORT_H
#define AISLE_SERVER_HELD_REPORT_H

#include "server/cli/held_people.h"
#include "server/jobs/registry.h"

/* Measures the model of that file, which is about to be the version, and the serving one if its training has held out the same
 * people; writes the report that jobs/gate.h reads. */
aisle_status aisle_held_report(const aisle_held *h, aisle_registry *registry, int64_t version,
                               const char *path, aisle_error *err);

#endif
