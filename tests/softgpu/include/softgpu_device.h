/* What device code may call without including anything: qualifiers, built-in variables, intrinsics, atomics, warp
 * operations. Single precision as the host rounds it. */
#ifndef SOFTGPU_DEVICE_H
#define SOFTGPU_DEVICE_H

#include <cassert>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <math.h> /* isfinite and its kind without std:: */

#include "softgpu_exec.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __grid_constant__

#define threadIdx (softgpu::self->index)
#define blockIdx  (softgpu::now.index)
#define blockDim  (softgpu::now.block)
#define gridDim   (softgpu::now.grid)
enum { warpSize = 32 };

#define SOFTGPU_HERE const char *softgpu_file = __builtin_FILE(), int softgpu_line = __builtin_LINE()
#define SOFTGPU_PLACE                                                                                        \
    {                                                                                                        \
        softgpu_file, softgpu_line                                                                           \
    }

/* ---- barriers and fences */
inline void __syncthreads(SOFTGPU_HERE)
{
    softgpu::barrier("__syncthreads", SOFTGPU_PLACE, 0);
}
inline int __syncthreads_count(int v, SOFTGPU_HERE)
{
    return (int)softgpu::barrier("__syncthreads_count", SOFTGPU_PLACE, v != 0);
}
inline int __syncthreads_or(int v, SOFTGPU_HERE)
{
    return softgpu::barrier("__syncthreads_or", SOFTGPU_PLACE, v != 0) != 0;
}
inline int __syncthreads_and(int v, SOFTGPU_HERE)
{
    return softgpu::barrier("__syncthreads_and", SOFTGPU_PLACE, v == 0) == 0;
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
[[noreturn]] inline void __trap(SOFTGPU_HERE)
{
    softgpu::fault("__trap() at %s:%d", softgpu_file, softgpu_line);
}

/* ---- warp operations */
namespace softgpu
{
void warp_nothing(fiber *const *lane);
void warp_shuffle(fiber *const *lane); /* in: 16 bytes, then the source lane; < 0 or absent: poison */
void warp_ballot(fiber *const *lane);  /* in: unsigned; out: unsigned */
void warp_match(fiber *const *lane);   /* in: 8 bytes; out: unsigned */

inline int lane_id()
{
    return (int)(self->linear % 32);
}
template <class T> T shuffle(const char *what, place at, unsigned mask, T v, int source)
{
    static_assert(sizeof(T) <= 16 && std::is_trivially_copyable_v<T>);
    memcpy(self->in, &v, sizeof v);
    memcpy(self->in + 16, &source, sizeof source);
    warp_operation(what, at, mask, warp_shuffle);
    memcpy(&v, self->out, sizeof v);
    return v;
}
inline unsigned ballot(const char *what, place at, unsigned mask, int v)
{
    unsigned bit = v != 0, all;
    memcpy(self->in, &bit, sizeof bit);
    warp_operation(what, at, mask, warp_ballot);
    memcpy(&all, self->out, sizeof all);
    return all;
}
} // namespace softgpu

inline void __syncwarp(unsigned mask = ~0u, SOFTGPU_HERE)
{
    softgpu::warp_operation("__syncwarp", SOFTGPU_PLACE, mask, softgpu::warp_nothing);
}
inline unsigned __activemask()
{
    return softgpu::live_lanes();
}
template <class T> T __shfl_sync(unsigned mask, T v, int source, int width = 32, SOFTGPU_HERE)
{
    int lane = softgpu::lane_id();
    return softgpu::shuffle("__shfl_sync", SOFTGPU_PLACE, mask, v, (lane & -width) + (source & (width - 1)));
}
template <class T> T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32, SOFTGPU_HERE)
{
    int lane = softgpu::lane_id(), from = lane ^ bits, end = (lane & -width) + width;
    return softgpu::shuffle("__shfl_xor_sync", SOFTGPU_PLACE, mask, v, from < end ? from : lane);
}
template <class T> T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, SOFTGPU_HERE)
{
    int lane = softgpu::lane_id(), from = lane + (int)by, end = (lane & -width) + width;
    return softgpu::shuffle("__shfl_down_sync", SOFTGPU_PLACE, mask, v, from < end ? from : lane);
}
template <class T> T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, SOFTGPU_HERE)
{
    int lane = softgpu::lane_id(), from = lane - (int)by;
    return softgpu::shuffle("__shfl_up_sync", SOFTGPU_PLACE, mask, v, from >= (lane & -width) ? from : lane);
}
inline unsigned __ballot_sync(unsigned mask, int v, SOFTGPU_HERE)
{
    return softgpu::ballot("__ballot_sync", SOFTGPU_PLACE, mask, v);
}
inline int __any_sync(unsigned mask, int v, SOFTGPU_HERE)
{
    return softgpu::ballot("__any_sync", SOFTGPU_PLACE, mask, v) != 0;
}
inline int __all_sync(unsigned mask, int v, SOFTGPU_HERE)
{
    return softgpu::ballot("__all_sync", SOFTGPU_PLACE, mask, !v) == 0;
}
template <class T> unsigned __match_any_sync(unsigned mask, T v, SOFTGPU_HERE)
{
    unsigned long long wide = 0;
    unsigned equal;
    memcpy(&wide, &v, sizeof v);
    memcpy(softgpu::self->in, &wide, sizeof wide);
    softgpu::warp_operation("__match_any_sync", SOFTGPU_PLACE, mask, softgpu::warp_match);
    memcpy(&equal, softgpu::self->out, sizeof equal);
    return equal;
}

