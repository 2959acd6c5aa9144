/* An import in progress, as store_import.c, import_catalogue.c and import_events.c share it. */
#ifndef AISLE_SERVER_STORE_IMPORT_H
#define AISLE_SERVER_STORE_IMPORT_H

#include "server/store/staging.h"

struct aisle_store_import {
    aisle_write write; /* first: the writer hands it back */
    aisle_store *store;
    aisle_store_import_params params;
    aisle_staging staging;
    uint8_t *keep; /* by event; NULL = all */
    int64_t done, known, below_core;
    bool ran;
};

/* One record is through: reports progress, and AISLE_ECANCELED when the import was interrupted. */
aisle_status aisle_store_import_step(aisle_store_import *i, aisle_error *err);
/* Every staged product and user. */
aisle_status aisle_store_import_catalogue(aisle_store_import *i, aisle_tx *tx, aisle_error *err);
/* Every staged event that is kept and not known. */
aisle_status aisle_store_import_events(aisle_store_import *i, aisle_tx *tx, aisle_error *err);

#endif
