/* The k most similar rows of every row of a sparse matrix: one row of A A' at a time into a dense accumulator
 * with a list of what was touched (Gustavson 1978), never the product as a whole. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/cpu.h"
#include "cpu/kernels/select.h"

enum { ROWS_AT_ONCE = 4096 }; /* between two reports, which only the calling thread may make */

/* Sums in double: a pair may share thousands of columns. */
typedef struct scratch {
    double *sum;      /* n_rows, zero between rows */
    int32_t *touched; /* n_rows */
    uint64_t *key;
} scratch;

typedef struct job {
    const aisle_csr *a, *t; /* t = a' */
    int32_t k;
    int32_t *ids;
    float *scores;
} job;

static float value(const aisle_csr *m, int64_t e)
{
    return m->val ? m->val[e] : 1.0F;
}

static void one_row(const job *j, scratch *s, int32_t r)
{
    const aisle_csr *a = j->a, *t = j->t;
    int32_t n = 0;
    for (int64_t e = a->row_ptr[r]; e < a->row_ptr[r + 1]; e++) {
        double v = value(a, e);
        for (int64_t g = t->row_ptr[a->col[e]]; g < t->row_ptr[a->col[e] + 1]; g++) {
            int32_t other = t->col[g];
            s->touched[n] = other;
            n += s->sum[other] == 0; /* products are > 0: zero means untouched */
            s->sum[other] += v * value(t, g);
        }
    }
    aisle_select best;
    aisle_select_init(&best, s->key, j->k);
    for (int32_t i = 0; i < n; i++) {
        int32_t other = s->touched[i];
        float score = (float)s->sum[other];
        s->sum[other] = 0;
        if (other != r && score > 0 && score >= best.threshold) aisle_select_push(&best, score, other);
    }
    aisle_select_take(&best, j->ids + (int64_t)r * j->k, j->scores + (int64_t)r * j->k);
}

static aisle_status scratch_init(aisle_device *d, const job *j, scratch *s, aisle_error *err)
{
    int64_t rows = (int64_t)j->a->n_rows + 1, keys = aisle_select_room(j->k);
    *s = (scratch){aisle_calloc((size_t)d->threads, (size_t)rows * sizeof(double)),
                   aisle_array(rows * d->threads, sizeof(int32_t)),
                   aisle_array(keys * d->threads, sizeof(uint64_t))};
    if (s->sum && s->touched && s->key) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for similarities of %d rows", j->a->n_rows);
}

static aisle_status run(aisle_device *d, const job *j, const scratch *all, const aisle_progress *progress,
                        aisle_error *err)
{
    int64_t rows = (int64_t)j->a->n_rows + 1, keys = aisle_select_room(j->k);
    for (int32_t from = 0; from < j->a->n_rows; from += ROWS_AT_ONCE) {
        aisle_progress_report(progress, "similar", from, j->a->n_rows, "");
        int32_t end = j->a->n_rows - from < ROWS_AT_ONCE ? j->a->n_rows : from + ROWS_AT_ONCE;
#pragma omp parallel for num_threads(d->threads) schedule(dynamic, 16)
        for (int32_t r = from; r < end; r++) {
            if (aisle_canceled(progress)) continue;
            int t = aisle_cpu_thread();
            scratch mine = {all->sum + rows * t, all->touched + rows * t, all->key + keys * t};
            one_row(j, &mine, r);
        }
        if (aisle_canceled(progress)) return aisle_fail(err, AISLE_ECANCELED, "similar rows canceled");
    }
    aisle_progress_report(progress, "similar", j->a->n_rows, j->a->n_rows, "");
    return AISLE_OK;
}

aisle_status aisle_cpu_similar_topk(aisle_device *d, const aisle_dev_csr *a, int32_t k, int32_t *ids,
                                    float *scores, const aisle_progress *progress, aisle_error *err)
{
    if (k < 1 || k > 65536) return aisle_fail(err, AISLE_EINVAL, "neighbours %d: must be 1 to 65536", k);
    aisle_csr t = {0};
    scratch s = {0};
    const job j = {&a->m, &t, k, ids, scores};
    aisle_status st = aisle_csr_transpose(&a->m, &t, err);
    if (st == AISLE_OK) st = scratch_init(d, &j, &s, err);
    if (st == AISLE_OK) st = run(d, &j, &s, progress, err);
    aisle_csr_deinit(&t);
    aisle_free(s.sum);
    aisle_free(s.touched);
    aisle_free(s.key);
    return st;
}
