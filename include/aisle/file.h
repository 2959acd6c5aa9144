/* Whole-file mapping and replace-by-rename writing. Not a general file library: streams use stdio or the
 * readers. */
#ifndef AISLE_FILE_H
#define AISLE_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "aisle/status.h"

/* A read-only private mapping of a regular file. size 0 gives data NULL. A directory, FIFO or device is
 * refused. */
typedef struct aisle_mapping {
    const unsigned char *data;
    int64_t size;
} aisle_mapping;

aisle_status aisle_file_map(const char *path, aisle_mapping *out, aisle_error *err);
/* The same, and *fd, the caller's to close: the file that is mapped, also when another has taken its name. */
aisle_status aisle_file_map_open(const char *path, aisle_mapping *out, int *fd, aisle_error *err);
void aisle_file_unmap(aisle_mapping *m);

/* Writes PATH.tmp.PID, then commit: flush, fsync, rename over PATH, fsync of the folder. abort (or a failed
 * commit) removes the temporary file; PATH is either wholly old or wholly new. Write to out->stream with
 * stdio.
 * A commit that fails in its last step, the fsync of the folder ("sync folder ..."), leaves PATH wholly new:
 * readers see the new file, but a power cut may bring the old one back. Tell it as a failure; writing the
 * file once more is the cure, and until then nothing may be deleted that only the old file needs. */
typedef struct aisle_replace {
    FILE *stream;
    char *path, *temp;
} aisle_replace;

aisle_status aisle_replace_open(const char *path, aisle_replace *out, aisle_error *err);
aisle_status aisle_replace_commit(aisle_replace *r, aisle_error *err);
void aisle_replace_abort(aisle_replace *r); /* no-op after commit */

/* Renames within one folder, over whatever file `to` is, and syncs the folder; a failure of that last step is told as above. */
aisle_status aisle_file_rename(const char *from, const char *to, aisle_error *err);

/* Creates one folder if missing (parents must exist); a non-folder in its place is AISLE_ECONFLICT. */
aisle_status aisle_folder_make(const char *path, aisle_error *err);

#endif
