/* Do two models differ? Paired bootstrap and the signed-rank test on values of the same users. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "aisle/memory.h"
#include "cpu/eval/rank.h"

enum { RESAMPLES = 10000, MAX_RESAMPLES = 1000000 };

/* Pairs both of whose values are numbers, packed: d = a - b. */
typedef struct differences {
    int32_t n;
    double *d;
    double sum_a, sum_b, largest;
} differences;

static aisle_status take(const double *a, const double *b, int32_t n, differences *out, aisle_error *err)
{
    for (int32_t u = 0; u < n; u++) {
        if (isnan(a[u]) != isnan(b[u]))
            return aisle_fail(
                err, AISLE_EINVAL,
                "comparison: user %d was measured for one of the two only; the same test part and "
                "sample are needed",
                u);
        if (isnan(a[u])) continue;
        if (!isfinite(a[u]) || !isfinite(b[u]))
            return aisle_fail(err, AISLE_EINVAL, "comparison: the value of user %d is infinite", u);
        double d = a[u] - b[u];
        out->d[out->n++] = d;
        out->sum_a += a[u];
        out->sum_b += b[u];
        if (fabs(d) > out->largest) out->largest = fabs(d);
    }
    if (out->n == 0) return aisle_fail(err, AISLE_EINVAL, "comparison: no user was measured");
    return AISLE_OK;
}

/* Whole numbers: what rounding alone keeps apart becomes equal, and equal to 0. */
static double step_of(const differences *x, int32_t u)
{
    return x->largest > 0 ? nearbyint(x->d[u] / x->largest * 0x1p40) : 0;
}

static int by_size(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* Under the null each of the ranks that count (those above the z zeros) is positive with probability 1/2: the mean of
 * W+ is half their sum and its variance a quarter of their squares' sum; averaging t tied ranks takes (t^3 - t)/12 off
 * the squares. */
static double signed_rank_p(double *step, int32_t n)
{
    double zeros = 0, plus = 0, ties = 0;
    qsort(step, (size_t)n, sizeof *step, by_size);
    for (int32_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && fabs(step[end]) == fabs(step[i]);) end++;
        double t = end - i, rank = .5 * (i + 1.0 + end);
        if (step[i] == 0) {
            zeros = t;
            continue;
        }
        ties += t * t * t - t;
        for (int32_t j = i; j < end; j++)
            if (step[j] > 0) plus += rank;
    }
    double m = n, mean = (m * (m + 1) - zeros * (zeros + 1)) / 4;
    double variance = (m * (m + 1) * (2 * m + 1) - zeros * (zeros + 1) * (2 * zeros + 1)) / 24 - ties / 48;
    double away = fabs(plus - mean) - .5;
    if (away <= 0 || variance <= 0) return 1;
    return erfc(away / sqrt(2 * variance));
}

static aisle_status bootstrap(const differences *x, const aisle_compare_params *p, aisle_comparison *out,
                              aisle_error *err)
{
    int32_t n = p->bootstrap > 0 ? p->bootstrap : RESAMPLES, as_far = 0;
    int32_t threads = p->threads > 0 ? p->threads : omp_get_num_procs();
    aisle_bootstrap b = {x->d, x->n, 1, n, threads, p->seed, p->progress, NULL};
    double *mean = aisle_array(n, sizeof *mean);
    if (!mean) return aisle_fail(err, AISLE_ENOMEM, "comparison: out of memory for %d resamples", n);
    aisle_status st = aisle_bootstrap_resample(&b, mean, err);
    if (st == AISLE_OK) {
        /* 2^-40 of the largest difference: as ties, so that equal sums in another order count as equal */
        double far = fabs(out->difference) - x->largest * 0x1p-40;
        for (int32_t i = 0; i < n; i++) as_far += fabs(mean[i] - out->difference) >= far;
        aisle_sort_doubles(mean, n);
        out->low = aisle_quantile(mean, n, .025);
        out->high = aisle_quantile(mean, n, .975);
        out->p_bootstrap = (1.0 + as_far) / (1.0 + n);
    }
    aisle_free(mean);
    return st;
}

static aisle_status compare(const differences *x, const aisle_compare_params *p, aisle_comparison *out,
                            aisle_error *err)
{
    double sum = 0, above = 0, below = 0, *step = aisle_array(x->n, sizeof *step);
    if (!step) return aisle_fail(err, AISLE_ENOMEM, "comparison: out of memory for %d users", x->n);
    for (int32_t u = 0; u < x->n; u++) {
        step[u] = step_of(x, u);
        sum += x->d[u];
        above += step[u] > 0;
        below += step[u] < 0;
    }
    aisle_comparison made = {.n = x->n,
                             .mean_a = x->sum_a / x->n,
                             .mean_b = x->sum_b / x->n,
                             .difference = sum / x->n,
                             .a_higher = above / x->n,
                             .b_higher = below / x->n};
    made.p_wilcoxon = signed_rank_p(step, x->n);
    aisle_status st = bootstrap(x, p, &made, err);
    if (st == AISLE_OK) *out = made;
    aisle_free(step);
    return st;
}

aisle_status aisle_compare(const double *a, const double *b, int32_t n, const aisle_compare_params *p,
                           aisle_comparison *out, aisle_error *err)
{
    if (n < 0 || p->threads < 0 || p->bootstrap < 0 || p->bootstrap > MAX_RESAMPLES)
        return aisle_fail(err, AISLE_EINVAL,
                          "comparison: %d users and %d threads must be >= 0, %d resamples 0 to %d", n,
                          p->threads, p->bootstrap, MAX_RESAMPLES);
    differences x = {.d = aisle_array(n, sizeof *x.d)};
    if (!x.d) return aisle_fail(err, AISLE_ENOMEM, "comparison: out of memory for %d users", n);
    aisle_status st = take(a, b, n, &x, err);
    if (st == AISLE_OK) st = compare(&x, p, out, err);
    aisle_free(x.d);
    return st;
}
