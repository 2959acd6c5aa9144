/* In how many baskets products lie, alone and two together: counted basket by basket, exactly. Knows neither events nor models, but
 * rows of products and names of who bought.
 *
 * A basket can be taken away again (delta -1), also one that was never put in: counts fall below 0 then, so that they can be added
 * to other counts in which it is. Memory is bounded by the number of pairs, 52 bytes each: once there are so many, others are left
 * out and counted as such, and the counts of those that are there stay exact. */
#ifndef AISLE_SERVER_PAIR_COUNTS_H
#define AISLE_SERVER_PAIR_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct aisle_pair_counts aisle_pair_counts;           /* not thread-safe */
aisle_pair_counts *aisle_pair_counts_new(int32_t most_pairs); /* 1..2^24; NULL: out of memory */
void aisle_pair_counts_free(aisle_pair_counts *c);            /* NULL is fine */

/* Who bought: names by number, which are kept as hashes (with 2^-32 two are taken for one). [0] is the person; the others are what
 * else the same one was called before, and what is known of a pair under these names becomes the person's. */
typedef struct aisle_pair_owner {
    const uint32_t *name; /* [n], n >= 1 */
    int32_t n;
} aisle_pair_owner;
uint32_t aisle_pair_name(int64_t number);

/* n distinct rows (1..INT32_MAX - 1) make a basket of the owner's; delta 1 or -1. False: out of memory, and nothing is counted. */
bool aisle_pair_counts_add(aisle_pair_counts *c, const int32_t *rows, int32_t n, int32_t delta,
                           aisle_pair_owner owner);
/* Whether these can be added without taking time for room; and one that has it, with the same counts, for who must not wait for
 * that: some 150 ns a pair. NULL: out of memory. */
bool aisle_pair_counts_has_room(const aisle_pair_counts *c, const int32_t *rows, int32_t n);
aisle_pair_counts *aisle_pair_counts_grown(const aisle_pair_counts *c, const int32_t *rows, int32_t n);

int32_t aisle_pair_counts_baskets(const aisle_pair_counts *c);
int32_t aisle_pair_counts_of(const aisle_pair_counts *c, int32_t row); /* baskets with the product */
typedef struct aisle_pair_count {
    int32_t row, both; /* the other product, and baskets with both */
    bool several; /* more than one owner has put in more than they took away; seldom false where three or more
                        * came and went */
} aisle_pair_count;
/* both is 0 when the two were never counted. */
aisle_pair_count aisle_pair_counts_find(const aisle_pair_counts *c, int32_t row, int32_t other);
/* The pairs of the product that several owners have put in, if some took them away again: what was put in last comes first. *at is 0
 * before the first. False: there are no more. */
bool aisle_pair_counts_next(const aisle_pair_counts *c, int32_t row, int32_t *at, aisle_pair_count *out);
int32_t aisle_pair_counts_pairs(const aisle_pair_counts *c);
int64_t
aisle_pair_counts_left_out(const aisle_pair_counts *c); /* times that a pair was new and there was no room */

#endif
