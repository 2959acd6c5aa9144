/* Who comes to the shop: demographics and hidden tastes. Made from the seed and the person's number alone. */
#ifndef AISLE_GENERATE_PERSON_H
#define AISLE_GENERATE_PERSON_H

#include "datasets/generate/catalogue.h"

enum { GEN_INTERESTS = 5 };

typedef struct gen_person {
    int32_t number;
    uint8_t gender; /* 0 women, 1 men, 2 other, 3 not told */
    uint8_t age;    /* band 0 .. 5, 6 not told */
    uint8_t country;
    uint8_t style; /* three choices of four fall on it */
    int32_t n_interests;
    uint8_t interest[GEN_INTERESTS];   /* leaves, the dearest first */
    uint32_t share_end[GEN_INTERESTS]; /* running shares of attention, the last 2^32 - 1 */
    double price_level;                /* liked ln(price / median of the leaf) */
} gen_person;

void gen_person_make(const gen_shop *s, int32_t number, gen_person *out);
/* Fills out and id (16 bytes, borrowed by out). */
void gen_person_record(const gen_person *p, char id[16], aisle_user *out);

/* A leaf the person may look for now: mostly an interest, one time in ten anything that people alike like. */
int32_t gen_person_leaf(const gen_shop *s, const gen_person *p, aisle_rng *r);
int32_t gen_person_style(const gen_person *p, aisle_rng *r);
/* How much the person loves an item, 0 .. 1: its style, its brand, its price. */
double gen_person_fit(const gen_shop *s, const gen_person *p, int32_t item);

/* The number of things person `number` does, when `left` are left for this and all later persons: log-normal
 * around an even share, so that few do much and the sum comes out close. */
int64_t gen_activity(const gen_shop *s, int32_t number, int64_t left);

#endif
