/* The weight of the unobserved and the penalty, where the settings leave them to the data. */
#include <math.h>

#include "cpu/train/als_loop.h"

/* Chosen on shops of very different density (bench/NOTES.md, "ALS objective by the data"). */
static const double UNOBSERVED = 10, PENALTY = .003;

aisle_als_params aisle_als_objective(const aisle_csr *c, const aisle_als_params *p)
{
    aisle_als_params out = *p;
    int64_t n = aisle_csr_nnz(c);
    double sum = c->val ? 0 : (double)n;
    for (int64_t e = 0; c->val && e < n; e++) sum += fabs((double)c->val[e]);
    if (out.a0 == 0) out.a0 = (float)(UNOBSERVED * sum / c->n_rows / c->n_cols);
    if (out.reg == 0) out.reg = (float)(PENALTY * sum / (double)n);
    return out;
}