/* ---- bits */
template <class To, class From> inline To softgpu_bits(From v)
{
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &v, sizeof to);
    return to;
}
inline unsigned __float_as_uint(float v)
{
    return softgpu_bits<unsigned>(v);
}
inline int __float_as_int(float v)
{
    return softgpu_bits<int>(v);
}
inline float __uint_as_float(unsigned v)
{
    return softgpu_bits<float>(v);
}
inline float __int_as_float(int v)
{
    return softgpu_bits<float>(v);
}
inline long long __double_as_longlong(double v)
{
    return softgpu_bits<long long>(v);
}
inline double __longlong_as_double(long long v)
{
    return softgpu_bits<double>(v);
}
inline int __popc(unsigned v)
{
    return __builtin_popcount(v);
}
inline int __popcll(unsigned long long v)
{
    return __builtin_popcountll(v);
}
inline int __ffs(int v)
{
    return __builtin_ffs(v);
}
inline int __ffsll(long long v)
{
    return __builtin_ffsll(v);
}
inline int __clz(int v)
{
    return v ? __builtin_clz((unsigned)v) : 32;
}
inline int __clzll(long long v)
{
    return v ? __builtin_clzll((unsigned long long)v) : 64;
}
inline unsigned __brev(unsigned v)
{
    unsigned r = 0;
    for (int i = 0; i < 32; i++) r |= (v >> i & 1u) << (31 - i);
    return r;
}
inline unsigned __umulhi(unsigned a, unsigned b)
{
    return (unsigned)((unsigned long long)a * b >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by)
{
    return (unsigned)((((unsigned long long)high << 32 | low) << (by & 31)) >> 32);
}
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector)
{
    unsigned long long bytes = (unsigned long long)b << 32 | a;
    unsigned r = 0;
    for (int i = 0; i < 4; i++) r |= (unsigned)(bytes >> (selector >> 4 * i & 7) * 8 & 255) << 8 * i;
    return r;
}

