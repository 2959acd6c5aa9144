/* AVX2 with FMA: 8 lanes, 16 registers. */
#include <immintrin.h>

#define VW           8
#define MR           6
#define NV           2
#define SIMD_SQRT(v) ((vf)_mm256_sqrt_ps((__m256)(v)))
#include "cpu/kernels/simd.h"
#include "cpu/kernels/simd_cut.h"

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

/* Positions are written eight at a time, wanted or not: how many there are is hard to predict, a store is cheap. */
static int32_t marks_avx2(int32_t n, const char *text, char a, char b, uint32_t *at)
{
    const __m256i va = _mm256_set1_epi8(a), vb = _mm256_set1_epi8(b);
    int32_t found = 0;
    for (int32_t j = 0; j < n; j += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i_u *)(text + j));
        uint32_t m = (uint32_t)_mm256_movemask_epi8(
            _mm256_or_si256(_mm256_cmpeq_epi8(v, va), _mm256_cmpeq_epi8(v, vb)));
        if (n - j < 32) m &= (1U << (n - j)) - 1;
        int32_t end = found + __builtin_popcount(m);
        for (; found < end; found += 8) {
            UNROLL for (int l = 0; l < 8; l++)
            {
                at[found + l] = (uint32_t)j + (uint32_t)__builtin_ctz(m | 1U << 31);
                m &= m - 1;
            }
        }
        found = end;
    }
    return found;
}

void aisle_kernels_avx2(aisle_kernels *k)
{
    fill_simd(k, "avx2");
    fill_cut(k);
    aisle_kernels_avx2_int8(k);
    k->above = above_avx2;
    k->marks = marks_avx2;
}
