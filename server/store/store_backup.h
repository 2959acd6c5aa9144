/* A consistent copy of a shop's database while it is written to, and the check of a copy. */
#ifndef AISLE_SERVER_STORE_BACKUP_H
#define AISLE_SERVER_STORE_BACKUP_H

#include "aisle/progress.h"
#include "server/store/store.h"

/* Copies FOLDER/aisle.db to the file `to`, which must not exist: one moment's state, however long it takes; writers are not
 * held up, but their log grows meanwhile. The copy is checked and synced. AISLE_ECANCELED; a copy that fails is removed.
 * *schema: its version. */
aisle_status aisle_store_backup(const char *folder, const char *to, const aisle_progress *progress,
                                int64_t *schema, aisle_error *err);
/* Reads every page and index: AISLE_EFORMAT tells the first fault, and what is no shop of ours, or one of a newer program,
 * is refused. */
aisle_status aisle_store_check(const char *path, int64_t *schema, aisle_error *err);

#endif
