/* AVX2 with FMA: 8 lanes, 16 registers. */
#define VW 8
#define MR 4
#define NV 3
#include "cpu/kernels/simd.h"

#include <immintrin.h>

static int32_t above_avx2(int32_t n, const float *s, float t, int32_t *at)
{
    int32_t found = 0, j = 0;
    const __m256 bound = _mm256_set1_ps(t);
    for (; j + 8 <= n; j += 8) {
        uint32_t m = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(s + j), bound, _CMP_GE_OQ));
        for (; m; m &= m - 1) at[found++] = j + __builtin_ctz(m);
    }
    for (; j < n; j++)
        if (s[j] >= t) at[found++] = j;
    return found;
}

void aisle_kernels_avx2(aisle_kernels *k)
{
    fill_simd(k, "avx2");
    k->above = above_avx2;
}
