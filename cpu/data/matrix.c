/* Building, checking and transposing CSR matrices; dense storage. */
#include "aisle/matrix.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "aisle/memory.h"

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

static aisle_status csr_alloc(aisle_csr *m, int32_t n_rows, int32_t n_cols, int64_t nnz, bool values,
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

static aisle_status check_ids(int32_t n_rows, int32_t n_cols, int64_t n, const int32_t *row,
                              const int32_t *col, aisle_error *err)
{
    if (n_rows < 0 || n_cols < 0 || n < 0)
        return aisle_fail(err, AISLE_EINVAL, "sparse matrix: sizes must be >= 0");
    for (int64_t e = 0; e < n; e++)
        if (row[e] < 0 || row[e] >= n_rows || col[e] < 0 || col[e] >= n_cols)
            return aisle_fail(err, AISLE_EINVAL, "sparse matrix entry %lld: (%d, %d) is outside %d x %d",
                              (long long)e, row[e], col[e], n_rows, n_cols);
    return AISLE_OK;
}

/* Turns counts at [i + 1] into start offsets. */
static void prefix_sum(int64_t *ptr, int32_t n)
{
    for (int32_t i = 0; i < n; i++) ptr[i + 1] += ptr[i];
}

/* Stable scatter of triplets into rows keyed by `key`; offsets in ptr are advanced and restored. */
static void scatter(int64_t n, const int32_t *key, const int32_t *other, const float *val, int32_t n_keys,
                    int64_t *ptr, int32_t *out_other, float *out_val)
{
    for (int64_t e = 0; e < n; e++) {
        int64_t at = ptr[key[e]]++;
        out_other[at] = other[e];
        if (out_val) out_val[at] = val[e];
    }
    memmove(ptr + 1, ptr, (size_t)n_keys * sizeof *ptr);
    ptr[0] = 0;
}

static void expand_rows(const aisle_csr *m, int32_t *row)
{
    for (int32_t r = 0; r < m->n_rows; r++)
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) row[e] = r;
}

aisle_status aisle_csr_transpose(const aisle_csr *m, aisle_csr *out, aisle_error *err)
{
    int64_t nnz = aisle_csr_nnz(m);
    AISLE_TRY(csr_alloc(out, m->n_cols, m->n_rows, nnz, m->val != NULL, err));
    for (int64_t e = 0; e < nnz; e++) out->row_ptr[m->col[e] + 1]++;
    prefix_sum(out->row_ptr, out->n_rows);
    for (int32_t r = 0; r < m->n_rows; r++)
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) {
            int64_t at = out->row_ptr[m->col[e]]++;
            out->col[at] = r;
            if (out->val) out->val[at] = m->val[e];
        }
    memmove(out->row_ptr + 1, out->row_ptr, (size_t)out->n_rows * sizeof *out->row_ptr);
    out->row_ptr[0] = 0;
    return AISLE_OK;
}

/* Adds up equal neighbours in every (sorted) row, in place. */
static void collapse(aisle_csr *m)
{
    int64_t to = 0, from = 0;
    for (int32_t r = 0; r < m->n_rows; r++) {
        int64_t end = m->row_ptr[r + 1], start = to;
        for (; from < end; from++) {
            if (to > start && m->col[to - 1] == m->col[from]) {
                if (m->val) m->val[to - 1] += m->val[from];
                continue;
            }
            m->col[to] = m->col[from];
            if (m->val) m->val[to] = m->val[from];
            to++;
        }
        m->row_ptr[r + 1] = to;
    }
}

/* Two stable counting sorts, by column and then by row: rows come out sorted and equal pairs keep their
 * order. */
aisle_status aisle_csr_from_coo(int32_t n_rows, int32_t n_cols, int64_t n, const int32_t *row,
                                const int32_t *col, const float *val, aisle_csr *m, aisle_error *err)
{
    aisle_csr by_col = {0}, by_row = {0};
    *m = (aisle_csr){0};
    AISLE_TRY(check_ids(n_rows, n_cols, n, row, col, err));
    aisle_status st = csr_alloc(&by_col, n_cols, n_rows, n, val != NULL, err);
    int32_t *cols = st == AISLE_OK ? aisle_array(n, sizeof *cols) : NULL;
    if (st == AISLE_OK && !cols)
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld triplets", (long long)n);
    if (st != AISLE_OK) goto done;
    for (int64_t e = 0; e < n; e++) by_col.row_ptr[col[e] + 1]++;
    prefix_sum(by_col.row_ptr, n_cols);
    scatter(n, col, row, val, n_cols, by_col.row_ptr, by_col.col, by_col.val);
    expand_rows(&by_col, cols);
    st = csr_alloc(&by_row, n_rows, n_cols, n, val != NULL, err);
    if (st != AISLE_OK) goto done;
    for (int64_t e = 0; e < n; e++) by_row.row_ptr[row[e] + 1]++;
    prefix_sum(by_row.row_ptr, n_rows);
    scatter(n, by_col.col, cols, by_col.val, n_rows, by_row.row_ptr, by_row.col, by_row.val);
    collapse(&by_row);
    *m = by_row;
done:
    aisle_free(cols);
    aisle_csr_deinit(&by_col);
    return st;
}

aisle_status aisle_csr_check(const aisle_csr *m, aisle_error *err)
{
    if (m->n_rows < 0 || m->n_cols < 0 || !m->row_ptr || m->row_ptr[0] != 0)
        return aisle_fail(err, AISLE_EFORMAT, "sparse matrix: bad sizes or first offset");
    for (int32_t r = 0; r < m->n_rows; r++) {
        if (m->row_ptr[r + 1] < m->row_ptr[r])
            return aisle_fail(err, AISLE_EFORMAT, "sparse matrix: row %d ends before it starts", r);
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) {
            if (m->col[e] < 0 || m->col[e] >= m->n_cols || (e > m->row_ptr[r] && m->col[e] <= m->col[e - 1]))
                return aisle_fail(err, AISLE_EFORMAT,
                                  "sparse matrix: row %d, column %d is out of range or order", r, m->col[e]);
            if (m->val && !isfinite(m->val[e]))
                return aisle_fail(err, AISLE_EFORMAT, "sparse matrix: row %d, column %d is not finite", r,
                                  m->col[e]);
        }
    }
    return AISLE_OK;
}
