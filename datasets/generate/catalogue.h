/* The shop before anybody comes: catalogue, clusters of like goods, calendar. Built once, then read-only. */
#ifndef AISLE_GENERATE_CATALOGUE_H
#define AISLE_GENERATE_CATALOGUE_H

#include "aisle/generate.h"
#include "datasets/generate/numbers.h"
#include "datasets/generate/words.h"

enum { GEN_CLUSTERS = GEN_LEAVES * GEN_STYLES, GEN_BRANDS = 160, GEN_BRAND_BYTES = 16, GEN_AGES = 6 };
/* Streams of random numbers: one a thing, so that each can be made alone and in any order. */
enum {
    GEN_STREAM_SHOP,
    GEN_STREAM_ITEM,
    GEN_STREAM_TEXT,
    GEN_STREAM_PERSON,
    GEN_STREAM_VISITS,
    GEN_STREAM_ACTIVITY,
    GEN_STREAM_MATRIX
};

static inline uint64_t gen_stream(int kind, int64_t index)
{
    return (uint64_t)kind << 48 | (uint64_t)index;
}

typedef struct gen_item {
    int32_t price_minor;
    int32_t created_hour; /* from the first day; most are negative */
    int16_t price_level;  /* 1000 ln(price / median of the leaf) */
    uint8_t leaf, style, brand;
} gen_item;

typedef struct gen_brand {
    char name[GEN_BRAND_BYTES];
    double level; /* ln of its factor on prices */
} gen_brand;

/* Goods of one leaf and style, from most to least popular: the item of rank r within its leaf weighs 1 / (r +
 * 1)^s with s = .8 to 1 by leaf (Zipf). */
typedef struct gen_cluster {
    const gen_alias_slot *slots; /* slots[k].own is the k-th item */
    int32_t n;
} gen_cluster;

typedef struct gen_shop {
    aisle_generate_params p; /* defaults filled in */
    gen_item *item;          /* p.items */
    gen_alias_slot *slots;   /* p.items; the clusters point into it */
    gen_cluster cluster[GEN_CLUSTERS];
    int32_t n_leaves;
    uint8_t leaf[GEN_LEAVES]; /* the leaves in use: small catalogues have fewer */
    bool used[GEN_LEAVES];
    gen_brand brand[GEN_BRANDS];
    gen_alias_slot leaf_slots[GEN_LEAVES];             /* of n_leaves, by weight */
    gen_alias_slot taste[3][GEN_AGES + 1][GEN_LEAVES]; /* of n_leaves, by gender and age band */
    int8_t accessory[GEN_LEAVES][2];                   /* leaf, or -1 */
    uint32_t *day_end;                                 /* p.days: running share of visits, up to 2^32 - 1 */
    uint32_t hour_end[24];
} gen_shop;

aisle_status gen_shop_init(gen_shop *s, const aisle_generate_params *p, aisle_error *err);
void gen_shop_deinit(gen_shop *s); /* no-op on a zeroed struct */

/* The cluster of a leaf in use, or of its next style that has goods. */
const gen_cluster *gen_shop_cluster(const gen_shop *s, int32_t leaf, int32_t style);
/* The item that baskets with `item` tend to hold as well, which = 0 or 1; -1 = none. */
int32_t gen_shop_companion(const gen_shop *s, int32_t item, int32_t which);
/* How a leaf sells on a day, 0 < season <= 1. */
double gen_shop_season(int32_t leaf, int64_t at_ms);
/* Part of gen_shop_init: shares of the days and hours. */
aisle_status gen_calendar_init(gen_shop *s, aisle_error *err);
/* x in [0, 1) to a moment: busy days and hours get larger parts of [0, 1). Rises with x. */
int64_t gen_shop_moment(const gen_shop *s, double x);

/* "a|b|c" */
int32_t gen_words_count(const char *list);
aisle_str gen_words_at(const char *list, int32_t i);

/* Fills out and text buffers with the product of item i; views are borrowed from *text. */
typedef struct gen_text {
    char id[16], title[160], description[700], attributes[200];
} gen_text;
void gen_product(const gen_shop *s, int32_t i, gen_text *text, aisle_product *out);

#endif
