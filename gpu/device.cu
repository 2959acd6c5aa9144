/* Opening a device, its memory, its parts, translating errors, the table. */
#include "gpu/device.cuh"

#include <cstdio>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace aisle
{

aisle_status check(cudaError_t e, const char *what, aisle_error *err)
{
    if (e == cudaSuccess) return AISLE_OK;
    (void)cudaGetLastError(); /* clear it: the next launch check must not see it again */
    return aisle_fail(err, e == cudaErrorMemoryAllocation ? AISLE_ENOMEM : AISLE_EINTERNAL, "cuda: %s: %s",
                      what, cudaGetErrorString(e));
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

aisle_status launched(gpu &g, const char *what, bool sync, aisle_error *err)
{
    AISLE_TRY(check(cudaGetLastError(), what, err));
    return sync ? check(cudaStreamSynchronize(g.stream), what, err) : AISLE_OK;
}

/* What may still be taken: of the GPU, and of our limit. */
static int64_t available(gpu &g)
{
    size_t unused = 0, total = 0;
    if (cudaMemGetInfo(&unused, &total) != cudaSuccess) return 0;
    int64_t left = g.limit - g.used;
    return g.limit && left < (int64_t)unused ? left : (int64_t)unused;
}

aisle_status device_alloc(gpu &g, int64_t bytes, const char *what, void **out, aisle_error *err)
{
    *out = nullptr;
    bool fits = !g.limit || bytes <= g.limit - g.used;
    cudaError_t e = fits ? cudaMalloc(out, (size_t)bytes) : cudaErrorMemoryAllocation;
    if (e == cudaSuccess) {
        g.used += bytes;
        return AISLE_OK;
    }
    *out = nullptr;
    (void)cudaGetLastError();
    if (e != cudaErrorMemoryAllocation) return check(e, what, err);
    return aisle_fail(err, AISLE_ENOMEM,
                      "cuda: %s: out of device memory: needs %lld MiB, %lld MiB are left of %s", what,
                      (long long)(bytes >> 20) + 1, (long long)(available(g) >> 20),
                      g.limit ? "the limit" : g.properties.name);
}

void device_free(gpu &g, void *p, int64_t bytes)
{
    if (!p) return;
    cudaFree(p);
    g.used -= bytes;
}

int64_t scratch_bytes(gpu &g)
{
    int64_t bytes = available(g);
    return bytes - bytes / 10;
}

/* One part's work, guarded: nothing is thrown past it. */
static aisle_status guarded(gpu &g, int32_t i, const part_work &work, aisle_error *err)
{
    try {
        AISLE_CUDA(cudaSetDevice(g.ordinal), "select the device");
        aisle_status st = work(g, i, err);
        aisle_status end =
            check(cudaStreamSynchronize(g.stream), "finish the work", st == AISLE_OK ? err : nullptr);
        return st == AISLE_OK ? end : st;
    } catch (const std::bad_alloc &) {
        return aisle_fail(err, AISLE_ENOMEM, "cuda: out of host memory");
    }
}

aisle_status each_part(aisle_device *d, const part_work &work, aisle_error *err)
{
    if (d->n_parts == 1) return guarded(d->part[0], 0, work, err);
    aisle_error errors[MAX_PARTS] = {};
    aisle_status status[MAX_PARTS];
    std::thread threads[MAX_PARTS];
    for (int32_t i = 0; i < d->n_parts; i++) {
        try {
            threads[i] = std::thread([&, i] { status[i] = guarded(d->part[i], i, work, &errors[i]); });
        } catch (const std::exception &) {
            status[i] = aisle_fail(&errors[i], AISLE_ENOMEM, "cuda: no thread for part %d", i);
        }
    }
    for (int32_t i = 0; i < d->n_parts; i++)
        if (threads[i].joinable()) threads[i].join();
    for (int32_t i = 0; i < d->n_parts; i++)
        if (status[i] != AISLE_OK) return aisle_fail(err, status[i], "%s", errors[i].message);
    return AISLE_OK;
}

} // namespace aisle

static int score(void)
{
    int n = 0;
    /* 1, like the cpu: "auto" keeps the cpu until the contract suite has passed on a device; name it to use it */
    return cudaGetDeviceCount(&n) == cudaSuccess && n > 0 ? 1 : 0;
}

static void part_close(aisle::gpu &g)
{
    cudaSetDevice(g.ordinal);
    if (g.blas) cublasDestroy(g.blas);
    if (g.solver) cusolverDnDestroy(g.solver);
    if (g.copy) cudaStreamDestroy(g.copy);
    if (g.stream) cudaStreamDestroy(g.stream);
}

static void device_close(aisle_device *d)
{
    if (!d) return;
    for (int32_t i = 0; i < d->n_parts; i++) part_close(d->part[i]);
    delete d;
}

static aisle_status part_open(aisle::gpu &g, aisle_error *err)
{
    AISLE_CUDA(cudaSetDevice(g.ordinal), "select the device");
    AISLE_CUDA(cudaGetDeviceProperties(&g.properties, g.ordinal), "read its properties");
    AISLE_CUDA(cudaStreamCreateWithFlags(&g.stream, cudaStreamNonBlocking), "make a stream");
    AISLE_CUDA(cudaStreamCreateWithFlags(&g.copy, cudaStreamNonBlocking), "make a stream");
    AISLE_CUDA(cublasCreate(&g.blas), "start cuBLAS");
    AISLE_CUDA(cublasSetStream(g.blas, g.stream), "start cuBLAS");
    /* f32, no tf32 behind our back */
    AISLE_CUDA(cublasSetMathMode(g.blas, CUBLAS_PEDANTIC_MATH), "start cuBLAS");
    AISLE_CUDA(cusolverDnCreate(&g.solver), "start cuSOLVER");
    return aisle::check(cusolverDnSetStream(g.solver, g.stream), "start cuSOLVER", err);
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
    d->n_parts = 1;
    aisle_status st = AISLE_OK;
    for (int32_t i = 0; i < d->n_parts && st == AISLE_OK; i++) {
        d->part[i].ordinal = p->ordinal + i;
        d->part[i].limit = p->memory_bytes;
        st = part_open(d->part[i], err);
    }
    if (st != AISLE_OK) {
        device_close(d);
        return st;
    }
    *out = d;
    return AISLE_OK;
}

static void describe(aisle_device *d, char *out, size_t bytes)
{
    const cudaDeviceProp &p = d->part[0].properties;
    snprintf(out, bytes, "cuda: %s, %zu MiB, compute %d.%d", p.name, p.totalGlobalMem >> 20, p.major,
             p.minor);
}

static const aisle_backend_ops ops = {AISLE_BACKEND_ABI,
                                      sizeof(aisle_backend_ops),
                                      "cuda",
                                      score,
                                      device_open,
                                      device_close,
                                      describe,
                                      aisle_cuda_csr_put,
                                      aisle_cuda_csr_free,
                                      aisle_cuda_mat_new,
                                      aisle_cuda_mat_put,
                                      aisle_cuda_mat_get,
                                      aisle_cuda_mat_free,
                                      aisle_cuda_gram,
                                      aisle_cuda_als_half_step,
                                      aisle_cuda_als_loss,
                                      aisle_cuda_similar_topk,
                                      aisle_cuda_topn,
                                      aisle_cuda_peaks};

extern "C" __attribute__((visibility("default"))) const aisle_backend_ops *aisle_backend_plugin(void)
{
    return &ops;
}
