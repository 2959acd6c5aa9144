/* One decoder a compression, chosen by magic bytes and not by name: shops rename files. Concatenated gzip
 * members and zstd frames are one stream, as their tools write and read them. */
#include "cpu/data/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "aisle/memory.h"

enum { INPUT_BYTES = 128 * 1024 };

struct stream {
    char *path;
    int fd;
    int64_t size, consumed; /* consumed: read from the file and not waiting in input[] */
    aisle_status (*decode)(stream *s, char *to, int64_t cap, int64_t *n, aisle_error *err);
    unsigned char *input;
    size_t at, have; /* input[at .. have) waits */
    bool eof;
    bool open_frame; /* inside a gzip member or zstd frame */
    z_stream gz;
    bool gz_ready;
    ZSTD_DCtx *zst;
};

/* Refills input[] when it is empty; at == have afterwards means the file has ended. */
static aisle_status refill(stream *s, aisle_error *err)
{
    if (s->at < s->have || s->eof) return AISLE_OK;
    ssize_t n;
    do n = read(s->fd, s->input, INPUT_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0) return aisle_fail_errno(err, "read", s->path);
    s->at = 0;
    s->have = (size_t)n;
    s->eof = n == 0;
    return AISLE_OK;
}

static void consume(stream *s, size_t n)
{
    s->at += n;
    s->consumed += (int64_t)n;
}

static aisle_status decode_plain(stream *s, char *to, int64_t cap, int64_t *n, aisle_error *err)
{
    AISLE_TRY(refill(s, err));
    size_t take = s->have - s->at;
    if (take > (size_t)cap) take = (size_t)cap;
    if (take) memcpy(to, s->input + s->at, take);
    consume(s, take);
    *n = (int64_t)take;
    return AISLE_OK;
}

static aisle_status corrupt(const stream *s, const char *kind, const char *what, aisle_error *err)
{
    return aisle_fail(err, AISLE_EFORMAT, "%s: %s data is %s at byte %lld of %lld; fetch the file again",
                      s->path, kind, what, (long long)s->consumed, (long long)s->size);
}

static aisle_status decode_gz(stream *s, char *to, int64_t cap, int64_t *n, aisle_error *err)
{
    *n = 0;
    while (*n == 0) {
        AISLE_TRY(refill(s, err));
        if (s->at == s->have) return s->open_frame ? corrupt(s, "gzip", "cut off", err) : AISLE_OK;
        if (!s->open_frame && inflateReset(&s->gz) != Z_OK) return corrupt(s, "gzip", "unreadable", err);
        s->open_frame = true;
        s->gz.next_in = s->input + s->at;
        s->gz.avail_in = (uInt)(s->have - s->at);
        s->gz.next_out = (unsigned char *)to;
        s->gz.avail_out = (uInt)(cap < (1 << 30) ? cap : 1 << 30);
        uInt room = s->gz.avail_out;
        int rc = inflate(&s->gz, Z_NO_FLUSH);
        consume(s, s->have - s->at - s->gz.avail_in);
        *n = room - s->gz.avail_out;
        if (rc == Z_MEM_ERROR) return aisle_fail(err, AISLE_ENOMEM, "out of memory to unpack %s", s->path);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) return corrupt(s, "gzip", "corrupt", err);
        if (rc == Z_STREAM_END) s->open_frame = false;
    }
    return AISLE_OK;
}

static aisle_status decode_zst(stream *s, char *to, int64_t cap, int64_t *n, aisle_error *err)
{
    *n = 0;
    while (*n == 0) {
        AISLE_TRY(refill(s, err));
        bool drained = s->at == s->have;
        if (drained && !s->open_frame) return AISLE_OK;
        ZSTD_inBuffer in = {s->input, s->have, s->at};
        ZSTD_outBuffer out = {to, (size_t)cap, 0};
        size_t rc = ZSTD_decompressStream(s->zst, &out, &in);
        consume(s, in.pos - s->at);
        *n = (int64_t)out.pos;
        if (ZSTD_isError(rc)) return corrupt(s, "zstd", "corrupt", err);
        s->open_frame = rc != 0;
        if (drained && out.pos == 0) return corrupt(s, "zstd", "cut off", err);
    }
    return AISLE_OK;
}

static aisle_status choose_decoder(stream *s, aisle_error *err)
{
    static const unsigned char gz[] = {0x1f, 0x8b}, zst[] = {0x28, 0xb5, 0x2f, 0xfd};
    s->decode = decode_plain;
    AISLE_TRY(refill(s, err));
    if (s->have >= sizeof gz && memcmp(s->input, gz, sizeof gz) == 0) {
        const int largest_window_gzip_only = 15 + 16;
        if (inflateInit2(&s->gz, largest_window_gzip_only) != Z_OK)
            return aisle_fail(err, AISLE_ENOMEM, "out of memory to unpack %s", s->path);
        s->gz_ready = true;
        s->decode = decode_gz;
    } else if (s->have >= sizeof zst && memcmp(s->input, zst, sizeof zst) == 0) {
        s->zst = ZSTD_createDCtx();
        if (!s->zst) return aisle_fail(err, AISLE_ENOMEM, "out of memory to unpack %s", s->path);
        s->decode = decode_zst;
    }
    return AISLE_OK;
}

/* fd < 0: errno says why; it is the stream's from here on. */
static aisle_status open_descriptor(int fd, const char *path, bool any_kind, stream **out, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    struct stat info = {0};
    *out = NULL;
    if (fd < 0) return aisle_fail_errno(err, "open", path);
    stream *s = aisle_calloc(1, sizeof *s);
    if (!s) {
        close(fd);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory to open %s", path);
    }
    s->fd = fd;
    s->path = aisle_strdup(path);
    s->input = aisle_alloc(INPUT_BYTES);
    if (fstat(s->fd, &info))
        st = aisle_fail_errno(err, "stat", path);
    else if (!any_kind && !S_ISREG(info.st_mode))
        st = aisle_fail(err, AISLE_ECONFLICT, "%s: not a regular file; name a file", path);
    else if (!s->path || !s->input)
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory to open %s", path);
    if (st == AISLE_OK) {
        s->size = info.st_size;
        st = choose_decoder(s, err);
    }
    if (st != AISLE_OK) {
        stream_close(s);
        return st;
    }
    *out = s;
    return AISLE_OK;
}

aisle_status stream_open(const char *path, stream **out, aisle_error *err)
{
    /* O_NONBLOCK: opening a FIFO must not hang */
    return open_descriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), path, false, out, err);
}

aisle_status stream_open_stdin(stream **out, aisle_error *err)
{
    return open_descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), "standard input", true, out, err);
}

aisle_status stream_read(stream *s, char *to, int64_t cap, int64_t *n, aisle_error *err)
{
    return s->decode(s, to, cap, n, err);
}

void stream_tell(const stream *s, int64_t *done, int64_t *total)
{
    *done = s->consumed;
    *total = s->size;
}

const char *stream_path(const stream *s)
{
    return s->path;
}

void stream_close(stream *s)
{
    if (!s) return;
    if (s->fd >= 0) close(s->fd);
    if (s->gz_ready) inflateEnd(&s->gz);
    ZSTD_freeDCtx(s->zst);
    aisle_free(s->path);
    aisle_free(s->input);
    aisle_free(s);
}
