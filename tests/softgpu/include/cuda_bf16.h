/* bf16 numbers as CUDA names them: stored, converted with round to nearest even, computed in f32. */
#ifndef SOFTGPU_CUDA_BF16_H
#define SOFTGPU_CUDA_BF16_H

#include "cuda_runtime.h"
#include "softgpu_round.h"

struct __nv_bfloat16 {
    unsigned short x;
    __nv_bfloat16() = default;
    __nv_bfloat16(float v) : x(softgpu::to_bf16(v)) {}
    operator float() const
    {
        return softgpu::from_bf16(x);
    }
};

struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;

inline __nv_bfloat16 __float2bfloat16_rn(float v)
{
    return v;
}
inline __nv_bfloat16 __float2bfloat16(float v)
{
    return v;
}
inline float __bfloat162float(__nv_bfloat16 v)
{
    return v;
}
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 v)
{
    return v.x;
}
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short v)
{
    __nv_bfloat16 h;
    h.x = v;
    return h;
}
inline __nv_bfloat162 __floats2bfloat162_rn(float low, float high)
{
    return {low, high};
}
inline __nv_bfloat162 __float22bfloat162_rn(float2 v)
{
    return {v.x, v.y};
}
inline __nv_bfloat162 __float2bfloat162_rn(float v)
{
    return {v, v};
}
inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 low, __nv_bfloat16 high)
{
    return {low, high};
}
inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 v)
{
    return v.x;
}
inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 v)
{
    return v.y;
}
inline float __low2float(__nv_bfloat162 v)
{
    return v.x;
}
inline float __high2float(__nv_bfloat162 v)
{
    return v.y;
}
inline float2 __bfloat1622float2(__nv_bfloat162 v)
{
    return {v.x, v.y};
}

#endif
