/* What a model file holds beside, or instead of, its factors in f32, chosen when it is written. Two things, each by its own rule:
 *   a compact table of the items (compact.h): answers are found by 8-bit codes and stay what they are, always. Costs a
 *     quarter of the item factors in the file and in memory, and 1 to 2 us an item to make
 *   users in 16 bits: half of the users' part of the file. Answers from factors as trained are those of the rounded ones:
 *     not the same, so that it is measured how many of the best 20 stay */
#ifndef AISLE_QUANTIZE_H
#define AISLE_QUANTIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/compact.h"
#include "aisle/matrix.h"
#include "aisle/status.h"

typedef enum aisle_quantize_choice {
    /* A table from AISLE_QUANTIZE_ITEMS values of item factors on (below, a scan is as fast), but for hybrids, which need all
     * scores; users in 16 bits from AISLE_QUANTIZE_USERS values on, where AISLE_QUANTIZE_RECALL is kept */
    AISLE_QUANTIZE_AUTO,
    AISLE_QUANTIZE_F32, /* neither */
    AISLE_QUANTIZE_F16, /* users in 16 bits, whatever is kept; no table */
    AISLE_QUANTIZE_INT8 /* a table; users in 32 bits */
} aisle_quantize_choice;
enum { AISLE_QUANTIZE_ITEMS = 1 << 18, AISLE_QUANTIZE_USERS = 1 << 24, AISLE_QUANTIZE_SAMPLE = 1000 };
#define AISLE_QUANTIZE_RECALL .999

typedef struct aisle_quantized {
    aisle_compact table; /* n_tiles 0 = none */
    bool half_users;
    int32_t
        n_sample; /* users that were asked, evenly spread over those with a history; 0 = nothing was measured */
    double
        recall; /* of their 20 best unseen items by f32, the share that is among the 20 best by rounded users */
} aisle_quantized;

/* seen: users x items, left out. hybrid: the model holds one. AISLE_ENUMERIC for INT8 with a row that compact_init refuses, and
 * for F16 with a factor beyond 65504: AUTO does without. AISLE_ENOMEM. Runs on `threads` threads (0 = all); the same
 * for any number. Without factors nothing is made. *out is written only on success; aisle_quantized_deinit releases it. */
typedef struct aisle_quantize_input {
    const aisle_mat *users, *items;
    const aisle_csr *seen;
    bool hybrid;
    int32_t threads;
} aisle_quantize_input;
aisle_status aisle_quantize(const aisle_quantize_input *in, aisle_quantize_choice choice,
                            aisle_quantized *out, aisle_error *err);
void aisle_quantized_deinit(aisle_quantized *q); /* no-op on a zeroed one */

/* The same in a line for people, without a line feed; false where there is nothing to say. */
bool aisle_quantized_text(const aisle_quantized *q, char out[160]);

/* A model's meta with the member "quantize" that says what was made, or without it where nothing was: {"users": "f32" or "f16",
 * "table": bool, "error": the table's (aisle_compact_error), "sample", "recall@20"}. NULL: no memory, or meta is no JSON
 * object. aisle_free releases it. */
char *aisle_quantized_meta(const aisle_quantized *q, const char *meta);

#endif
