/* The columns behind catalogue_index.h, and what its files share. Private to server/catalogue. */
#ifndef AISLE_SERVER_CATALOGUE_COLUMNS_H
#define AISLE_SERVER_CATALOGUE_COLUMNS_H

#include <pthread.h>

#include "aisle/dataset.h"
#include "server/catalogue/catalogue_index.h"

enum {
    AISLE_TITLE_KEY = 64,        /* bytes of a title that count for the order */
    AISLE_CATEGORY_BYTES = 1024, /* of a path; a longer one, and levels beyond ... */
    AISLE_CATEGORY_LEVELS = 16,  /* ... these are cut off: every node holds its whole path */
    AISLE_ATTRIBUTE_BYTES =
        255, /* of a name, and of a value; longer ones are in no facet and pass no filter */
    AISLE_ATTRIBUTE_PAIRS = 100,  /* of one product */
    AISLE_PRICE_RANGES = 49,      /* 1-2-5 to 2^53 */
    AISLE_RATING_MIXED = 5,       /* ratings of ... */
    AISLE_RATING_MIXED_HALVES = 7 /* ... so many half stars mixed in for the order by rating */
};

/* Slots are numbers of `ids`; a removed product leaves its slot unused. All arrays by slot have room for `cap`. */
typedef struct aisle_columns {
    int64_t version;                   /* of the catalogue that is wholly in here */
    int64_t shape;                     /* aisle_catalogue_shape */
    int64_t moves;                     /* entries of orders that were moved by changes, for ever */
    int64_t puts;                      /* aisle_catalogue_puts */
    int32_t put[AISLE_CATALOGUE_PUTS]; /* put k stands at k % AISLE_CATALOGUE_PUTS */
    aisle_changes_from from;           /* changes up to here are in here */
    int64_t cap;
    uint64_t *shown, *in_stock;             /* bitmaps */
    int64_t *row, *price, *created, *stock; /* stock: -1 = not counted */
    int64_t *popular;                       /* times 2^20 */
    int32_t *rating_key;       /* millionths of the order's average in half stars; -1 = unrated */
    int32_t *category, *brand; /* -1 = none */
    uint8_t *rating;           /* whole half stars of the average, 0 = unrated */
    int32_t *rating_count;     /* at most INT32_MAX */
    uint8_t *price_range;      /* index of aisle_price_bounds; AISLE_PRICE_RANGES = unknown */
    uint32_t *title_at;        /* into titles */
    uint8_t *title_len;
    int32_t *pair_at, *n_pairs; /* into pairs_of */
    aisle_buf titles;
    int32_t *pairs_of; /* numbers of `pairs`, product by product */
    int64_t pairs_of_n, pairs_of_cap;
    int64_t waste; /* entries of titles and pairs_of, and slots, that nothing points at any more */
    aisle_idmap *ids, *categories, *brands, *names;
    aisle_idmap *pairs;       /* "name\0value" */
    int32_t *category_parent; /* smaller than the node; -1 = root */
    int64_t category_cap;
    int32_t *pair_name;  /* number of `names` */
    double *pair_number; /* the value where it reads as a number, else NaN */
    int64_t pair_cap, pair_number_cap;
    int32_t *slot_of_row; /* -1 = none */
    int64_t row_cap;
    int32_t *order[AISLE_ORDERS]; /* the shown slots */
    int32_t n_ordered;
} aisle_columns;

struct aisle_catalogue {
    aisle_store *store;
    pthread_rwlock_t lock;      /* guards now */
    pthread_mutex_t refreshing; /* guards view; one refresh at a time */
    aisle_view *view;
    aisle_columns *now;
    int behind; /* more has changed than a loop should take in; read and written atomically */
};

/* catalogue_rows.c */
aisle_columns *aisle_columns_new(void); /* NULL: out of memory */
void aisle_columns_free(aisle_columns *c);
/* Takes in one product; with `ordered` it is moved to its place in every order, else aisle_columns_sort must follow.
 * Nothing has changed on failure (AISLE_ENOMEM). */
