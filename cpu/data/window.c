/* The sliding window: rows are scanned in place, memory is bounded by the longest row allowed. */
#include "cpu/data/window.h"

#include "aisle/memory.h"

enum { SLACK = 256 * 1024 };

aisle_status window_open(window *w, const char *path, int64_t max_row, aisle_error *err)
{
    *w = (window){.cap = max_row + SLACK, .max_row = max_row, .line = 1};
    AISLE_TRY(stream_open(path, &w->in, err));
    w->data = aisle_alloc((size_t)w->cap + 1);
    if (!w->data) return aisle_fail(err, AISLE_ENOMEM, "out of memory to read %s", path);
    return window_fill(w, err);
}

void window_close(window *w)
{
    stream_close(w->in);
    aisle_free(w->data);
    *w = (window){0};
}

aisle_status window_fill(window *w, aisle_error *err)
{
    int64_t n = 0;
    if (w->begin > 0) {
        memmove(w->data, w->data + w->begin, (size_t)(w->end - w->begin));
        w->end -= w->begin;
        w->begin = 0;
    }
    while (!w->eof && w->end < w->cap) {
        AISLE_TRY(stream_read(w->in, w->data + w->end, w->cap - w->end, &n, err));
        w->eof = n == 0;
        w->end += n;
    }
    return AISLE_OK;
}

aisle_status window_skip_line(window *w, bool lone_cr, aisle_error *err)
{
    for (;;) {
        while (w->begin < w->end) {
            char c = w->data[w->begin++];
            if (c == '\r' && lone_cr) {
                if (w->begin == w->end && !w->eof) AISLE_TRY(window_fill(w, err));
                if (w->begin < w->end && w->data[w->begin] == '\n') w->begin++;
                c = '\n';
            }
            if (c == '\n') {
                w->line++;
                return AISLE_OK;
            }
        }
        if (w->eof) return AISLE_OK;
        AISLE_TRY(window_fill(w, err));
    }
}

aisle_status window_line(window *w, aisle_str *line, bool *too_long, bool *end, aisle_error *err)
{
    char *lf = memchr(w->data + w->begin, '\n', (size_t)(w->end - w->begin));
    if (!lf && !w->eof) {
        AISLE_TRY(window_fill(w, err));
        lf = memchr(w->data, '\n', (size_t)w->end);
    }
    *line = (aisle_str){w->data + w->begin, (size_t)((lf ? lf : w->data + w->end) - w->data - w->begin)};
    *end = !lf && line->len == 0;
    *too_long = (int64_t)line->len > w->max_row;
    if (*too_long || *end) return AISLE_OK;
    w->begin += (int64_t)line->len + (lf != NULL);
    w->line++;
    if (line->len && line->ptr[line->len - 1] == '\r') line->len--;
    return AISLE_OK;
}
