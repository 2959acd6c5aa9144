/* Conjugate gradient: which rows are staged in registers and which are read again each pass. Not the kernels
 * (als_cg_staged.cu, als_cg_long.cu). */
#include <algorithm>

#include "gpu/cg_tile.cuh"

aisle_status aisle::als_cg(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    int32_t staged = std::min(to, std::max(from, rows_longer(a.block, cg_staged_longest(a.ld))));
    buffer<float> scratch;
    int64_t n_floats = cg_long_floats(g, a, from, staged);
    if (n_floats > 0) AISLE_TRY(scratch.make(g, n_floats, "conjugate gradient of long rows", err));
    AISLE_TRY(cg_long(g, a, from, staged, scratch.p, n_floats, err));
    AISLE_TRY(cg_staged(g, a, staged, to, err));
    /* only where there is scratch to give back, and after all work is queued */
    return n_floats > 0 ? check(cudaStreamSynchronize(g.stream), "conjugate gradient", err) : AISLE_OK;
}
