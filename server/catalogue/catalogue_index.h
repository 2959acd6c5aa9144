/* The catalogue in memory, for lists: which products pass a filter, how many of them have which category, brand, price,
 * rating or attribute, and in what order they come. Columns over slots; no texts but names, ids and sort keys: a page's
 * records are read from the store. One index for browsing, search and recommendations. */
#ifndef AISLE_SERVER_CATALOGUE_INDEX_H
#define AISLE_SERVER_CATALOGUE_INDEX_H

#include "aisle/model.h"
#include "server/store/store.h"

/* One a server; thread-safe. Open reads the whole catalogue (92,000 products: about half a second). */
typedef struct aisle_catalogue aisle_catalogue;
aisle_status aisle_catalogue_open(aisle_store *store, aisle_catalogue **out, aisle_error *err);
void aisle_catalogue_close(aisle_catalogue *c);

/* ---- using it: everything below stands between begin and end, on one thread ----
 * begin first takes in what `v` sees of changes, so that a write that was answered is in the next list. It spends about
 * 1 ms on that; a larger backlog (an import) is left to aisle_catalogue_refresh, and lists are a second old meanwhile.
 * Until end the index does not change and a writer waits: hold it for 2 ms at most, and never across another wait.
 * Fails when the store cannot be read; then there is nothing to end. */
aisle_status aisle_catalogue_begin(aisle_catalogue *c, aisle_view *v, aisle_error *err);
/* The same, but what another process has written may come a second later: asks the store nothing while nothing was written. */
aisle_status aisle_catalogue_begin_own(aisle_catalogue *c, aisle_view *v, aisle_error *err);
void aisle_catalogue_end(aisle_catalogue *c);
/* Takes in all that has changed, however much. Not on a loop: once a second, and after bulk writes. */
aisle_status aisle_catalogue_refresh(aisle_catalogue *c, aisle_error *err);
/* For the sort by popularity: the model's, once a model; NULL = none. Not on a loop. */
aisle_status aisle_catalogue_popularity(aisle_catalogue *c, const aisle_model *m, aisle_error *err);

/* A product stands in one slot, 0 <= slot < slots, as long as begin..end lasts. Bitmaps are of `words` words: bit slot % 64
 * of word slot / 64. */
int32_t aisle_catalogue_slots(const aisle_catalogue *c);
int64_t aisle_catalogue_words(const aisle_catalogue *c);
int64_t aisle_catalogue_version(const aisle_catalogue *c);            /* of totals.catalogue, at least */
int32_t aisle_catalogue_slot(const aisle_catalogue *c, aisle_str id); /* -1: no record */
int32_t aisle_catalogue_slot_of_row(const aisle_catalogue *c,
                                    int64_t row);                      /* of products.id; -1: no record */
aisle_str aisle_catalogue_id(const aisle_catalogue *c, int32_t slot);  /* borrowed until end */
bool aisle_catalogue_is_shown(const aisle_catalogue *c, int32_t slot); /* has a record and is not hidden */

const uint64_t *aisle_catalogue_in_stock(const aisle_catalogue *c); /* bitmap, borrowed until end */
/* What is compared of products. */
typedef struct aisle_traits {
    int64_t price, created_ms; /* minor units, -1 = unknown; 0 = unknown */
    int32_t category,
        brand; /* numbers of nodes and names, -1 = none; equal ones are the same while the index is held */
    int32_t
        rating; /* millionths of half stars: the average with 5 ratings of 3.5 stars mixed in, without ratings just those */
} aisle_traits;
aisle_traits aisle_catalogue_traits(const aisle_catalogue *c, int32_t slot);
aisle_str aisle_catalogue_category(const aisle_catalogue *c, int32_t slot); /* borrowed until end; absent */
aisle_str aisle_catalogue_brand(const aisle_catalogue *c, int32_t slot);    /* likewise */
/* For who keeps a bitmap from one begin to a later one: every product that is taken in is a put, puts so many there have been,
 * and the slots of the last AISLE_CATALOGUE_PUTS are known: of put n, puts - AISLE_CATALOGUE_PUTS <= n < puts. When the index
 * is read anew the number jumps by more than that. */
enum { AISLE_CATALOGUE_PUTS = 1024 };
int64_t aisle_catalogue_puts(const aisle_catalogue *c);
int32_t aisle_catalogue_put(const aisle_catalogue *c, int64_t n);

/* ---- filters ---- */
enum {
    AISLE_FILTER_BRANDS = 100,   /* at most so many values of each kind */
    AISLE_FILTER_ATTRIBUTES = 8, /* names */
    AISLE_FILTER_VALUES = 50     /* values of one name */
};
typedef struct aisle_attribute_filter {
    aisle_str name;
    const aisle_str *values; /* any of them */
    int32_t n_values;
} aisle_attribute_filter;
typedef struct aisle_catalogue_filter {
    aisle_str category;           /* this node and below it; absent = any */
    const aisle_str *brands;      /* any of them */
    int32_t n_brands;             /* 0 = any */
    int64_t price_min, price_max; /* minor units, -1 = no bound; a bound leaves unknown prices out */
    int32_t rating_min;           /* half stars, 1..10: the average is at least that; 0 = any */
    bool in_stock;
    const aisle_attribute_filter *attributes; /* all of them */
    int32_t n_attributes;
} aisle_catalogue_filter;
/* A filter without bounds: set its members from here. */
#define AISLE_CATALOGUE_ALL ((aisle_catalogue_filter){.price_min = -1, .price_max = -1})

