/* JSON text written piece by piece, for answers that are asked for by the thousand a second. The same bytes as jansson's with
 * AISLE_JSON_STYLE. Everything else is built as trees (json.h). */
#ifndef AISLE_SERVER_JSON_TEXT_H
#define AISLE_SERVER_JSON_TEXT_H

#include <jansson.h>
#include <string.h>

#include "aisle/str.h"

/* All append, and return false when memory is short: then b holds a part, and is good for nothing. */
static inline bool aisle_text_raw(aisle_buf *b, const char *json)
{
    return aisle_buf_append(b, json, strlen(json));
}
bool aisle_text_int(aisle_buf *b, int64_t value);
/* Nine digits: a float's value exactly. Finite. */
bool aisle_text_real(aisle_buf *b, double value);
/* Takes the reference; NULL counts as memory being short. */
bool aisle_text_tree(aisle_buf *b, json_t *tree);

#endif
