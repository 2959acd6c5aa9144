/* HTTP/1.1 on the wire as pure functions over bytes (RFC 9110, 9112): request head, chunked coding, target.
 * No sockets, no memory of their own, no policy (routes, limits of bodies and deadlines are elsewhere). */
#ifndef AISLE_SERVER_WIRE_H
#define AISLE_SERVER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/str.h"

enum {
    AISLE_TARGET_BYTES = 8192,                  /* a longer target is 414 */
    AISLE_FIELDS_BYTES = 16384,                 /* a longer header block is 431 */
    AISLE_FIELDS_MAX = 100,                     /* more fields are 431 */
    AISLE_LINE_BYTES = AISLE_TARGET_BYTES + 64, /* the request line: method and version take the 64 */
    AISLE_HEAD_BYTES = AISLE_LINE_BYTES + AISLE_FIELDS_BYTES,
    AISLE_SEGMENTS_MAX = 16, /* of a path; a deeper one matches no route */
    AISLE_QUERY_MAX = 128    /* pairs; more are 400 */
};

typedef struct aisle_field {
    aisle_str name, value; /* value without white space around it */
} aisle_field;

/* All views point into the bytes that were parsed. */
typedef struct aisle_head {
    aisle_str method, target;
    int32_t minor; /* HTTP/1.minor */
    aisle_field fields[AISLE_FIELDS_MAX];
    int32_t n_fields;
    aisle_str host;         /* as sent, checked: host with an optional port */
    int64_t content_length; /* -1 = no such field */
    bool chunked, keep_alive, expects_continue;
} aisle_head;

/* The outcome of a parser: an HTTP status to refuse with and the reason, or status 0. */
typedef struct aisle_refusal {
    int status;
    const char *why; /* static */
} aisle_refusal;

/* Looks for the end of a head (after its empty line) in the n bytes received so far. *scanned, 0 at first,
 * keeps the place between calls, so that a head that drips in costs one pass. Returns the head's length, 0
 * when more bytes are needed, or 0 with *bad set: bare LF, line too long, block too long. */
size_t aisle_head_end(const char *p, size_t n, size_t *scanned, aisle_refusal *bad);

/* Parses a whole head of n bytes, which ends with its empty line. The refusal's status is 0 for a good head;
 * out is unspecified otherwise. After a refusal the bytes that follow cannot be trusted: close. */
aisle_refusal aisle_head_parse(const char *p, size_t n, aisle_head *out);

/* True when the comma-separated list has the token, case-insensitively. */
bool aisle_list_has(aisle_str list, aisle_str token);

/* The chunked coding, decoded piece by piece. Zero-initialise. Extensions and trailers are checked, bounded
 * and dropped. */
typedef struct aisle_chunked {
    int32_t state;
    int32_t line, overhead; /* bytes of this size line; of all extensions and trailers */
    int64_t left;           /* bytes of this chunk still to come */
} aisle_chunked;

typedef enum aisle_chunk {
    AISLE_CHUNK_MORE, /* all n bytes were used and the body goes on */
    AISLE_CHUNK_DATA, /* *data is a piece of the body, a view into p */
    AISLE_CHUNK_END,  /* the body and its trailers are complete */
    AISLE_CHUNK_BAD   /* not chunked coding: refuse with 400 and close */
} aisle_chunk;

/* Consumes *used <= n bytes. Call again with the rest until it answers other than DATA. */
aisle_chunk aisle_chunked_next(aisle_chunked *c, const char *p, size_t n, size_t *used, aisle_str *data);

typedef struct aisle_pair {
    aisle_str key, value; /* decoded; a key without "=" has the empty value */
} aisle_pair;

/* A decoded origin-form target. The path is cut at its raw slashes, so that "%2F" stays inside a segment. */
typedef struct aisle_target {
    aisle_str path;
    aisle_str segments[AISLE_SEGMENTS_MAX];
    int32_t n_segments; /* -1 = too deep for any route */
    const aisle_pair *query;
    int32_t n_query;
} aisle_target;

/* Decodes percent escapes (and "+" as a space in the query) into the arena. Broken escapes, %00, a fragment
 * and what is not UTF-8 are refused with 400, lack of memory with 503. */
aisle_refusal aisle_target_parse(aisle_str raw, aisle_arena *arena, aisle_target *out);

bool aisle_is_token(aisle_str s);
/* Field value bytes: VCHAR, SP, HTAB and 0x80-0xff. */
bool aisle_is_field_value(aisle_str s);
/* True for localhost, 127.0.0.0/8 and [::1], each with an optional port. */
bool aisle_host_is_loopback(aisle_str host);

#endif
