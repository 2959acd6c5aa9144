/* The CUDA device made of the CPU, tested: what it computes, and that it sees what it promises to see. Kernels on
 * purpose wrong are here too; their reports go to stderr, which the tests read. */
#include <cuda_bf16.h>

#include "gpu/mma.cuh"
#include "softgpu_checks.h"

int failures;

/* ---- what it computes */

template <int THREADS, class T> __global__ void __launch_bounds__(THREADS) reduce(const T *x, int n, T *out)
{
    __shared__ T part[THREADS / 32], last;
    T sum = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) sum += x[i];
    for (int k = 16; k > 0; k /= 2) sum += __shfl_xor_sync(~0u, sum, k);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) last = 0;
    if (threadIdx.x >= THREADS / 32) return; /* the rest waits without them */
    sum = part[threadIdx.x];
    for (int k = THREADS / 64; k > 0; k /= 2)
        sum += __shfl_down_sync((1u << THREADS / 32) - 1, sum, (unsigned)k);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
    __syncthreads();
}

__global__ void transpose(const float *from, float *to, int n)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *tile = (float *)shared;
    tile[threadIdx.y * blockDim.x + threadIdx.x] = from[threadIdx.y * n + threadIdx.x];
    __syncthreads();
    to[threadIdx.y * n + threadIdx.x] = tile[threadIdx.x * blockDim.x + threadIdx.y];
}

__global__ void count(unsigned *bins, unsigned long long *total, int *least, float *sum)
{
    atomicAdd(&bins[threadIdx.x % 7], 1);
    atomicAdd(total, 1ull << 33);
    atomicMin(least, -(int)threadIdx.x);
    atomicAdd(sum, .5f);
    unsigned above = __ballot_sync(~0u, threadIdx.x % 32 > 27);
    if (threadIdx.x == 5) bins[7] = above + (unsigned)__popc(above);
    if (__any_sync(~0u, threadIdx.x == 40) && threadIdx.x % 32 == 0) bins[8] = threadIdx.x;
    if (__all_sync(~0u, threadIdx.x < 64) && threadIdx.x % 32 == 0) atomicAdd(&bins[9], 1u);
    int up = __shfl_up_sync(~0u, (int)threadIdx.x, 3), first = __shfl_sync(~0u, (int)threadIdx.x, 9, 8);
    if (threadIdx.x == 2) bins[10] = (unsigned)up;
    if (threadIdx.x == 77) bins[11] = (unsigned)up;
    if (threadIdx.x == 77) bins[12] = (unsigned)first;
    int both = __syncthreads_count(threadIdx.x % 2);
    if (threadIdx.x == 0) bins[13] = (unsigned)both;
}

static void it_computes()
{
    std::vector<float> x(1000);
    for (size_t i = 0; i < x.size(); i++) x[i] = (float)i;
    array<float> d(x), out(3);
    reduce<256, float><<<3, 256>>>(d.p, 1000, out.p /* a comment with <<< in it */);
    for (float v : out.get()) CHECK(v == 499500);
    x.resize(256);
    array<float> from(x), to(256);
    transpose<<<1, dim3(16, 16), 1024>>>(from.p, to.p, 16);
    for (int i = 0; i < 256; i++) CHECK(to.get()[(size_t)i] == (float)(i % 16 * 16 + i / 16));
    array<unsigned> bins(std::vector<unsigned>(14, 0));
    array<unsigned long long> total(std::vector<unsigned long long>(1, 0));
    array<int> least(std::vector<int>(1, 0));
    array<float> sum(std::vector<float>(1, 0));
    count<<<1, 128>>>(bins.p, total.p, least.p, sum.p);
    std::vector<unsigned> b = bins.get();
    CHECK(b[0] == 19 && b[1] == 19 && b[2] == 18 && b[6] == 18);
    CHECK(b[7] == 0xf0000004 && b[8] == 32 && b[9] == 2);
    CHECK(b[10] == 2 && b[11] == 74 && b[12] == 73 && b[13] == 64);
    CHECK(total.get()[0] == 128ull << 33 && least.get()[0] == -127 && sum.get()[0] == 64);
}

