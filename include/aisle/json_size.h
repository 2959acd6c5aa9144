/* How large JSON text is, counted without parsing it: parsers go one call deeper with each level. */
#ifndef AISLE_JSON_SIZE_H
#define AISLE_JSON_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/str.h"

/* Of requests' bodies, and of products' attributes however they come. */
enum { AISLE_JSON_DEPTH = 32 };

typedef struct aisle_json_size {
    int64_t values; /* at least as many as parsing would make */
    int32_t depth;
} aisle_json_size;

/* Brackets are counted outside strings; whether the text is JSON at all is a parser's to say. */
aisle_json_size aisle_json_measure(aisle_str text);

static inline bool aisle_json_is_deep(aisle_str text)
{
    return aisle_json_measure(text).depth > AISLE_JSON_DEPTH;
}

#endif
