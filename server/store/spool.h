/* A temporary file of records without a name: written once, then read from the start. Nothing of it is left
 * behind, however the process ends. */
#ifndef AISLE_SERVER_SPOOL_H
#define AISLE_SERVER_SPOOL_H

#include <stdbool.h>
#include <stdio.h>

#include "aisle/str.h"

typedef struct aisle_spool {
    FILE *stream;
    char *where; /* for messages */
} aisle_spool;

aisle_status aisle_spool_open(const char *folder, aisle_spool *out, aisle_error *err);
void aisle_spool_close(aisle_spool *s); /* no-op when not open */
aisle_status aisle_spool_put(aisle_spool *s, const void *bytes, size_t n, aisle_error *err);
aisle_status aisle_spool_put_text(aisle_spool *s, aisle_str text, aisle_error *err);
aisle_status aisle_spool_rewind(aisle_spool *s, aisle_error *err);
/* *end instead of bytes at the end of the file; a part of n bytes is AISLE_EIO. */
aisle_status aisle_spool_get(aisle_spool *s, void *bytes, size_t n, bool *end, aisle_error *err);
/* Appends to b; the text's place is given as offset since b may move. len SIZE_MAX = absent. */
aisle_status aisle_spool_get_text(aisle_spool *s, aisle_buf *b, size_t *offset, size_t *len,
                                  aisle_error *err);

#endif
