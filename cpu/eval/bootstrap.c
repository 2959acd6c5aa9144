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

void aisle_sort_doubles(double *x, int64_t n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
}

double aisle_quantile(const double *x, int32_t n, double q)
{
    double at = q * (n - 1);
    int32_t i = (int32_t)at;
    return i + 1 < n ? x[i] + (at - i) * (x[i + 1] - x[i]) : x[i];
}

enum { BATCH = 512 };

/* n_out whole numbers below n, all equally likely: two out of 64 random bits, and no division a draw (Lemire 2019). out has
 * room for one more. */
static void draw(aisle_rng *rng, uint32_t n, int32_t n_out, uint32_t *out)
{
    uint32_t skip = (0 - n) % n; /* 2^32 mod n products would make some numbers likelier */
    for (int32_t k = 0; k < n_out;) {
        uint64_t bits = aisle_rng_u64(rng), a = (bits >> 32) * n, b = (uint32_t)bits * (uint64_t)n;
        out[k] = (uint32_t)(a >> 32);
        k += (uint32_t)a >= skip;
        out[k] = (uint32_t)(b >> 32);
        k += (uint32_t)b >= skip;
    }
}

static void add_rows(const aisle_bootstrap *b, int32_t n, const uint32_t *row, double *sum)
{
    for (int32_t i = 0; i < n; i++) {
        const double *values = b->values + (int64_t)row[i] * b->width;
        for (int32_t w = 0; w < b->width; w++) sum[w] += values[w];
    }
}

/* Of comparisons: the sum stays in a register. */
static double sum_values(const double *values, int32_t n, const uint32_t *row)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += values[row[i]];
    return sum;
}

static void resample(const aisle_bootstrap *b, int32_t index, double *mean)
{
    aisle_rng rng;
    uint32_t row[BATCH + 1];
    aisle_rng_init(&rng, b->seed, (uint64_t)index + 1);
    memset(mean, 0, (size_t)b->width * sizeof *mean);
    for (int32_t first = 0; first < b->n_users; first += BATCH) {
        int32_t n = b->n_users - first < BATCH ? b->n_users - first : BATCH;
        draw(&rng, (uint32_t)b->n_users, n, row);
        if (b->width == 1)
            mean[0] += sum_values(b->values, n, row);
        else
            add_rows(b, n, row, mean);
    }
    for (int32_t w = 0; w < b->width; w++) mean[w] /= b->n_users;
    if (b->statistic) b->statistic(mean);
}

aisle_status aisle_bootstrap_resample(const aisle_bootstrap *b, double *means, aisle_error *err)
{
#pragma omp parallel for num_threads(b->threads) schedule(dynamic, 4)
    for (int32_t i = 0; i < b->resamples; i++)
        if (!aisle_canceled(b->progress)) resample(b, i, means + (int64_t)i * b->width);
    if (aisle_canceled(b->progress)) return aisle_fail(err, AISLE_ECANCELED, "evaluation canceled");
    return AISLE_OK;
}

static aisle_status intervals(const aisle_bootstrap *b, aisle_metric *out, aisle_error *err)
{
    int64_t n = 0;
    aisle_status st = AISLE_OK;
    double *means = aisle_size_mul(b->resamples, b->width, &n) ? NULL : aisle_array(n, sizeof *means);
    double *column = aisle_array(b->resamples, sizeof *column);
    if (!means || !column)
        st = aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d bootstrap resamples",
                        b->resamples);
    if (st == AISLE_OK) st = aisle_bootstrap_resample(b, means, err);
    for (int32_t w = 0; st == AISLE_OK && w < b->width; w++) {
        for (int32_t i = 0; i < b->resamples; i++) column[i] = means[(int64_t)i * b->width + w];
        aisle_sort_doubles(column, b->resamples);
        out[w].low = aisle_quantile(column, b->resamples, .025);
        out[w].high = aisle_quantile(column, b->resamples, .975);
    }
    aisle_free(means);
    aisle_free(column);
    return st;
}

static aisle_status run_all(const aisle_bootstrap *b, aisle_metric *out, aisle_error *err)
{
    double *mean = aisle_calloc((size_t)b->width, sizeof *mean);
    if (!mean) return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for means");
    for (int32_t u = 0; u < b->n_users; u++) /* in user order, whatever thread made the rows */
        for (int32_t w = 0; w < b->width; w++) mean[w] += b->values[(int64_t)u * b->width + w];
    for (int32_t w = 0; w < b->width; w++) mean[w] /= b->n_users;
    if (b->statistic) b->statistic(mean);
    for (int32_t w = 0; w < b->width; w++) out[w] = (aisle_metric){mean[w], mean[w], mean[w]};
    aisle_free(mean);
    return b->resamples > 0 ? intervals(b, out, err) : AISLE_OK;
}

aisle_status aisle_bootstrap_run(const aisle_bootstrap *b, const uint8_t *in, aisle_metric *out, int32_t *n,
                                 aisle_error *err)
{
    int32_t chosen = in ? 0 : b->n_users;
    for (int32_t u = 0; in && u < b->n_users; u++) chosen += in[u] != 0;
    if (n) *n = chosen;
    if (chosen == b->n_users && chosen > 0) return run_all(b, out, err);
    memset(out, 0, (size_t)b->width * sizeof *out);
    if (chosen == 0) return AISLE_OK;
    int64_t room = 0;
    double *rows = aisle_size_mul(chosen, b->width, &room) ? NULL : aisle_array(room, sizeof *rows);
    if (!rows) return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d users", chosen);
    for (int32_t u = 0, to = 0; u < b->n_users; u++)
        if (in[u])
            memcpy(rows + (int64_t)to++ * b->width, b->values + (int64_t)u * b->width,
                   (size_t)b->width * sizeof *rows);
    aisle_bootstrap part = *b;
    part.values = rows;
    part.n_users = chosen;
    aisle_status st = run_all(&part, out, err);
    aisle_free(rows);
    return st;
}
