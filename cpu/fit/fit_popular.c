/* Popularity: sums of confidences, of all time or of late, the same scores for everyone. */
#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"

/* Pairs of the events within the window, weighing by their age. */
static aisle_status recent_pairs(const aisle_part *part, const aisle_popular_params *p, aisle_csr *out,
                                 aisle_error *err)
{
    const double day_ms = 86400000;
    aisle_events e = aisle_part_events(part);
    aisle_weights w = *aisle_part_weights(part);
    uint8_t *in = aisle_array(e.n, sizeof *in);
    int64_t newest = 0;
    if (!in) return aisle_fail(err, AISLE_ENOMEM, "popular: out of memory for %lld events", (long long)e.n);
    for (int64_t i = 0; i < e.n; i++)
        if (aisle_part_keeps(part, i) && e.at_ms[i] > newest) newest = e.at_ms[i];
    for (int64_t i = 0; i < e.n; i++)
        in[i] = p->window_days == 0 ||
                (e.at_ms[i] != 0 && (double)newest - (double)e.at_ms[i] < p->window_days * day_ms);
    w.now_ms = newest;
    if (p->half_life_days > 0) {
        w.half_life_days = p->half_life_days;
        w.binary = false; /* at any age a pair would weigh 1 */
    }
    aisle_status st =
        newest != 0 ? aisle_part_pairs_of(part, &w, in, out, err)
                    : aisle_fail(err, AISLE_EINVAL,
                                 "popular: a window or a half-life wants events with times; there is none");
    aisle_free(in);
    return st;
}

/* Column sums in double. */
static aisle_status sums(const aisle_csr *pairs, fit_table *out, aisle_error *err)
{
    double *sum = aisle_calloc((size_t)pairs->n_cols, sizeof *sum);
    float *scores = aisle_array(pairs->n_cols, sizeof *scores);
    if (!sum || !scores) {
        aisle_free(sum);
        aisle_free(scores);
        return aisle_fail(err, AISLE_ENOMEM, "popular: out of memory for %d items", pairs->n_cols);
    }
    for (int64_t e = 0; e < aisle_csr_nnz(pairs); e++) sum[pairs->col[e]] += (double)pairs->val[e];
    for (int32_t i = 0; i < pairs->n_cols; i++) scores[i] = (float)sum[i];
    aisle_free(sum);
    *out = table_same(scores, pairs->n_cols);
    return AISLE_OK;
}

aisle_status table_popular(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    const aisle_popular_params *p = &in->params->popular;
    aisle_csr recent = {0};
    if (p->window_days == 0 && p->half_life_days == 0) return sums(aisle_part_pairs(in->part), out, err);
    AISLE_TRY(recent_pairs(in->part, p, &recent, err));
    aisle_status st = sums(&recent, out, err);
    aisle_csr_deinit(&recent);
    return st;
}

aisle_status fit_popular(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_popular, out, err);
}
