/* A window that slides over a stream, large enough for one row. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_WINDOW_H
#define AISLE_CPU_DATA_WINDOW_H

#include <stdbool.h>

#include "aisle/str.h"
#include "cpu/data/stream.h"

/* data[begin .. end) is what is at hand; data[end] is writable, for a scanner's sentinel. */
typedef struct window {
    stream *in;
    char *data;
    int64_t cap, begin, end, max_row;
    int64_t line; /* 1-based line of data[begin] */
    bool eof;     /* nothing follows data[end) */
} window;

aisle_status window_open(window *w, const char *path, int64_t max_row, aisle_error *err);
void window_close(window *w);

/* Moves what is left to the front and reads more behind it; views into data are void afterwards. Sets eof at
 * the end of the stream. There is room as long as at most max_row bytes are left. */
aisle_status window_fill(window *w, aisle_error *err);

/* Drops everything up to and with the next line end (LF, CRLF, or CR when `lone_cr`). */
aisle_status window_skip_line(window *w, bool lone_cr, aisle_error *err);

/* The next line without its LF or CRLF; *end when nothing is left; *too_long when it passes max_row: the view
 * is then its start and window_skip_line must come next. Counts lines. */
aisle_status window_line(window *w, aisle_str *line, bool *too_long, bool *end, aisle_error *err);

#endif
