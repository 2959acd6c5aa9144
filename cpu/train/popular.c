/* What sells, and what is on the rise. The formula of trending stands in train.h. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/train/train_parts.h"

aisle_status aisle_train_popularity(const aisle_csr *ct, aisle_trained *out, aisle_error *err)
{
    out->popularity = aisle_array(ct->n_rows, sizeof *out->popularity);
    if (!out->popularity) return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for popularity");
    for (int32_t i = 0; i < ct->n_rows; i++) {
        double sum = 0;
        for (int64_t e = ct->row_ptr[i]; e < ct->row_ptr[i + 1]; e++) sum += ct->val ? (double)ct->val[e] : 1;
        out->popularity[i] = (float)sum;
    }
    return AISLE_OK;
}

/* Event e's weight for trending, 0 when it does not count. */
static double weight_of(const aisle_events *ev, const uint8_t *keep, const aisle_weights *w, int64_t e)
{
    if ((keep && !keep[e]) || ev->at_ms[e] == 0) return 0;
    aisle_event_type type = (aisle_event_type)ev->type[e];
    return aisle_weights_event(w, type, (double)ev->value[e]) > 0 ? (double)w->weight[type] : 0;
}

static double sum_of(const aisle_events *ev, const uint8_t *keep, const aisle_weights *w, int64_t *oldest,
                     int64_t *newest)
{
    double total = 0;
    *oldest = INT64_MAX;
    *newest = INT64_MIN;
    for (int64_t e = 0; e < ev->n; e++) {
        double here = weight_of(ev, keep, w, e);
        if (here == 0) continue;
        total += here;
        if (ev->at_ms[e] < *oldest) *oldest = ev->at_ms[e];
        if (ev->at_ms[e] > *newest) *newest = ev->at_ms[e];
    }
    return total;
}

aisle_status aisle_trending_scores(const aisle_events *ev, const uint8_t *keep, const aisle_train_params *p,
                                   int32_t n_items, float **out, aisle_error *err)
{
    const double day_ms = 86400000;
    int64_t oldest, newest;
    double total = sum_of(ev, keep, &p->weights, &oldest, &newest);
    *out = NULL;
    if (total == 0) return AISLE_OK;
    double days = p->trending_days, cut = (double)newest - days * day_ms;
    double span = fmax(0, (cut - (double)oldest) / day_ms), smooth = total / (days + span) / n_items;
    double *recent = aisle_calloc((size_t)n_items, 2 * sizeof *recent);
    float *scores = aisle_array(n_items, sizeof *scores);
    if (!recent || !scores) {
        aisle_free(recent);
        aisle_free(scores);
        return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for trending items");
    }
    double *before = recent + n_items;
    for (int64_t e = 0; e < ev->n; e++)
        ((double)ev->at_ms[e] > cut ? recent : before)[ev->item[e]] += weight_of(ev, keep, &p->weights, e);
    for (int32_t i = 0; i < n_items; i++) {
        double rate = span > 0 ? before[i] / span : 0;
        scores[i] = recent[i] > 0 ? (float)((recent[i] / days + smooth) / (rate + smooth)) : 0;
    }
    aisle_free(recent);
    *out = scores;
    return AISLE_OK;
}

aisle_status aisle_train_trending(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                                  aisle_trained *out, aisle_error *err)
{
    aisle_events ev = aisle_dataset_events(d);
    return aisle_trending_scores(&ev, keep, p, aisle_idmap_count(aisle_dataset_items(d)), &out->trending,
                                 err);
}
