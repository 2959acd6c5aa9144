/* Dense matrices on the device: new, put, get, take, free. */
#include "gpu/matrix.cuh"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "gpu/staging.cuh"

using aisle::gpu;

static int64_t mat_bytes(const aisle_dev_mat *m)
{
    return std::max<int64_t>((int64_t)m->n_rows * m->ld, 1) * (int64_t)sizeof(float);
}

void aisle_cuda_mat_free(aisle_device *d, aisle_dev_mat *m)
{
    if (!m) return;
    for (int32_t i = 0; i < d->n_parts; i++) {
        cudaSetDevice(d->part[i].ordinal);
        aisle::device_free(d->part[i], m->data[i], mat_bytes(m));
    }
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

/* The smallest of rows begin .. end - 1 that holds something not finite, n_rows where none does. */
static int64_t first_not_finite(const aisle_mat *m, int64_t begin, int64_t end)
{
    for (int64_t r = begin; r < end; r++) {
        const float *row = aisle_mat_row(m, (int32_t)r);
        uint32_t bad = 0;
        for (int32_t j = 0; j < m->n_cols; j++) {
            uint32_t bits;
            memcpy(&bits, row + j, sizeof bits);
            bad |= (uint32_t)((bits & 0x7f800000u) == 0x7f800000u);
        }
        if (bad) return r;
    }
    return m->n_rows;
}

static aisle_status check_mat(const aisle_mat *m, aisle_error *err)
{
    std::atomic<int64_t> bad{m->n_rows};
    aisle::in_threads(m->n_rows, (1 << 20) / m->n_cols, 1, [&](int64_t begin, int64_t end) {
        aisle::keep_smallest(bad, first_not_finite(m, begin, end));
    });
    for (int32_t r = (int32_t)bad, j = 0; r < m->n_rows && j < m->n_cols; j++)
        if (!std::isfinite(aisle_mat_row(m, r)[j]))
            return aisle_fail(err, AISLE_ENUMERIC, "cuda: row %d, column %d of a matrix is not finite", r, j);
    return AISLE_OK;
}

static aisle::rows_copy whole(const aisle_device *d, const aisle_dev_mat *m, int32_t part,
                              const aisle_mat *host)
{
    return {{m->data[part], (int64_t)m->ld * 4},
            {host->data, host->ld * 4},
            (int64_t)m->n_cols * 4,
            m->n_rows,
            d->n_parts};
}

aisle_status aisle_cuda_mat_put(aisle_device *d, const aisle_mat *src, aisle_dev_mat *dst, aisle_error *err)
{
    AISLE_TRY(same_shape(src, dst, err));
    AISLE_TRY(check_mat(src, err));
    return aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            return aisle::copy_to_part(g, whole(d, dst, i, src), "copy a matrix to the device", e);
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
            return aisle::copy_from_part(g, whole(d, src, i, dst), "copy a matrix back", e);
        },
        err);
}

/* aisle_mat_deinit releases what malloc and its like give. */
static aisle_status host_matrix(const aisle_dev_mat *m, aisle_mat *out, aisle_error *err)
{
    constexpr size_t LINE = 64;
    int64_t n = (int64_t)m->n_rows * m->n_cols;
    size_t bytes = ((size_t)n * sizeof(float) + LINE) / LINE * LINE;
    float *data = (float *)std::aligned_alloc(LINE, bytes);
    if (!data)
        return aisle_fail(err, AISLE_ENOMEM, "cuda: out of host memory for a matrix of %d x %d (%lld MiB)",
                          m->n_rows, m->n_cols, (long long)(bytes >> 20));
    *out = {m->n_rows, m->n_cols, m->n_cols, data};
    return AISLE_OK;
}

aisle_status aisle_cuda_mat_take(aisle_device *d, aisle_dev_mat *m, aisle_mat *out, aisle_error *err)
{
    *out = {};
    aisle_status st = host_matrix(m, out, err);
    if (st == AISLE_OK) st = aisle_cuda_mat_get(d, m, out, err);
    if (st != AISLE_OK) {
        std::free(out->data);
        *out = {};
    }
    aisle_cuda_mat_free(d, m);
    return st;
}
