/* Where a page of products ended, as opaque text: sort, filter, sort key and id. Not secret, only checked. */
#ifndef AISLE_SERVER_CURSOR_H
#define AISLE_SERVER_CURSOR_H

#include "server/store/store.h"

enum { AISLE_CURSOR_KEY_MAX = 256 };
typedef struct aisle_cursor {
    uint64_t filter;                 /* aisle_cursor_filter of the list it belongs to */
    int64_t id;                      /* of the last product of the page */
    int64_t number;                  /* its sort key when that is a number */
    char text[AISLE_CURSOR_KEY_MAX]; /* and when it is text */
    size_t text_len;
} aisle_cursor;

/* A hash of what the filter lets through, whatever the sort, cursor and limit. */
uint64_t aisle_cursor_filter(const aisle_product_filter *f);
/* NULL when memory is short. */
char *aisle_cursor_encode(const aisle_cursor *c, aisle_product_sort sort, aisle_arena *a);
/* AISLE_EINVAL when it is not a cursor of this sort and filter. */
aisle_status aisle_cursor_decode(aisle_str text, aisle_product_sort sort, uint64_t filter, aisle_cursor *out,
                                 aisle_error *err);

#endif
