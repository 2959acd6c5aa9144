/* Explicit ratings as kinds of model: stars, and the biases alone that it is measured against. */
#include "aisle/memory.h"
#include "cpu/fit/fits.h"
#include "cpu/fit/stars.h"

static void stars_free(void *ctx)
{
    stars_model_deinit(ctx);
    aisle_free(ctx);
}

static aisle_status stars_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users, float *out,
                                 aisle_error *err)
{
    const stars_model *m = ctx;
    (void)thread;
    (void)err;
    for (int32_t r = 0; r < n_users; r++, out += m->items.n_rows)
        for (int32_t i = 0; i < m->items.n_rows; i++) {
            float stars = (float)stars_predict(m, users[r], i);
            out[i] = stars < m->low ? m->low : stars > m->high ? m->high : stars;
        }
    return AISLE_OK;
}

static aisle_status fit(const aisle_fit_input *in, int32_t factors, aisle_eval_source *out, aisle_error *err)
{
    aisle_csr c = {0};
    stars_settings s = {in->params->stars, in->params->seed};
    s.p.factors = factors;
    AISLE_TRY(aisle_part_stars(in->part, &c, err));
    stars_model *m = aisle_calloc(1, sizeof *m);
    aisle_status st = m ? stars_fit(&c, &s, in->trainer->threads, m, err)
                        : aisle_fail(err, AISLE_ENOMEM, "stars: out of memory");
    aisle_csr_deinit(&c);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){m, stars_scores, stars_free};
    else
        aisle_free(m);
    return st;
}

aisle_status fit_stars(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit(in, in->params->stars.factors, out, err);
}

aisle_status fit_stars_bias(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit(in, 0, out, err);
}
