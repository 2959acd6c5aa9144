/* Percentile bootstrap over users (Efron 1979). Resamples whole users, as their metrics are not independent
 * of each other at several cuts. */
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/eval/rank.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The q-quantile of sorted x by linear interpolation (Hyndman, Fan 1996, type 7). */
static double quantile(const double *x, int32_t n, double q)
{
    double at = q * (n - 1);
    int32_t i = (int32_t)at;
    return i + 1 < n ? x[i] + (at - i) * (x[i + 1] - x[i]) : x[i];
}

static void resample(const aisle_bootstrap *b, int32_t index, double *mean)
{
    aisle_rng rng;
    aisle_rng_init(&rng, b->seed, (uint64_t)index + 1);
    memset(mean, 0, (size_t)b->width * sizeof *mean);
    for (int32_t i = 0; i < b->n_users; i++) {
        const double *row = b->values + (int64_t)aisle_rng_below(&rng, (uint64_t)b->n_users) * b->width;
        for (int32_t w = 0; w < b->width; w++) mean[w] += row[w];
    }
    for (int32_t w = 0; w < b->width; w++) mean[w] /= b->n_users;
}

aisle_status aisle_bootstrap_run(const aisle_bootstrap *b, double *low, double *high, aisle_error *err)
{
    int64_t n = 0;
    aisle_status st = AISLE_OK;
    double *means = aisle_size_mul(b->resamples, b->width, &n) ? NULL : aisle_array(n, sizeof *means);
    double *column = aisle_array(b->resamples, sizeof *column);
    if (!means || !column) {
        st = aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d bootstrap resamples",
                        b->resamples);
        goto done;
    }
#pragma omp parallel for num_threads(b->threads) schedule(dynamic, 4)
    for (int32_t i = 0; i < b->resamples; i++)
        if (!aisle_canceled(b->progress)) resample(b, i, means + (int64_t)i * b->width);
    if (aisle_canceled(b->progress)) {
        st = aisle_fail(err, AISLE_ECANCELED, "evaluation canceled");
        goto done;
    }
    for (int32_t w = 0; w < b->width; w++) {
        for (int32_t i = 0; i < b->resamples; i++) column[i] = means[(int64_t)i * b->width + w];
        qsort(column, (size_t)b->resamples, sizeof *column, by_value);
        low[w] = quantile(column, b->resamples, .025);
        high[w] = quantile(column, b->resamples, .975);
    }
done:
    aisle_free(means);
    aisle_free(column);
    return st;
}
