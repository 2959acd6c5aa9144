/* The opened device, its matrices, checked calls and owned buffers of the CUDA back-end. No algorithm lives
 * here. */
#ifndef AISLE_GPU_DEVICE_CUH
#define AISLE_GPU_DEVICE_CUH

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>

#include "aisle/backend.h"

/* One stream orders all work of a device; every public entry returns after it is done. */
struct aisle_device {
    int ordinal;
    int64_t memory_limit; /* 0 = none of ours */
    cudaStream_t stream;
    cublasHandle_t blas;
    cusolverDnHandle_t solver;
    cudaDeviceProp properties;
};

struct aisle_dev_csr {
    int32_t n_rows, n_cols;
    int64_t nnz;
    int64_t *row_ptr; /* device */
    int32_t *col;     /* device */
    float *val;       /* device, always present */
};

struct aisle_dev_mat {
    int32_t n_rows, n_cols; /* row-major, leading dimension n_cols */
    float *data;            /* device */
};

namespace aisle
{

/* Translate vendor errors; `what` names the step. Out of device memory says how much there is. */
aisle_status check(cudaError_t e, const char *what, aisle_error *err);
aisle_status check(cublasStatus_t e, const char *what, aisle_error *err);
aisle_status check(cusolverStatus_t e, const char *what, aisle_error *err);
/* After a kernel launch: its launch error; with `sync` also what went wrong while it ran. */
aisle_status launched(aisle_device *d, const char *what, bool sync, aisle_error *err);
/* Bytes that may be used for scratch: free memory, or our limit, less a tenth. */
int64_t scratch_bytes(aisle_device *d);

#define AISLE_CUDA(call, what) AISLE_TRY(aisle::check((call), (what), err))

/* A device array that its scope owns. */
template <class T> struct buffer {
    T *p = nullptr;
    buffer() = default;
    buffer(const buffer &) = delete;
    buffer &operator=(const buffer &) = delete;
    ~buffer()
    {
        cudaFree(p);
    }
    aisle_status make(int64_t n, const char *what, aisle_error *err)
    {
        if (n < 0 || n > INT64_MAX / (int64_t)sizeof(T))
            return aisle_fail(err, AISLE_EINVAL, "cuda: %s: size overflows", what);
        return check(cudaMalloc((void **)&p, (size_t)(n ? n : 1) * sizeof(T)), what, err);
    }
};

/* y' = y Q and back: the basis in which the Gramian is diagonal. See als.cu. */
struct rotation {
    buffer<float> q; /* f x f, column-major: column j = eigenvector j */
    buffer<float> eigenvalue;
};

aisle_status gram_on_device(aisle_device *d, const aisle_dev_mat *y, float *g, aisle_error *err);

} // namespace aisle
#endif
