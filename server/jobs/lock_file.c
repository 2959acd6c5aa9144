/* flock(2) rather than a file's mere presence, which a killed holder would leave for ever. */
#include "server/jobs/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/str.h"

static aisle_status tell_holder(const char *path, const char *what, int fd, aisle_error *err)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof text, 0);
    aisle_str holder = aisle_str_trim((aisle_str){text, n > 0 ? (size_t)n : 0});
    return aisle_fail(err, AISLE_EBUSY, "%s: process %.*s is %s; wait for it or stop it", path,
                      (int)holder.len, holder.ptr, what);
}

/* A holder removes the file when it lets go: who has locked a file that is no longer there holds nothing. */
static bool is_at(int fd, const char *path)
{
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino;
}

aisle_status aisle_lock_file_take(const char *path, const char *what, int *fd, aisle_error *err)
{
    for (;;) {
        aisle_status st = AISLE_OK;
        int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (f < 0) return aisle_fail_errno(err, "open", path);
        if (flock(f, LOCK_EX | LOCK_NB))
            st = errno == EWOULDBLOCK ? tell_holder(path, what, f, err) : aisle_fail_errno(err, "lock", path);
        else if (is_at(f, path)) {
            if (ftruncate(f, 0) == 0 && dprintf(f, "%ld\n", (long)getpid()) > 0) {
                *fd = f;
                return AISLE_OK;
            }
            st = aisle_fail_errno(err, "write", path);
        }
        close(f);
        if (st != AISLE_OK) return st;
    }
}

/* Asked again and again: flock(2) itself would wait for ever for a holder that is stopped. */
aisle_status aisle_lock_file_wait(const char *path, const char *what, int64_t wait_ms, int *fd,
                                  aisle_error *err)
{
    const int64_t until_ns = aisle_time_monotonic_ns() + wait_ms * 1000000;
    aisle_status st;
    while ((st = aisle_lock_file_take(path, what, fd, err)) == AISLE_EBUSY &&
           aisle_time_monotonic_ns() < until_ns)
        usleep(10000);
    return st;
}

void aisle_lock_file_release(const char *path, int fd)
{
    if (fd < 0) return;
    unlink(path); /* before the lock is let go: after it the file may be another's */
    close(fd);
}
