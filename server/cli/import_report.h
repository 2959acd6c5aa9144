/* The report at the end of an import: what came, what was wrong with it, what was stored. */
#ifndef AISLE_SERVER_IMPORT_REPORT_H
#define AISLE_SERVER_IMPORT_REPORT_H

#include "aisle/import.h"

/* A table on stdout, or one JSON line {"event":"done",...}. Reasons that no row showed are left out of the
 * table.
 */
void aisle_import_report_print(const aisle_import_report *r, bool dry_run, bool json);

#endif
