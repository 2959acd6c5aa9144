/* CUDA's vector types with their alignment. No arithmetic, as in CUDA. */
#ifndef SOFTGPU_TYPES_H
#define SOFTGPU_TYPES_H

#define SOFTGPU_VECTORS(T, name, a2, a4)                                                                     \
    struct name##1                                                                                           \
    {                                                                                                        \
        T x;                                                                                                 \
    };                                                                                                       \
    struct alignas(a2) name##2                                                                               \
    {                                                                                                        \
        T x, y;                                                                                              \
    };                                                                                                       \
    struct name##3                                                                                           \
    {                                                                                                        \
        T x, y, z;                                                                                           \
    };                                                                                                       \
    struct alignas(a4) name##4                                                                               \
    {                                                                                                        \
        T x, y, z, w;                                                                                        \
    };                                                                                                       \
    inline name##1 make_##name##1(T x)                                                                       \
    {                                                                                                        \
        return {x};                                                                                          \
    }                                                                                                        \
    inline name##2 make_##name##2(T x, T y)                                                                  \
    {                                                                                                        \
        return {x, y};                                                                                       \
    }                                                                                                        \
    inline name##3 make_##name##3(T x, T y, T z)                                                             \
    {                                                                                                        \
        return {x, y, z};                                                                                    \
    }                                                                                                        \
    inline name##4 make_##name##4(T x, T y, T z, T w)                                                        \
    {                                                                                                        \
        return {x, y, z, w};                                                                                 \
    }

SOFTGPU_VECTORS(signed char, char, 2, 4)
SOFTGPU_VECTORS(unsigned char, uchar, 2, 4)
SOFTGPU_VECTORS(short, short, 4, 8)
SOFTGPU_VECTORS(unsigned short, ushort, 4, 8)
SOFTGPU_VECTORS(int, int, 8, 16)
SOFTGPU_VECTORS(unsigned, uint, 8, 16)
SOFTGPU_VECTORS(float, float, 8, 16)
SOFTGPU_VECTORS(long long, longlong, 16, 16)
SOFTGPU_VECTORS(unsigned long long, ulonglong, 16, 16)
SOFTGPU_VECTORS(double, double, 16, 16)

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#endif
