/* The parts of one ALS half-step. Private to cpu/backend/.
 *
 * Row u solves (a0 Y'Y + l_u I + B'WB) x = B'w, B the rows of Y that u has, W = diag(w) their weights (Hu,
 * Koren, Volinsky 2008, eq. 4, in the parametrisation of Rendle et al. 2022, eq. 3). With a0 Y'Y = Q L Q' and
 * Y' = YQ every row's dense part is the diagonal D_u = L + l_u: no f x f work is left that is not the row's
 * own. */
#ifndef AISLE_ALS_H
#define AISLE_ALS_H

#include "cpu/backend/cpu.h"
#include "cpu/kernels/dense.h"

typedef struct als_basis {
    int32_t f;
    float *lambda;      /* f eigenvalues of a0 Y'Y, >= 0 */
    float *into, *back; /* panels of Q and Q' for aisle_multiply */
    int64_t floats;     /* of the one block that holds all three */
} als_basis;

aisle_status als_basis_init(aisle_device *d, const aisle_mat *y, double a0, als_basis *b, aisle_error *err);
void als_basis_deinit(aisle_device *d, als_basis *b);
/* dst = src Q (panels b->into) or src Q' (b->back); dst may be src. */
aisle_status als_rotate(aisle_device *d, const als_basis *b, const float *panels, const aisle_mat *src,
                        aisle_mat *dst, aisle_error *err);

/* One half-step in the rotated basis; read-only while rows are solved. */
typedef struct als_run {
    const aisle_kernels *k;
    const aisle_csr *c;
    const aisle_mat *y, *x;
    const aisle_als_params *p;
    const float *lambda;
    int32_t f, dual_max; /* rows of up to dual_max entries are solved by the dual system */
    int64_t ldf, ldn;
    bool any_primal;
} als_run;

/* A thread's scratch: parts of one block of als_work_floats(run). */
typedef struct als_work {
    int64_t d_length;     /* the row length d was made for; -1 = none. Rows come sorted by length */
    float *d;             /* exact: D_u^(-1/2); cg: D_u */
    float *v, *z, *r, *q; /* vectors of f, v of max(f, dual_max) */
    float *w;             /* square roots of weights */
    float *c, *ct, *m;    /* gathered rows, their transpose, the system */
} als_work;

int64_t als_work_floats(const als_run *run, bool exact);
als_work als_work_cut(const als_run *run, bool exact, float *block);

/* l_u of a row of n entries. */
float als_regularisation(const aisle_als_params *p, int64_t n);
/* Row u of x. Returns false when the system is not positive definite. */
bool als_solve_exact(const als_run *run, als_work *w, int32_t u);
bool als_solve_cg(const als_run *run, als_work *w, int32_t u);

#endif
