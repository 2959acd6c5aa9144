/* Batched Cholesky: many symmetric positive definite systems of different orders, solved in place. */
#ifndef AISLE_GPU_CHOLESKY_CUH
#define AISLE_GPU_CHOLESKY_CUH

#include "gpu/device.cuh"

namespace aisle
{

/* System i: the lower triangle of a + i * stride, row-major with leading dimension ld (a multiple of 32, >=
 * max_order); its right-hand side is b + i * b_stride. All device memory, a aligned to 16 bytes and stride a
 * multiple of 4. The triangle is destroyed and b becomes the solution. What lies above the diagonal is neither
 * read nor written. Every eigenvalue should be >= 1 (als.cuh scales systems so), which makes f32 safe. */
struct systems {
    float *a;
    int64_t stride;
    int32_t ld, max_order, n;
    const int32_t *order; /* device, n orders of 1 .. max_order */
    float *b;
    int64_t b_stride;
    int32_t *failed; /* device, n: set to 1 where a pivot is not > 0 or not finite; else left as it is */
};

/* Queues on g.stream. One block a system: whole in shared memory where two fit a multiprocessor (orders up to
 * 224 with 227 KB), else left-looking in panels (Golub and Van Loan 2013, section 4.2.5). Fewer systems than
 * multiprocessors leave some idle. */
aisle_status cholesky_solve(gpu &g, const systems &s, aisle_error *err);

} // namespace aisle
#endif
