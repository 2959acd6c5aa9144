/* The CUDA device made of the CPU, as the host sees it: streams, memory, two devices, libraries. A part of test_softgpu. */
#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cusolverDn.h>

#include <thread>

#include "softgpu_checks.h"

__global__ void add_one(float *x)
{
    x[threadIdx.x] += 1;
}

void streams_are_queues()
{
    cudaStream_t a, b;
    cudaEvent_t e;
    float *pinned;
    array<float> x(std::vector<float>(4, 1)), y(4);
    OK(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
    OK(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
    OK(cudaEventCreate(&e));
    OK(cudaMallocHost(&pinned, 16));
    add_one<<<1, 4, 0, a>>>(x.p);
    OK(cudaEventRecord(e, a));
    OK(cudaStreamWaitEvent(b, e));
    OK(cudaMemcpyAsync(y.p, x.p, 16, cudaMemcpyDeviceToDevice, b));
    OK(cudaMemcpyAsync(pinned, y.p, 16, cudaMemcpyDeviceToHost, b));
    const char *seed = getenv("SOFTGPU_SEED");
    bool late = !seed || atoi(seed) % 2;
    CHECK((pinned[3] == 2) == !late);
    CHECK(cudaStreamQuery(b) == (late ? cudaErrorNotReady : cudaSuccess));
    OK(cudaStreamSynchronize(b));
    CHECK(pinned[3] == 2);
    OK(cudaEventDestroy(e));
    OK(cudaFreeHost(pinned));
    OK(cudaStreamDestroy(a));
    add_one<<<1, 4, 0, a>>>(x.p);
    CHECK(cudaGetLastError() == cudaErrorInvalidResourceHandle);
    OK(cudaStreamDestroy(b));
}

void memory_is_counted_and_can_fail()
{
    size_t before, after, total;
    void *p = nullptr, *q = nullptr;
    long live = softgpu_live_allocations();
    OK(cudaMemGetInfo(&before, &total));
    OK(cudaMalloc(&p, 1000));
    OK(cudaMemGetInfo(&after, &total));
    CHECK(before - after == 1024 && softgpu_live_allocations() == live + 1);
    CHECK(cudaMalloc(&q, total) == cudaErrorMemoryAllocation && !q);
    setenv("SOFTGPU_FAIL_MALLOC", "2", 1);
    OK(cudaMalloc(&q, 1));
    OK(cudaFree(p));
    CHECK(cudaMalloc(&p, 1) == cudaErrorMemoryAllocation && !p);
    OK(cudaMalloc(&p, 1));
    OK(cudaFree(p));
    setenv("SOFTGPU_FAIL_MALLOC", "1+", 1);
    for (int i = 0; i < 2; i++) CHECK(cudaMalloc(&p, 1) == cudaErrorMemoryAllocation && !p);
    unsetenv("SOFTGPU_FAIL_MALLOC");
    OK(cudaFree(q));
    CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
    CHECK(softgpu_live_allocations() == live);
}

void two_devices_run_at_once()
{
    int n = 0;
    OK(cudaGetDeviceCount(&n));
    CHECK(n == 2);
    std::thread threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = std::thread([i] {
            OK(cudaSetDevice(i));
            array<float> x(std::vector<float>(64, 0));
            for (int t = 0; t < 50; t++) add_one<<<1, 64>>>(x.p);
            for (float v : x.get()) CHECK(v == 50);
        });
    for (std::thread &t : threads) t.join();
}

void libraries_compute()
{
    cublasHandle_t blas;
    cusolverDnHandle_t solver;
    const float one = 1, zero = 0;
    array<float> a(std::vector<float>{1, 2, 3, 4, 5, 6}), c(4); /* 2 x 3 */
    CHECK(cublasCreate(&blas) == CUBLAS_STATUS_SUCCESS);
    CHECK(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, 2, 2, 3, &one, a.p, 2, a.p, 2, &zero, c.p, 2) ==
          CUBLAS_STATUS_SUCCESS); /* A A' over NaN: beta is 0 */
    CHECK(c.get() == std::vector<float>({35, 44, 44, 56}));
    array<float> s(4), scaled(6);
    CHECK(cublasSsyrk(blas, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, 3, &one, a.p, 2, &zero, s.p, 2) ==
          CUBLAS_STATUS_SUCCESS);
    std::vector<float> lower = s.get();
    CHECK(lower[0] == 35 && lower[1] == 44 && lower[2] != lower[2] && lower[3] == 56);
    CHECK(cublasSdgmm(blas, CUBLAS_SIDE_RIGHT, 2, 3, a.p, 2, a.p, 1, scaled.p, 2) == CUBLAS_STATUS_SUCCESS);
    CHECK(scaled.get() == std::vector<float>({1, 2, 6, 8, 15, 18}));
    CHECK(cublasSgeam(blas, CUBLAS_OP_T, CUBLAS_OP_N, 3, 2, &one, a.p, 2, &zero, nullptr, 3, scaled.p, 3) ==
          CUBLAS_STATUS_SUCCESS);
    CHECK(scaled.get() == std::vector<float>({1, 3, 5, 2, 4, 6}));
    array<__nv_bfloat16> h(std::vector<__nv_bfloat16>(4, __float2bfloat16_rn(3)));
    CHECK(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, h.p, CUDA_R_16BF, 2, h.p, CUDA_R_16BF,
                       2, &zero, c.p, CUDA_R_32F, 2, CUBLAS_COMPUTE_32F,
                       CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS);
    CHECK(c.get()[3] == 18);
    captured said;
    CHECK(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, 2, 2, 4, &one, a.p, 2, a.p, 2, &zero, c.p, 2) !=
          CUBLAS_STATUS_SUCCESS);
    CHECK(said.says("cuBLAS gemm, A: 32 bytes"));
    CHECK(cublasDestroy(blas) == CUBLAS_STATUS_SUCCESS);

    CHECK(cusolverDnCreate(&solver) == CUSOLVER_STATUS_SUCCESS);
    array<float> m(std::vector<float>{2, 1, 1, 2}), w(2);
    array<int> info(1);
    int lwork = 0;
    CHECK(cusolverDnSsyevd_bufferSize(solver, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, 2, m.p, 2,
                                      w.p, &lwork) == CUSOLVER_STATUS_SUCCESS);
    array<float> work((size_t)lwork);
    CHECK(cusolverDnSsyevd(solver, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, 2, m.p, 2, w.p, work.p,
                           lwork, info.p) == CUSOLVER_STATUS_SUCCESS);
    CHECK(info.get()[0] == 0 && fabsf(w.get()[0] - 1) < 1e-6f && fabsf(w.get()[1] - 3) < 1e-6f);
    array<float> spd(std::vector<float>{4, 2, NAN, 5}), b(std::vector<float>{8, 12});
    array<float *> ps(std::vector<float *>{spd.p}), pb(std::vector<float *>{b.p});
    CHECK(cusolverDnSpotrfBatched(solver, CUBLAS_FILL_MODE_LOWER, 2, ps.p, 2, info.p, 1) ==
          CUSOLVER_STATUS_SUCCESS);
    CHECK(cusolverDnSpotrsBatched(solver, CUBLAS_FILL_MODE_LOWER, 2, 1, ps.p, 2, pb.p, 2, info.p, 1) ==
          CUSOLVER_STATUS_SUCCESS);
    CHECK(fabsf(b.get()[0] - 1) < 1e-6f && fabsf(b.get()[1] - 2) < 1e-6f);
    CHECK(cusolverDnDestroy(solver) == CUSOLVER_STATUS_SUCCESS);
}
