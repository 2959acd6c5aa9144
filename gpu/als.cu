/* An ALS half-step: the basis, then every row by the way that suits its length. Not the ways themselves
 * (als_cg.cu, als_dual.cu, als_systems.cu), not the loss (loss.cu).
 *
 * Every part computes the same basis of the whole other side, then solves its own rows. */
#include "gpu/als.cuh"

#include <algorithm>
#include <cmath>
#include <climits>

#include "gpu/basis.cuh"

namespace
{

using namespace aisle;

aisle_status check_step(const aisle_dev_csr *c, const aisle_dev_mat *y, const aisle_als_params *p,
                        const aisle_dev_mat *x, aisle_error *err)
{
    if (x == y || x->n_cols != y->n_cols || x->n_rows != c->n_rows || y->n_rows != c->n_cols)
        return aisle_fail(err, AISLE_EINVAL,
                          "cuda: ALS: ratings %d x %d, x %d x %d, y %d x %d do not fit together", c->n_rows,
                          c->n_cols, x->n_rows, x->n_cols, y->n_rows, y->n_cols);
    if (!(p->a0 > 0) || !std::isfinite(p->a0) || !(p->reg > 0) || !std::isfinite(p->reg))
        return aisle_fail(err, AISLE_EINVAL, "cuda: ALS: a0 %g and reg %g must be > 0", (double)p->a0,
                          (double)p->reg);
    if (!(p->nu >= 0 && p->nu <= 1) || p->n_other < 0)
        return aisle_fail(err, AISLE_EINVAL, "cuda: ALS: nu %g must be 0 to 1 and n_other %d >= 0",
                          (double)p->nu, p->n_other);
    if (p->cg_steps < 0 || p->cg_steps > 1000)
        return aisle_fail(err, AISLE_EINVAL, "cuda: ALS: cg_steps %d must be 0 (3 steps) to 1000",
                          p->cg_steps);
    if (p->solver < AISLE_SOLVER_AUTO || p->solver > AISLE_SOLVER_CG)
        return aisle_fail(err, AISLE_EINVAL, "cuda: ALS: solver %d is unknown", (int)p->solver);
    return AISLE_OK;
}

/* From here on the primal system, built once on tensor cores, reads fewer bytes than a row that conjugate
 * gradient gathers again each step; beyond 256 factors its n f^2 operations outgrow that. Computed from bytes
 * and operations, not yet measured. */
int64_t auto_primal_from(int32_t f)
{
    return f <= 256 ? 8 * (int64_t)f : INT64_MAX;
}

/* Rows of no entries are zero. */
__global__ void clear_rows(float *x, int32_t ld, const int32_t *order, int32_t n)
{
    for (int32_t i = blockIdx.x; i < n; i += gridDim.x)
        for (int32_t j = threadIdx.x; j < ld; j += blockDim.x) x[(int64_t)order[i] * ld + j] = 0;
}

aisle_status solve_block(gpu &g, const als_rows &a, aisle_als_solver solver, aisle_error *err)
{
    const csr_block &b = a.block;
    int32_t filled = rows_longer(b, 0), empty = b.n_rows - filled;
    if (empty > 0) {
        clear_rows<<<(unsigned)std::min(empty, 65535), 128, 0, g.stream>>>(a.x, a.ld, b.order + filled,
                                                                           empty);
        AISLE_TRY(launched(g, "clear empty rows", false, err));
    }
    if (solver == AISLE_SOLVER_CHOLESKY) return als_systems(g, a, 0, filled, err);
    int32_t primal = solver == AISLE_SOLVER_CG ? 0 : rows_longer(b, auto_primal_from(a.f));
    AISLE_TRY(als_systems(g, a, 0, primal, err));
    return als_cg(g, a, primal, filled, err);
}

aisle_status solve_part(gpu &g, const shard &s, const als_rows &common, float *x, aisle_als_solver solver,
                        aisle_error *err)
{
    return each_block(
        g, s,
        [&](const csr_block &b) {
            als_rows a = common;
            a.block = b;
            a.x = x + (int64_t)b.first * a.ld;
            return solve_block(g, a, solver, err);
        },
        err);
}

aisle_status half_step(gpu &g, const shard &s, const float *y, int32_t n_other_rows, int32_t f,
                       const aisle_als_params &p, float *x, aisle_error *err)
{
    basis b;
    buffer<float> turned;
    buffer<int32_t> bad;
    int32_t ld = padded(f), h_bad = INT_MAX;
    float *own = x + (int64_t)s.first * ld;
    AISLE_TRY(bad.make(g, 1, "results", err));
    AISLE_TRY(turned.make(g, (int64_t)n_other_rows * ld, "rotated factors", err));
    AISLE_CUDA(cudaMemcpyAsync(bad.p, &h_bad, sizeof h_bad, cudaMemcpyHostToDevice, g.stream), "results");
    AISLE_TRY(basis_make(g, y, n_other_rows, f, p.a0, &b, err));
    AISLE_TRY(rotate(g, b, INTO, y, n_other_rows, turned.p, err));
    if (p.solver != AISLE_SOLVER_CHOLESKY) AISLE_TRY(rotate(g, b, INTO, own, s.n_rows, own, err));
    als_rows a = {
        {},   turned.p, b.lambda.p, nullptr, f, ld, p.a0, p.reg, p.nu, p.n_other, p.cg_steps ? p.cg_steps : 3,
        bad.p};
    AISLE_TRY(solve_part(g, s, a, x, p.solver, err));
    AISLE_TRY(rotate(g, b, BACK, own, s.n_rows, own, err));
    AISLE_CUDA(cudaMemcpyAsync(&h_bad, bad.p, sizeof h_bad, cudaMemcpyDeviceToHost, g.stream), "results");
    AISLE_CUDA(cudaStreamSynchronize(g.stream), "half-step");
    if (h_bad != INT_MAX)
        return aisle_fail(
            err, AISLE_ENUMERIC,
            "cuda: ALS: the system of row %d is not positive definite; a larger reg or smaller weights help",
            h_bad);
    return AISLE_OK;
}

} // namespace

aisle_status aisle_cuda_als_half_step(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_mat *y,
                                      const aisle_als_params *p, aisle_dev_mat *x, aisle_error *err)
{
    AISLE_TRY(check_step(c, y, p, x, err));
    AISLE_TRY(each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            return half_step(g, c->shard[i], y->data[i], y->n_rows, y->n_cols, *p, x->data[i], e);
        },
        err));
    return exchange_rows(d, c, x, err);
}
