/* Bytes as base64url without padding (RFC 4648, section 5): for ids that travel in URLs and JSON. */
#ifndef AISLE_SERVER_TEXT64_H
#define AISLE_SERVER_TEXT64_H

#include <stdbool.h>
#include <stddef.h>

#include "aisle/str.h"

/* Bytes of the text of n bytes, with its NUL. */
#define AISLE_TEXT64_BYTES(n) (((n) / 3) * 4 + ((n) % 3 ? (n) % 3 + 1 : 0) + 1)
/* room: of text; at least AISLE_TEXT64_BYTES(n). */
void aisle_text64_write(const unsigned char *bytes, size_t n, char *text, size_t room);
/* False when it is not the text of at most `room` bytes, each in its one form. */
bool aisle_text64_read(aisle_str text, unsigned char *bytes, size_t room, size_t *n);

#endif
