/* The words and facts the shop is made of: kinds of goods, the category tree, parts of brand names. Tables
 * only. */
#ifndef AISLE_GENERATE_WORDS_H
#define AISLE_GENERATE_WORDS_H

#include <stdint.h>

enum { GEN_STYLES = 4 }; /* each kind has four styles; people lean to one, titles show it */

/* How goods of one kind are described. Lists are "a|b|c". */
typedef struct gen_kind {
    const char *style_name[GEN_STYLES];
    const char *adjective[GEN_STYLES];
    const char *material;
    const char *variant;      /* colours or sizes */
    const char *variant_name; /* its name in the attributes */
    const char *several;      /* what a plural noun is counted by: "pair of" */
    /* sentences; {brand} {line} {adjective} {material} {noun} {variant} are filled in */
    const char *opening[6], *detail[6], *closing[6];
} gen_kind;

/* A leaf of the category tree. */
typedef struct gen_leaf {
    const char *path; /* root first */
    uint8_t kind;
    const char *noun;
    int32_t price_minor;   /* median */
    uint8_t weight;        /* share of the catalogue and of all interest */
    int16_t peak_day;      /* of the year, 0 = no season */
    int8_t women;          /* -100 bought by men .. 100 bought by women */
    uint8_t age;           /* the age band that likes it best, 0 .. 5; 9 = all alike */
    const char *accessory; /* paths of leaves that baskets add to it, "a|b", or "" */
} gen_leaf;

enum { GEN_KINDS = 11, GEN_LEAVES = 65 };
extern const gen_kind gen_kinds[GEN_KINDS];
extern const gen_leaf gen_leaves[GEN_LEAVES];

extern const char gen_line_names[]; /* "a|b|c": product lines */
extern const char gen_brand_heads[], gen_brand_tails[];

#endif
