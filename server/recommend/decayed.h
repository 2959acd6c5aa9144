/* How much was done with each product lately, by windows of an hour to a month: exponentially decayed counts. Knows neither
 * events nor products, but rows, weights and times.
 *
 * Of the events e of a product i, with weights w_e and times t_e, the count of window W at the time T is
 *     C_i(T) = sum w_e exp(-(T - t_e) / tau),   tau = W / 2.
 * With tau = W / 2 what counts is as old in the mean as in a window of length W with sharp edges, in which an event counts
 * wholly or not at all (the rule by which exponential smoothing takes the place of a moving average: R. G. Brown, "Smoothing,
 * Forecasting and Prediction of Discrete Time Series", 1963). A product has a count as long as its newest event is at most W old.
 *
 * Kept is C_i as of the product's newest event, the landmark of forward decay (Cormode, Shkapenyuk, Srivastava and Xu, "Forward
 * decay: a practical time decay model for streaming systems", ICDE 2009): time that goes by changes nothing that is kept, an
 * event costs one product, and events may come in any order. */
#ifndef AISLE_SERVER_DECAYED_H
#define AISLE_SERVER_DECAYED_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/scorer.h"
#include "aisle/str.h"

typedef struct aisle_window {
    const char *name; /* "1h", "6h", "24h", "3d", "7d", "30d" */
    int64_t ms;       /* W */
} aisle_window;
enum { AISLE_WINDOWS = 6 };
extern const aisle_window aisle_windows[AISLE_WINDOWS]; /* ascending */
int32_t aisle_window_find(aisle_str name);              /* -1: none has it */
/* Events older than that are not counted: they weigh e^-8 (.03 %) of a new one in the longest window. */
#define AISLE_DECAYED_MS (INT64_C(120) * 24 * 3600 * 1000)

/* 64 bytes a product with an event in that time, and 28 a row up to the highest. Not thread-safe. */
typedef struct aisle_decayed aisle_decayed;
aisle_decayed *aisle_decayed_new(void); /* NULL: out of memory */
void aisle_decayed_free(aisle_decayed *d);
int32_t aisle_decayed_count(const aisle_decayed *d); /* products */
/* Whether events of `more` products up to this row take no time for room; and one that has it, with the same counts, for who must
 * not wait for that: some 40 ns a row. NULL: out of memory. */
bool aisle_decayed_has_room(const aisle_decayed *d, int64_t row, int64_t more);
aisle_decayed *aisle_decayed_grown(const aisle_decayed *d, int64_t row, int64_t more);
/* An event of the product in this row (1..INT32_MAX - 1): weight > 0, at_ms >= 0. False: out of memory, and nothing is counted. */
bool aisle_decayed_add(aisle_decayed *d, int64_t row, double weight, int64_t at_ms);
/* C at now_ms; events beyond that count as of now. 0: no event in the window, or C is at most `least`, which is mostly seen
 * without computing it. */
double aisle_decayed_get(const aisle_decayed *d, int64_t row, int32_t window, int64_t now_ms, double least);
/* The n best of the allowed items (a bitmap) by C at now_ms, best first, ties by smaller item; row[n_items]: of each item, below 1 = none.
 * hits->hit has room for n. About a nanosecond an allowed item, and 50 where it may be among the best so far. */
typedef struct aisle_decayed_ask {
    const int32_t *row;
    int32_t n_items;
    const uint64_t *allowed;
    int32_t window, n;
    int64_t now_ms;
} aisle_decayed_ask;
void aisle_decayed_best(const aisle_decayed *d, const aisle_decayed_ask *ask, aisle_hits *hits);
/* Lets go of products without an event in AISLE_DECAYED_MS: a part at a time, of `most` products, 60 ns each. *at is INT32_MAX before
 * the first part and 0 after the last; nothing is counted between parts. */
void aisle_decayed_trim(aisle_decayed *d, int64_t now_ms, int32_t most, int32_t *at);

#endif
