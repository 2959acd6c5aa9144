/* Any condition on products, nested: which of the catalogue pass it, all at once or one by one. No JSON: recommend/filter.h
 * reads it from there. */
#ifndef AISLE_SERVER_CATALOGUE_WHERE_H
#define AISLE_SERVER_CATALOGUE_WHERE_H

#include "server/catalogue/catalogue_index.h"

struct json_t;

typedef enum aisle_where_kind {
    AISLE_WHERE_ALL,       /* every child; without children everything */
    AISLE_WHERE_ANY,       /* some child */
    AISLE_WHERE_NOT,       /* not the only child */
    AISLE_WHERE_ID,        /* one of the values */
    AISLE_WHERE_CATEGORY,  /* at or below one of the values */
    AISLE_WHERE_NODE,      /* at one of the values itself */
    AISLE_WHERE_BRAND,     /* one of the values */
    AISLE_WHERE_PRICE,     /* low..high minor units; an unknown price (-1) is below every one */
    AISLE_WHERE_STOCK,     /* at least low, or not counted */
    AISLE_WHERE_RATING,    /* an average of at least low half stars */
    AISLE_WHERE_RATED,     /* at least low ratings */
    AISLE_WHERE_CREATED,   /* at low or later, milliseconds; an unknown time (0) is before every one */
    AISLE_WHERE_ATTRIBUTE, /* the attribute `name` has one of the values */
    AISLE_WHERE_NUMBER,    /* the attribute `name` has a value that reads as a number, least..most */
    AISLE_WHERE_HAS        /* there is a value of the attribute `name` */
} aisle_where_kind;

/* A tree; nodes and texts are the maker's. Values of attributes are texts, numbers and truth values as one would ask for them in a
 * query ("42", "true"); of an array each element is a value. Deeper ones, and those beyond the limits of
 * catalogue_columns.h (255 bytes, 100 of a product), are not there. */
typedef struct aisle_where {
    aisle_where_kind kind;
    aisle_str name;
    const aisle_str *values;
    int32_t n_values;
    int64_t low, high;
    double least, most;
    const struct aisle_where *child, *next; /* the first of its children; the next child of its parent */
} aisle_where;
/* Text of a scalar, as it is asked for; false when it has none that fits: it is an array, object or null, empty or too long. */
enum { AISLE_ATTRIBUTE_TEXT = 255 };
bool aisle_attribute_text(const struct json_t *v, char out[AISLE_ATTRIBUTE_TEXT + 1], size_t *len);

enum { AISLE_WHERE_DEPTH = 8 }; /* levels of a tree, for which functions here call themselves */

/* Between begin and end of the catalogue. Into bits[aisle_catalogue_words]: the shown products that pass; NULL = no condition.
 * Scratch in the arena. About 1 ns a product and leaf, of attributes 5. AISLE_ENOMEM. */
aisle_status aisle_catalogue_where(const aisle_catalogue *c, const aisle_where *w, aisle_arena *a,
                                   uint64_t *bits, aisle_error *err);
/* For rows of products.id (-1 = none) whether their slots' bits are set, into out[(n + 63) / 64]. */
void aisle_catalogue_gather(const aisle_catalogue *c, const uint64_t *bits, const int32_t *rows, int32_t n,
                            uint64_t *out);
/* Whether the product in that slot passes, shown or not; -1 = one without a record, of which no leaf holds. */
bool aisle_catalogue_passes(const aisle_catalogue *c, const aisle_where *w, int32_t slot);

#endif
