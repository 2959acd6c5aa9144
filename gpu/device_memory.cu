/* Device memory that is accounted and stream-ordered, and the translation of vendor errors. No matrices. */
#include "gpu/device.cuh"

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

/* Bytes that the pool holds and nobody uses. */
static uint64_t pool_idle(const gpu &g)
{
    uint64_t held = 0, in_use = 0;
    if (!g.pool || cudaMemPoolGetAttribute(g.pool, cudaMemPoolAttrReservedMemCurrent, &held) != cudaSuccess ||
        cudaMemPoolGetAttribute(g.pool, cudaMemPoolAttrUsedMemCurrent, &in_use) != cudaSuccess)
        return 0;
    return held > in_use ? held - in_use : 0;
}

/* What may still be taken: this part's share of the GPU, and of our limit. */
static int64_t available(gpu &g)
{
    size_t unused = 0, total = 0;
    if (cudaMemGetInfo(&unused, &total) != cudaSuccess) {
        (void)cudaGetLastError();
        return 0;
    }
    int64_t there = (int64_t)((unused + pool_idle(g)) / (uint64_t)g.sharers), left = g.limit - g.used;
    return g.limit && left < there ? left : there;
}

aisle_status memory_open(gpu &g, aisle_error *err)
{
    int pools = 0;
    uint64_t keep = UINT64_MAX;
    AISLE_CUDA(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, g.ordinal),
               "read its properties");
    if (!pools) return AISLE_OK;
    /* The pool keeps what is freed: a half-step takes its scratch anew and must not wait for the driver. */
    AISLE_CUDA(cudaDeviceGetDefaultMemPool(&g.pool, g.ordinal), "take its memory pool");
    return check(cudaMemPoolSetAttribute(g.pool, cudaMemPoolAttrReleaseThreshold, &keep),
                 "set up its memory pool", err);
}

void memory_close(gpu &g)
{
    if (g.pool) cudaMemPoolTrimTo(g.pool, 0);
}

static cudaError_t take(gpu &g, int64_t bytes, void **out)
{
    if (!g.pool) return cudaMalloc(out, (size_t)bytes);
    cudaError_t e = cudaMallocAsync(out, (size_t)bytes, g.stream);
    if (e != cudaErrorMemoryAllocation) return e;
    /* The pool may hold enough in pieces that are too small, or in frees that have not been reached. */
    (void)cudaGetLastError();
    (void)cudaStreamSynchronize(g.stream);
    (void)cudaMemPoolTrimTo(g.pool, 0);
    return cudaMallocAsync(out, (size_t)bytes, g.stream);
}

aisle_status device_alloc(gpu &g, int64_t bytes, const char *what, void **out, aisle_error *err)
{
    *out = nullptr;
    bool fits = !g.limit || bytes <= g.limit - g.used;
    cudaError_t e = fits ? take(g, bytes, out) : cudaErrorMemoryAllocation;
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
    if (g.pool)
        (void)cudaFreeAsync(p, g.stream);
    else
        (void)cudaFree(p);
    g.used -= bytes;
}

int64_t scratch_bytes(gpu &g)
{
    int64_t bytes = available(g);
    return bytes - bytes / 10;
}

} // namespace aisle
