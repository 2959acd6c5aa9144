/* Every instruction that C++ has no word for: asynchronous copies, matrix fragments, tensor-core products.
 * Layouts of fragments are those of the PTX ISA manual, sections "mma.m16n8k8", "mma.m16n8k16", "ldmatrix". */
#ifndef AISLE_GPU_MMA_CUH
#define AISLE_GPU_MMA_CUH

#include <cstdint>

namespace aisle
{

/* d += a b: 16 x 8 x 8, tf32 operands (the low 13 bits are ignored), f32 sums. By a whole warp. */
__device__ __forceinline__ void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
                 "{%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* d += a b: 16 x 8 x 16, bf16 operands, two a register, f32 sums. By a whole warp. */
__device__ __forceinline__ void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
                 "{%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* Rounded to nearest, ties away: 10 bits of mantissa. v - to_tf32(v) is exact, and again fits one with 2^-22
 * of v left over. */
__device__ __forceinline__ uint32_t to_tf32(float v)
{
    uint32_t r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(v));
    return r;
}

__device__ __forceinline__ uint32_t shared_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}

/* Four (two) 8 x 8 matrices of 16-bit elements: lane i gives the address of row i % 8 of matrix i / 8. */
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void *shared_row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(shared_row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], const void *shared_row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(shared_row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x2(uint32_t (&r)[2], const void *shared_row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(shared_row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x2_trans(uint32_t (&r)[2], const void *shared_row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(shared_row))
                 : "memory");
}

/* Starts a copy of 16 bytes (both aligned to 16), or of zeros when not valid; the source is then not read. */
__device__ __forceinline__ void copy_async16(void *shared, const void *global, bool valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global),
                 "r"(valid ? 16 : 0)
                 : "memory");
}

/* Ends a group of copies of this thread; then waits until at most N groups are still under way. What other
 * threads copied is there only after a barrier. */
__device__ __forceinline__ void copy_async_commit()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int N> __device__ __forceinline__ void copy_async_wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

/* An mbarrier in shared memory: a phase ends after `count` arrivals and all bytes that were announced. Its phases are
 * waited for by parity, the first one's being 0. */
typedef unsigned long long phase_barrier;

/* --- Compute 9.0a only: a producer's copies, and products of whole warpgroups (128 threads) out of shared memory. */
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#    define AISLE_WARPGROUPS /* whether the code that is being compiled may use them */

/* Barrier `id` (1 to 15; 0 is __syncthreads) of so many threads, whole warps. Those who only arrive do not wait. */
__device__ __forceinline__ void some_sync(int id, int threads)
{
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

__device__ __forceinline__ void some_arrive(int id, int threads)
{
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

__device__ __forceinline__ void phase_init(phase_barrier *b, unsigned count)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(b)), "r"(count) : "memory");
}

/* What this thread initialised is seen by the copies of others, after a __syncthreads. */
__device__ __forceinline__ void phase_init_end()
{
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ __forceinline__ void phase_arrive(phase_barrier *b)
{
    asm volatile(
        "{\n.reg .b64 state;\nmbarrier.arrive.shared::cta.b64 state, [%0];\n}" ::"r"(shared_address(b))
        : "memory");
}

__device__ __forceinline__ void phase_wait(phase_barrier *b, unsigned parity)
{
    asm volatile("{\n.reg .pred done;\nagain:\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                 "@!done bra again;\n}" ::"r"(shared_address(b)),
                 "r"(parity)
                 : "memory");
}

/* Starts one copy of `bytes`, a multiple of 16, and arrives at b, whose phase waits for them. */
__device__ __forceinline__ void copy_bulk(void *shared, const void *global, unsigned bytes, phase_barrier *b)
{
    asm volatile("{\n.reg .b64 state;\nmbarrier.arrive.expect_tx.shared::cta.b64 state, [%0], %1;\n}" ::"r"(
                     shared_address(b)),
                 "r"(bytes)
                 : "memory");
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
            shared_address(shared)),
        "l"(global), "r"(bytes), "r"(shared_address(b))
        : "memory");
}

/* A panel: rows of 64 bf16 (128 bytes) whose 16-byte piece p lies at p ^ row % 8, aligned to 1024 bytes. Its matrix
 * descriptor (PTX ISA, "Matrix Descriptor Format"): swizzle of 128 bytes, 8 rows 1024 bytes apart, columns 16 k on. */
__device__ __forceinline__ uint64_t panel_descriptor(const void *panel, int k)
{
    return (uint64_t)1 << 62 | (uint64_t)(1024 >> 4) << 32 | (uint64_t)1 << 16 |
           ((shared_address(panel) + 32 * (unsigned)k) >> 4 & 0x3fff);
}

/* Before the first product of a group: registers written by other instructions are seen. */
__device__ __forceinline__ void products_begin()
{
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

/* The 64 registers of a thread's sums, as operands. */
#    define EIGHT_SUMS(d, i)                                                                                 \
        "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]),          \
            "+f"(d[i + 6]), "+f"(d[i + 7])
#    define ALL_SUMS(d)                                                                                      \
        EIGHT_SUMS(d, 0), EIGHT_SUMS(d, 8), EIGHT_SUMS(d, 16), EIGHT_SUMS(d, 24), EIGHT_SUMS(d, 32),         \
            EIGHT_SUMS(d, 40), EIGHT_SUMS(d, 48), EIGHT_SUMS(d, 56)

/* d (+)= a b', 64 rows of panel a by 128 of panel b, columns 16 k .. 16 k + 15 of both. Thread 32 w + 4 g + t of the
 * warpgroup has d[4 j + 2 h + c]: row 16 w + 8 h + g, column 8 j + 2 t + c. Under way until products_wait. */
__device__ __forceinline__ void panel_product(float (&d)[64], const void *a, const void *b, int k, bool add)
{
    asm volatile("{\n.reg .pred sums;\nsetp.ne.b32 sums, %66, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
                 "%64, %65, sums, 1, 1, 0, 0;\n}"
                 : ALL_SUMS(d)
                 : "l"(panel_descriptor(a, k)), "l"(panel_descriptor(b, k)), "r"((int)add));
}

__device__ __forceinline__ void products_commit()
{
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void products_wait()
{
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
}

/* After products_wait, for each d: for the compiler its values were there since the product began, and could be used above the
 * wait. */
__device__ __forceinline__ void products_end(float (&d)[64])
{
    asm volatile("" : ALL_SUMS(d) : : "memory");
}

/* Registers of each of this warpgroup's threads from here on, a multiple of 8; of the ones that were given at the start. */
template <int N> __device__ __forceinline__ void registers_up()
{
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N));
}

template <int N> __device__ __forceinline__ void registers_down()
{
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N));
}
#endif

} // namespace aisle
#endif
