/* What lists of products are asked by, and their facets as JSON: shared by browsing and search. */
#ifndef AISLE_SERVER_ASK_PRODUCTS_H
#define AISLE_SERVER_ASK_PRODUCTS_H

#include "server/http/handlers/handlers.h"

enum { AISLE_ASK_FACETS = 10 };

typedef struct aisle_products_ask {
    aisle_catalogue_filter filter;
    struct {
        aisle_facet_kind kind;
        aisle_str name;      /* as asked for: "brand", "attr.colour" */
        aisle_str attribute; /* "colour" */
    } facets[AISLE_ASK_FACETS];
    int32_t n_facets;
    aisle_str cursor; /* absent = first page */
    int32_t limit;
    unsigned fields;
    /* of the filter */
    aisle_str brands[AISLE_FILTER_BRANDS];
    aisle_attribute_filter attributes[AISLE_FILTER_ATTRIBUTES];
    aisle_str values[AISLE_FILTER_ATTRIBUTES][AISLE_FILTER_VALUES];
} aisle_products_ask;

/* Reads category, brand (repeated), price_min, price_max, rating_min, in_stock, attr.NAME (repeated), facets, fields,
 * cursor, limit. Every other parameter must be one of `others` (NULL-terminated), at most once, and is the caller's to
 * read. All errors are gathered: AISLE_EINVAL. *out is in the request's arena; its texts live as long as the request. */
aisle_status aisle_products_ask_parse(aisle_request *r, const char *const *others, aisle_products_ask **out);

/* {"brand": {"values": [{"value", "count", "selected"}]}, "price": {"min", "max", "ranges": [...]}, ...}; between begin and
 * end of the catalogue. *out is the caller's. */
aisle_status aisle_products_facets(const aisle_catalogue *c, const aisle_matches *m,
                                   const aisle_products_ask *ask, aisle_arena *a, json_t **out,
                                   aisle_error *err);
/* The records of ids, as JSON; those that are gone or hidden by now are left out. */
aisle_status aisle_products_encode(aisle_view *v, const aisle_str *ids, int32_t n, unsigned fields,
                                   aisle_arena *a, json_t **out, aisle_error *err);

#endif
