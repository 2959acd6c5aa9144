/* cuSOLVER's dense part over the host's LAPACK. The caller's workspace is checked and filled with NaN, not used. */
#include "cusolverDn.h"

#include <algorithm>
#include <vector>

#include "softgpu_internal.h"

extern "C" {
void openblas_set_num_threads(int n);
void ssyevd_(const char *job, const char *uplo, const int *n, float *a, const int *lda, float *w, float *work,
             const int *lwork, int *iwork, const int *liwork, int *info);
void dsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void spotrs_(const char *uplo, const int *n, const int *nrhs, const float *a, const int *lda, float *b,
             const int *ldb, int *info);
}

struct cusolverDnContext {
    int device;
    cudaStream_t stream;
};

using namespace softgpu;

namespace
{

const char *uplo(cublasFillMode_t fill)
{
    return fill == CUBLAS_FILL_MODE_LOWER ? "L" : "U";
}

bool square_ok(const void *a, size_t size, int n, int ld, const char *what)
{
    return n == 0 || on_device(a, ((size_t)ld * ((size_t)n - 1) + (size_t)n) * size, what);
}

bool work_ok(void *work, size_t size, int lwork, int wanted)
{
    if (lwork < wanted) report("cuSOLVER: a workspace of %d, wanted %d", lwork, wanted);
    return lwork >= wanted && on_device(work, (size_t)lwork * size, "cuSOLVER, workspace");
}

cusolverStatus_t queue(cusolverDnHandle_t h, std::function<void()> work)
{
    if (device_of(h->stream) != h->device || current_device() != h->device) {
        report("cuSOLVER: a handle of device %d with device %d", h->device, current_device());
        return CUSOLVER_STATUS_EXECUTION_FAILED;
    }
    return enqueue(h->stream, std::move(work)) == cudaSuccess ? CUSOLVER_STATUS_SUCCESS
                                                              : CUSOLVER_STATUS_EXECUTION_FAILED;
}

int syevd_work(int n)
{
    return 2 * n * n + 64;
}

void lapack(const char *job, const char *u, const int *n, float *a, const int *lda, float *w, float *work,
            const int *lwork, int *iwork, const int *liwork, int *info)
{
    ssyevd_(job, u, n, a, lda, w, work, lwork, iwork, liwork, info);
}

void lapack(const char *job, const char *u, const int *n, double *a, const int *lda, double *w, double *work,
            const int *lwork, int *iwork, const int *liwork, int *info)
{
    dsyevd_(job, u, n, a, lda, w, work, lwork, iwork, liwork, info);
}

template <class T>
cusolverStatus_t syevd(cusolverDnHandle_t h, cusolverEigMode_t job, cublasFillMode_t fill, int n, T *a,
                       int lda, T *w, T *work, int lwork, int *info)
{
    guard hold(api_lock);
    if (n < 0 || lda < std::max(1, n)) return CUSOLVER_STATUS_INVALID_VALUE;
    if (!square_ok(a, sizeof *a, n, lda, "cuSOLVER syevd, A") ||
        !on_device(w, (size_t)n * sizeof *w, "cuSOLVER syevd, w") ||
        !on_device(info, sizeof *info, "cuSOLVER, info") ||
        !work_ok(work, sizeof *work, lwork, syevd_work(n)))
        return CUSOLVER_STATUS_INVALID_VALUE;
    return queue(h, [=] {
        int liwork = 3 + 5 * n, big = 1 + 6 * n + 2 * n * n;
        std::vector<T> scratch((size_t)big);
        std::vector<int> iscratch((size_t)liwork);
        memset(work, 0xff, (size_t)lwork * sizeof *work);
        lapack(job == CUSOLVER_EIG_MODE_VECTOR ? "V" : "N", uplo(fill), &n, a, &lda, w, scratch.data(), &big,
               iscratch.data(), &liwork, info);
    });
}

} // namespace

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t *h)
{
    openblas_set_num_threads(1);
    *h = new cusolverDnContext{current_device(), nullptr};
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t h)
{
    guard hold(api_lock);
    drain_device(h->device);
    delete h;
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t h, cudaStream_t s)
{
    h->stream = s;
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnGetStream(cusolverDnHandle_t h, cudaStream_t *s)
{
    *s = h->stream;
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetDeterministicMode(cusolverDnHandle_t, cusolverDeterministicMode_t)
{
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSsyevd_bufferSize(cusolverDnHandle_t, cusolverEigMode_t, cublasFillMode_t, int n,
                                             const float *, int lda, const float *, int *lwork)
{
    if (n < 0 || lda < std::max(1, n)) return CUSOLVER_STATUS_INVALID_VALUE;
    *lwork = syevd_work(n);
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDsyevd_bufferSize(cusolverDnHandle_t, cusolverEigMode_t, cublasFillMode_t, int n,
                                             const double *, int lda, const double *, int *lwork)
{
    if (n < 0 || lda < std::max(1, n)) return CUSOLVER_STATUS_INVALID_VALUE;
    *lwork = syevd_work(n);
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSsyevd(cusolverDnHandle_t h, cusolverEigMode_t job, cublasFillMode_t fill, int n,
                                  float *a, int lda, float *w, float *work, int lwork, int *info)
{
    return syevd(h, job, fill, n, a, lda, w, work, lwork, info);
}

cusolverStatus_t cusolverDnDsyevd(cusolverDnHandle_t h, cusolverEigMode_t job, cublasFillMode_t fill, int n,
                                  double *a, int lda, double *w, double *work, int lwork, int *info)
{
    return syevd(h, job, fill, n, a, lda, w, work, lwork, info);
}

cusolverStatus_t cusolverDnSpotrf_bufferSize(cusolverDnHandle_t, cublasFillMode_t, int n, float *, int lda,
                                             int *lwork)
{
    if (n < 0 || lda < std::max(1, n)) return CUSOLVER_STATUS_INVALID_VALUE;
    *lwork = n + 64;
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSpotrf(cusolverDnHandle_t h, cublasFillMode_t fill, int n, float *a, int lda,
                                  float *work, int lwork, int *info)
{
    guard hold(api_lock);
    if (n < 0 || lda < std::max(1, n) || !square_ok(a, sizeof *a, n, lda, "cusolverDnSpotrf, A") ||
        !on_device(info, sizeof *info, "cuSOLVER, info") || !work_ok(work, sizeof *work, lwork, n + 64))
        return CUSOLVER_STATUS_INVALID_VALUE;
    return queue(h, [=] {
        memset(work, 0xff, (size_t)lwork * sizeof *work);
        spotrf_(uplo(fill), &n, a, &lda, info);
    });
}

cusolverStatus_t cusolverDnSpotrs(cusolverDnHandle_t h, cublasFillMode_t fill, int n, int nrhs,
                                  const float *a, int lda, float *b, int ldb, int *info)
{
    guard hold(api_lock);
    if (n < 0 || nrhs < 0 || lda < std::max(1, n) || ldb < std::max(1, n) ||
        !square_ok(a, sizeof *a, n, lda, "cusolverDnSpotrs, A") ||
        !on_device(info, sizeof *info, "cuSOLVER, info") ||
        (n && nrhs &&
         !on_device(b, ((size_t)ldb * ((size_t)nrhs - 1) + (size_t)n) * 4, "cusolverDnSpotrs, B")))
        return CUSOLVER_STATUS_INVALID_VALUE;
    return queue(h, [=] { spotrs_(uplo(fill), &n, &nrhs, a, &lda, b, &ldb, info); });
}

cusolverStatus_t cusolverDnSpotrfBatched(cusolverDnHandle_t h, cublasFillMode_t fill, int n, float *a[],
                                         int lda, int *info, int count)
{
    guard hold(api_lock);
    if (n < 0 || count < 0 || lda < std::max(1, n) ||
        !on_device(a, (size_t)count * sizeof *a, "cusolverDnSpotrfBatched, A") ||
        !on_device(info, (size_t)count * sizeof *info, "cusolverDnSpotrfBatched, info"))
        return CUSOLVER_STATUS_INVALID_VALUE;
    return queue(h, [=] {
        for (int i = 0; i < count; i++)
            if (square_ok(a[i], sizeof(float), n, lda, "cusolverDnSpotrfBatched, A[i]"))
                spotrf_(uplo(fill), &n, a[i], &lda, info + i);
    });
}

cusolverStatus_t cusolverDnSpotrsBatched(cusolverDnHandle_t h, cublasFillMode_t fill, int n, int nrhs,
                                         float *a[], int lda, float *b[], int ldb, int *info, int count)
{
    guard hold(api_lock);
    if (nrhs != 1) return CUSOLVER_STATUS_NOT_SUPPORTED;
    if (n < 0 || count < 0 || lda < std::max(1, n) || ldb < std::max(1, n) ||
        !on_device(a, (size_t)count * sizeof *a, "cusolverDnSpotrsBatched, A") ||
        !on_device(b, (size_t)count * sizeof *b, "cusolverDnSpotrsBatched, B") ||
        !on_device(info, sizeof *info, "cuSOLVER, info"))
        return CUSOLVER_STATUS_INVALID_VALUE;
    return queue(h, [=] {
        for (int i = 0; i < count; i++)
            if (square_ok(a[i], sizeof(float), n, lda, "cusolverDnSpotrsBatched, A[i]") &&
                on_device(b[i], (size_t)n * sizeof(float), "cusolverDnSpotrsBatched, B[i]"))
                spotrs_(uplo(fill), &n, &nrhs, a[i], &lda, b[i], &ldb, info);
    });
}
