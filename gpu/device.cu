/* Opening a device, moving matrices, translating errors. */
#include "gpu/device.cuh"

#include <cstdio>
#include <new>
#include <vector>

namespace aisle
{

aisle_status check(cudaError_t e, const char *what, aisle_error *err)
{
    if (e == cudaSuccess) return AISLE_OK;
    (void)cudaGetLastError(); /* clear it: the next launch check must not see it again */
    if (e == cudaErrorMemoryAllocation) {
        size_t available = 0, total = 0;
        cudaMemGetInfo(&available, &total);
        return aisle_fail(err, AISLE_ENOMEM, "cuda: %s: out of device memory (%zu MiB free of %zu MiB)", what,
                          available >> 20, total >> 20);
    }
    return aisle_fail(err, AISLE_EINTERNAL, "cuda: %s: %s", what, cudaGetErrorString(e));
}

aisle_status check(cublasStatus_t e, const char *what, aisle_error *err)
{
    if (e == CUBLAS_STATUS_SUCCESS) return AISLE_OK;
    return aisle_fail(err, e == CUBLAS_STATUS_ALLOC_FAILED ? AISLE_ENOMEM : AISLE_EINTERNAL, "cuda: %s: %s",
                      what, cublasGetStatusString(e));
}

aisle_status check(cusolverStatus_t e, const char *what, aisle_error *err)
{
    if (e == CUSOLVER_STATUS_SUCCESS) return AISLE_OK;
    return aisle_fail(err, e == CUSOLVER_STATUS_ALLOC_FAILED ? AISLE_ENOMEM : AISLE_EINTERNAL,
                      "cuda: %s: cusolver status %d", what, (int)e);
}

aisle_status launched(aisle_device *d, const char *what, bool sync, aisle_error *err)
{
    AISLE_TRY(check(cudaGetLastError(), what, err));
    return sync ? check(cudaStreamSynchronize(d->stream), what, err) : AISLE_OK;
}

int64_t scratch_bytes(aisle_device *d)
{
    size_t available = 0, total = 0;
    if (cudaMemGetInfo(&available, &total) != cudaSuccess) return 0;
    int64_t bytes = (int64_t)(available - available / 10);
    return d->memory_limit && d->memory_limit < bytes ? d->memory_limit : bytes;
}

} // namespace aisle

static int score(void)
{
    int n = 0;
    /* 1, like the cpu: "auto" keeps the cpu until the contract suite has passed on a device; name it to use
     * it */
    return cudaGetDeviceCount(&n) == cudaSuccess && n > 0 ? 1 : 0;
}

static void device_close(aisle_device *d)
{
    if (!d) return;
    if (d->blas) cublasDestroy(d->blas);
    if (d->solver) cusolverDnDestroy(d->solver);
    if (d->stream) cudaStreamDestroy(d->stream);
    delete d;
}

static aisle_status open_handles(aisle_device *d, aisle_error *err)
{
    AISLE_CUDA(cudaSetDevice(d->ordinal), "select the device");
    AISLE_CUDA(cudaGetDeviceProperties(&d->properties, d->ordinal), "read its properties");
    AISLE_CUDA(cudaStreamCreate(&d->stream), "make a stream");
    AISLE_CUDA(cublasCreate(&d->blas), "start cuBLAS");
    AISLE_CUDA(cublasSetStream(d->blas, d->stream), "start cuBLAS");
    AISLE_CUDA(cublasSetMathMode(d->blas, CUBLAS_PEDANTIC_MATH),
               "start cuBLAS"); /* f32, no tf32 behind our back */
    AISLE_CUDA(cusolverDnCreate(&d->solver), "start cuSOLVER");
    return aisle::check(cusolverDnSetStream(d->solver, d->stream), "start cuSOLVER", err);
}

static aisle_status device_open(const aisle_device_params *p, aisle_device **out, aisle_error *err)
{
    int n = 0;
    *out = nullptr;
    AISLE_CUDA(cudaGetDeviceCount(&n), "count the devices");
    if (p->ordinal < 0 || p->ordinal >= n)
        return aisle_fail(err, AISLE_EINVAL, "cuda: device %d: this machine has %d", p->ordinal, n);
    aisle_device *d = new (std::nothrow) aisle_device();
    if (!d) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for the device");
    d->ordinal = p->ordinal;
    d->memory_limit = p->memory_bytes;
    aisle_status st = open_handles(d, err);
    if (st != AISLE_OK) {
        device_close(d);
        return st;
    }
    *out = d;
    return AISLE_OK;
}

static void describe(aisle_device *d, char *out, size_t bytes)
{
    snprintf(out, bytes, "cuda: %s, %zu MiB, compute %d.%d", d->properties.name,
             d->properties.totalGlobalMem >> 20, d->properties.major, d->properties.minor);
}

static void csr_free(aisle_device *, aisle_dev_csr *m)
{
    if (!m) return;
    cudaFree(m->row_ptr);
    cudaFree(m->col);
    cudaFree(m->val);
    delete m;
}

template <class T>
static aisle_status upload(T **to, const T *from, int64_t n, const char *what, aisle_error *err)
{
    AISLE_CUDA(cudaMalloc((void **)to, (size_t)(n ? n : 1) * sizeof(T)), what);
    return aisle::check(cudaMemcpy(*to, from, (size_t)n * sizeof(T), cudaMemcpyHostToDevice), what, err);
}