/* What passes. Hidden products never do. */
typedef struct aisle_matches {
    uint64_t *bits; /* in the arena, until end */
    int64_t total;
    struct aisle_match_parts *parts; /* what each part of the filter passes, for facets */
} aisle_matches;
/* candidates: a bitmap that is narrowed (the hits of a search); NULL = every product. AISLE_ENOMEM. */
aisle_status aisle_catalogue_match(const aisle_catalogue *c, const aisle_catalogue_filter *f,
                                   const uint64_t *candidates, aisle_arena *a, aisle_matches *out,
                                   aisle_error *err);
/* About how many nanoseconds match, n_facets facets and a page take: above 2,000,000 it is not for a loop. */
int64_t aisle_catalogue_cost(const aisle_catalogue *c, const aisle_catalogue_filter *f, int32_t n_facets);

/* ---- facets: counts among the matches, the facet's own part of the filter left out ("disjunctive") ---- */
typedef enum aisle_facet_kind {
    AISLE_FACET_CATEGORY, /* children of the filter's node and of every node above it; without one, the roots */
    AISLE_FACET_BRAND,    /* most first, ties by name */
    AISLE_FACET_PRICE,    /* ranges 1-2-5 of minor units, and the least and greatest */
    AISLE_FACET_RATING,   /* averages of at least 4, 3, 2, 1 stars */
    AISLE_FACET_ATTRIBUTE /* most first, ties by value */
} aisle_facet_kind;
typedef struct aisle_facet_value {
    aisle_str value;   /* borrowed until end; absent for ranges */
    int64_t low, high; /* price: low <= price < high; rating: at least low half stars */
    int64_t count;
    bool selected; /* named by the filter: present even when none of it is left */
} aisle_facet_value;
typedef struct aisle_facet {
    aisle_facet_value *values; /* in the arena */
    int32_t n;
    int64_t least, greatest; /* price; -1 when no price is known */
} aisle_facet;
enum { AISLE_FACET_VALUES = 100 }; /* values of one facet, selected ones beside them */
/* attribute: the name, for AISLE_FACET_ATTRIBUTE. A name that no product has is a facet without values. */
aisle_status aisle_catalogue_facet(const aisle_catalogue *c, const aisle_matches *m, aisle_facet_kind kind,
                                   aisle_str attribute, aisle_arena *a, aisle_facet *out, aisle_error *err);

/* Rises when a product comes into or goes out of the lists, or into another category: what the tree shows. */
int64_t aisle_catalogue_shape(const aisle_catalogue *c);
/* The tree of categories with the number of shown products at and below each node; parents come before their children,
 * siblings by name. Nodes without products are left out. */
typedef struct aisle_category_node {
    aisle_str path; /* borrowed until end */
    int32_t parent; /* index into the list, -1 = root */
    int32_t depth;  /* 0 = root */
    int64_t count;
} aisle_category_node;
aisle_status aisle_catalogue_categories(const aisle_catalogue *c, aisle_arena *a, aisle_category_node **out,
                                        int32_t *n, aisle_error *err);

/* ---- pages, in any order ---- */
typedef enum aisle_catalogue_order {
    AISLE_ORDER_ID,
    AISLE_ORDER_PRICE,
    AISLE_ORDER_PRICE_DESC,
    AISLE_ORDER_NEWEST,
    AISLE_ORDER_TITLE,   /* letters of ASCII without case */
    AISLE_ORDER_RATING,  /* best first: the average with 5 ratings of 3.5 stars mixed in; unrated last */
    AISLE_ORDER_POPULAR  /* as the serving model counts; without a model by id */
} aisle_catalogue_order; /* what is unknown comes last; ties in order of storing */
enum { AISLE_ORDERS = AISLE_ORDER_POPULAR + 1, AISLE_PAGE_MAX = 100 };
typedef struct aisle_page {
    const aisle_matches *matches;
    aisle_catalogue_order order;
    uint64_t tag;     /* of the filter: a cursor of another one is refused; aisle_catalogue_tag */
    aisle_str cursor; /* opaque, `next` of the page before; absent = first page; AISLE_EINVAL when not ours */
    int32_t limit;    /* 1..AISLE_PAGE_MAX */
    /* out */
    int32_t slots[AISLE_PAGE_MAX]; /* the page; dead after end: take the ids before */
    int32_t n;
    aisle_str next; /* in the arena; absent on the last page */
} aisle_page;
/* Products that are added, removed or moved meanwhile neither repeat nor hide others. */
aisle_status aisle_catalogue_page(const aisle_catalogue *c, aisle_page *page, aisle_arena *a,
                                  aisle_error *err);
uint64_t aisle_catalogue_tag(const aisle_catalogue_filter *f);

#endif
