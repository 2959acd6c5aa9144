/* Matrices on the device: put, get, free; sparse rows split over the parts and sorted by length. */
#include "gpu/matrix.cuh"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

using aisle::gpu;
using aisle::shard;

int32_t aisle::rows_longer(const csr_block &b, int64_t n)
{
    const int32_t *end = b.h_order + b.n_rows;
    return (int32_t)(std::partition_point(
                         b.h_order, end, [&](int32_t r) { return b.h_row_ptr[r + 1] - b.h_row_ptr[r] > n; }) -
                     b.h_order);
}

aisle_status aisle::each_block(gpu &, const shard &s, const block_work &work, aisle_error *)
{
    for (size_t i = 0; i + 1 < s.block_first.size(); i++) {
        int32_t first = s.block_first[i], end = s.block_first[i + 1];
        int64_t base = s.h_row_ptr[0];
        csr_block b = {s.first + first,
                       end - first,
                       base,
                       s.h_row_ptr[end] - s.h_row_ptr[first],
                       s.row_ptr + first,
                       s.col,
                       s.val,
                       s.order + first,
                       s.h_row_ptr.data() + first,
                       s.h_order.data() + first};
        AISLE_TRY(work(b));
    }
    return AISLE_OK;
}

static aisle_status check_csr(const aisle_csr *m, aisle_error *err)
{
    for (int32_t r = 0; r < m->n_rows; r++) {
        if (m->row_ptr[r + 1] < m->row_ptr[r])
            return aisle_fail(err, AISLE_EFORMAT, "cuda: row %d ends at entry %lld, before it begins", r,
                              (long long)m->row_ptr[r + 1]);
        int32_t last = -1;
        for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) {
            if (m->col[e] <= last || m->col[e] >= m->n_cols)
                return aisle_fail(err, AISLE_EFORMAT,
                                  "cuda: row %d: column %d after %d: wanted ascending columns below %d", r,
                                  m->col[e], last, m->n_cols);
            last = m->col[e];
            if (m->val && !std::isfinite(m->val[e]))
                return aisle_fail(err, AISLE_EFORMAT, "cuda: row %d, column %d: value %g is not finite", r,
                                  last, (double)m->val[e]);
            if (m->val && !(m->val[e] > 0))
                return aisle_fail(err, AISLE_EINVAL, "cuda: row %d, column %d: weight %g must be > 0", r,
                                  last, (double)m->val[e]);
        }
    }
    return AISLE_OK;
}

/* Rows of about equal numbers of entries and rows for part i of n. */
static int32_t part_begin(const aisle_csr *m, int32_t i, int32_t n)
{
    if (i == n) return m->n_rows;
    int64_t total = aisle_csr_nnz(m) + m->n_rows, want = total / n * i;
    int32_t low = 0, high = m->n_rows;
    while (low < high) {
        int32_t mid = low + (high - low) / 2;
        if (m->row_ptr[mid] + mid < want)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Longest first, then by id. */
static void sort_rows(const int64_t *row_ptr, int32_t n, int32_t *order)
{
    for (int32_t r = 0; r < n; r++) order[r] = r;
    std::stable_sort(order, order + n, [&](int32_t a, int32_t b) {
        return row_ptr[a + 1] - row_ptr[a] > row_ptr[b + 1] - row_ptr[b];
    });
}

template <class T>
static aisle_status upload(gpu &g, T **to, const T *from, int64_t n, const char *what, aisle_error *err)
{
    AISLE_TRY(aisle::device_alloc(g, (n ? n : 1) * (int64_t)sizeof(T), what, (void **)to, err));
    return aisle::check(cudaMemcpyAsync(*to, from, (size_t)n * sizeof(T), cudaMemcpyHostToDevice, g.stream),
                        what, err);
}

static aisle_status put_shard(gpu &g, const aisle_csr *m, int32_t first, int32_t end, shard &s,
                              aisle_error *err)
{
    s.first = first;
    s.n_rows = end - first;
    s.resident = true;
    s.h_row_ptr.assign(m->row_ptr + first, m->row_ptr + end + 1);
    s.h_order.resize((size_t)s.n_rows);
    if (s.n_rows > 0) s.block_first = {0, s.n_rows};
    sort_rows(s.h_row_ptr.data(), s.n_rows, s.h_order.data());
    int64_t base = s.h_row_ptr[0], nnz = s.h_row_ptr[(size_t)s.n_rows] - base;
    AISLE_TRY(upload(g, &s.row_ptr, s.h_row_ptr.data(), (int64_t)s.n_rows + 1, "row offsets", err));
    AISLE_TRY(upload(g, &s.order, s.h_order.data(), s.n_rows, "rows by length", err));
    AISLE_TRY(upload(g, &s.col, m->col + base, nnz, "columns", err));
    return m->val ? upload(g, &s.val, m->val + base, nnz, "values", err) : AISLE_OK;
}

static void free_shard(gpu &g, shard &s)
{
    int64_t nnz = s.h_row_ptr.empty() ? 0 : s.h_row_ptr.back() - s.h_row_ptr[0], one = nnz ? nnz : 1;
    aisle::device_free(g, s.row_ptr, ((int64_t)s.n_rows + 1) * 8);
    aisle::device_free(g, s.order, (int64_t)(s.n_rows ? s.n_rows : 1) * 4);
    aisle::device_free(g, s.col, one * 4);
    aisle::device_free(g, s.val, one * 4);
}

void aisle_cuda_csr_free(aisle_device *d, aisle_dev_csr *m)
{
    if (!m) return;
    for (int32_t i = 0; i < d->n_parts; i++) free_shard(d->part[i], m->shard[i]);
    delete m;
}

aisle_status aisle_cuda_csr_put(aisle_device *d, const aisle_csr *m, aisle_dev_csr **out, aisle_error *err)
{
    *out = nullptr;
    AISLE_TRY(check_csr(m, err));
    aisle_dev_csr *to = new (std::nothrow) aisle_dev_csr();
    if (!to) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for a matrix");
    to->n_rows = m->n_rows;
    to->n_cols = m->n_cols;
    to->nnz = aisle_csr_nnz(m);
    aisle_status st = aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            return put_shard(g, m, part_begin(m, i, d->n_parts), part_begin(m, i + 1, d->n_parts),
                             to->shard[i], e);
        },
        err);
    if (st == AISLE_OK)
        *out = to;
    else
        aisle_cuda_csr_free(d, to);
    return st;
}

