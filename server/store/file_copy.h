/* Copies of files that can be checked later: written whole, synced, with a digest. */
#ifndef AISLE_SERVER_FILE_COPY_H
#define AISLE_SERVER_FILE_COPY_H

#include <stdint.h>

#include "aisle/status.h"

typedef struct aisle_file_sum {
    int64_t bytes;
    char hex[65]; /* BLAKE2b-256 */
} aisle_file_sum;

/* Regular files only. */
aisle_status aisle_file_sum_of(const char *path, aisle_file_sum *out, aisle_error *err);
/* `to` must not exist; a copy that fails is removed. out: of what was read. */
aisle_status aisle_file_copy(const char *from, const char *to, aisle_file_sum *out, aisle_error *err);
/* What a crash must not undo: a file, or the names in a folder. */
aisle_status aisle_path_sync(const char *path, aisle_error *err);

#endif
