/* One ALS half-step of a block of rows, and the ways to solve a row. als.cu chooses among them.
 *
 * Row u solves (a0 Y'Y + l_u I + B'WB) x = B'Wp, B the rows of Y that u has, W their confidences, p their
 * preferences (Hu,
 * Koren, Volinsky 2008, eq. 4, in the parametrisation of Rendle et al. 2022, eq. 3). In the basis of basis.cuh
 * the dense part is the diagonal D_u = lambda + l_u. */
#ifndef AISLE_GPU_ALS_CUH
#define AISLE_GPU_ALS_CUH

#include "gpu/matrix.cuh"

namespace aisle
{

struct als_rows {
    csr_block block;
    const float *y;      /* [n_other x ld], in the basis */
    const float *lambda; /* [ld] */
    float *x;            /* row r of the block is x + r * ld; in the basis; padding stays zero */
    int32_t f, ld;
    float a0, reg, nu;
    int32_t n_other; /* for l_u */
    int32_t steps;   /* of conjugate gradient, >= 1 */
    bool plain;      /* conjugate gradient without a preconditioner, which is the same in every basis */
    int32_t *bad;    /* smallest row (of the matrix) whose system is not positive definite; INT32_MAX = none.
                      * Set by atomicMin; also for a result that is not finite */
};

/* l_u of a row of n entries (backend.h). */
__device__ inline float regularisation(const als_rows &a, int64_t n)
{
    return a.reg * powf((float)n + a.a0 * (float)a.n_other, a.nu);
}

/* Entry d of D_u as it divides a residual. */
__device__ inline float preconditioner(const als_rows &a, float d)
{
    return a.plain ? 1 : d;
}

/* Each recomputes the rows block.order[from .. to), none of them empty, and queues its work on g.stream. */

/* a.steps of warm-started conjugate gradient with D_u as preconditioner, or none. Any length. */
aisle_status als_cg(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err);
/* Rows of at most so many entries it reads once for all steps, longer ones once a step. */
int32_t cg_staged_longest(const gpu &g, int32_t ld);
/* Exact, by the n x n dual system in one block's shared memory; rows of at most als_dual_longest() entries. */
aisle_status als_dual(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err);
int32_t als_dual_longest(const gpu &g, int32_t ld);
/* Exact, by systems in device memory, in batches that fit: the dual n x n one where n < .6 f, else the primal
 * f x f one. Any length. als_primal: the primal one for all. */
aisle_status als_systems(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err);
aisle_status als_primal(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err);

} // namespace aisle
#endif
