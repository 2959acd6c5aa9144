/* cuSOLVER's dense part as far as gpu/ uses it, over the host's LAPACK; implementation in softgpu_solver.cpp. */
#ifndef SOFTGPU_CUSOLVER_H
#define SOFTGPU_CUSOLVER_H

#include "cublas_v2.h"

typedef enum {
    CUSOLVER_STATUS_SUCCESS = 0,
    CUSOLVER_STATUS_NOT_INITIALIZED = 1,
    CUSOLVER_STATUS_ALLOC_FAILED = 2,
    CUSOLVER_STATUS_INVALID_VALUE = 3,
    CUSOLVER_STATUS_EXECUTION_FAILED = 6,
    CUSOLVER_STATUS_INTERNAL_ERROR = 7,
    CUSOLVER_STATUS_NOT_SUPPORTED = 9
} cusolverStatus_t;
typedef enum { CUSOLVER_EIG_MODE_NOVECTOR, CUSOLVER_EIG_MODE_VECTOR } cusolverEigMode_t;
typedef enum {
    CUSOLVER_DETERMINISTIC_RESULTS = 1,
    CUSOLVER_ALLOW_NON_DETERMINISTIC_RESULTS = 2
} cusolverDeterministicMode_t;
typedef struct cusolverDnContext *cusolverDnHandle_t;

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t *h);
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t h);
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t h, cudaStream_t s);
cusolverStatus_t cusolverDnGetStream(cusolverDnHandle_t h, cudaStream_t *s);
cusolverStatus_t cusolverDnSetDeterministicMode(cusolverDnHandle_t h, cusolverDeterministicMode_t mode);

cusolverStatus_t cusolverDnSsyevd_bufferSize(cusolverDnHandle_t h, cusolverEigMode_t job,
                                             cublasFillMode_t fill, int n, const float *a, int lda,
                                             const float *w, int *lwork);
cusolverStatus_t cusolverDnDsyevd_bufferSize(cusolverDnHandle_t h, cusolverEigMode_t job,
                                             cublasFillMode_t fill, int n, const double *a, int lda,
                                             const double *w, int *lwork);
cusolverStatus_t cusolverDnSsyevd(cusolverDnHandle_t h, cusolverEigMode_t job, cublasFillMode_t fill, int n,
                                  float *a, int lda, float *w, float *work, int lwork, int *info);
cusolverStatus_t cusolverDnDsyevd(cusolverDnHandle_t h, cusolverEigMode_t job, cublasFillMode_t fill, int n,
                                  double *a, int lda, double *w, double *work, int lwork, int *info);
cusolverStatus_t cusolverDnSpotrf_bufferSize(cusolverDnHandle_t h, cublasFillMode_t fill, int n, float *a,
                                             int lda, int *lwork);
cusolverStatus_t cusolverDnSpotrf(cusolverDnHandle_t h, cublasFillMode_t fill, int n, float *a, int lda,
                                  float *work, int lwork, int *info);
cusolverStatus_t cusolverDnSpotrs(cusolverDnHandle_t h, cublasFillMode_t fill, int n, int nrhs,
                                  const float *a, int lda, float *b, int ldb, int *info);
cusolverStatus_t cusolverDnSpotrfBatched(cusolverDnHandle_t h, cublasFillMode_t fill, int n, float *a[],
                                         int lda, int *info, int count);
/* One right-hand side, as the vendor's. */
cusolverStatus_t cusolverDnSpotrsBatched(cusolverDnHandle_t h, cublasFillMode_t fill, int n, int nrhs,
                                         float *a[], int lda, float *b[], int ldb, int *info, int count);

#endif
