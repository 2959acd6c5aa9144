/* What every selection shares: scores as keys that sort like them, and how many results a row may have. Not the
 * selections themselves (topn_keys.cuh, similar_rows.cu). */
#ifndef AISLE_GPU_SELECT_CUH
#define AISLE_GPU_SELECT_CUH

namespace aisle
{

enum { SELECT_MAX = 1024 };

/* Floats as unsigned integers in the same order; -infinity becomes a small one. */
__device__ inline unsigned ordered(float v)
{
    unsigned u = __float_as_uint(v);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

__device__ inline float unordered(unsigned u)
{
    return __uint_as_float(u & 0x80000000u ? u & 0x7fffffffu : ~u);
}

} // namespace aisle
#endif
