/* Mapping whole files, and replacing a file by rename. */
#include "aisle/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/str.h"

aisle_status aisle_file_map_open(const char *path, aisle_mapping *out, int *keep, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    struct stat info;
    *out = (aisle_mapping){0};
    /* O_NONBLOCK: opening a FIFO must not hang */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return aisle_fail_errno(err, "open", path);
    if (fstat(fd, &info))
        st = aisle_fail_errno(err, "stat", path);
    else if (!S_ISREG(info.st_mode))
        st = aisle_fail(err, AISLE_ECONFLICT, "%s: not a regular file; name a file", path);
    else if (info.st_size > 0) {
        void *p = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            st = aisle_fail_errno(err, "map", path);
        else
            *out = (aisle_mapping){p, info.st_size};
    }
    if (st == AISLE_OK)
        *keep = fd;
    else
        close(fd);
    return st;
}

aisle_status aisle_file_map(const char *path, aisle_mapping *out, aisle_error *err)
{
    int fd;
    AISLE_TRY(aisle_file_map_open(path, out, &fd, err));
    close(fd);
    return AISLE_OK;
}

void aisle_file_unmap(aisle_mapping *m)
{
    if (m->data) munmap((void *)m->data, (size_t)m->size);
    *m = (aisle_mapping){0};
}

aisle_status aisle_replace_open(const char *path, aisle_replace *out, aisle_error *err)
{
    aisle_buf temp = {0};
    *out = (aisle_replace){0};
    char *copy = aisle_strdup(path);
    if (!copy || !aisle_buf_printf(&temp, "%s.tmp.%ld", path, (long)getpid())) {
        aisle_free(copy);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the name of %s", path);
    }
    FILE *f = fopen(temp.data, "wbe");
    if (!f) {
        aisle_status st = aisle_fail_errno(err, "create", temp.data);
        aisle_free(copy);
        aisle_buf_deinit(&temp);
        return st;
    }
    *out = (aisle_replace){f, copy, temp.data};
    return AISLE_OK;
}

static void release(aisle_replace *r)
{
    aisle_free(r->path);
    aisle_free(r->temp);
    *r = (aisle_replace){0};
}

void aisle_replace_abort(aisle_replace *r)
{
    if (r->stream) fclose(r->stream);
    if (r->temp) unlink(r->temp);
    release(r);
}

/* The rename is durable only once the folder itself is on disk. */
static aisle_status sync_folder(const char *path, aisle_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash ? aisle_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : aisle_strdup(".");
    if (!folder) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the folder of %s", path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    aisle_status st = AISLE_OK;
    if (fd < 0 || fsync(fd)) st = aisle_fail_errno(err, "sync folder", folder);
    if (fd >= 0) close(fd);
    aisle_free(folder);
    return st;
}

aisle_status aisle_file_rename(const char *from, const char *to, aisle_error *err)
{
    return rename(from, to) ? aisle_fail_errno(err, "replace", to) : sync_folder(to, err);
}

aisle_status aisle_replace_commit(aisle_replace *r, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    if (fflush(r->stream) || ferror(r->stream) || fsync(fileno(r->stream)))
        st = aisle_fail_errno(err, "write", r->path);
    if (fclose(r->stream) && st == AISLE_OK) st = aisle_fail_errno(err, "write", r->path);
    r->stream = NULL;
    if (st == AISLE_OK && rename(r->temp, r->path)) st = aisle_fail_errno(err, "replace", r->path);
    if (st == AISLE_OK)
        st = sync_folder(r->path, err);
    else
        unlink(r->temp);
    release(r);
    return st;
}

aisle_status aisle_folder_make(const char *path, aisle_error *err)
{
    struct stat info;
    if (mkdir(path, 0777) == 0) return AISLE_OK;
    if (errno != EEXIST) return aisle_fail_errno(err, "create folder", path);
    if (stat(path, &info)) return aisle_fail_errno(err, "stat", path);
    if (!S_ISDIR(info.st_mode))
        return aisle_fail(err, AISLE_ECONFLICT, "%s: exists and is not a folder", path);
    return AISLE_OK;
}
