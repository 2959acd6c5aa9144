/* Coding one vector in 8 bits, and how far that is off. Private to cpu/compact. */
#ifndef AISLE_COMPACT_CODE_H
#define AISLE_COMPACT_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/compact.h"
#include "cpu/kernels/kernels.h"

/* What the lower half of a code is taken for, where only the upper one is read. */
enum { COMPACT_MIDDLE = 8 };

/* A vector x as scale * code. Lengths are rounded up. */
typedef struct compact_coded {
    float scale;               /* 0: all codes are 0 */
    int32_t sum;               /* of the codes */
    double norm, coded, error; /* |x|, |scale code|, |x - scale code| */
} compact_coded;

/* |x|, rounded up. False when x is not finite, or of length 2^63 or more. */
bool compact_length(const float *x, int32_t f, double *length);

/* Codes within +- limit, into code[f]. False when x is not finite, or of length 2^63 or more. */
bool compact_code(const float *x, int32_t f, int32_t limit, int8_t *code, compact_coded *out);

/* |x - scale code| of x as it was turned. */
double compact_off(const float *x, int32_t f, float scale, const int8_t *code);

/* aisle_compact_coarsen of any table on any machine; for tests. */
aisle_status compact_coarsen(aisle_compact *t, aisle_error *err);

/* aisle_compact_topn with the kernels given; for tests. */
aisle_status compact_topn(const aisle_kernels *k, aisle_compact_work *w, const aisle_compact_query *q,
                          int32_t *ids, float *scores, aisle_error *err);

#endif
