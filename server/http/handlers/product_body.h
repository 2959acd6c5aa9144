/* A product as the body of a request describes it: whole (PUT, bulk) or in part (PATCH, RFC 7396). */
#ifndef AISLE_SERVER_PRODUCT_BODY_H
#define AISLE_SERVER_PRODUCT_BODY_H

#include "server/http/handlers/handlers.h"

enum {
    AISLE_BODY_TITLE = 1,
    AISLE_BODY_DESCRIPTION = 2,
    AISLE_BODY_BRAND = 4,
    AISLE_BODY_CATEGORY = 8,
    AISLE_BODY_PRICE = 16,
    AISLE_BODY_CURRENCY = 32,
    AISLE_BODY_STOCK = 64,
    AISLE_BODY_ATTRIBUTES = 128,
    AISLE_BODY_IMAGES = 256,
    AISLE_BODY_HIDDEN = 512,
    AISLE_BODY_CREATED = 1024
};

typedef struct aisle_product_body {
    aisle_product
        product;    /* what is not given is unknown, visible, of no id; texts live as long as the request */
    unsigned given; /* the members that are there, those that are null too */
    json_t *attributes;  /* of a PATCH: to be merged into those that are stored; borrowed; NULL = none */
    int64_t stock_delta; /* of a PATCH, 0 = none */
    int64_t version;     /* that is expected to be stored, -1 = any */
} aisle_product_body;

/* Checks types, lengths, ranges, ISO 4217, URLs and attributes; every wrong member is one error of the request.
 * AISLE_EINVAL, AISLE_ENOMEM. */
aisle_status aisle_product_body_read(aisle_json_scope *s, bool in_part, aisle_product_body *out);
/* A PATCH on top of what is stored: *stored becomes the record to be written. No request is touched: it may run on the
 * writer's thread. AISLE_EINVAL when the attributes become too many, AISLE_ECONFLICT when the stock would fall below 0. */
aisle_status aisle_product_body_merge(const aisle_product_body *b, aisle_arena *a, aisle_product *stored,
                                      aisle_error *err);

/* currency.c: an active or fund code of ISO 4217. */
bool aisle_is_currency(aisle_str code);

#endif
