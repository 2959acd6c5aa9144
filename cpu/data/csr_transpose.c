/* Transposing a CSR on all cores. Each thread counts the columns of its rows, is given for every column the place
 * where its entries begin, and writes them there: rows are in order, so columns come out sorted. Nothing is sorted
 * and nothing is stored twice. */
#include <omp.h>

#include "aisle/memory.h"
#include "cpu/data/csr_rows.h"

enum { AHEAD = 24 }; /* entries between the hint that a place will be written and the write */

/* The first row of part p of n: parts have about the same number of entries. */
static int32_t part_begin(const aisle_csr *m, int64_t p, int64_t n)
{
    int64_t want = aisle_csr_nnz(m) / n * p;
    int32_t low = 0, high = m->n_rows;
    if (p == n) return m->n_rows;
    while (low < high) {
        int32_t mid = low + (high - low) / 2;
        if (m->row_ptr[mid] < want)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Random places of two large arrays: without the hints each write would wait for its cache line. */
static void scatter_rows(const aisle_csr *m, int32_t from, int32_t until, int64_t *at, aisle_csr *out)
{
    const int64_t last = m->row_ptr[until];
    for (int32_t r = from; r < until; r++)
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) {
            if (e + AHEAD < last) {
                int64_t soon = at[m->col[e + AHEAD]];
                __builtin_prefetch(&out->col[soon], 1);
                if (out->val) __builtin_prefetch(&out->val[soon], 1);
            }
            int64_t to = at[m->col[e]]++;
            out->col[to] = r;
            if (out->val) out->val[to] = m->val[e];
        }
}

aisle_status aisle_csr_transpose(const aisle_csr *m, aisle_csr *out, aisle_error *err)
{
    int64_t nnz = aisle_csr_nnz(m), n = m->n_cols, parts = csr_parts(nnz, m->n_cols, csr_threads(0));
    int64_t *at = aisle_calloc((size_t)parts, (size_t)n * sizeof *at);
    aisle_csr made = {0};
    *out = (aisle_csr){0};
    if (!at) return aisle_fail(err, AISLE_ENOMEM, "out of memory to transpose %lld entries", (long long)nnz);
    aisle_status st = csr_alloc(&made, m->n_cols, m->n_rows, nnz, m->val != NULL, err);
    if (st != AISLE_OK) goto done;
#pragma omp parallel for schedule(static, 1) num_threads((int)parts)
    for (int64_t p = 0; p < parts; p++)
        for (int64_t e = m->row_ptr[part_begin(m, p, parts)]; e < m->row_ptr[part_begin(m, p + 1, parts)];
             e++)
            at[p * n + m->col[e]]++;
    csr_place(parts, m->n_cols, at, made.row_ptr);
#pragma omp parallel for schedule(static, 1) num_threads((int)parts)
    for (int64_t p = 0; p < parts; p++)
        scatter_rows(m, part_begin(m, p, parts), part_begin(m, p + 1, parts), at + p * n, &made);
    *out = made;
done:
    aisle_free(at);
    return st;
}
