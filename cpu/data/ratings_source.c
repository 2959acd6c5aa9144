/* The text of a file of ratings, by blocks. A plain file is read in place, each block by the thread that wants it:
 * pread into a buffer that stays in the second-level cache keeps the pages of the file out of our memory, which
 * mapping it would not. Whatever must be unpacked, and standard input, is read into memory whole first. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cpu/data/ratings_impl.h"
#include "cpu/data/stream.h"
#include "cpu/kernels/kernels.h"

enum { AHEAD = 4096 }; /* read past a block for the end of its last line; longer ones cost a second read */

static aisle_status read_stream(stream *in, ratings_source *s, aisle_error *err)
{
    int64_t cap = 0, n = 1;
    while (n > 0) {
        int64_t need;
        if (aisle_size_add(s->size, 1 << 20, &need) || !aisle_grow((void **)&s->memory, &cap, need, 1))
            return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory at byte %lld of its text", s->path,
                              (long long)s->size);
        AISLE_TRY(stream_read(in, s->memory + s->size, cap - s->size, &n, err));
        s->size += n;
    }
    return AISLE_OK;
}

static bool is_packed(const unsigned char m[4])
{
    return (m[0] == 0x1f && m[1] == 0x8b) || (m[0] == 0x28 && m[1] == 0xb5 && m[2] == 0x2f && m[3] == 0xfd);
}

aisle_status ratings_open(const char *path, ratings_source *s, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    unsigned char magic[4] = {0};
    stream *in = NULL;
    bool standard = strcmp(path, "-") == 0;
    *s = (ratings_source){.path = standard ? "standard input" : path, .fd = -1};
    if (!standard) {
        /* O_NONBLOCK: opening a FIFO must not hang */
        s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (s->fd < 0) return aisle_fail_errno(err, "open", path);
        if (fstat(s->fd, &s->info))
            st = aisle_fail_errno(err, "stat", path);
        else if (!S_ISREG(s->info.st_mode))
            st = aisle_fail(err, AISLE_ECONFLICT,
                            "%s: not a regular file; name a file, or - for standard input", path);
        else if (pread(s->fd, magic, sizeof magic, 0) < 0)
            st = aisle_fail_errno(err, "read", path);
        s->size = s->info.st_size;
    }
    if (st == AISLE_OK && (standard || is_packed(magic))) {
        if (s->fd >= 0) close(s->fd);
        s->fd = -1;
        s->size = 0;
        st = standard ? stream_open_stdin(&in, err) : stream_open(path, &in, err);
        if (st == AISLE_OK) st = read_stream(in, s, err);
        stream_close(in);
    }
    if (st != AISLE_OK) ratings_close(s);
    return st;
}

void ratings_close(ratings_source *s)
{
    if (s->fd >= 0) close(s->fd);
    aisle_free(s->memory);
    *s = (ratings_source){.fd = -1};
}

static aisle_status changed(const ratings_source *s, aisle_error *err)
{
    return aisle_fail(err, AISLE_EFORMAT, "%s: changed while it was read; try again when it is whole",
                      s->path);
}

aisle_status ratings_unchanged(const ratings_source *s, aisle_error *err)
{
    struct stat now;
    if (s->fd < 0) return AISLE_OK;
    if (fstat(s->fd, &now)) return aisle_fail_errno(err, "stat", s->path);
    bool same = now.st_size == s->info.st_size && now.st_mtim.tv_sec == s->info.st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == s->info.st_mtim.tv_nsec;
    return same ? AISLE_OK : changed(s, err);
}