static aisle_status csr_upload(const aisle_csr *m, aisle_dev_csr *to, aisle_error *err)
{
    AISLE_TRY(upload(&to->row_ptr, m->row_ptr, (int64_t)m->n_rows + 1, "copy row offsets", err));
    AISLE_TRY(upload(&to->col, m->col, to->nnz, "copy columns", err));
    if (m->val) return upload(&to->val, m->val, to->nnz, "copy values", err);
    std::vector<float> ones((size_t)to->nnz, 1.0f);
    return upload(&to->val, ones.data(), to->nnz, "copy values", err);
}

static aisle_status csr_put(aisle_device *, const aisle_csr *m, aisle_dev_csr **out, aisle_error *err)
{
    *out = nullptr;
    aisle_dev_csr *to = new (std::nothrow) aisle_dev_csr();
    if (!to) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for a matrix");
    to->n_rows = m->n_rows;
    to->n_cols = m->n_cols;
    to->nnz = aisle_csr_nnz(m);
    aisle_status st;
    try {
        st = csr_upload(m, to, err);
    } catch (const std::bad_alloc &) {
        st = aisle_fail(err, AISLE_ENOMEM, "cuda: out of host memory for %lld values", (long long)to->nnz);
    }
    if (st == AISLE_OK)
        *out = to;
    else
        csr_free(nullptr, to);
    return st;
}

static void mat_free(aisle_device *, aisle_dev_mat *m)
{
    if (!m) return;
    cudaFree(m->data);
    delete m;
}

static aisle_status mat_new(aisle_device *, int32_t n_rows, int32_t n_cols, aisle_dev_mat **out,
                            aisle_error *err)
{
    *out = nullptr;
    if (n_rows < 0 || n_cols < 1 || n_cols > AISLE_MAX_FACTORS)
        return aisle_fail(err, AISLE_EINVAL, "cuda: a matrix of %d x %d: columns must be 1 to %d", n_rows,
                          n_cols, AISLE_MAX_FACTORS);
    aisle_dev_mat *m = new (std::nothrow) aisle_dev_mat{n_rows, n_cols, nullptr};
    if (!m) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for a matrix");
    size_t bytes = (size_t)n_rows * (size_t)n_cols * sizeof(float);
    aisle_status st = aisle::check(cudaMalloc((void **)&m->data, bytes ? bytes : 1), "make a matrix", err);
    if (st == AISLE_OK) st = aisle::check(cudaMemset(m->data, 0, bytes), "clear a matrix", err);
    if (st == AISLE_OK)
        *out = m;
    else
        mat_free(nullptr, m);
    return st;
}

static aisle_status same_shape(int32_t r1, int32_t c1, int32_t r2, int32_t c2, aisle_error *err)
{
    if (r1 == r2 && c1 == c2) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "cuda: copy of %d x %d into %d x %d: shapes must agree", r1, c1, r2,
                      c2);
}

static aisle_status mat_put(aisle_device *, const aisle_mat *src, aisle_dev_mat *dst, aisle_error *err)
{
    AISLE_TRY(same_shape(src->n_rows, src->n_cols, dst->n_rows, dst->n_cols, err));
    size_t row = (size_t)src->n_cols * sizeof(float);
    return aisle::check(cudaMemcpy2D(dst->data, row, src->data, (size_t)src->ld * sizeof(float), row,
                                     (size_t)src->n_rows, cudaMemcpyHostToDevice),
                        "copy a matrix to the device", err);
}

static aisle_status mat_get(aisle_device *d, const aisle_dev_mat *src, aisle_mat *dst, aisle_error *err)
{
    AISLE_TRY(same_shape(src->n_rows, src->n_cols, dst->n_rows, dst->n_cols, err));
    AISLE_CUDA(cudaStreamSynchronize(d->stream), "finish the work before");
    size_t row = (size_t)src->n_cols * sizeof(float);
    return aisle::check(cudaMemcpy2D(dst->data, (size_t)dst->ld * sizeof(float), src->data, row, row,
                                     (size_t)src->n_rows, cudaMemcpyDeviceToHost),
                        "copy a matrix back", err);
}

/* In als.cu, loss.cu, similar.cu and topn.cu. */
aisle_status aisle_cuda_gram(aisle_device *, const aisle_dev_mat *, float *, aisle_error *);
aisle_status aisle_cuda_als_half_step(aisle_device *, const aisle_dev_csr *, const aisle_dev_mat *,
                                      const aisle_als_params *, aisle_dev_mat *, aisle_error *);
aisle_status aisle_cuda_als_loss(aisle_device *, const aisle_dev_csr *, const aisle_dev_csr *,
                                 const aisle_dev_mat *, const aisle_dev_mat *, const aisle_als_params *,
                                 double *, aisle_error *);
aisle_status aisle_cuda_similar_topk(aisle_device *, const aisle_dev_csr *, int32_t, int32_t *, float *,
                                     const aisle_progress *, aisle_error *);
aisle_status aisle_cuda_topn(aisle_device *, const aisle_dev_mat *, int32_t, int32_t, const aisle_dev_mat *,
                             const aisle_topn_params *, int32_t *, float *, aisle_error *);

static const aisle_backend_ops ops = {AISLE_BACKEND_ABI,
                                      sizeof(aisle_backend_ops),
                                      "cuda",
                                      score,
                                      device_open,
                                      device_close,
                                      describe,
                                      csr_put,
                                      csr_free,
                                      mat_new,
                                      mat_put,
                                      mat_get,
                                      mat_free,
                                      aisle_cuda_gram,
                                      aisle_cuda_als_half_step,
                                      aisle_cuda_als_loss,
                                      aisle_cuda_similar_topk,
                                      aisle_cuda_topn};

extern "C" __attribute__((visibility("default"))) const aisle_backend_ops *aisle_backend_plugin(void)
{
    return &ops;
}
