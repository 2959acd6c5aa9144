/* IEEE 754 binary16, as bits. Rows of factors are stored in it; nothing is computed in it. */
#ifndef AISLE_CPU_MODEL_HALF_H
#define AISLE_CPU_MODEL_HALF_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Finite ones only. Exact. The product moves the exponent's bias from 15 to 127, also of the smallest numbers. */
static inline float half_widen(uint16_t h)
{
    uint32_t bits = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    v *= 0x1p112f;
    memcpy(&bits, &v, sizeof bits);
    bits |= sign;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline bool half_is_finite(uint16_t h)
{
    return (h & 0x7c00) != 0x7c00;
}

/* To the nearest, ties to even: off by 2^-11 of the value at most, of values below 2^-14 by 2^-25. False when v is not
 * finite or its nearest would be beyond 65504. */
static inline bool half_narrow(float v, uint16_t *out)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    bits &= 0x7fffffff;
    if (bits >= 0x477ff000) return false;
    if (bits < 0x38800000) { /* below 2^-14: a whole number of 2^-24 */
        float size;
        memcpy(&size, &bits, sizeof size);
        *out = sign | (uint16_t)((double)size * 0x1p24 + 0x1.8p52 - 0x1.8p52);
        return true;
    }
    *out = sign | (uint16_t)((bits + 0xfff + (bits >> 13 & 1) - (112u << 23)) >> 13);
    return true;
}

#endif
