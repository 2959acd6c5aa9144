/* Are these the most similar rows? Against a double loop over all. */
#include <math.h>

#include "aisle/memory.h"
#include "bench/bench.h"

/* wide: row r written out, a double a column. */
static double product(const aisle_csr *m, const double *wide, int32_t s)
{
    double sum = 0;
    for (int64_t e = m->row_ptr[s]; e < m->row_ptr[s + 1]; e++) sum += wide[m->col[e]] * (double)m->val[e];
    return sum;
}

/* A back-end may sum in f32: of n products its sum is off by at most gamma_n of itself, all being positive. */
void bench_verify_neighbours(const aisle_csr *m, int32_t r, int32_t k, const int32_t *ids,
                             const float *scores)
{
    int64_t from = m->row_ptr[r], end = m->row_ptr[r + 1];
    double gamma = (double)(end - from + 2) * 0x1p-24, last = (double)scores[k - 1];
    double *wide = aisle_calloc((size_t)m->n_cols + 1, sizeof *wide);
    if (!wide) bench_stop("verify", "out of memory");
    for (int64_t e = from; e < end; e++) wide[m->col[e]] = (double)m->val[e];
    int32_t better = 0;
#pragma omp parallel for schedule(dynamic, 256) reduction(+ : better)
    for (int32_t s = 0; s < m->n_rows; s++) better += s != r && product(m, wide, s) > last * (1 + 2 * gamma);
    if (better >= k) bench_stop("verify", "a more similar row was left out");
    for (int32_t i = 0; i < k && ids[i] >= 0; i++) {
        if (ids[i] >= m->n_rows || ids[i] == r) bench_stop("verify", "an id is wrong");
        double want = product(m, wide, ids[i]);
        if (!(fabs(want - (double)scores[i]) <= gamma * want))
            bench_stop("verify", "a score is not the product");
        if (i && !(scores[i] <= scores[i - 1])) bench_stop("verify", "the order is wrong");
    }
    aisle_free(wide);
}

bench_counts bench_count_pairs(const aisle_csr *lists)
{
    double sum = 0;
    for (int32_t u = 0; u < lists->n_rows; u++)
        sum += pow((double)(lists->row_ptr[u + 1] - lists->row_ptr[u]), 2);
    return (bench_counts){.streamed = 8 * sum, .flops = 2 * sum};
}
