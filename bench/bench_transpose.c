/* How fast does a CSR with values turn over? Checked against a serial counting sort. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "bench/bench.h"

static void transpose(void *arg)
{
    bench_run *b = arg;
    aisle_csr_deinit(&b->ct);
    BENCH_MUST(aisle_csr_transpose(&b->c, &b->ct, err));
}

/* Every entry of the matrix, row by row, must be the next one of its column. */
static void verify(const bench_run *b)
{
    const aisle_csr *c = &b->c, *t = &b->ct;
    int64_t *at = aisle_array((int64_t)t->n_rows + 1, sizeof *at);
    if (!at) bench_stop("verify", "out of memory");
    memcpy(at, t->row_ptr, ((size_t)t->n_rows + 1) * sizeof *at);
    bool good = t->n_rows == c->n_cols && t->n_cols == c->n_rows && aisle_csr_nnz(t) == aisle_csr_nnz(c);
    for (int32_t r = 0; good && r < c->n_rows; r++)
        for (int64_t e = c->row_ptr[r]; good && e < c->row_ptr[r + 1]; e++) {
            int64_t to = at[c->col[e]]++;
            good = to < t->row_ptr[c->col[e] + 1] && t->col[to] == r && t->val[to] == c->val[e];
        }
    aisle_free(at);
    if (!good) bench_stop("verify", "an entry is not where it belongs");
}

int main(int argc, char **argv)
{
    bench_run b;
    static bench_times t;
    bench_open(&b, false, argc, argv);
    int64_t n = aisle_csr_nnz(&b.c);
    float *values = b.c.val ? NULL : aisle_array(n, sizeof *values);
    if (!b.c.val && !values) bench_stop("values", "out of memory");
    for (int64_t e = 0; values && e < n; e++) values[e] = (float)(1 + e % 5);
    if (values) b.c.val = values;
    transpose(&b);
    verify(&b);
    bench_time(&b, transpose, &b, &t);
    double best = INFINITY;
    for (int32_t i = 0; i < t.n; i++) best = t.t[i] < best ? t.t[i] : best;
    /* columns are read twice, values once, both are written once; offsets are small beside them */
    const bench_counts need = {.streamed = 20.0 * (double)n + 8.0 * ((double)b.c.n_rows + b.c.n_cols)};
    char extra[96];
    snprintf(extra, sizeof extra, ",\"ns_per_entry\":%.2f", 1e9 * best / (double)n);
    bench_print(&b, "transpose", 0, &t, &need, extra);
    aisle_free(values);
    b.c.val = b.o.matrix ? b.c.val : NULL;
    bench_close(&b);
    return 0;
}
