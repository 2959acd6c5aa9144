/* The basis in which the Gramian of one side is diagonal, and the change to it and back. */
#ifndef AISLE_GPU_BASIS_CUH
#define AISLE_GPU_BASIS_CUH

#include "gpu/device.cuh"

namespace aisle
{

/* a0 Y'Y = Q diag(lambda) Q'. Both are padded with zeros to ld. */
struct basis {
    int32_t f, ld;
    buffer<float> q;      /* ld x ld, row-major: a row turns as y' = y Q */
    buffer<float> lambda; /* ld eigenvalues, >= 0 */
};

/* g (device, f x f, row-major) = Y'Y in double: f32 products of blocks of rows, whose partial sums are added
 * in double and in order. y: device, n x ld. */
aisle_status gramian(gpu &g, const float *y, int32_t n, int32_t f, int32_t ld, double *out, aisle_error *err);
aisle_status basis_make(gpu &g, const float *y, int32_t n, int32_t f, float a0, basis *b, aisle_error *err);
/* dst = src Q (into) or src Q' (back); n rows of ld. dst may be src: beyond 128 columns through scratch. A row's
 * bytes do not depend on the others. */
enum turn { INTO, BACK };
aisle_status rotate(gpu &g, const basis &b, turn which, const float *src, int32_t n, float *dst,
                    aisle_error *err);

} // namespace aisle
#endif
