/* What lists say of products, as JSON text, so that a recommended product costs a look-up and a copy, and no query. One for all
 * threads; every change of the catalogue that is committed when an answer begins is in it. Whole answers of single
 * products, with their ETag, are product_cache.h's. */
#ifndef AISLE_SERVER_PRODUCT_TEXTS_H
#define AISLE_SERVER_PRODUCT_TEXTS_H

#include "server/store/store.h"

/* Up to 32 MiB of texts; what is more takes the place of others. Any thread. */
typedef struct aisle_product_texts aisle_product_texts;
aisle_product_texts *aisle_product_texts_new(aisle_store *store); /* borrowed; NULL: out of memory */
void aisle_product_texts_free(aisle_product_texts *t);

/* Drops what has changed since. Once an answer, before its first product. Nanoseconds where nothing has. */
aisle_status aisle_product_texts_sync(aisle_product_texts *t, aisle_view *v, aisle_error *err);

typedef enum aisle_product_fate {
    AISLE_PRODUCT_SHOWN,
    AISLE_PRODUCT_NOT_SHOWN, /* hidden or sold out */
    AISLE_PRODUCT_ABSENT     /* no record: the text has the id, and null for the rest */
} aisle_product_fate;
/* Texts of n products, at most AISLE_PRODUCT_TEXTS_AT_ONCE. An absent product is kept only where the shop lists none (keep_absent):
 * ids of all kinds may be asked for. */
enum { AISLE_PRODUCT_TEXTS_AT_ONCE = 32 };
typedef struct aisle_product_texts_ask {
    const aisle_str *ids;
    int32_t n;
    unsigned fields;
    bool keep_absent;
} aisle_product_texts_ask;
/* The product's object without its closing brace, members as of aisle_answer_product; nothing where it is not shown. */
typedef struct aisle_product_text {
    aisle_str text; /* in the arena */
    aisle_product_fate fate;
} aisle_product_text;
/* Into out[n]. AISLE_ENOMEM, AISLE_EIO: then *out is not to be read. */
aisle_status aisle_product_texts_get(aisle_product_texts *t, aisle_view *v,
                                     const aisle_product_texts_ask *ask, aisle_arena *a,
                                     aisle_product_text *out, aisle_error *err);

#endif
