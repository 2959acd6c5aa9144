/* Building and checking CSR matrices, on all cores; dense storage. csr_transpose.c turns them over. */
#include "aisle/matrix.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/data/csr_rows.h"

aisle_status aisle_mat_init(aisle_mat *m, int32_t n_rows, int32_t n_cols, aisle_error *err)
{
    int64_t n = 0, bytes = 0;
    *m = (aisle_mat){0};
    if (n_rows < 0 || n_cols < 0 || aisle_size_mul(n_rows, n_cols, &n) ||
        aisle_size_mul(n, sizeof(float), &bytes))
        return aisle_fail(err, AISLE_EINVAL, "matrix of %d x %d: sizes must be >= 0", n_rows, n_cols);
    float *data = aisle_alloc_aligned((size_t)bytes);
    if (!data) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a %d x %d matrix", n_rows, n_cols);
    memset(data, 0, (size_t)bytes);
    *m = (aisle_mat){n_rows, n_cols, n_cols, data};
    return AISLE_OK;
}

void aisle_mat_deinit(aisle_mat *m)
{
    aisle_free(m->data);
    *m = (aisle_mat){0};
}

void aisle_csr_deinit(aisle_csr *m)
{
    aisle_free(m->row_ptr);
    aisle_free(m->col);
    aisle_free(m->val);
    *m = (aisle_csr){0};
}

/* The first triplet that lies outside. */
static aisle_status check_ids(int32_t n_rows, int32_t n_cols, int64_t n, const int32_t *row,
                              const int32_t *col, aisle_error *err)
{
    int64_t bad = INT64_MAX;
    if (n_rows < 0 || n_cols < 0 || n < 0)
        return aisle_fail(err, AISLE_EINVAL, "sparse matrix: sizes must be >= 0");
#pragma omp parallel for schedule(static) reduction(min : bad)
    for (int64_t e = 0; e < n; e++)
        if ((row[e] < 0 || row[e] >= n_rows || col[e] < 0 || col[e] >= n_cols) && e < bad) bad = e;
    if (bad == INT64_MAX) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "sparse matrix entry %lld: (%d, %d) is outside %d x %d",
                      (long long)bad, row[bad], col[bad], n_rows, n_cols);
}

/* A stable counting sort by row, each thread a part of the triplets, and then each row by column. */
aisle_status aisle_csr_from_coo(int32_t n_rows, int32_t n_cols, int64_t n, const int32_t *row,
                                const int32_t *col, const float *val, aisle_csr *m, aisle_error *err)
{
    aisle_csr made = {0};
    *m = (aisle_csr){0};
    AISLE_TRY(check_ids(n_rows, n_cols, n, row, col, err));
    int64_t parts = csr_parts(n, n_rows, csr_threads(0)), keys = n_rows;
    int64_t *at = aisle_calloc((size_t)parts, (size_t)keys * sizeof *at);
    if (!at) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld triplets", (long long)n);
    aisle_status st = csr_alloc(&made, n_rows, n_cols, n, val != NULL, err);
    if (st != AISLE_OK) goto done;
#pragma omp parallel for schedule(static, 1) num_threads((int)parts)
    for (int64_t p = 0; p < parts; p++)
        for (int64_t e = n / parts * p, end = p + 1 < parts ? n / parts * (p + 1) : n; e < end; e++)
            at[p * keys + row[e]]++;
    csr_place(parts, n_rows, at, made.row_ptr);
#pragma omp parallel for schedule(static, 1) num_threads((int)parts)
    for (int64_t p = 0; p < parts; p++)
        for (int64_t e = n / parts * p, end = p + 1 < parts ? n / parts * (p + 1) : n; e < end; e++) {
            int64_t to = at[p * keys + row[e]]++;
            made.col[to] = col[e];
            if (val) made.val[to] = val[e];
        }
    st = csr_sort_rows(&made, CSR_SUM_IN_ORDER, 0, NULL, err);
    if (st == AISLE_OK) {
        *m = made;
        made = (aisle_csr){0};
    }
done:
    aisle_free(at);
    aisle_csr_deinit(&made);
    return st;
}

/* Every column within range, above the one before it, every value finite. */
static bool row_holds(const aisle_csr *m, int32_t r)
{
    int64_t begin = m->row_ptr[r], end = m->row_ptr[r + 1];
    bool good = begin == end || (m->col[begin] >= 0 && m->col[end - 1] < m->n_cols);
    for (int64_t e = begin + 1; e < end; e++) good &= m->col[e - 1] < m->col[e];
    for (int64_t e = begin; m->val && e < end; e++) good &= isfinite(m->val[e]) != 0;
    return good;
}

static aisle_status name_entry(const aisle_csr *m, int32_t r, aisle_error *err)
{
    int64_t e = m->row_ptr[r];
    while (m->col[e] >= 0 && m->col[e] < m->n_cols && (e == m->row_ptr[r] || m->col[e] > m->col[e - 1]) &&
           (!m->val || isfinite(m->val[e])))
        e++;
    if (m->col[e] < 0 || m->col[e] >= m->n_cols || (e > m->row_ptr[r] && m->col[e] <= m->col[e - 1]))
        return aisle_fail(err, AISLE_EFORMAT, "sparse matrix: row %d, column %d is out of range or order", r,
                          m->col[e]);
    return aisle_fail(err, AISLE_EFORMAT, "sparse matrix: row %d, column %d is not finite", r, m->col[e]);
}

aisle_status aisle_csr_check(const aisle_csr *m, aisle_error *err)
{
    int32_t bad = INT32_MAX;
    if (m->n_rows < 0 || m->n_cols < 0 || !m->row_ptr || m->row_ptr[0] != 0)
        return aisle_fail(err, AISLE_EFORMAT, "sparse matrix: bad sizes or first offset");
    /* all offsets first: no entry is looked at that lies outside */
    for (int32_t r = 0; r < m->n_rows; r++)
        if (m->row_ptr[r + 1] < m->row_ptr[r])
            return aisle_fail(err, AISLE_EFORMAT, "sparse matrix: row %d ends before it starts", r);
#pragma omp parallel for schedule(dynamic, 1024) reduction(min : bad)
    for (int32_t r = 0; r < m->n_rows; r++)
        if (!row_holds(m, r) && r < bad) bad = r;
    return bad == INT32_MAX ? AISLE_OK : name_entry(m, bad, err);
}
