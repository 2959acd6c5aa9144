/* Implicit ALS as a kind of model: the loop is cpu/train's. */
#include <math.h>

#include "aisle/memory.h"
#include "cpu/fit/fits.h"
#include "cpu/train/als_loop.h"

typedef struct als_model {
    const aisle_part *part;
    aisle_als_fitted factors;
    aisle_eval_source product;
} als_model;

static void als_free(void *ctx)
{
    als_model *m = ctx;
    aisle_eval_source_free(&m->product);
    aisle_mat_deinit(&m->factors.users);
    aisle_mat_deinit(&m->factors.items);
    aisle_free(m->factors.confidence);
    aisle_free(m);
}

static aisle_status als_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users, float *out,
                               aisle_error *err)
{
    als_model *m = ctx;
    const aisle_csr *by_item = aisle_part_by_item(m->part);
    AISLE_TRY(m->product.scores(m->product.ctx, thread, users, n_users, out, err));
    /* an item without pairs has no factors: nothing to rank it by */
    for (int32_t i = 0; i < by_item->n_rows; i++)
        if (by_item->row_ptr[i] == by_item->row_ptr[i + 1])
            for (int32_t r = 0; r < n_users; r++) out[(int64_t)r * by_item->n_rows + i] = -INFINITY;
    return AISLE_OK;
}

aisle_status fit_als(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    int64_t n = (int64_t)in->params->factors * in->params->factors;
    aisle_csr ct = {0};
    if (n == 0) return aisle_fail(err, AISLE_EINVAL, "als: 0 factors; wanted 1 to %d", AISLE_MAX_FACTORS);
    als_model *m = aisle_calloc(1, sizeof *m);
    float *gram = aisle_array(n, sizeof *gram);
    aisle_status st =
        m && gram ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "als: out of memory for the Gramian");
    if (m) m->part = in->part;
    if (st == AISLE_OK)
        st = aisle_als_fit(in->trainer, in->params, aisle_part_preferences(in->part), &ct, gram, &m->factors,
                           err);
    aisle_csr_deinit(&ct);
    aisle_free(gram);
    if (st == AISLE_OK)
        st = aisle_eval_source_factors(&m->factors.users, &m->factors.items, in->trainer->threads,
                                       &m->product, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){m, als_scores, als_free};
    else if (m)
        als_free(m);
    return st;
}
