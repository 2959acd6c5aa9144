/* Rows of a CSR into ascending columns, each by one thread. A row becomes 64-bit keys of column and value (or
 * place), which are sorted without a comparison: radix passes over the bits that columns have, and insertion
 * where a row is too short for counters to pay. */
#include "cpu/data/csr_rows.h"

#include <limits.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"

enum { SHORT_ROW = 40, MOST_BITS = 11 };

/* What one thread needs for its longest row. */
typedef struct scratch {
    uint64_t *key, *other;
    float *val;
    int64_t key_cap, other_cap, val_cap;
} scratch;

int32_t csr_threads(int32_t threads)
{
    return threads > 0 ? threads : omp_get_max_threads();
}

aisle_status csr_alloc(aisle_csr *m, int32_t n_rows, int32_t n_cols, int64_t nnz, bool values,
                       aisle_error *err)
{
    *m = (aisle_csr){n_rows, n_cols, aisle_array((int64_t)n_rows + 1, sizeof(int64_t)),
                     aisle_array(nnz, sizeof(int32_t)), values ? aisle_array(nnz, sizeof(float)) : NULL};
    if (m->row_ptr && m->col && (m->val || !values)) {
        memset(m->row_ptr, 0, ((size_t)n_rows + 1) * sizeof(int64_t));
        return AISLE_OK;
    }
    aisle_csr_deinit(m);
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for a sparse matrix of %lld entries", (long long)nnz);
}

int64_t csr_parts(int64_t n, int32_t n_keys, int32_t threads)
{
    int64_t most = n / ((int64_t)n_keys + 1) + 1;
    return most < threads ? most : threads;
}

void csr_place(int64_t parts, int32_t n_keys, int64_t *at, int64_t *row_ptr)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < n_keys; i++) {
        row_ptr[i] = sum;
        for (int64_t p = 0; p < parts; p++) {
            int64_t count = at[p * n_keys + i];
            at[p * n_keys + i] = sum;
            sum += count;
        }
    }
    row_ptr[n_keys] = sum;
}

static void insertion_sort(uint64_t *key, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        uint64_t k = key[i];
        int64_t j = i;
        for (; j > 0 && key[j - 1] > k; j--) key[j] = key[j - 1];
        key[j] = k;
    }
}

/* Stable, by the columns' bits; returns the one of the two arrays that holds the result. */
static uint64_t *radix_sort(uint64_t *from, uint64_t *to, int64_t n, int bits)
{
    int most = n < 2048 ? 8 : MOST_BITS, passes = (bits + most - 1) / most;
    int width = passes ? (bits + passes - 1) / passes : 0;
    for (int pass = 0; pass < passes; pass++) {
        uint32_t at[1 << MOST_BITS] = {0}, sum = 0, mask = (1U << width) - 1;
        int shift = 32 + pass * width;
        for (int64_t i = 0; i < n; i++) at[from[i] >> shift & mask]++;
        for (uint32_t d = 0; d <= mask; d++) {
            uint32_t count = at[d];
            at[d] = sum;
            sum += count;
        }
        for (int64_t i = 0; i < n; i++) to[at[from[i] >> shift & mask]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Within equal columns, by the low half too. */
static void sort_runs(uint64_t *key, int64_t n)
{
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && key[end] >> 32 == key[i] >> 32;) end++;
        if (end - i > SHORT_ROW)
            qsort(key + i, (size_t)(end - i), sizeof *key, compare_keys);
        else
            insertion_sort(key + i, end - i);
    }
}

static bool grow(scratch *s, int64_t n)
{
    return aisle_grow((void **)&s->key, &s->key_cap, n, sizeof *s->key) &&
           aisle_grow((void **)&s->other, &s->other_cap, n, sizeof *s->other) &&
           aisle_grow((void **)&s->val, &s->val_cap, n, sizeof *s->val);
}

/* The value of one run of equal columns, key[0 .. n). by_place: the low half is a place in val, else the value
 * itself (whose bits ascend with it, as it is not negative). */
static float merge_run(const uint64_t *key, int64_t n, csr_merge merge, const float *val)
{
    uint32_t low = (uint32_t)key[n - 1];
    if (merge == CSR_LAST) return val[low];
    if (merge == CSR_SUM_IN_ORDER) {
        float sum = val[(uint32_t)key[0]];
        for (int64_t i = 1; i < n; i++) sum += val[(uint32_t)key[i]];
        return sum;
    }
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        float v;
        low = (uint32_t)key[i];
        memcpy(&v, &low, sizeof v);
        sum = merge == CSR_MAX ? v : sum + v;
    }
    return (float)sum;
}

static bool ascending(const int32_t *col, int64_t n, int32_t n_cols)
{
    bool good = n == 0 || (col[0] >= 0 && col[n - 1] < n_cols);
    for (int64_t i = 1; i < n; i++) good &= col[i - 1] < col[i];
    return good;
}