/* ---- numbers. min and max as CUDA has them in the global namespace: of fmin's kind for floats */
template <class A, class B> constexpr std::common_type_t<A, B> min(A a, B b)
{
    using T = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point_v<T>)
        return std::fmin((T)a, (T)b);
    else
        return (T)b < (T)a ? (T)b : (T)a;
}
template <class A, class B> constexpr std::common_type_t<A, B> max(A a, B b)
{
    using T = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point_v<T>)
        return std::fmax((T)a, (T)b);
    else
        return (T)a < (T)b ? (T)b : (T)a;
}
inline float rsqrtf(float v)
{
    return 1.0f / sqrtf(v);
}
inline double rsqrt(double v)
{
    return 1.0 / sqrt(v);
}
inline float __fdividef(float a, float b)
{
    return a / b;
}
inline float __fdiv_rn(float a, float b)
{
    return a / b;
}
inline float __frcp_rn(float v)
{
    return 1.0f / v;
}
inline float __fsqrt_rn(float v)
{
    return sqrtf(v);
}
inline float __frsqrt_rn(float v)
{
    return (float)(1.0 / sqrt((double)v));
}
inline float __fmaf_rn(float a, float b, float c)
{
    return fmaf(a, b, c);
}
inline float __fadd_rn(float a, float b)
{
    return a + b;
}
inline float __fsub_rn(float a, float b)
{
    return a - b;
}
inline float __fmul_rn(float a, float b)
{
    return a * b;
}
inline double __dadd_rn(double a, double b)
{
    return a + b;
}
inline double __dmul_rn(double a, double b)
{
    return a * b;
}
inline double __fma_rn(double a, double b, double c)
{
    return fma(a, b, c);
}
inline float __saturatef(float v)
{
    return v > 0 ? (v < 1 ? v : 1.0f) : 0.0f; /* NaN: 0 */
}
inline float __expf(float v)
{
    return expf(v);
}
inline float __logf(float v)
{
    return logf(v);
}
inline float __powf(float a, float b)
{
    return powf(a, b);
}
inline int __float2int_rn(float v)
{
    return (int)nearbyintf(v);
}
inline int __float2int_rd(float v)
{
    return (int)floorf(v);
}
inline float __int2float_rn(int v)
{
    return (float)v;
}
inline float __double2float_rn(double v)
{
    return (float)v;
}

/* ---- memory. One thread runs at a time, so an atomic is a plain read and write */
template <class T> inline T __ldg(const T *p)
{
    return *p;
}
template <class T> inline T __ldcs(const T *p)
{
    return *p;
}
template <class T> inline T __ldcg(const T *p)
{
    return *p;
}
template <class T> inline T __ldca(const T *p)
{
    return *p;
}
template <class T> inline T __ldlu(const T *p)
{
    return *p;
}
template <class T> inline void __stcs(T *p, T v)
{
    *p = v;
}
template <class T> inline void __stcg(T *p, T v)
{
    *p = v;
}
template <class T> inline void __stwt(T *p, T v)
{
    *p = v;
}
inline size_t __cvta_generic_to_shared(const void *p)
{
    return (size_t)p;
}

/* The second type is the first: a literal 1 is converted as in a call of CUDA's overloads. */
#define SOFTGPU_ATOMIC(name, expression)                                                                     \
    template <class T> inline T name(T *p, std::common_type_t<T> v)                                          \
    {                                                                                                        \
        T old = *p;                                                                                          \
        *p = (T)(expression);                                                                                \
        return old;                                                                                          \
    }                                                                                                        \
    template <class T> inline T name##_block(T *p, std::common_type_t<T> v)                                  \
    {                                                                                                        \
        return name(p, v);                                                                                   \
    }
SOFTGPU_ATOMIC(atomicAdd, old + v)
SOFTGPU_ATOMIC(atomicSub, old - v)
SOFTGPU_ATOMIC(atomicExch, v)
SOFTGPU_ATOMIC(atomicMin, v < old ? v : old)
SOFTGPU_ATOMIC(atomicMax, old < v ? v : old)
SOFTGPU_ATOMIC(atomicOr, old | v)
SOFTGPU_ATOMIC(atomicAnd, old &v)
SOFTGPU_ATOMIC(atomicXor, old ^ v)
SOFTGPU_ATOMIC(atomicInc, old >= v ? 0 : old + 1)
SOFTGPU_ATOMIC(atomicDec, old == 0 || old > v ? v : old - 1)
#undef SOFTGPU_ATOMIC
template <class T> inline T atomicCAS(T *p, std::common_type_t<T> expected, std::common_type_t<T> v)
{
    T old = *p;
    if (old == expected) *p = v;
    return old;
}

#endif
