/* An opened device: its GPUs, checked calls and accounted device memory. No matrices (matrix.cuh) and no
 * algorithm live here. */
#ifndef AISLE_GPU_DEVICE_CUH
#define AISLE_GPU_DEVICE_CUH

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>

#include <functional>

#include "aisle/backend.h"

namespace aisle
{

enum { MAX_PARTS = 16 };

/* One part of a device: a GPU with streams and handles of its own. Only one host thread uses a part at a
 * time. */
struct gpu {
    int ordinal;
    int32_t sharers;     /* parts on this GPU, this one included */
    int64_t limit, used; /* bytes; limit 0 = what the GPU has */
    cudaMemPool_t pool;  /* NULL = this GPU has none: plain cudaMalloc */
    cudaStream_t stream; /* orders all work of the part, and its allocations */
    cudaStream_t copy;   /* host-to-device copies that overlap it */
    cublasHandle_t blas;
    cusolverDnHandle_t solver;
    cudaDeviceProp properties;
};

} // namespace aisle

/* Rows of a matrix are split over the parts, factors are whole on each. Usually a part is a GPU; several parts
 * may share one, which is slower and gives the same bytes as so many GPUs. */
struct aisle_device {
    int32_t n_parts, n_gpus;
    aisle::gpu part[aisle::MAX_PARTS];
    void *group; /* of exchange.cu: what a collective library keeps; NULL = rows are exchanged by copies */
};

namespace aisle
{

/* Translate vendor errors; `what` names the step. Out of device memory says how much there is. */
aisle_status check(cudaError_t e, const char *what, aisle_error *err);
aisle_status check(cublasStatus_t e, const char *what, aisle_error *err);
aisle_status check(cusolverStatus_t e, const char *what, aisle_error *err);
/* After a kernel launch: its launch error; with `sync` also what went wrong while it ran. */
aisle_status launched(gpu &g, const char *what, bool sync, aisle_error *err);

#define AISLE_CUDA(call, what) AISLE_TRY(aisle::check((call), (what), err))

/* Lets blocks of a kernel have all the dynamic shared memory that there is, instead of 48 KB. Always all: the limit
 * is the kernel's on a GPU, and a part on another host thread may come between a call with less and the launch. Nor
 * may the driver keep some of it as cache: then fewer blocks would fit than was counted on, and a multiprocessor
 * must drain to change the split. */
template <class K> aisle_status allow_shared(gpu &g, K *kernel, const char *what, aisle_error *err)
{
    cudaFuncAttributes has;
    AISLE_CUDA(cudaFuncGetAttributes(&has, kernel), what);
    AISLE_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    (int)(g.properties.sharedMemPerBlockOptin - has.sharedSizeBytes)),
               what);
    return check(cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout, 100 /* % */),
                 what, err);
}

/* Device memory that counts against the part's limit. AISLE_ENOMEM says what it was for, how much is needed
 * and how much there is. Memory is taken and freed in the order of g.stream: another stream that is to use it
 * waits for an event of g.stream first, and g.stream for that one's before it is freed. */
aisle_status device_alloc(gpu &g, int64_t bytes, const char *what, void **out, aisle_error *err);
void device_free(gpu &g, void *p, int64_t bytes);
/* Bytes that scratch may take now: what is free under the limit, less a tenth. Freed memory that the pool
 * keeps is free. */
int64_t scratch_bytes(gpu &g);
/* At the opening and closing of a part. */
aisle_status memory_open(gpu &g, aisle_error *err);
void memory_close(gpu &g);

/* A device array that its scope owns; at least one element. */
template <class T> struct buffer {
    T *p = nullptr;
    buffer() = default;
    buffer(const buffer &) = delete;
    buffer &operator=(const buffer &) = delete;
    ~buffer()
    {
        if (p) device_free(*owner, p, bytes);
    }
    aisle_status make(gpu &g, int64_t n, const char *what, aisle_error *err)
    {
        if (n < 0 || n > (INT64_MAX >> 4) / (int64_t)sizeof(T))
            return aisle_fail(err, AISLE_EINVAL, "cuda: %s: size overflows", what);
        owner = &g;
        bytes = (n ? n : 1) * (int64_t)sizeof(T);
        return device_alloc(g, bytes, what, (void **)&p, err);
    }

  private:
    gpu *owner = nullptr;
    int64_t bytes = 0;
};

/* Runs work(part, its index, err) on every part at once, each on a host thread of its own with its GPU
 * selected, and waits for all, streams included. The status is that of the first part that failed; out of host
 * memory inside becomes AISLE_ENOMEM. Every entry of the table does its work inside. */
using part_work = std::function<aisle_status(gpu &, int32_t, aisle_error *)>;
aisle_status each_part(aisle_device *d, const part_work &work, aisle_error *err);

/* Lets the parts of a device reach each other; at its opening and closing. Never fails: copies through the host
 * always work. */
void exchange_open(aisle_device *d);
void exchange_close(aisle_device *d);

} // namespace aisle

/* The entries of the table that have a file of their own; backend.h says what they do. */
aisle_status aisle_cuda_csr_put(aisle_device *, const aisle_csr *, aisle_dev_csr **, aisle_error *);
void aisle_cuda_csr_free(aisle_device *, aisle_dev_csr *);
aisle_status aisle_cuda_mat_new(aisle_device *, int32_t, int32_t, aisle_dev_mat **, aisle_error *);
aisle_status aisle_cuda_mat_put(aisle_device *, const aisle_mat *, aisle_dev_mat *, aisle_error *);
aisle_status aisle_cuda_mat_get(aisle_device *, const aisle_dev_mat *, aisle_mat *, aisle_error *);
aisle_status aisle_cuda_mat_take(aisle_device *, aisle_dev_mat *, aisle_mat *, aisle_error *);
void aisle_cuda_mat_free(aisle_device *, aisle_dev_mat *);
aisle_status aisle_cuda_gram(aisle_device *, const aisle_dev_mat *, float *, aisle_error *);
aisle_status aisle_cuda_als_half_step(aisle_device *, const aisle_dev_csr *, aisle_dev_mat *,
                                      const aisle_als_params *, aisle_dev_mat *, aisle_error *);
aisle_status aisle_cuda_als_loss(aisle_device *, const aisle_dev_csr *, const aisle_dev_csr *,
                                 const aisle_dev_mat *, const aisle_dev_mat *, const aisle_als_params *,
                                 double *, aisle_error *);
aisle_status aisle_cuda_similar_topk(aisle_device *, const aisle_dev_csr *, int32_t, int32_t *, float *,
                                     const aisle_progress *, aisle_error *);
aisle_status aisle_cuda_topn(aisle_device *, const aisle_dev_mat *, int32_t, int32_t, const aisle_dev_mat *,
                             const aisle_topn_params *, int32_t *, float *, aisle_error *);
aisle_status aisle_cuda_peaks(aisle_device *, aisle_peaks *, aisle_error *);

#endif
