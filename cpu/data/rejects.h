/* The rejects file: one TSV line for each row that was dropped or changed. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_REJECTS_H
#define AISLE_CPU_DATA_REJECTS_H

#include "aisle/file.h"
#include "aisle/reader.h"

/* Zeroed = no file wanted: every call is then a no-op. */
typedef struct rejects {
    aisle_replace file;
} rejects;

aisle_status rejects_open(rejects *r, const char *path, aisle_error *err);
/* reason may carry a detail ("unreadable:field-count"). Write errors are found by rejects_commit. */
void rejects_add(rejects *r, const char *path, const aisle_row *row, const char *action, const char *reason,
                 const char *detail);
aisle_status rejects_commit(rejects *r, aisle_error *err);
void rejects_abort(rejects *r); /* no-op after a commit */

#endif
