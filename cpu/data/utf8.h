/* Checking and repairing UTF-8. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_UTF8_H
#define AISLE_CPU_DATA_UTF8_H

#include <stdbool.h>

#include "aisle/str.h"

bool utf8_valid(aisle_str s);
/* Appends s to out with every invalid byte sequence replaced by U+FFFD. false: out of memory. */
bool utf8_repair(aisle_str s, aisle_buf *out);
/* Appends one code point; what is no Unicode scalar value becomes U+FFFD. */
bool utf8_append(aisle_buf *out, int64_t code_point);

#endif
