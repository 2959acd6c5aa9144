/* The cpu back-end: its table, opening, and matrices. The algorithms are in als_*.c, gram.c, similar_topk.c and
 * topn.c beside it. */
#include "cpu/backend/cpu.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/dense.h"

enum { MAX_THREADS = 1024 };

static int cpu_score(void)
{
    return 1;
}

static aisle_status cpu_open(const aisle_device_params *p, aisle_device **out, aisle_error *err)
{
    *out = NULL;
    if (p->threads < 0 || p->threads > MAX_THREADS)
        return aisle_fail(err, AISLE_EINVAL, "threads %d: must be 0 (all cores) to %d", p->threads,
                          MAX_THREADS);
    if (p->memory_bytes < 0)
        return aisle_fail(err, AISLE_EINVAL, "memory limit %lld: must be >= 0", (long long)p->memory_bytes);
    aisle_device *d = aisle_calloc(1, sizeof *d);
    if (!d) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the cpu device");
    int cores = omp_get_num_procs();
    d->threads = p->threads ? p->threads : cores < MAX_THREADS ? cores : MAX_THREADS;
    d->memory_bytes = p->memory_bytes;
    d->k = aisle_kernels_get();
    *out = d;
    return AISLE_OK;
}

static void cpu_close(aisle_device *d)
{
    aisle_free(d);
}

static void cpu_describe(aisle_device *d, char *out, size_t bytes)
{
    snprintf(out, bytes, "cpu: %d thread%s, %s", d->threads, d->threads == 1 ? "" : "s", d->k->name);
}

static bool take_bytes(aisle_device *d, int64_t bytes)
{
    int64_t now = __atomic_add_fetch(&d->used_bytes, bytes, __ATOMIC_RELAXED);
    if (!d->memory_bytes || now <= d->memory_bytes) return true;
    __atomic_sub_fetch(&d->used_bytes, bytes, __ATOMIC_RELAXED);
    return false;
}

float *aisle_cpu_floats(aisle_device *d, int64_t floats, const char *what, aisle_error *err)
{
    int64_t bytes;
    if (aisle_size_mul(floats, sizeof(float), &bytes)) {
        aisle_fail(err, AISLE_ENOMEM, "%s: the size overflows", what);
        return NULL;
    }
    if (!take_bytes(d, bytes)) {
        aisle_fail(err, AISLE_ENOMEM, "%s: %lld MiB more would pass the memory limit of %lld MiB", what,
                   (long long)(bytes >> 20), (long long)(d->memory_bytes >> 20));
        return NULL;
    }
    float *p = aisle_alloc_aligned((size_t)bytes);
    if (p) return p;
    aisle_cpu_release(d, NULL, floats);
    aisle_fail(err, AISLE_ENOMEM, "out of memory for %s (%lld MiB)", what, (long long)(bytes >> 20));
    return NULL;
}

void aisle_cpu_release(aisle_device *d, void *p, int64_t floats)
{
    __atomic_sub_fetch(&d->used_bytes, floats * (int64_t)sizeof(float), __ATOMIC_RELAXED);
    aisle_free(p);
}

/* ---- sparse matrices ---- */

static void cpu_csr_free(aisle_device *d, aisle_dev_csr *m)
{
    if (!m) return;
    aisle_free(m->longest_first);
    __atomic_sub_fetch(&d->used_bytes, m->bytes, __ATOMIC_RELAXED);
    aisle_free(m);
}

/* Counting sort by length. count: room for the longest row's length + 2. */
static void sort_rows(const aisle_csr *m, int32_t *order, int64_t *count)
{
    for (int32_t r = 0; r < m->n_rows; r++) count[m->n_cols - (m->row_ptr[r + 1] - m->row_ptr[r]) + 1]++;
    for (int32_t l = 0; l < m->n_cols; l++) count[l + 1] += count[l];
    for (int32_t r = 0; r < m->n_rows; r++)
        order[count[m->n_cols - (m->row_ptr[r + 1] - m->row_ptr[r])]++] = r;
}

/* The entries stay the caller's: only the order of rows is our own. */
static aisle_status csr_borrow(const aisle_csr *m, aisle_dev_csr *to, aisle_error *err)
{
    int64_t *count = aisle_calloc((size_t)m->n_cols + 2, sizeof *count);
    aisle_status st = AISLE_OK;
    to->m = *m;
    to->longest_first = aisle_array(m->n_rows, sizeof(int32_t));
    if (count && to->longest_first)
        sort_rows(m, to->longest_first, count);
    else
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the order of %d rows", m->n_rows);
    aisle_free(count);
    return st;
}

static aisle_status cpu_csr_put(aisle_device *d, const aisle_csr *m, aisle_dev_csr **out, aisle_error *err)
{
    *out = NULL;
    AISLE_TRY(aisle_csr_check(m, err));
    int64_t nnz = aisle_csr_nnz(m);
    bool dislikes = false;
    for (int64_t e = 0; m->val && e < nnz; e++) {
        if (m->val[e] == 0)
            return aisle_fail(err, AISLE_EINVAL, "sparse matrix entry %lld: the value must not be 0",
                              (long long)e);
        dislikes |= m->val[e] < 0;
    }
    int64_t bytes = (int64_t)m->n_rows * (int64_t)sizeof(int32_t);
    if (!take_bytes(d, bytes))
        return aisle_fail(err, AISLE_ENOMEM,
                          "the order of %d rows: %lld MiB more would pass the memory limit of %lld MiB",
                          m->n_rows, (long long)(bytes >> 20), (long long)(d->memory_bytes >> 20));
    aisle_dev_csr *c = aisle_calloc(1, sizeof *c);
    if (!c) {
        __atomic_sub_fetch(&d->used_bytes, bytes, __ATOMIC_RELAXED);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a sparse matrix");
    }
    c->bytes = bytes;
    c->dislikes = dislikes;
    aisle_status st = csr_borrow(m, c, err);
    if (st != AISLE_OK)
        cpu_csr_free(d, c);
    else
        *out = c;
    return st;
}