aisle_status aisle_columns_put(aisle_columns *c, const aisle_product_facts *p, bool ordered,
                               aisle_error *err);
/* Lower limits of the price ranges, and the end of the last. */
extern const int64_t aisle_price_bounds[AISLE_PRICE_RANGES + 1];

/* catalogue_orders.c */
aisle_status aisle_columns_sort(aisle_columns *c, aisle_error *err); /* all orders, from nothing */
/* One order sorted into out[n_ordered]. */
aisle_status aisle_columns_sort_one(const aisle_columns *c, aisle_catalogue_order o, int32_t *out,
                                    aisle_error *err);
/* Out of an order of n_ordered slots, before its key changes; into one of n, after. */
void aisle_columns_take_out(aisle_columns *c, aisle_catalogue_order o, int32_t slot);
void aisle_columns_put_in(aisle_columns *c, aisle_catalogue_order o, int32_t slot, int32_t n);

/* A place in an order. */
typedef struct aisle_place {
    int64_t number; /* the key, when it is a number */
    aisle_str text; /* and when it is text */
    int64_t row;
} aisle_place;
aisle_place aisle_columns_place(const aisle_columns *c, aisle_catalogue_order o, int32_t slot);

/* catalogue_cursor.c */
enum { AISLE_CURSOR_TEXT = 256 };
char *aisle_cursor_encode(aisle_catalogue_order o, uint64_t tag, const aisle_place *p, aisle_arena *a);
/* p->text points into `text`. AISLE_EINVAL: not a cursor of this order and filter. */
aisle_status aisle_cursor_decode(aisle_str cursor, aisle_catalogue_order o, uint64_t tag, aisle_place *p,
                                 char text[AISLE_CURSOR_TEXT], aisle_error *err);

/* What each part of a filter passes; NULL = that part is not asked for. */
struct aisle_match_parts {
    const aisle_catalogue_filter *filter; /* a copy in the arena; its texts are the caller's */
    uint64_t *base;                       /* shown, in stock where asked for, and a candidate */
    uint64_t *category, *brand, *price, *rating, *attribute[AISLE_FILTER_ATTRIBUTES];
};

/* Into out[words]: what all parts but `own` pass; NULL = all parts. */
void aisle_match_without(const struct aisle_match_parts *p, const uint64_t *own, int64_t words,
                         uint64_t *out);

/* catalogue_pass.c: one pass over a column each, into bits[words], without a look at what is shown. The bits behind the last
 * slot are worth nothing. False: out of memory, in the arena. */
void aisle_pass_ids(const aisle_columns *c, const aisle_str *ids, int32_t n, uint64_t *bits);
/* below: a node passes all below it too. */
bool aisle_pass_categories(const aisle_columns *c, const aisle_str *nodes, int32_t n, bool below,
                           aisle_arena *a, uint64_t *bits);
bool aisle_pass_brands(const aisle_columns *c, const aisle_str *brands, int32_t n, aisle_arena *a,
                       uint64_t *bits);
void aisle_pass_range(const aisle_columns *c, const int64_t *column, int64_t low, int64_t high,
                      uint64_t *bits);
void aisle_pass_stock(const aisle_columns *c, int64_t least, uint64_t *bits);   /* or not counted */
void aisle_pass_ratings(const aisle_columns *c, int32_t least, uint64_t *bits); /* half stars */
void aisle_pass_rated(const aisle_columns *c, int64_t least, uint64_t *bits);   /* number of ratings */
/* wanted: a flag a pair; what has one that is set. */
void aisle_pass_pairs(const aisle_columns *c, const uint8_t *wanted, uint64_t *bits);

/* The number of "name\0value"; -1 when no product has it. */
int32_t aisle_columns_find_pair(const aisle_columns *c, aisle_str name, aisle_str value);

static inline bool aisle_bit(const uint64_t *bits, int32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static inline int64_t aisle_columns_words(const aisle_columns *c)
{
    return ((int64_t)aisle_idmap_count(c->ids) + 63) / 64;
}

#endif
