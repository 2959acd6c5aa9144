/* Strict JSON in, and typed members of a request's body with errors that point at them. jansson stops here
 * and at the handlers that build answers with it. */
#ifndef AISLE_SERVER_JSON_H
#define AISLE_SERVER_JSON_H

#include "aisle/json_size.h"
#include "server/http/http.h"

/* How answers are written: nine digits carry a float exactly, and nobody wants to read 2.9890349999999999. */
#define AISLE_JSON_STYLE (JSON_COMPACT | JSON_REAL_PRECISION(9))

/* A body of 2 MiB could be 700,000 empty objects: 170 MB once parsed. */
enum { AISLE_JSON_VALUES = 32768 };

/* Sends jansson's allocations through aisle_alloc and seeds its hash. Once, before threads; again is a no-op.
 */
void aisle_json_setup(void);

/* One array or object and nothing behind it. AISLE_EFORMAT names line, column and reason: syntax, depth over
 * 32, more than 32,768 values, duplicate member, NUL, lone surrogate, a number out of range, invalid UTF-8.
 * AISLE_ENOMEM. *out is the caller's reference, NULL on failure. */
aisle_status aisle_json_parse(aisle_str text, json_t **out, aisle_error *err);
/* At least the number of values that parsing would make, found without making any: for texts of many parts
 * whose sum must stay below AISLE_JSON_VALUES. */
int64_t aisle_json_count(aisle_str text);

/* An object of the body and where it stands in it. The readers below fill *out only when they return
 * AISLE_OK; else they have called aisle_request_invalid with "<pointer>/<name>" and return AISLE_EINVAL. All
 * of them may be called before looking at `failed`, so that one answer lists every error of the body. A
 * member that is null counts as absent. */
typedef struct aisle_json_scope {
    aisle_request *r;
    json_t *object;    /* borrowed */
    char pointer[128]; /* JSON pointer of the object, "" = the whole body */
    bool failed;       /* some reader has failed */
} aisle_json_scope;

/* "<pointer>/<name>" with ~ and / escaped (RFC 6901, 3); cut short when it does not fit: it is for people. */
void aisle_json_point(const char *pointer, const char *name, char *out, size_t bytes);

/* The body as an object; parses it at first. */
aisle_status aisle_json_body(aisle_request *r, aisle_json_scope *s);
/* Element i of an array that is the member `name` of `parent`: must be an object. */
aisle_status aisle_json_element(aisle_json_scope *parent, const char *name, size_t i, aisle_json_scope *s);
/* The member `name` of `parent` that is an object itself; absent: AISLE_OK and s->object NULL. */
aisle_status aisle_json_child(aisle_json_scope *parent, const char *name, aisle_json_scope *s);

/* Codes: "unknown_member", "required", "wrong_type", "out_of_range", "too_long", "too_short", "too_many". */
aisle_status aisle_json_only(aisle_json_scope *s, const char *const *names); /* NULL-terminated */
aisle_status aisle_json_required(aisle_json_scope *s, const char *name);

typedef struct aisle_int_range {
    int64_t low, high,
        absent; /* absent: the value of *out when the member is not there; need not be in range */
} aisle_int_range;
typedef struct aisle_real_range {
    double low, high, absent;
} aisle_real_range;

aisle_status aisle_json_int(aisle_json_scope *s, const char *name, aisle_int_range range, int64_t *out);
aisle_status aisle_json_real(aisle_json_scope *s, const char *name, aisle_real_range range, double *out);
aisle_status aisle_json_bool(aisle_json_scope *s, const char *name, bool absent, bool *out);
/* A string of low..high bytes; absent: {NULL, 0}. The view lives as long as the request. */
aisle_status aisle_json_text(aisle_json_scope *s, const char *name, int64_t low, int64_t high,
                             aisle_str *out);
/* An array of at most `most` elements, of any kind; absent: *out NULL. Borrowed. */
aisle_status aisle_json_array(aisle_json_scope *s, const char *name, int64_t most, json_t **out);
/* An array of at most `most` strings of 1..255 bytes (ids). *out is in the request's arena, *n 0 when absent.
 */
aisle_status aisle_json_ids(aisle_json_scope *s, const char *name, int64_t most, aisle_str **out, int64_t *n);

/* The same for query parameters; the pointer of an error is "?name". */
aisle_status aisle_request_query_int(aisle_request *r, const char *name, aisle_int_range range, int64_t *out);
aisle_status aisle_request_query_bool(aisle_request *r, const char *name, bool absent,
                                      bool *out); /* true, false */

#endif