static int64_t mat_bytes(const aisle_dev_mat *m)
{
    return std::max<int64_t>((int64_t)m->n_rows * m->ld, 1) * (int64_t)sizeof(float);
}

void aisle_cuda_mat_free(aisle_device *d, aisle_dev_mat *m)
{
    if (!m) return;
    for (int32_t i = 0; i < d->n_parts; i++) aisle::device_free(d->part[i], m->data[i], mat_bytes(m));
    delete m;
}

aisle_status aisle_cuda_mat_new(aisle_device *d, int32_t n_rows, int32_t n_cols, aisle_dev_mat **out,
                                aisle_error *err)
{
    *out = nullptr;
    if (n_rows < 0 || n_cols < 1 || n_cols > AISLE_MAX_FACTORS)
        return aisle_fail(err, AISLE_EINVAL, "cuda: a matrix of %d x %d: columns must be 1 to %d", n_rows,
                          n_cols, AISLE_MAX_FACTORS);
    aisle_dev_mat *m = new (std::nothrow) aisle_dev_mat{n_rows, n_cols, aisle::padded(n_cols), {}};
    if (!m) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for a matrix");
    aisle_status st = aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            AISLE_TRY(aisle::device_alloc(g, mat_bytes(m), "a dense matrix", (void **)&m->data[i], e));
            return aisle::check(cudaMemsetAsync(m->data[i], 0, (size_t)mat_bytes(m), g.stream),
                                "clear a matrix", e);
        },
        err);
    if (st == AISLE_OK)
        *out = m;
    else
        aisle_cuda_mat_free(d, m);
    return st;
}

static aisle_status same_shape(const aisle_mat *h, const aisle_dev_mat *m, aisle_error *err)
{
    if (h->n_rows == m->n_rows && h->n_cols == m->n_cols) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL,
                      "cuda: a matrix of %d x %d on the host and one of %d x %d: shapes must agree",
                      h->n_rows, h->n_cols, m->n_rows, m->n_cols);
}

aisle_status aisle_cuda_mat_put(aisle_device *d, const aisle_mat *src, aisle_dev_mat *dst, aisle_error *err)
{
    AISLE_TRY(same_shape(src, dst, err));
    for (int32_t r = 0; r < src->n_rows; r++)
        for (int32_t j = 0; j < src->n_cols; j++)
            if (!std::isfinite(aisle_mat_row(src, r)[j]))
                return aisle_fail(err, AISLE_ENUMERIC, "cuda: row %d, column %d of a matrix is not finite", r,
                                  j);
    return aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            return aisle::check(cudaMemcpy2DAsync(dst->data[i], (size_t)dst->ld * 4, src->data,
                                                  (size_t)src->ld * 4, (size_t)src->n_cols * 4,
                                                  (size_t)src->n_rows, cudaMemcpyHostToDevice, g.stream),
                                "copy a matrix to the device", e);
        },
        err);
}

aisle_status aisle_cuda_mat_get(aisle_device *d, const aisle_dev_mat *src, aisle_mat *dst, aisle_error *err)
{
    AISLE_TRY(same_shape(dst, src, err));
    return aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            if (i > 0) return AISLE_OK;
            return aisle::check(cudaMemcpy2DAsync(dst->data, (size_t)dst->ld * 4, src->data[0],
                                                  (size_t)src->ld * 4, (size_t)src->n_cols * 4,
                                                  (size_t)src->n_rows, cudaMemcpyDeviceToHost, g.stream),
                                "copy a matrix back", e);
        },
        err);
}
