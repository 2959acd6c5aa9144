/* The unnamed temporary file over stdio. */
#include "server/store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/memory.h"

enum { BUFFER_BYTES = 1 << 18 };

/* Some file systems know no O_TMPFILE: there the name goes right after the opening. */
static int open_unnamed(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
    aisle_buf name = {0};
    if (!aisle_buf_printf(&name, "%s/staging-XXXXXX", folder)) {
        errno = ENOMEM;
        return -1;
    }
    fd = mkostemp(name.data, O_CLOEXEC);
    if (fd >= 0) unlink(name.data);
    aisle_buf_deinit(&name);
    return fd;
}

aisle_status aisle_spool_open(const char *folder, aisle_spool *out, aisle_error *err)
{
    *out = (aisle_spool){0};
    int fd = open_unnamed(folder);
    if (fd < 0) return aisle_fail_errno(err, "create a staging file in", folder);
    out->stream = fdopen(fd, "w+b");
    out->where = aisle_strdup(folder);
    if (!out->stream) close(fd);
    if (out->stream && out->where) {
        setvbuf(out->stream, NULL, _IOFBF, BUFFER_BYTES);
        return AISLE_OK;
    }
    aisle_spool_close(out);
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for a staging file", folder);
}

void aisle_spool_close(aisle_spool *s)
{
    if (s->stream) fclose(s->stream);
    aisle_free(s->where);
    *s = (aisle_spool){0};
}

aisle_status aisle_spool_put(aisle_spool *s, const void *bytes, size_t n, aisle_error *err)
{
    if (n == 0 || fwrite_unlocked(bytes, n, 1, s->stream) == 1) return AISLE_OK;
    return aisle_fail_errno(err, "write a staging file in", s->where);
}

aisle_status aisle_spool_put_text(aisle_spool *s, aisle_str text, aisle_error *err)
{
    size_t len = text.ptr ? text.len : SIZE_MAX;
    AISLE_TRY(aisle_spool_put(s, &len, sizeof len, err));
    return text.ptr ? aisle_spool_put(s, text.ptr, text.len, err) : AISLE_OK;
}

aisle_status aisle_spool_rewind(aisle_spool *s, aisle_error *err)
{
    if (fflush(s->stream) == 0 && fseek(s->stream, 0, SEEK_SET) == 0) return AISLE_OK;
    return aisle_fail_errno(err, "write a staging file in", s->where);
}

aisle_status aisle_spool_get(aisle_spool *s, void *bytes, size_t n, bool *end, aisle_error *err)
{
    /* in brackets: glibc's macro of it warns under -Wconversion */
    size_t got = n ? (fread_unlocked)(bytes, 1, n, s->stream) : 0;
    *end = got == 0 && n > 0 && feof_unlocked(s->stream);
    if (got == n || *end) return AISLE_OK;
    if (ferror_unlocked(s->stream)) return aisle_fail_errno(err, "read a staging file in", s->where);
    return aisle_fail(err, AISLE_EIO, "%s: a staging file ends inside a record", s->where);
}

aisle_status aisle_spool_get_text(aisle_spool *s, aisle_buf *b, size_t *offset, size_t *len, aisle_error *err)
{
    bool end = false;
    *offset = (size_t)b->len;
    AISLE_TRY(aisle_spool_get(s, len, sizeof *len, &end, err));
    if (end) return aisle_fail(err, AISLE_EIO, "%s: a staging file ends inside a record", s->where);
    if (*len == SIZE_MAX) return AISLE_OK;
    if (*len > INT64_MAX / 2 || !aisle_grow((void **)&b->data, &b->cap, b->len + (int64_t)*len + 1, 1))
        return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for a staged text", s->where);
    AISLE_TRY(aisle_spool_get(s, b->data + b->len, *len, &end, err));
    if (end) return aisle_fail(err, AISLE_EIO, "%s: a staging file ends inside a record", s->where);
    b->len += (int64_t)*len;
    return AISLE_OK;
}
