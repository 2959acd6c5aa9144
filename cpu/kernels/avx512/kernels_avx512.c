/* AVX-512: 16 lanes, 32 registers. */
#define VW 16
#define MR 8
#define NV 3
#include "cpu/kernels/simd.h"

#include <immintrin.h>

static int32_t above_avx512(int32_t n, const float *s, float t, int32_t *at)
{
    int32_t found = 0;
    const __m512 bound = _mm512_set1_ps(t);
    for (int32_t j = 0; j < n; j += 16) {
        __mmask16 here = (__mmask16)(n - j >= 16 ? 0xffffU : (1U << (n - j)) - 1);
        uint32_t m = _mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(here, s + j), bound, _CMP_GE_OQ) & here;
        for (; m; m &= m - 1) at[found++] = j + __builtin_ctz(m);
    }
    return found;
}

void aisle_kernels_avx512(aisle_kernels *k)
{
    fill_simd(k, "avx512");
    k->above = above_avx512;
}
