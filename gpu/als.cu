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
        return aisle_fail(err, AISLE_EINVAL,
                          "cuda: ALS: cg_steps %d must be 0 (2 or 3 steps, by solver) to 1000", p->cg_steps);
    if (p->solver < AISLE_SOLVER_AUTO || p->solver > AISLE_SOLVER_CHOLESKY)
        return aisle_fail(err, AISLE_EINVAL, "cuda: ALS: solver %d is unknown", (int)p->solver);
    return AISLE_OK;
}

/* AUTO takes for every length the way that should be fastest: bytes and operations by the rates that our kernels
 * reached on an H200. Seconds of a whole GPU for a row of n entries, k = steps + 1 passes:
 *   staged CG  4 n f / READ, n <= cg_staged_longest()
 *   CG         4 n f k / READ
 *   primal     n f max(4 / READ, f / MULTIPLY) + 6 f^2 / READ + f^3 / (3 FACTOR)
 *   dual       2 (4 n f / READ) + n^2 f / MULTIPLY + 6 n^2 / READ + n^3 / (3 FACTOR)
 * (6: four bytes of half a system, written, read and written back). Staged CG wins wherever it is possible. */
constexpr double READ = 5e12;      /* bytes a second, gathered: from memory 4.4e12, from L2 up to 6.6e12 */
constexpr double MULTIPLY = 25e12; /* two operations each, in the tiles of als_build.cu */
constexpr double FACTOR = 5e12;    /* Cholesky */

/* Rows of more than primal_above entries are cheapest by the primal system, those of dual_above + 1 .. dual_most by
 * the dual one, all others by conjugate gradient. */
struct auto_choice {
    int64_t primal_above, dual_above, dual_most;
};

auto_choice choose(const gpu &g, int32_t f, int32_t ld, int32_t steps)
{
    double w = f, k = steps + 1, staged = cg_staged_longest(g, ld), smaller = .6 * w;
    /* CG - primal = slope n - fixed */
    double slope = 4 * w * k / READ - w * std::max(4 / READ, w / MULTIPLY);
    double fixed = 6 * w * w / READ + w * w * w / (3 * FACTOR);
    double primal = slope > 0 ? std::max(std::max(staged, smaller), fixed / slope) : 0;
    /* (dual - CG) / n = a n^2 + b n - c */
    double a = 1 / (3 * FACTOR), b = w / MULTIPLY + 6 / READ, c = 4 * w * (k - 2) / READ;
    double dual = c > 0 ? std::min(smaller, (std::sqrt(b * b + 4 * a * c) - b) / (2 * a)) : 0;
    return {slope > 0 && primal < INT32_MAX ? (int64_t)primal : INT64_MAX, (int64_t)staged,
            (int64_t)std::max(staged, dual)};
}

/* Rows of no entries are zero. */
__global__ void clear_rows(float *x, int32_t ld, const int32_t *order, int32_t n)
{
    for (int32_t i = blockIdx.x; i < n; i += gridDim.x)
        for (int32_t j = threadIdx.x; j < ld; j += blockDim.x) x[(int64_t)order[i] * ld + j] = 0;
}

/* The dual system wins while n is well below f; one that fits in shared memory never leaves it. */
aisle_status solve_exactly(gpu &g, const als_rows &a, int32_t from, int32_t to, aisle_error *err)
{
    int64_t fused = std::min(als_dual_longest(g, a.ld), 3 * a.f / 5);
    int32_t others = std::min(to, std::max(from, rows_longer(a.block, fused)));
    AISLE_TRY(als_systems(g, a, from, others, err));
    return als_dual(g, a, others, to, err);
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
    switch (solver) {
    case AISLE_SOLVER_EXACT: return solve_exactly(g, a, 0, filled, err);
    case AISLE_SOLVER_CHOLESKY: return als_primal(g, a, 0, filled, err);
    case AISLE_SOLVER_PCG:
    case AISLE_SOLVER_CG: return als_cg(g, a, 0, filled, err);
    case AISLE_SOLVER_AUTO: break;
    }
    auto_choice choice = choose(g, a.f, a.ld, a.steps);
    int32_t primal = rows_longer(b, choice.primal_above);
    int32_t dual = std::max(primal, rows_longer(b, choice.dual_most));
    int32_t rest = std::max(dual, rows_longer(b, choice.dual_above));
    AISLE_TRY(solve_exactly(g, a, 0, primal, err));
    AISLE_TRY(als_cg(g, a, primal, dual, err));
    AISLE_TRY(solve_exactly(g, a, dual, rest, err));
    return als_cg(g, a, rest, filled, err);
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
    if (p.solver != AISLE_SOLVER_EXACT && p.solver != AISLE_SOLVER_CHOLESKY)
        AISLE_TRY(rotate(g, b, INTO, own, s.n_rows, own, err));
    als_rows a = {{},
                  turned.p,
                  b.lambda.p,
                  nullptr,
                  f,
                  ld,
                  p.a0,
                  p.reg,
                  p.nu,
                  p.n_other,
                  aisle_als_steps(&p),
                  p.solver == AISLE_SOLVER_CG,
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

aisle_status aisle_cuda_als_half_step(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *y,
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
