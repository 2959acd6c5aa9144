/* A borrowed view of bytes, and a growing byte buffer. Views are never stored past the call that received
 * them. */
#ifndef AISLE_STR_H
#define AISLE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "aisle/status.h"

/* ptr is not NUL-terminated; {NULL, 0} means "absent", {non-NULL, 0} means "empty". */
typedef struct aisle_str {
    const char *ptr;
    size_t len;
} aisle_str;

#define AISLE_STR(lit) ((aisle_str){(lit), sizeof(lit) - 1})

static inline aisle_str aisle_str_from(const char *s)
{
    return (aisle_str){s, s ? strlen(s) : 0};
}

static inline bool aisle_str_eq(aisle_str a, aisle_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool aisle_str_eq_nocase(aisle_str a, aisle_str b); /* ASCII only */
aisle_str aisle_str_trim(aisle_str s);              /* ASCII white space off both ends */

/* Strict numbers: the whole view must be one number; no sign for u64, no white space, no "inf"/"nan"/hex.
 * Locale-independent. Return false on anything else or overflow and leave *out alone. */
bool aisle_str_to_i64(aisle_str s, int64_t *out);
bool aisle_str_to_u64(aisle_str s, uint64_t *out);
bool aisle_str_to_f64(aisle_str s, double *out);
bool aisle_str_to_f32(aisle_str s, float *out); /* the nearest float */

/* aisle_time_parse reads RFC 3339 ("2026-11-24T08:00:00Z", offset or "Z" optional, 'T' or one space, fraction
 * optional) and "YYYY-MM-DD" as UTC milliseconds since 1970. aisle_time_format writes
 * "2026-11-24T08:00:00.000Z" (25 bytes with NUL). */
bool aisle_time_parse(aisle_str s, int64_t *out_ms);
void aisle_time_format(int64_t ms, char out[32]);
int64_t aisle_time_now_ms(void); /* wall clock, UTC */
int64_t aisle_time_monotonic_ns(void);

/* Growing buffer; data is NUL-terminated after every successful call (the NUL is not counted in len). */
typedef struct aisle_buf {
    char *data;
    int64_t len, cap;
} aisle_buf;

void aisle_buf_deinit(aisle_buf *b);
bool aisle_buf_append(aisle_buf *b, const void *p, size_t n); /* false: out of memory, b unchanged */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
bool aisle_buf_printf(aisle_buf *b, const char *fmt, ...);

#endif
