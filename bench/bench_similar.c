/* How many items a second find their most similar ones among all items, by the users they share? Verifies a
 * sample against a double loop before it times anything. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "bench/bench.h"

enum { K = 50 };

/* Length 1 for every row, so that scores are cosines; a row of n entries holds 1 / sqrt(n). */
static float *unit_values(const aisle_csr *m)
{
    float *val = aisle_array(aisle_csr_nnz(m), sizeof *val);
    if (!val) bench_stop("item vectors", "out of memory");
    for (int32_t r = 0; r < m->n_rows; r++)
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++)
            val[e] = (float)(1 / sqrt((double)(m->row_ptr[r + 1] - m->row_ptr[r])));
    return val;
}

static double cosine(const aisle_csr *m, int32_t r, int32_t s)
{
    double sum = 0;
    int64_t f = m->row_ptr[s], end = m->row_ptr[s + 1];
    for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) {
        while (f < end && m->col[f] < m->col[e]) f++;
        if (f < end && m->col[f] == m->col[e]) sum += (double)m->val[e] * (double)m->val[f];
    }
    return sum;
}

/* A back-end may sum in f32: of n products its sum is off by at most gamma_n of itself, all being positive. */
static void verify(const aisle_csr *m, int32_t r, const int32_t *ids, const float *scores)
{
    double gamma = (double)(m->row_ptr[r + 1] - m->row_ptr[r] + 2) * 0x1p-24, last = (double)scores[K - 1];
    int32_t better = 0;
    for (int32_t s = 0; s < m->n_rows; s++) better += s != r && cosine(m, r, s) > last + 2 * gamma;
    if (better >= K) bench_stop("verify", "a more similar item was left out");
    for (int32_t k = 0; k < K && ids[k] >= 0; k++)
        if (fabs(cosine(m, r, ids[k]) - (double)scores[k]) > gamma)
            bench_stop("verify", "a score is not the cosine");
}

/* Multiply-adds of the product: every user's items meet each other. */
static double products(const aisle_csr *users)
{
    double sum = 0;
    for (int32_t u = 0; u < users->n_rows; u++)
        sum += pow((double)(users->row_ptr[u + 1] - users->row_ptr[u]), 2);
    return sum;
}

int main(int argc, char **argv)
{
    static bench_run b;
    static bench_times t;
    bench_open(&b, argc, argv);
    aisle_csr items = b.ct;
    items.val = unit_values(&items);
    int64_t n = (int64_t)items.n_rows * K;
    int32_t *ids = aisle_array(n, sizeof *ids);
    float *scores = aisle_array(n, sizeof *scores);
    aisle_dev_csr *d = NULL;
    if (!ids || !scores) bench_stop("neighbours", "out of memory");
    BENCH_MUST(b.ops->csr_put(b.d, &items, &d, err));
    double best = INFINITY;
    for (int32_t run = 0; run <= b.o.runs; run++) { /* the first warms up, and is what is verified */
        double from = bench_seconds();
        BENCH_MUST(b.ops->similar_topk(b.d, d, K, ids, scores, NULL, err));
        double took = bench_seconds() - from;
        for (int32_t s = 0; run == 0 && s < 8; s++) {
            int64_t r = (int64_t)items.n_rows * s / 8;
            verify(&items, (int32_t)r, ids + r * K, scores + r * K);
        }
        if (run) t.t[t.n++] = took;
        if (run && took < best) best = took;
    }
    char extra[200];
    snprintf(extra, sizeof extra, ",\"k\":%d,\"items_per_s\":%.0f,\"products_per_s\":%.3g", K,
             items.n_rows / best, products(&b.c) / best);
    bench_print(&b, "similar", 0, &t, extra);
    b.ops->csr_free(b.d, d);
    aisle_free(items.val);
    aisle_free(ids);
    aisle_free(scores);
    bench_close(&b);
    return 0;
}
