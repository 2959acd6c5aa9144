/* Decoding of HTML character references in text. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_ENTITIES_H
#define AISLE_CPU_DATA_ENTITIES_H

#include <stdbool.h>

#include "aisle/str.h"

/* Appends s to out with "&eacute;", "&#233;" and "&#xe9;" decoded; what is no reference (a bare "&", an
 * unknown name, no semicolon) stays. *changed tells whether any was. false: out of memory. */
bool entities_decode(aisle_str s, aisle_buf *out, bool *changed);

#endif