aisle_status ratings_bytes(const ratings_source *s, int64_t at, char *to, int64_t n, aisle_error *err)
{
    if (s->fd < 0) {
        if (n) memcpy(to, s->memory + at, (size_t)n);
        return AISLE_OK;
    }
    while (n > 0) {
        ssize_t got = pread(s->fd, to, (size_t)n, at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return aisle_fail_errno(err, "read", s->path);
        if (got == 0) return changed(s, err);
        to += got;
        at += got;
        n -= got;
    }
    return AISLE_OK;
}

int64_t ratings_line_number(const ratings_source *s, int64_t at)
{
    char piece[16384];
    int64_t line = 1;
    for (int64_t from = 0; from < at;) {
        int64_t n = at - from < (int64_t)sizeof piece ? at - from : (int64_t)sizeof piece;
        if (ratings_bytes(s, from, piece, n, NULL) != AISLE_OK) return 0;
        for (const char *p = piece; (p = memchr(p, '\n', (size_t)(piece + n - p))); p++) line++;
        from += n;
    }
    return line;
}

/* ---- blocks ---- */

bool ratings_block_init(ratings_block *b, const ratings_layout *l)
{
    int64_t n = (int64_t)l->block_bytes + RATINGS_LINE + 2; /* a byte before, a line end behind */
    size_t slack = AISLE_KERNEL_SLACK * sizeof(float);
    *b = (ratings_block){.room = aisle_alloc_aligned((size_t)n + RATINGS_PAD + slack),
                         .marks = aisle_array(n + AISLE_KERNEL_SLACK, sizeof *b->marks)};
    if (!b->room || !b->marks) return false;
    memset(b->room, 0, RATINGS_PAD);
    b->text = b->room + RATINGS_PAD;
    return true;
}

void ratings_block_deinit(ratings_block *b)
{
    aisle_free(b->room);
    aisle_free(b->marks);
    *b = (ratings_block){0};
}

int64_t ratings_blocks(const ratings_source *s, const ratings_layout *l)
{
    return (s->size - l->start + l->block_bytes - 1) / l->block_bytes;
}

/* Where in text[0 .. have) the first LF at or after `from` stands; have when there is none. */
static int64_t find_lf(const char *text, int64_t from, int64_t have)
{
    const char *lf = from < have ? memchr(text + from, '\n', (size_t)(have - from)) : NULL;
    return lf ? lf - text : have;
}

/* Bytes [0, have) of the text are there, its block's own ones end at `own`: finds the end of the line that begins
 * last in it, reading on as far as a line may reach. */
static aisle_status find_end(const ratings_source *s, ratings_block *b, int64_t own, int64_t have,
                             aisle_error *err)
{
    int64_t left = s->size - b->at, far = own + RATINGS_LINE < left ? own + RATINGS_LINE : left;
    int64_t lf = find_lf(b->text, own - 1, have);
    if (lf == have && have < far) {
        AISLE_TRY(ratings_bytes(s, b->at + have, b->text + have, far - have, err));
        lf = find_lf(b->text, have, far);
        have = far;
    }
    if (lf == have && have == left) b->text[lf] = '\n'; /* the file's last line has none */
    b->cut = lf == have && have < left;
    if (b->cut) {
        lf = own - 1;
        while (lf > b->begin && b->text[lf - 1] != '\n') lf--;
        b->end = (int32_t)lf;
    } else
        b->end = (int32_t)lf + 1;
    return AISLE_OK;
}

aisle_status ratings_load(const ratings_source *s, const ratings_layout *l, int64_t k, ratings_block *b,
                          aisle_error *err)
{
    int64_t from = l->start + k * l->block_bytes, left = s->size - from;
    int64_t before = k > 0, own = before + (left < l->block_bytes ? left : l->block_bytes);
    int64_t have = own + AHEAD < left + before ? own + AHEAD : left + before;
    b->at = from - before;
    b->begin = b->end = b->n_marks = 0;
    b->cut = false;
    AISLE_TRY(ratings_bytes(s, b->at, b->text, have, err));
    if (before) {
        int64_t lf = find_lf(b->text, 0, own - 1);
        b->begin = b->end = (int32_t)lf + 1;
        if (lf == own - 1) return AISLE_OK; /* all of it belongs to a line of the block before */
    }
    AISLE_TRY(find_end(s, b, own, have, err));
    b->n_marks =
        aisle_kernels_get()->marks(b->end - b->begin, b->text + b->begin, l->separator, '\n', b->marks);
    return AISLE_OK;
}
