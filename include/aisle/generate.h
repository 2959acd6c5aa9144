/* A seeded, realistic shop: catalogue, people and what they did, streamed to a sink; or only its interaction
 * matrix. */
#ifndef AISLE_GENERATE_H
#define AISLE_GENERATE_H

#include <stdint.h>

#include "aisle/progress.h"
#include "aisle/shop.h"

typedef struct aisle_generate_params {
    int32_t users, items; /* 1 .. 10 M and 1 .. 1 M */
    int64_t events;       /* about so many (exact in the matrix); up to 1 B */
    uint64_t seed;
    int64_t start_ms;     /* first day; 0 = 2025-01-01 */
    int32_t days;         /* 0 = 365 */
    const char *currency; /* three capital letters of one with two decimals; NULL = "EUR" */
    const aisle_progress *progress;
} aisle_generate_params;

/* AISLE_EINVAL names the parameter, the value and the range. */
aisle_status aisle_generate_check(const aisle_generate_params *p, aisle_error *err);

/* Products first, then users, then events user by user in time order within a user. The same parameters give
 * the same bytes on every machine. Memory O(items + categories), not O(users or events). */
aisle_status aisle_generate(const aisle_generate_params *p, const aisle_sink *sink, aisle_error *err);

/* The same shop as files in an existing or new folder: products.csv, users.csv, events.csv (import preset
 * "generated"). */
aisle_status aisle_generate_files(const aisle_generate_params *p, const char *folder, aisle_error *err);

/* Only the users x items matrix, written straight as a binary CSR file (matrix_file.h, without values) of
 * exactly p->events distinct pairs with the shop's popularity and taste law (interests, styles, Zipf; not
 * brands and prices, which only shape the event stream). Streams; memory O(items). AISLE_EINVAL when events >
 * users * items. */
aisle_status aisle_generate_matrix(const aisle_generate_params *p, const char *path, aisle_error *err);

#endif
