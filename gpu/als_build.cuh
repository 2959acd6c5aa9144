/* Building the systems of a batch of rows in device memory; als_systems.cu solves them. */
#ifndef AISLE_GPU_ALS_BUILD_CUH
#define AISLE_GPU_ALS_BUILD_CUH

#include "gpu/als.cuh"
#include "gpu/cholesky.cuh"

namespace aisle
{

/* Entries of one part of a primal system. Longer rows are summed from several parts, in order, so that one row
 * of millions of entries keeps every multiprocessor busy. A constant: bytes must depend on nothing else. */
enum { PART_ENTRIES = 4096 };

/* System i, 0 .. s.n - 1, is that of row a.block.order[from + i]: with p, q and the sum's terms e as below,
 *   I + S (sum_e p_e Y_e' Y_e) S and right-hand side r
 *            terms e          of order   p_e          S             r
 *   primal   the row's n      a.f        w_e          D^(-1/2)      S sum_e w_e Y_e
 *   dual     a.ld factors     n          1 / D_e      w^(1/2)       w^(1/2)
 * which is I + C'C or I + CC' with C = W^(1/2) B D^(-1/2). */
struct system_batch {
    als_rows a;
    int32_t from;
    bool dual;
    systems s; /* s.ld: the largest order of the batch, rounded up to 32 */
};

/* Room for n parts, and how they are dealt: the longest rows of a range have the parts first[j] ..
 * first[j + 1] - 1, j counted from the range's first row. */
struct part_list {
    int32_t n;
    float *a, *b;           /* like those of systems, with the batch's ld, stride and b_stride */
    const int32_t *first;   /* device */
    const int32_t *h_first; /* the same on the host */
};

/* The systems from .. to - 1 of the batch, one part each. */
aisle_status build_systems(gpu &g, const system_batch &b, int32_t from, int32_t to, aisle_error *err);
/* The first n systems of a primal batch, whose row 0 is row j of the range of `parts`. */
aisle_status build_systems_in_parts(gpu &g, const system_batch &b, const part_list &parts, int32_t j,
                                    int32_t n, aisle_error *err);

/* D_j^(-1/2). */
__device__ inline float root_scale(const als_rows &a, float l, int32_t j)
{
    return 1 / sqrtf(a.lambda[j] + l);
}

} // namespace aisle
#endif
