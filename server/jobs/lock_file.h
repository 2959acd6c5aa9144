/* One process at a time, by a lock of the kernel's on a file: whoever is killed leaves no lock behind. Each take
 * is a holder of its own, threads of one process as well. */
#ifndef AISLE_SERVER_LOCK_FILE_H
#define AISLE_SERVER_LOCK_FILE_H

#include <stdint.h>

#include "aisle/status.h"

/* Makes and locks the file at path without waiting and writes this process's number into it; *fd is closed on
 * exec. AISLE_EBUSY: "PATH: process N is WHAT; ..."; AISLE_EIO, AISLE_EDENIED ... as open(2). *fd is written
 * only on success. */
aisle_status aisle_lock_file_take(const char *path, const char *what, int *fd, aisle_error *err);
/* Waits until then that whoever holds it lets go. */
aisle_status aisle_lock_file_wait(const char *path, const char *what, int64_t wait_ms, int *fd,
                                  aisle_error *err);
/* Removes the file and lets go; no-op for fd < 0. */
void aisle_lock_file_release(const char *path, int fd);

#endif