static void numbers_round_as_on_a_device()
{
    CHECK(__bfloat162float(__float2bfloat16_rn(1.00390625f)) == 1); /* a tie goes to the even one */
    CHECK(__bfloat162float(__float2bfloat16_rn(1.01171875f)) == 1.015625f);
    CHECK(__low2float(__floats2bfloat162_rn(3, 4)) == 3 && __high2float(__floats2bfloat162_rn(3, 4)) == 4);
    CHECK(__uint_as_float(aisle::to_tf32(1 + 0x1p-11f)) == 1 + 0x1p-10f); /* a tie goes away from zero */
    CHECK(__uint_as_float(aisle::to_tf32(-1 - 0x1p-11f)) == -1 - 0x1p-10f);
    CHECK(__uint_as_float(aisle::to_tf32(1 + 0x1p-12f)) == 1);
    CHECK(__brev(1) == 0x80000000u && __clz(1) == 31 && __ffs(8) == 4 && __clz(0) == 32);
    CHECK(__umulhi(0x80000000u, 6) == 3 && __saturatef(NAN) == 0 && min(3u, 2u) == 2 && max(-1, 2) == 2);
}

/* ---- fragments: A, B and the product are laid out by the manual's own formulas, of lane and register */

__global__ void product_tf32(const float *a, const float *b, float *d) /* 16 x 8, 8 x 8, 16 x 8, row-major */
{
    int lane = threadIdx.x, group = lane >> 2, place = lane & 3;
    uint32_t ra[4], rb[2];
    float rd[4];
    for (int i = 0; i < 4; i++) {
        int row = i == 0 || i == 2 ? group : group + 8, column = i < 2 ? place : place + 4;
        ra[i] = aisle::to_tf32(a[row * 8 + column]);
    }
    for (int i = 0; i < 2; i++) rb[i] = aisle::to_tf32(b[(i == 0 ? place : place + 4) * 8 + group]);
    for (int i = 0; i < 4; i++) rd[i] = 1;
    aisle::mma_tf32(rd, ra, rb);
    for (int i = 0; i < 4; i++) d[(i < 2 ? group : group + 8) * 8 + place * 2 + (i & 1)] = rd[i];
}

/* A by ldmatrix from row-major, B by ldmatrix.trans from row-major [k][n]. */
__global__ void product_bf16(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *d, bool by_hand)
{
    __shared__ __align__(16) __nv_bfloat16 sa[16][16], sb[16][8];
    int lane = threadIdx.x, group = lane >> 2, place = lane & 3;
    for (int i = lane; i < 256; i += 32) sa[i / 16][i % 16] = a[i];
    for (int i = lane; i < 128; i += 32) sb[i / 8][i % 8] = b[i];
    __syncwarp();
    uint32_t ra[4], rb[2];
    float rd[4] = {1, 1, 1, 1};
    aisle::ldmatrix_x4(ra, &sa[lane % 16][lane / 16 * 8]);
    aisle::ldmatrix_x2_trans(rb, &sb[lane % 16][0]);
    if (by_hand) {
        auto pair = [](__nv_bfloat16 low, __nv_bfloat16 high) {
            return (uint32_t)__bfloat16_as_ushort(low) | (uint32_t)__bfloat16_as_ushort(high) << 16;
        };
        for (int i = 0; i < 4; i++) {
            int row = i == 0 || i == 2 ? group : group + 8, column = place * 2 + (i < 2 ? 0 : 8);
            ra[i] = pair(sa[row][column], sa[row][column + 1]);
        }
        for (int i = 0; i < 2; i++) {
            int row = place * 2 + (i == 0 ? 0 : 8);
            rb[i] = pair(sb[row][group], sb[row + 1][group]);
        }
    }
    aisle::mma_bf16(rd, ra, rb);
    for (int i = 0; i < 4; i++) d[(i < 2 ? group : group + 8) * 8 + place * 2 + (i & 1)] = rd[i];
}

