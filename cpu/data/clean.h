/* Turning the text of one cell into a clean value. Knows nothing of rows. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_CLEAN_H
#define AISLE_CPU_DATA_CLEAN_H

#include <stdbool.h>

#include "aisle/str.h"

/* Digits after the point of an ISO 4217 currency: 2 but for the few of 0 or 3. */
int currency_exponent(aisle_str currency);

/* A plain decimal ("12.5", "-3") in minor units, rounded half away from zero without passing through binary
 * fractions. false: no such number, or beyond 10^15 minor units. */
bool money_parse(aisle_str s, int exponent, int64_t *minor);

/* RFC 3339 (aisle_time_parse), or whole seconds or milliseconds since 1970, told apart by size. */
bool moment_parse(aisle_str s, int64_t *ms);

/* "17850.0" -> "17850"; anything else unchanged. */
aisle_str without_zero_fraction(aisle_str s);

/* Appends the strings of a Python list literal ("['a', \"b\"]") joined by `separator`; empty ones are left
 * out. *is_list false: s is no such list and nothing was appended. false: out of memory. */
bool python_list_join(aisle_str s, const char *separator, aisle_buf *out, bool *is_list);

#endif
