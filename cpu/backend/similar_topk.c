/* The k most similar rows of every row of a sparse matrix: a row of A A' at a time, never the product as a whole.
 * similar_lists.c makes the matrix ready, similar_row.c searches for one row; here the rows are dealt out. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/similar.h"

enum { GROUPS_AT_ONCE = 16 }; /* that a thread takes: the longest come first, so the ends are even */

typedef struct job {
    aisle_similar_lists l;
    aisle_similar_scratch *scratch; /* one a thread */
    int32_t k;
    int32_t *ids;
    float *scores;
    const aisle_progress *progress;
    int64_t next, rows_done; /* atomic */
} job;

static float key_score(uint64_t key)
{
    uint32_t bits = (uint32_t)(key >> 32) ^ 0x80000000U; /* as aisle_select_key makes them of scores >= 0 */
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

/* The answer for one row of a group: the group's best without the row itself. */
static void write_row(const job *j, int32_t row, const uint64_t *best, int32_t n)
{
    int32_t *ids = j->ids + (int64_t)row * j->k, at = 0;
    float *scores = j->scores + (int64_t)row * j->k;
    for (int32_t i = 0; i < n && at < j->k; i++) {
        int32_t id = (int32_t) ~(uint32_t)best[i];
        if (id == row) continue;
        ids[at] = id;
        scores[at++] = key_score(best[i]);
    }
    for (; at < j->k; at++) {
        ids[at] = -1;
        scores[at] = 0;
    }
}

/* Takes groups until none is left. The calling thread tells how far all are. */
static void work(job *j, int thread)
{
    const aisle_similar_lists *l = &j->l;
    aisle_similar_scratch *s = &j->scratch[thread];
    for (;;) {
        int64_t from = __atomic_fetch_add(&j->next, GROUPS_AT_ONCE, __ATOMIC_RELAXED);
        if (from >= l->n) return;
        int32_t begin = (int32_t)from, end = l->n - begin < GROUPS_AT_ONCE ? l->n : begin + GROUPS_AT_ONCE;
        for (int32_t g = begin; g < end; g++) {
            if (aisle_canceled(j->progress)) return;
            int32_t n = aisle_similar_group(l, s, g);
            for (int32_t i = l->member_ptr[g]; i < l->member_ptr[g + 1]; i++)
                write_row(j, l->member[i], s->sorted, n);
        }
        int64_t rows = l->member_ptr[end] - l->member_ptr[begin];
        int64_t done = __atomic_add_fetch(&j->rows_done, rows, __ATOMIC_RELAXED);
        if (thread == 0) aisle_progress_report(j->progress, "similar", done, l->n_rows, "");
    }
}

/* Rows without entries are in no group. */
static void write_empty_rows(const job *j, const aisle_csr *a)
{
    for (int32_t r = 0; r < a->n_rows; r++)
        if (a->row_ptr[r] == a->row_ptr[r + 1]) write_row(j, r, NULL, 0);
}

static aisle_status run(aisle_device *d, job *j, const aisle_csr *a, aisle_error *err)
{
    int32_t threads = d->threads < j->l.n ? d->threads : j->l.n > 0 ? j->l.n : 1;
    aisle_status st = AISLE_OK;
    j->scratch = aisle_calloc((size_t)threads, sizeof *j->scratch);
    if (!j->scratch)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for similarities of %d rows", a->n_rows);
    for (int32_t t = 0; t < threads && st == AISLE_OK; t++)
        st = aisle_similar_scratch_init(&j->scratch[t], &j->l, j->k, d->k, err);
    for (int32_t t = 0; t < threads && st == AISLE_OK; t++) j->scratch[t].progress = j->progress;
    if (st == AISLE_OK) {
        write_empty_rows(j, a);
#pragma omp parallel num_threads(threads)
        work(j, aisle_cpu_thread());
        if (aisle_canceled(j->progress)) st = aisle_fail(err, AISLE_ECANCELED, "similar rows canceled");
    }
    for (int32_t t = 0; t < threads; t++) aisle_similar_scratch_deinit(&j->scratch[t]);
    aisle_free(j->scratch);
    return st;
}

aisle_status aisle_cpu_similar_topk(aisle_device *d, const aisle_dev_csr *a, int32_t k, int32_t *ids,
                                    float *scores, const aisle_progress *progress, aisle_error *err)
{
    if (k < 1 || k > 65536) return aisle_fail(err, AISLE_EINVAL, "neighbours %d: must be 1 to 65536", k);
    if (a->dislikes) return aisle_fail(err, AISLE_EINVAL, "similar rows: all values must be > 0");
    if (aisle_canceled(progress)) return aisle_fail(err, AISLE_ECANCELED, "similar rows canceled");
    job j = {.k = k, .ids = ids, .scores = scores, .progress = progress};
    aisle_progress_report(progress, "similar", 0, a->m.n_rows, "");
    aisle_status st = aisle_similar_lists_init(&j.l, &a->m, d->threads, progress, err);
    if (st == AISLE_OK) st = run(d, &j, &a->m, err);
    aisle_similar_lists_deinit(&j.l);
    if (st == AISLE_OK) aisle_progress_report(progress, "similar", a->m.n_rows, a->m.n_rows, "");
    return st;
}
