/* Symmetric rounding to 8 bits with one scale a vector, after a turn that makes its values alike; lengths in double. */
#include "cpu/compact/compact_code.h"

#include <float.h>
#include <math.h>

/* The turn, a few sums and a root in double are off by less than 2^-40 of the length. */
static double length_above(double squares)
{
    return sqrt(squares) * (1 + 0x1p-40);
}

/* Hadamard's matrix over v[0 .. n-1], n a power of two, scaled to be orthogonal. */
static void hadamard(double *v, int32_t n)
{
    for (int32_t h = 1; h < n; h *= 2)
        for (int32_t i = 0; i < n; i += 2 * h)
            for (int32_t p = i; p < i + h; p++) {
                double a = v[p], b = v[p + h];
                v[p] = a + b;
                v[p + h] = a - b;
            }
    double scale = 1 / sqrt(n);
    for (int32_t p = 0; p < n; p++) v[p] *= scale;
}

/* Signs by place, then Hadamard over the first and over the last 2^k values, 2^k the greatest that fits. */
static void turn(const float *x, int32_t f, double *v)
{
    int32_t n = 1;
    while (n <= f / 2) n *= 2;
    for (int32_t p = 0; p < f; p++) v[p] = (uint32_t)p * 2654435761U >> 31 ? -(double)x[p] : (double)x[p];
    hadamard(v, n);
    if (n < f) hadamard(v + f - n, n);
}

static float scale_of(const double *v, int32_t f, int32_t limit)
{
    double most = 0;
    for (int32_t p = 0; p < f; p++) most = fabs(v[p]) > most ? fabs(v[p]) : most;
    float scale = (float)(most / limit);
    return scale < FLT_MIN ? 0 : scale; /* products with it could underflow: then everything is error */
}

bool compact_length(const float *x, int32_t f, double *length)
{
    double squares = 0;
    for (int32_t p = 0; p < f; p++) squares += (double)x[p] * (double)x[p];
    *length = length_above(squares);
    return squares < 0x1p126;
}

bool compact_code(const float *x, int32_t f, int32_t limit, int8_t *code, compact_coded *out)
{
    double v[AISLE_MAX_FACTORS], norm, error = 0;
    if (!compact_length(x, f, &norm)) return false;
    turn(x, f, v);
    const float scale = scale_of(v, f, limit);
    const double inverse = scale > 0 ? 1 / (double)scale : 0, most = limit;
    const double whole = 0x1.8p52;
    int32_t sum = 0, of_squares = 0;
    for (int32_t p = 0; p < f; p++) {
        double q = v[p] * inverse + whole - whole;   /* to the nearest integer, in the way that vectors can */
        q = q > most ? most : q < -most ? -most : q; /* the scale was rounded */
        double off = v[p] - q * (double)scale;
        int32_t c = (int32_t)q;
        code[p] = (int8_t)c;
        sum += c;
        of_squares += c * c;
        error += off * off;
    }
    *out = (compact_coded){scale, sum, norm, length_above(of_squares) * (double)scale,
                           length_above(error) + norm * 0x1p-40};
    return true;
}

double compact_off(const float *x, int32_t f, float scale, const int8_t *code)
{
    double v[AISLE_MAX_FACTORS], squares = 0;
    turn(x, f, v);
    for (int32_t p = 0; p < f; p++) {
        double off = v[p] - (double)scale * code[p];
        squares += off * off;
    }
    return sqrt(squares);
}
