/* The parts of one ALS half-step. Private to cpu/backend/.
 *
 * Row u solves (a0 Y'Y + l_u I + B'WB) x = B'Wp, B the rows of Y that u has, W their confidences and p their
 * preferences, 1, or 0 of dislikes (Hu, Koren, Volinsky 2008, eq. 4, in the parametrisation of Rendle et al. 2022, eq.
 * 3). With a0 Y'Y = Q L Q' and
 * Y' = YQ every row's dense part is the diagonal D_u = L + l_u: no f x f work is left that is not the row's
 * own. Y is rotated in place and x is solved, and left, in that basis: x.y is the same in every basis. */
#ifndef AISLE_ALS_H
#define AISLE_ALS_H

#include "cpu/backend/cpu.h"
#include "cpu/kernels/dense.h"

typedef struct als_basis {
    int32_t f;
    double *diagonal; /* f eigenvalues of Y'Y: what it becomes */
    float *lambda;    /* those of a0 Y'Y, >= 0 */
    float *q;         /* panels of Q for aisle_multiply */
    int64_t floats;   /* of the one block that holds all three */
} als_basis;

aisle_status als_basis_init(aisle_device *d, const aisle_dev_mat *y, double a0, als_basis *b,
                            aisle_error *err);
void als_basis_deinit(aisle_device *d, als_basis *b);
/* y = y Q */
aisle_status als_rotate(aisle_device *d, const als_basis *b, aisle_dev_mat *y, aisle_error *err);

/* How rows are solved, by their number of entries: conjugate gradient from cg_from on; below it exactly, by the dual
 * system up to dual_max and by the primal system above; AISLE_LANES at a time where the system's order is at most
 * batch_max. */
typedef struct als_plan {
    int64_t cg_from, dual_max, batch_max;
} als_plan;

als_plan als_plan_make(aisle_als_solver solver, int32_t f, int64_t entries);

/* One half-step in the rotated basis; read-only while rows are solved. */
typedef struct als_run {
    const aisle_kernels *k;
    const aisle_csr *c;
    const aisle_mat *y, *x;
    const aisle_als_params *p;
    const als_basis *basis;
    const int32_t *order; /* rows, longest first */
    bool dislikes;        /* c has entries below 0 */
    als_plan plan;
    int32_t f, padded; /* factors, and rounded up to 16: rows hold zeros from f on */
    /* rows of order[]: cg [0, at[0]), singly primal [at[0], at[1]), singly dual [at[1], at[2]), in batches [at[2],
     * at[3]), and from at[3] on without entries */
    int32_t at[4];
    int32_t cg_rows; /* that are rotated together */
} als_run;

enum { ALS_CG_ROWS = 48 }; /* the most */

/* A thread's scratch for the kinds of rows that run->at says there are: one block of the largest als_*_floats. */
int64_t als_work_floats(const als_run *run);
int64_t als_cg_floats(const als_run *run);
int64_t als_primal_floats(const als_run *run);
int64_t als_dual_floats(const als_run *run);
int64_t als_batch_floats(const als_run *run);

/* Solve the rows order[first .. end-1], of one kind. Return the smallest row whose result is not finite, INT32_MAX =
 * none. */
int32_t als_solve_cg(const als_run *run, float *work, int32_t first, int32_t end);
int32_t als_solve_primal(const als_run *run, float *work, int32_t first, int32_t end);
int32_t als_solve_dual(const als_run *run, float *work, int32_t first, int32_t end);
int32_t als_solve_batch(const als_run *run, float *work, int32_t first, int32_t end);

/* l_u of a row of n entries. */
float als_regularisation(const aisle_als_params *p, int64_t n);
/* d = D_u^(-1/2) of a row of n entries. */
void als_scale(const als_run *run, int64_t n, float *d);
/* w = square roots of the confidences of n entries; val NULL = all 1. */
void als_roots(const float *val, int64_t n, float *w);
/* w = w p, for the right-hand side: dislikes become 0. */
void als_prefer(const als_run *run, const float *val, int64_t n, float *w);

static inline int64_t als_length(const als_run *run, int32_t u)
{
    return run->c->row_ptr[u + 1] - run->c->row_ptr[u];
}

/* The rows of y that order[i] selects; those of the row after it, if that is before `end`, are fetched meanwhile.
 * Weights are the caller's. */
aisle_rows als_rows(const als_run *run, int32_t i, int32_t end);

/* The smaller of `bad` and u where row u of x is not finite. */
int32_t als_bad(const als_run *run, int32_t u, int32_t bad);

#endif