static aisle_status fill_keys(const aisle_csr *m, int32_t r, csr_merge merge, scratch *s)
{
    const int32_t *col = m->col + m->row_ptr[r];
    const float *val = m->val ? m->val + m->row_ptr[r] : NULL;
    int64_t n = m->row_ptr[r + 1] - m->row_ptr[r];
    bool inside = true;
    if (n > UINT32_MAX) return AISLE_EUNSUPPORTED;
    if (!grow(s, n)) return AISLE_ENOMEM;
    bool by_place = merge == CSR_SUM_IN_ORDER || merge == CSR_LAST || !val;
    for (int64_t i = 0; i < n; i++) {
        uint32_t low = (uint32_t)i;
        if (!by_place) memcpy(&low, &val[i], sizeof low);
        s->key[i] = (uint64_t)(uint32_t)col[i] << 32 | low;
        inside &= (uint32_t)col[i] < (uint32_t)m->n_cols;
    }
    if (by_place && val) memcpy(s->val, val, (size_t)n * sizeof *val);
    return inside ? AISLE_OK : AISLE_EFORMAT;
}

/* *length: what is left of row r, which begins where it began. */
static aisle_status sort_row(aisle_csr *m, int32_t r, csr_merge merge, scratch *s, int32_t *length)
{
    int64_t begin = m->row_ptr[r], n = m->row_ptr[r + 1] - begin, to = begin;
    *length = (int32_t)n;
    if (ascending(m->col + begin, n, m->n_cols)) return AISLE_OK;
    AISLE_TRY(fill_keys(m, r, merge, s));
    uint64_t *key = s->key;
    if (n <= SHORT_ROW)
        insertion_sort(key, n);
    else {
        key = radix_sort(key, s->other, n, 32 - __builtin_clz((unsigned)m->n_cols));
        if (m->val && (merge == CSR_MAX || merge == CSR_SUM_ASCENDING)) sort_runs(key, n);
    }
    for (int64_t i = 0, end; i < n; i = end, to++) {
        for (end = i + 1; end < n && key[end] >> 32 == key[i] >> 32;) end++;
        m->col[to] = (int32_t)(key[i] >> 32);
        if (!m->val) continue;
        m->val[to] = merge_run(key + i, end - i, merge, s->val);
        if (end > i + 1 && !isfinite(m->val[to])) return AISLE_ENUMERIC;
    }
    *length = (int32_t)(to - begin);
    return AISLE_OK;
}

/* Moves rows together; returns how many entries went. */
static int64_t close_gaps(aisle_csr *m, const int32_t *length)
{
    int64_t to = 0, was = aisle_csr_nnz(m);
    for (int32_t r = 0; r < m->n_rows; r++) {
        int64_t from = m->row_ptr[r];
        if (to < from) {
            memmove(m->col + to, m->col + from, (size_t)length[r] * sizeof *m->col);
            if (m->val) memmove(m->val + to, m->val + from, (size_t)length[r] * sizeof *m->val);
        }
        m->row_ptr[r] = to;
        to += length[r];
    }
    m->row_ptr[m->n_rows] = to;
    return was - to;
}

static aisle_status told(aisle_status st, int32_t row, aisle_error *err)
{
    if (st == AISLE_ENOMEM)
        return aisle_fail(err, st, "out of memory to sort row %d of a sparse matrix", row);
    if (st == AISLE_ENUMERIC)
        return aisle_fail(err, st, "sparse matrix: row %d: the sum of equal pairs is not finite", row);
    if (st == AISLE_EUNSUPPORTED)
        return aisle_fail(err, st, "sparse matrix: row %d has more than %u entries", row, UINT_MAX);
    return aisle_fail(err, st, "sparse matrix: row %d has a column outside of it", row);
}

aisle_status csr_sort_rows(aisle_csr *m, csr_merge merge, int32_t threads, int64_t *merged, aisle_error *err)
{
    int32_t *length = aisle_array(m->n_rows, sizeof *length), bad_row = INT32_MAX;
    aisle_status bad = AISLE_OK;
    if (!length) return aisle_fail(err, AISLE_ENOMEM, "out of memory to sort %d rows", m->n_rows);
#pragma omp parallel num_threads(csr_threads(threads))
    {
        scratch s = {0};
#pragma omp for schedule(dynamic, 64)
        for (int32_t r = 0; r < m->n_rows; r++) {
            aisle_status st = sort_row(m, r, merge, &s, &length[r]);
            if (st == AISLE_OK) continue;
#pragma omp critical(csr_sort_rows_bad)
            if (r < bad_row) {
                bad_row = r;
                bad = st;
            }
        }
        aisle_free(s.key);
        aisle_free(s.other);
        aisle_free(s.val);
    }
    int64_t gone = bad == AISLE_OK ? close_gaps(m, length) : 0;
    aisle_free(length);
    if (merged) *merged = gone;
    return bad == AISLE_OK ? AISLE_OK : told(bad, bad_row, err);
}
