/* Reading once for both: the digest and the copy. */
#include "server/store/file_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/memory.h"

enum { BLOCK = 1 << 20 };

static aisle_status open_regular(const char *path, int *fd, aisle_error *err)
{
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for a writer */
    if (*fd < 0) return aisle_fail_errno(err, "open", path);
    if (fstat(*fd, &info) == 0 && S_ISREG(info.st_mode)) return AISLE_OK;
    close(*fd);
    return aisle_fail(err, AISLE_EFORMAT, "%s: not a regular file", path);
}

static aisle_status write_all(int fd, const unsigned char *p, size_t n, const char *path, aisle_error *err)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return aisle_fail_errno(err, "write", path);
        p += done;
        n -= (size_t)done;
    }
    return AISLE_OK;
}

/* to_fd -1: only the digest. */
static aisle_status pump(int from_fd, int to_fd, const char *const paths[2], aisle_file_sum *out,
                         aisle_error *err)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    aisle_status st = AISLE_OK;
    ssize_t n;
    unsigned char *block = aisle_alloc(BLOCK);
    if (!block) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a copy");
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    out->bytes = 0;
    while (st == AISLE_OK && (n = read(from_fd, block, BLOCK)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            st = aisle_fail_errno(err, "read", paths[0]);
            break;
        }
        crypto_generichash_update(&state, block, (size_t)n);
        out->bytes += n;
        if (to_fd >= 0) st = write_all(to_fd, block, (size_t)n, paths[1], err);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(out->hex, sizeof out->hex, hash, sizeof hash);
    aisle_free(block);
    return st;
}

aisle_status aisle_file_sum_of(const char *path, aisle_file_sum *out, aisle_error *err)
{
    int fd;
    AISLE_TRY(open_regular(path, &fd, err));
    aisle_status st = pump(fd, -1, (const char *const[2]){path, ""}, out, err);
    close(fd);
    return st;
}

aisle_status aisle_file_copy(const char *from, const char *to, aisle_file_sum *out, aisle_error *err)
{
    int from_fd;
    AISLE_TRY(open_regular(from, &from_fd, err));
    int to_fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (to_fd < 0) {
        close(from_fd);
        return aisle_fail_errno(err, "create", to);
    }
    aisle_status st = pump(from_fd, to_fd, (const char *const[2]){from, to}, out, err);
    if (st == AISLE_OK && fsync(to_fd)) st = aisle_fail_errno(err, "sync", to);
    if (close(to_fd) && st == AISLE_OK) st = aisle_fail_errno(err, "close", to);
    close(from_fd);
    if (st != AISLE_OK) unlink(to);
    return st;
}

aisle_status aisle_path_sync(const char *path, aisle_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return aisle_fail_errno(err, "open", path);
    int failed = fsync(fd);
    aisle_status st = failed ? aisle_fail_errno(err, "sync", path) : AISLE_OK;
    close(fd);
    return st;
}
