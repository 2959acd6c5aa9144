/* Answers as they were given last, of one loop: the text and its ETag, while what they show has not changed. Most of what a
 * shop is asked for is a few products, over and over. */
#ifndef AISLE_SERVER_PRODUCT_CACHE_H
#define AISLE_SERVER_PRODUCT_CACHE_H

#include "server/store/store.h"

enum { AISLE_PRODUCT_TAG = 64 };

typedef struct aisle_cached_product {
    char *id, *text;
    size_t id_len, text_len;
    uint64_t hash;
    int64_t catalogue; /* the version of the catalogue up to which it is known to be right */
    int64_t changed;   /* of the product; of what else is kept: its own mark */
    char tag[AISLE_PRODUCT_TAG];
} aisle_cached_product;

/* One thread. Holds up to 4,096 products and 16 MiB. */
typedef struct aisle_product_cache aisle_product_cache;
aisle_product_cache *aisle_product_cache_new(void); /* NULL: out of memory */
void aisle_product_cache_free(aisle_product_cache *c);
/* Borrowed until the next put; NULL when it is not there. */
aisle_cached_product *aisle_product_cache_find(aisle_product_cache *c, aisle_str id);
/* Copies; without memory, or for a large text, nothing is kept. */
void aisle_product_cache_put(aisle_product_cache *c, const aisle_cached_product *p);

/* The strong ETag of a product's answer: its version, for If-Match, and a digest of the text. */
void aisle_product_tag(int64_t version, const char *text, size_t n, char tag[AISLE_PRODUCT_TAG]);

#endif
