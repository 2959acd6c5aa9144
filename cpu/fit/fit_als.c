/* Implicit ALS as a kind of model: the loop is cpu/train's. */
#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"
#include "cpu/train/als_loop.h"

aisle_status table_als(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    int64_t n = (int64_t)in->params->factors * in->params->factors;
    aisle_csr ct = {0};
    aisle_als_fitted factors;
    if (n == 0) return aisle_fail(err, AISLE_EINVAL, "als: 0 factors; wanted 1 to %d", AISLE_MAX_FACTORS);
    float *gram = aisle_array(n, sizeof *gram);
    if (!gram) return aisle_fail(err, AISLE_ENOMEM, "als: out of memory for the Gramian");
    aisle_status st =
        aisle_als_fit(in->trainer, in->params, aisle_part_preferences(in->part), &ct, gram, &factors, err);
    aisle_csr_deinit(&ct);
    aisle_free(gram);
    if (st != AISLE_OK) return st;
    aisle_free(factors.confidence);
    /* an item without pairs has no factors: nothing to rank it by */
    *out = (fit_table){.t = {.kind = AISLE_TABLE_FACTORS,
                             .ranks = AISLE_RANKS_TAKEN,
                             .n_items = aisle_part_n_items(in->part),
                             .fresh = aisle_part_fresh(in->part),
                             .items = factors.items},
                       .users = factors.users};
    return AISLE_OK;
}

aisle_status fit_als(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_als, out, err);
}
