/* Conjugate gradient: which rows are staged in registers and which are read again each pass. Not the kernels
 * (als_cg_staged.cu, als_cg_long.cu). */
#include <algorithm>

#include "gpu/cg_tile.cuh"

aisle_status aisle::als_cg(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    int32_t staged = std::min(to, std::max(from, rows_longer(a.block, cg_staged_longest(g, a.ld))));
    AISLE_TRY(cg_long(g, a, from, staged, err));
    return cg_staged(g, a, staged, to, err);
}
