/* Opening a device, its parts, the table. Not its memory (device_memory.cu). */
#include "gpu/device.cuh"

#include <cstdio>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace aisle
{

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

/* Only asked for: a plug-in may have no code that a GPU can run. */
static __global__ void probe() {}

static int score(void)
{
    int n = 0, major = 0;
    cudaFuncAttributes has;
    if (cudaGetDeviceCount(&n) != cudaSuccess) n = 0;
    for (int i = 0; i < n; i++)
        if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, i) == cudaSuccess &&
            major >= 8 && cudaSetDevice(i) == cudaSuccess &&
            cudaFuncGetAttributes(&has, probe) == cudaSuccess)
            return 10; /* the cpu's is 1 */
    (void)cudaGetLastError();
    return 0;
}

static void part_close(aisle::gpu &g)
{
    if (!g.sharers) return; /* never opened */
    cudaSetDevice(g.ordinal);
    if (g.blas) cublasDestroy(g.blas);
    if (g.solver) cusolverDnDestroy(g.solver);
    if (g.copy) cudaStreamDestroy(g.copy);
    if (g.stream) {
        cudaStreamSynchronize(g.stream); /* frees are queued there */
        cudaStreamDestroy(g.stream);
    }
    aisle::memory_close(g);
}

static void device_close(aisle_device *d)
{
    if (!d) return;
    aisle::exchange_close(d);
    for (int32_t i = 0; i < d->n_parts; i++) part_close(d->part[i]);
    delete d;
}

static aisle_status part_open(aisle::gpu &g, aisle_error *err)
{
    AISLE_CUDA(cudaSetDevice(g.ordinal), "select the device");
    AISLE_CUDA(cudaGetDeviceProperties(&g.properties, g.ordinal), "read its properties");
    AISLE_TRY(aisle::memory_open(g, err));
    AISLE_CUDA(cudaStreamCreateWithFlags(&g.stream, cudaStreamNonBlocking), "make a stream");
    AISLE_CUDA(cudaStreamCreateWithFlags(&g.copy, cudaStreamNonBlocking), "make a stream");
    AISLE_CUDA(cublasCreate(&g.blas), "start cuBLAS");
    AISLE_CUDA(cublasSetStream(g.blas, g.stream), "start cuBLAS");
    /* f32, no tf32 behind our back */
    AISLE_CUDA(cublasSetMathMode(g.blas, CUBLAS_PEDANTIC_MATH), "start cuBLAS");
    AISLE_CUDA(cusolverDnCreate(&g.solver), "start cuSOLVER");
    return aisle::check(cusolverDnSetStream(g.solver, g.stream), "start cuSOLVER", err);
}

/* GPUs and parts as asked for, or what is wrong with the question. */
static aisle_status read_params(const aisle_device_params *p, int32_t *devices, int32_t *parts,
                                aisle_error *err)
{
    int n = 0;
    AISLE_CUDA(cudaGetDeviceCount(&n), "count the devices");
    *devices = p->devices ? p->devices : 1;
    *parts = p->shards ? p->shards : *devices;
    if (p->ordinal < 0 || p->ordinal >= n)
        return aisle_fail(err, AISLE_EINVAL, "cuda: device %d: this machine has %d, counted from 0",
                          p->ordinal, n);
    if (*devices < 0 || *devices > n - p->ordinal)
        return aisle_fail(err, AISLE_EINVAL,
                          "cuda: %d devices from device %d on: this machine has %d, so at most %d are there",
                          *devices, p->ordinal, n, n - p->ordinal);
    if (*parts < *devices || *parts > aisle::MAX_PARTS)
        return aisle_fail(err, AISLE_EINVAL,
                          "cuda: %d shards on %d devices: must be at least one a device and at most %d",
                          *parts, *devices, (int)aisle::MAX_PARTS);
    if (p->memory_bytes < 0)
        return aisle_fail(err, AISLE_EINVAL, "cuda: memory limit %lld: must be >= 0",
                          (long long)p->memory_bytes);
    return AISLE_OK;
}

static aisle_status device_open(const aisle_device_params *p, aisle_device **out, aisle_error *err)
{
    int32_t devices, parts;
    *out = nullptr;
    AISLE_TRY(read_params(p, &devices, &parts, err));
    aisle_device *d = new (std::nothrow) aisle_device();
    if (!d) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for the device");
    d->n_parts = parts;
    d->n_gpus = devices;
    aisle_status st = AISLE_OK;
    for (int32_t i = 0; i < parts && st == AISLE_OK; i++) {
        d->part[i].ordinal = p->ordinal + i % devices;
        d->part[i].sharers = parts / devices + (i % devices < parts % devices);
        d->part[i].limit = p->memory_bytes;
        st = part_open(d->part[i], err);
    }
    if (st != AISLE_OK) {
        device_close(d);
        return st;
    }
    aisle::exchange_open(d);
    *out = d;
    return AISLE_OK;
}

static void describe(aisle_device *d, char *out, size_t bytes)
{
    const cudaDeviceProp &p = d->part[0].properties;
    int n = snprintf(out, bytes, "cuda: %s, %zu MiB, compute %d.%d", p.name, p.totalGlobalMem >> 20, p.major,
                     p.minor);
    if (d->n_parts > 1 && n >= 0 && (size_t)n < bytes)
        snprintf(out + n, bytes - (size_t)n, ", %d device%s, %d shards, rows exchanged by %s", d->n_gpus,
                 d->n_gpus == 1 ? "" : "s", d->n_parts, d->group ? "NCCL" : "copies");
}

/* Factors and work space are in the GPU's memory. */
static aisle_host_bytes als_host_bytes(aisle_device *, const aisle_sizes *, const aisle_als_params *)
{
    return {0, 0};
}

static int64_t similar_host_bytes(aisle_device *, const aisle_sizes *, int32_t)
{
    return 0;
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
                                      aisle_cuda_mat_take,
                                      aisle_cuda_mat_free,
                                      aisle_cuda_gram,
                                      aisle_cuda_als_half_step,
                                      aisle_cuda_als_loss,
                                      aisle_cuda_similar_topk,
                                      aisle_cuda_topn,
                                      als_host_bytes,
                                      similar_host_bytes,
                                      aisle_cuda_peaks};

extern "C" __attribute__((visibility("default"))) const aisle_backend_ops *aisle_backend_plugin(void)
{
    return &ops;
}
