/* The shop's three kinds of record as they cross module borders: product, user, event. Not their storage. */
#ifndef AISLE_SHOP_H
#define AISLE_SHOP_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"
#include "aisle/str.h"

/* Values are pinned: they are stored in databases and model files. */
typedef enum aisle_event_type {
    AISLE_EVENT_VIEW = 0,
    AISLE_EVENT_CLICK = 1,
    AISLE_EVENT_ADD_TO_CART = 2,
    AISLE_EVENT_REMOVE_FROM_CART = 3,
    AISLE_EVENT_PURCHASE = 4,
    AISLE_EVENT_CANCEL = 5, /* undoes an earlier purchase of the same user and product, by quantity */
    AISLE_EVENT_RATING = 6, /* value = stars */
    AISLE_EVENT_REVIEW = 7, /* value = stars, or 0 when the review has none */
    AISLE_EVENT_LIKE = 8,
    AISLE_EVENT_DISLIKE = 9,
    AISLE_EVENT_IMPRESSION = 10
} aisle_event_type;
enum { AISLE_EVENT_TYPES = 11 };

/* Names as in JSON and CSV: "view", "click", "add_to_cart", ... ; NULL / false when unknown. */
const char *aisle_event_type_name(aisle_event_type t);
bool aisle_event_type_parse(aisle_str s, aisle_event_type *out);

/* All views are borrowed for the call that receives the record. {NULL,0} = unknown. Ids: 1-255 bytes of
 * UTF-8. */
typedef struct aisle_event {
    aisle_str event_id; /* the sender's id for de-duplication; absent: made from a hash of the record */
    aisle_str user;     /* account id; absent for a guest event */
    aisle_str session;  /* guest or browser session id; absent for imported account events */
    aisle_str item;
    aisle_str order;          /* invoice or basket id */
    aisle_str recommendation; /* recommendation_id that led to it */
    aisle_event_type type;
    int64_t at_ms;       /* UTC; 0 = unknown */
    double value;        /* stars, or quantity for purchase/cart/cancel (>= 0); 1 for the rest */
    int64_t price_minor; /* unit price in minor units; -1 = unknown */
    int32_t position;    /* rank on the page, 1-based; 0 = unknown */
} aisle_event;

/* Whether a product is shown in lists, search and recommendations. Keep: on writing, as it is (a new one is visible);
 * never of a product that was read. */
typedef enum aisle_visibility {
    AISLE_VISIBILITY_KEEP = 0,
    AISLE_VISIBLE = 1,
    AISLE_HIDDEN = 2
} aisle_visibility;

typedef struct aisle_product {
    aisle_str id, title, description, brand;
    aisle_str category;   /* path joined by " > ", root first */
    aisle_str currency;   /* ISO 4217; absent = unknown */
    aisle_str attributes; /* one JSON object, or absent */
    int64_t price_minor;  /* -1 = unknown */
    int64_t stock;        /* -1 = not tracked (always available) */
    int64_t created_ms;   /* 0 = unknown */
    aisle_str images;     /* one JSON array of {"url", "alt", "width", "height"}, or absent */
    aisle_visibility visibility;
    /* What its ratings come to; the store's alone: of no effect on writing. */
    int64_t rating_half_stars, rating_count; /* sum of half stars, 2 to 10 a rating */
} aisle_product;

typedef struct aisle_user {
    aisle_str id, age_band, gender, country; /* "25-34", "f", "GB": free text up to 64 bytes */
} aisle_user;

/* Where a stream of records goes. Each callback returns AISLE_OK to go on; anything else stops the stream
 * with that status. Callbacks run on the producer's thread, one at a time; a NULL callback drops that kind of
 * record. */
typedef struct aisle_sink {
    void *ctx;
    aisle_status (*product)(void *ctx, const aisle_product *p, aisle_error *err);
    aisle_status (*user)(void *ctx, const aisle_user *u, aisle_error *err);
    aisle_status (*event)(void *ctx, const aisle_event *e, aisle_error *err);
} aisle_sink;

#endif
