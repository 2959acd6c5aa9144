/* Which way of solving a row is the cheapest, by its entries n and the factors f. */
#include "cpu/backend/als.h"

enum { BATCH = 128 }; /* AISLE_LANES systems of this order fill half a second-level cache */

/* Exactly: n^2 f + n^3 / 3 operations by the dual and n f^2 + f^3 / 3 by the primal system, the same at n = f. A row of n
 * entries by its dual system takes n^2 f / 2 multiply-adds, by CG 4 n f a step and f^2 for its start's rotation. Where
 * they meet is measured (bench_rows): near 20 entries at 64 factors, 26 at 128, 32 at 256, and flat around it. */
static int64_t auto_exact_max(int32_t f)
{
    return 20 + f / 32;
}

als_plan als_plan_make(aisle_als_solver solver, int32_t f)
{
    als_plan plan = {.cg_from = INT64_MAX, .dual_max = f, .batch_max = BATCH};
    if (solver == AISLE_SOLVER_PCG || solver == AISLE_SOLVER_CG) plan.cg_from = 0;
    if (solver == AISLE_SOLVER_AUTO) plan.cg_from = auto_exact_max(f) + 1;
    if (solver == AISLE_SOLVER_CHOLESKY) plan.dual_max = 0;
    return plan;
}
