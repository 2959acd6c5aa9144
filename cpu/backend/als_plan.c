/* Which way of solving a row is the cheapest, by its entries n and the factors f. */
#include "cpu/backend/als.h"

enum {
    BATCH = 128,    /* AISLE_LANES systems of this order fill half a second-level cache */
    SMALL = 1 << 25 /* entries times factors */
};

/* Exactly: n^2 f + n^3 / 3 operations by the dual and n f^2 + f^3 / 3 by the primal system, the same at n = f. A row of n
 * entries by its dual system takes n^2 f / 2 multiply-adds, by CG 4 n f a step and f^2 for its start's rotation. Where
 * they meet is measured (bench_rows): near 20 entries at 64 factors, 26 at 128, 32 at 256, and flat around it. */
static int64_t auto_exact_max(int32_t f)
{
    return 20 + f / 32;
}

/* What exact steps cost then, tenths of a second an iteration, is little beside all else that a training does, and a small
 * shop has few iterations' worth of warm starts to make good what CG leaves: on online-retail's 0.27 M weighted pairs
 * NDCG@10 is .053 with exact steps and .050 with two or three of CG (means of three seeds). */
static bool is_small(int64_t entries, int32_t f)
{
    return entries <= SMALL / f;
}

als_plan als_plan_make(aisle_als_solver solver, int32_t f, int64_t entries)
{
    als_plan plan = {.cg_from = INT64_MAX, .dual_max = f, .batch_max = BATCH};
    if (solver == AISLE_SOLVER_PCG || solver == AISLE_SOLVER_CG) plan.cg_from = 0;
    if (solver == AISLE_SOLVER_AUTO && !is_small(entries, f)) plan.cg_from = auto_exact_max(f) + 1;
    if (solver == AISLE_SOLVER_CHOLESKY) plan.dual_max = 0;
    return plan;
}