/* ---- dense matrices ---- */

static void cpu_mat_free(aisle_device *d, aisle_dev_mat *m)
{
    if (!m) return;
    aisle_cpu_gram_forget(d, m);
    aisle_cpu_release(d, m->m.data, m->bytes / (int64_t)sizeof(float));
    aisle_free(m);
}

static aisle_status cpu_mat_new(aisle_device *d, int32_t n_rows, int32_t n_cols, aisle_dev_mat **out,
                                aisle_error *err)
{
    *out = NULL;
    if (n_rows < 0 || n_cols < 1 || n_cols > AISLE_MAX_FACTORS)
        return aisle_fail(err, AISLE_EINVAL, "matrix of %d rows and %d factors: factors must be 1 to %d",
                          n_rows, n_cols, (int)AISLE_MAX_FACTORS);
    int64_t floats = n_rows * aisle_ld(n_cols) + AISLE_KERNEL_SLACK;
    aisle_dev_mat *m = aisle_calloc(1, sizeof *m);
    if (!m) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a matrix");
    float *data = aisle_cpu_floats(d, floats, "a matrix", err);
    if (!data) {
        aisle_free(m);
        return AISLE_ENOMEM;
    }
    memset(data, 0, (size_t)floats * sizeof *data);
    m->m = (aisle_mat){n_rows, n_cols, aisle_ld(n_cols), data};
    m->bytes = floats * (int64_t)sizeof *data;
    *out = m;
    return AISLE_OK;
}

static aisle_status same_shape(const aisle_mat *a, const aisle_mat *b, aisle_error *err)
{
    if (a->n_rows == b->n_rows && a->n_cols == b->n_cols && a->ld >= a->n_cols) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL,
                      "matrix copy: %d x %d (ld %lld) does not match %d x %d on the device", a->n_rows,
                      a->n_cols, (long long)a->ld, b->n_rows, b->n_cols);
}

static aisle_status cpu_mat_put(aisle_device *d, const aisle_mat *src, aisle_dev_mat *dst, aisle_error *err)
{
    AISLE_TRY(same_shape(src, &dst->m, err));
    for (int32_t r = 0; r < src->n_rows; r++)
        for (int32_t j = 0; j < src->n_cols; j++)
            if (!isfinite(aisle_mat_row(src, r)[j]))
                return aisle_fail(err, AISLE_ENUMERIC, "matrix row %d, column %d is not finite", r, j);
    aisle_cpu_gram_forget(d, dst);
    for (int32_t r = 0; r < src->n_rows; r++)
        memcpy(aisle_mat_row(&dst->m, r), aisle_mat_row(src, r), (size_t)src->n_cols * sizeof(float));
    return AISLE_OK;
}

static aisle_status cpu_mat_get(aisle_device *d, const aisle_dev_mat *src, aisle_mat *dst, aisle_error *err)
{
    (void)d;
    AISLE_TRY(same_shape(dst, &src->m, err));
    for (int32_t r = 0; r < dst->n_rows; r++)
        memcpy(aisle_mat_row(dst, r), aisle_mat_row(&src->m, r), (size_t)dst->n_cols * sizeof(float));
    return AISLE_OK;
}

static aisle_status cpu_mat_take(aisle_device *d, aisle_dev_mat *m, aisle_mat *out, aisle_error *err)
{
    (void)err;
    aisle_cpu_gram_forget(d, m);
    *out = m->m;
    __atomic_sub_fetch(&d->used_bytes, m->bytes, __ATOMIC_RELAXED); /* the caller's from now on */
    aisle_free(m);
    return AISLE_OK;
}

static aisle_status cpu_gram(aisle_device *d, const aisle_dev_mat *y, float *g, aisle_error *err)
{
    const double *g64;
    AISLE_TRY(aisle_cpu_gram(d, y, &g64, err));
    for (int64_t i = 0; i < (int64_t)y->m.n_cols * y->m.n_cols; i++) g[i] = (float)g64[i];
    return AISLE_OK;
}

const aisle_backend_ops *aisle_backend_cpu(void)
{
    static const aisle_backend_ops ops = {
        .abi = AISLE_BACKEND_ABI,
        .size = sizeof(aisle_backend_ops),
        .name = "cpu",
        .score = cpu_score,
        .open = cpu_open,
        .close = cpu_close,
        .describe = cpu_describe,
        .csr_put = cpu_csr_put,
        .csr_free = cpu_csr_free,
        .mat_new = cpu_mat_new,
        .mat_put = cpu_mat_put,
        .mat_get = cpu_mat_get,
        .mat_take = cpu_mat_take,
        .mat_free = cpu_mat_free,
        .gram = cpu_gram,
        .als_half_step = aisle_cpu_als_half_step,
        .als_loss = aisle_cpu_als_loss,
        .similar_topk = aisle_cpu_similar_topk,
        .topn = aisle_cpu_topn,
        .als_bytes = aisle_cpu_als_bytes,
        .similar_bytes = aisle_cpu_similar_bytes,
        .peaks = aisle_cpu_peaks,
    };
    return &ops;
}
