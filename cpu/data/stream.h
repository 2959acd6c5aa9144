/* The bytes of a file, decompressed on the way when it starts like .gz or .zst. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_STREAM_H
#define AISLE_CPU_DATA_STREAM_H

#include <stdint.h>

#include "aisle/status.h"

typedef struct stream stream;

/* path is copied. AISLE_ENOTFOUND, AISLE_ECONFLICT (not a regular file), AISLE_EIO ... */
aisle_status stream_open(const char *path, stream **out, aisle_error *err);
/* Standard input, whatever it is; the stream has a descriptor of its own. */
aisle_status stream_open_stdin(stream **out, aisle_error *err);
/* Reads up to cap > 0 bytes; *n == 0 is the end. Corrupt or truncated compression is AISLE_EFORMAT. */
aisle_status stream_read(stream *s, char *to, int64_t cap, int64_t *n, aisle_error *err);
/* Bytes of the file itself: consumed, and in all. */
void stream_tell(const stream *s, int64_t *done, int64_t *total);
const char *stream_path(const stream *s);
void stream_close(stream *s);

#endif
