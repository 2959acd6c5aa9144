/* What a question or a rule says of products, read from JSON. One object; all of its members must hold:
 *
 *   {"category": "Home > Kitchen",           at or below it; or a list, any of them
 *    "brand": ["Aba", "Beb"],                the same of brands, and of "id"
 *    "price_min": 500, "price_max": 2000,    minor units; an unknown price passes no bound
 *    "stock_min": 3,                         pieces; stock that is not counted passes
 *    "rating_min": 3.5,                      the average, in steps of half a star
 *    "rating_count_min": 10,
 *    "created_since": "2026-11-01T00:00:00Z",
 *    "attributes": {"colour": "red",         any value of it; or a list, any of them
 *                   "size": {"min": 40, "max": 44},   values that read as numbers
 *                   "fragile": {"exists": false}},
 *    "and": [...], "or": [...], "not": {...}}   of objects like this one
 *
 * {} passes everything. What is hidden or sold out never comes, whatever a filter says ("in_stock" is taken and means nothing).
 * At most AISLE_WHERE_DEPTH objects deep, and AISLE_FILTER_NODES conditions. */
#ifndef AISLE_SERVER_FILTER_H
#define AISLE_SERVER_FILTER_H

#include "aisle/memory.h"
#include "server/catalogue/catalogue_where.h"

enum { AISLE_FILTER_NODES = 64, AISLE_FILTER_TEXTS = 100 /* of one list */ };

typedef struct aisle_filter {
    const aisle_where *where; /* NULL = everything */
    /* Equal filters have equal keys, of any bytes; others that mean the same may differ. "" = everything; absent: asked once,
     * and not to be kept. */
    aisle_str key;
} aisle_filter;

typedef struct aisle_filter_fault {
    char pointer[256]; /* JSON pointer of what is wrong, below the one that was given */
    const char *code;  /* as of json.h */
    char text[96];
} aisle_filter_fault;

/* v: the object, borrowed; texts are copied into the arena. AISLE_EINVAL: *fault says where and why. AISLE_ENOMEM. */
aisle_status aisle_filter_parse(const struct json_t *v, const char *pointer, aisle_arena *a,
                                aisle_filter *out, aisle_filter_fault *fault);
/* One category and what is below it. False: out of memory. */
bool aisle_filter_category(aisle_str node, aisle_arena *a, aisle_filter *out);
/* What passes `one` and none of the n others. Trees are shared. False: out of memory. */
bool aisle_filter_without(const aisle_filter *one, const aisle_filter *others, int32_t n, aisle_arena *a,
                          aisle_filter *out);

#endif
