/* What is on the rise: the formula of aisle_trained (train.h), over the kept events. */
#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"
#include "cpu/train/train_parts.h"

aisle_status table_trending(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    aisle_events e = aisle_part_events(in->part);
    aisle_train_params p = *in->params;
    int32_t n_items = aisle_part_n_items(in->part);
    uint8_t *keep = aisle_array(e.n, sizeof *keep);
    float *scores;
    if (!keep)
        return aisle_fail(err, AISLE_ENOMEM, "trending: out of memory for %lld events", (long long)e.n);
    for (int64_t i = 0; i < e.n; i++) keep[i] = aisle_part_keeps(in->part, i);
    p.weights = *aisle_part_weights(in->part);
    aisle_status st = aisle_trending_scores(&e, keep, &p, n_items, &scores, err);
    aisle_free(keep);
    if (st != AISLE_OK) return st;
    if (!scores)
        return aisle_fail(err, AISLE_EINVAL,
                          "trending: none of the events trained on has a time and a weight");
    *out = table_same(scores, n_items);
    return AISLE_OK;
}

aisle_status fit_trending(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_trending, out, err);
}
