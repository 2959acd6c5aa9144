/* The reduced number formats: bf16 (round to nearest even) and tf32 (round to nearest, ties away from zero). */
#ifndef SOFTGPU_ROUND_H
#define SOFTGPU_ROUND_H

#include <cstdint>
#include <cstring>

namespace softgpu
{

inline uint32_t bits_of(float v)
{
    uint32_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

inline float float_of(uint32_t u)
{
    float v;
    memcpy(&v, &u, sizeof v);
    return v;
}

inline uint16_t to_bf16(float v)
{
    uint32_t u = bits_of(v);
    if (v != v) return 0x7fff; /* what the device gives for every NaN */
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

inline float from_bf16(uint16_t v)
{
    return float_of((uint32_t)v << 16);
}

/* Half a unit in the last place of ten mantissa bits added to the magnitude, the rest cut. */
inline uint32_t tf32_bits(float v)
{
    uint32_t u = bits_of(v);
    if ((u & 0x7f800000u) == 0x7f800000u) return u; /* infinity and NaN stay */
    return (u + 0x1000u) & ~0x1fffu;
}

inline float round_tf32(float v)
{
    return float_of(tf32_bits(v));
}

/* What the tensor core reads of a register that holds a tf32 operand. */
inline float read_tf32(uint32_t u)
{
    return float_of(u & ~0x1fffu);
}

} // namespace softgpu
#endif
