/* What a models folder remembers beside the models: which versions have served, in their order, and which one is pinned; and which
 * one is watched (recommend/shadow.h). Two small text files, `marks` and `watched`, replaced whole; a folder without them has none. */
#ifndef AISLE_SERVER_MARKS_H
#define AISLE_SERVER_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"

enum { AISLE_SERVED_MAX = 100 }; /* older ones are forgotten */
typedef struct aisle_marks {
    int64_t pinned; /* 0 = none */
    int64_t served[AISLE_SERVED_MAX];
    int32_t n; /* the last one serves, or has served last */
} aisle_marks;

/* AISLE_EFORMAT: the file is not ours to read; AISLE_EIO. Not thread-safe: the registry calls both under its lock. */
aisle_status aisle_marks_read(const char *folder, aisle_marks *out, aisle_error *err);
aisle_status aisle_marks_write(const char *folder, const aisle_marks *m, aisle_error *err);
/* Appends, unless it is the last one already. */
void aisle_marks_serve(aisle_marks *m, int64_t version);
bool aisle_marks_has(const aisle_marks *m, int64_t version); /* served, or pinned */

/* version 0: none is watched. share: of the questions. */
typedef struct aisle_watched {
    int64_t version;
    double share;
} aisle_watched;
aisle_status aisle_watched_read(const char *folder, aisle_watched *out, aisle_error *err);
aisle_status aisle_watched_write(const char *folder, const aisle_watched *w, aisle_error *err);

#endif