static void fragments_give_the_plain_product()
{
    std::vector<float> a(256), b(128);
    std::vector<__nv_bfloat16> ha(256), hb(128);
    for (size_t i = 0; i < a.size(); i++) a[i] = (float)(i * 37 % 23) - 11, ha[i] = __float2bfloat16_rn(a[i]);
    for (size_t i = 0; i < b.size(); i++) b[i] = (float)(i * 29 % 19) - 9, hb[i] = __float2bfloat16_rn(b[i]);
    array<float> da(a), db(b), d(128);
    array<__nv_bfloat16> dha(ha), dhb(hb);
    for (int t = 0; t < 3; t++) {
        int k = t == 0 ? 8 : 16;
        if (t == 0)
            product_tf32<<<1, 32>>>(da.p, db.p, d.p);
        else
            product_bf16<<<1, 32>>>(dha.p, dhb.p, d.p, t == 2);
        std::vector<float> got = d.get();
        for (int i = 0; i < 16; i++)
            for (int j = 0; j < 8; j++) {
                float want = 1;
                for (int e = 0; e < k; e++) want += a[(size_t)(i * k + e)] * b[(size_t)(e * 8 + j)];
                CHECK(got[(size_t)(i * 8 + j)] == want);
            }
    }
}

__global__ void copy_late(const float *from, float *out, int wait)
{
    extern __shared__ __align__(16) unsigned char shared[];
    float *to = (float *)shared;
    to[0] = to[4] = 5;
    aisle::copy_async16(to, from, true);
    aisle::copy_async_commit();
    aisle::copy_async16(to + 4, from, false);
    aisle::copy_async_commit();
    out[0] = to[0];
    if (wait) aisle::copy_async_wait<1>();
    out[1] = to[0];
    out[2] = to[4];
    aisle::copy_async_wait<0>();
    out[3] = to[4];
}

static void asynchronous_copies_arrive_at_their_wait()
{
    array<float> from(std::vector<float>{7, 8, 9, 10}), out(4);
    copy_late<<<1, 1, 32>>>(from.p, out.p, 1);
    std::vector<float> got = out.get();
    CHECK(got[0] != got[0] && got[1] == 7 && got[2] != got[2] && got[3] == 0);
    copy_late<<<1, 1, 32>>>(from.p, out.p, 0);
    got = out.get();
    CHECK(got[1] != got[1] && got[3] == 0);
}

/* ---- what it sees */

__global__ void miss_a_barrier(int n)
{
    if ((int)threadIdx.x < n)
        __syncthreads();
    else
        __syncwarp();
    if (threadIdx.x % 32 == 31) return;
    __shfl_sync(~0u, 1, 0);
}

__global__ void two_barriers()
{
    if (threadIdx.x < 32)
        __syncthreads();
    else
        __syncthreads();
}

__global__ void miss_a_lane()
{
    if (threadIdx.x != 3)
        __shfl_sync(~0u, 1, 0);
    else
        __ballot_sync(~0u, 1);
}

__global__ void wrong_mask()
{
    __shfl_sync(0xffu, 1, 0);
}

__global__ void trap(int when)
{
    if ((int)threadIdx.x == when) __trap();
    __syncthreads();
}

__global__ void poisoned(const float *fresh, float *out)
{
    __shared__ float shared[8];
    extern __shared__ __align__(16) unsigned char more[];
    if (threadIdx.x == 0) out[0] = shared[3], out[1] = ((float *)more)[0], out[2] = *fresh, shared[3] = 1;
}

/* Without a barrier between: right only in one order of threads. */
__global__ void racing(int *out)
{
    __shared__ int x[64];
    x[threadIdx.x] = (int)threadIdx.x;
    out[threadIdx.x] = x[threadIdx.x ^ 32];
}

__global__ void does_nothing() {}

template <class F> static void must_fault(const char *says, F launch)
{
    captured c;
    launch();
    cudaError_t e = cudaDeviceSynchronize();
    CHECK(c.says(says));
    CHECK(e == cudaErrorLaunchFailure);
    CHECK(cudaGetLastError() == cudaErrorLaunchFailure); /* and stays */
    CHECK(cudaGetLastError() == cudaErrorLaunchFailure);
    OK(cudaDeviceReset());
    OK(cudaGetLastError());
}

static void faults_are_reported()
{
    must_fault("kernel miss_a_barrier", [] { miss_a_barrier<<<1, 64>>>(20); });
    must_fault("20 threads (0..19) wait in __syncthreads", [] { miss_a_barrier<<<1, 32>>>(20); });
    must_fault("threads of one block meet at different barriers", [] { two_barriers<<<1, 64>>>(); });
    must_fault("31 threads (0..31) wait in __shfl_sync mask ffffffff", [] { miss_a_lane<<<1, 32>>>(); });
    must_fault("is not in its own mask", [] { wrong_mask<<<1, 32>>>(); });
    must_fault("__trap()", [] { trap<<<1, 32>>>(5); });
    trap<<<1, 32>>>(99); /* and the device is good again */
    OK(cudaDeviceSynchronize());
}

static void fresh_memory_is_nan()
{
    array<float> fresh(1), out(3);
    for (int t = 0; t < 2; t++) {
        poisoned<<<3, 1, 4>>>(fresh.p, out.p);
        for (float v : out.get()) CHECK(v != v);
    }
    array<int> x(64);
    racing<<<1, 64>>>(x.p);
    int wrong = 0;
    std::vector<int> got = x.get();
    for (int i = 0; i < 64; i++) wrong += got[(size_t)i] != (i ^ 32);
    CHECK(wrong > 0);
}

static void bad_launches_are_refused()
{
    struct {
        dim3 grid, block;
        size_t bytes;
        cudaError_t e;
    } rows[] = {
        {1, 1024, 48 << 10, cudaSuccess},
        {1, 1025, 0, cudaErrorInvalidConfiguration},
        {1, dim3(1, 1, 65), 0, cudaErrorInvalidConfiguration},
        {0, 32, 0, cudaErrorInvalidConfiguration},
        {dim3(1, 65536), 1, 0, cudaErrorInvalidConfiguration},
        {dim3(1, 1, 65536), 1, 0, cudaErrorInvalidConfiguration},
        {1, 32, (48 << 10) + 1, cudaErrorInvalidValue},
    };
    for (auto &r : rows) {
        does_nothing<<<r.grid, r.block, r.bytes>>>();
        CHECK(cudaGetLastError() == r.e);
        CHECK(cudaGetLastError() == cudaSuccess);
    }
    OK(cudaFuncSetAttribute(does_nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 << 10));
    does_nothing<<<1, 32, 227 << 10>>>();
    OK(cudaGetLastError());
    CHECK(cudaFuncSetAttribute(does_nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, (227 << 10) + 1) ==
          cudaErrorInvalidValue);
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    CHECK(cudaFuncSetAttribute(does_nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10) ==
          cudaErrorInvalidValue); /* a launch of another host thread may need more */
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    OK(cudaSetDevice(1)); /* has a limit of its own */
    does_nothing<<<1, 32, 227 << 10>>>();
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    OK(cudaSetDevice(0));
}

static void bad_pointers_are_refused()
{
    float host[4] = {};
    array<float> d(4);
    captured c;
    CHECK(cudaMemcpy(d.p, host, 17, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    CHECK(cudaMemcpy(host, host, 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
    CHECK(cudaMemcpy(d.p, d.p, 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    CHECK(cudaMemset(d.p + 2, 0, 9) == cudaErrorInvalidValue);
    CHECK(cudaFree(host) == cudaErrorInvalidValue);
    poisoned<<<1, 1>>>(host, d.p);
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    OK(cudaSetDevice(1));
    poisoned<<<1, 1>>>(d.p, d.p); /* device 0's, without peer access */
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    OK(cudaSetDevice(0));
    std::string said = c.text();
    CHECK(said.find("17 bytes at offset 0 of an allocation of 16") != std::string::npos);
    CHECK(said.find("without peer access") != std::string::npos);
}

/* Run on request, for what only the end of the process tells. */
__global__ void overrun(int at)
{
    __shared__ float before[8], part[8], after[8];
    float *p = part;
    before[threadIdx.x % 8] = after[threadIdx.x % 8] = p[at] = 1;
}

static int at_exit(const char *what)
{
    void *p;
    if (strcmp(what, "leak") == 0) OK(cudaMalloc(&p, 100));
    if (strcmp(what, "overrun") == 0) overrun<<<1, 1>>>(8);
    OK(cudaDeviceSynchronize());
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) return at_exit(argv[1]);
    it_computes();
    numbers_round_as_on_a_device();
    fragments_give_the_plain_product();
    asynchronous_copies_arrive_at_their_wait();
    faults_are_reported();
    fresh_memory_is_nan();
    bad_launches_are_refused();
    bad_pointers_are_refused();
    streams_are_queues();
    memory_is_counted_and_can_fail();
    two_devices_run_at_once();
    libraries_compute();
    CHECK(softgpu_live_allocations() == 0);
    printf(failures ? "%d checks failed\n" : "all checks passed\n", failures);
    return failures != 0;
}
