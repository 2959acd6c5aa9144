/* AVX-512: 16 lanes, 32 registers. */
#include <immintrin.h>

#define VW           16
#define MR           12
#define NV           2
#define SIMD_SQRT(v) ((vf)_mm512_sqrt_ps((__m512)(v)))
#include "cpu/kernels/simd.h"
#include "cpu/kernels/simd_cut.h"

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

/* Positions are written eight at a time, wanted or not: how many there are is hard to predict, a store is cheap. */
static int32_t marks_avx512(int32_t n, const char *text, char a, char b, uint32_t *at)
{
    const __m512i va = _mm512_set1_epi8(a), vb = _mm512_set1_epi8(b);
    int32_t found = 0;
    for (int32_t j = 0; j < n; j += 64) {
        __mmask64 here = n - j >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - j)) - 1;
        __m512i v = _mm512_maskz_loadu_epi8(here, text + j);
        uint64_t m = (_mm512_cmpeq_epi8_mask(v, va) | _mm512_cmpeq_epi8_mask(v, vb)) & here;
        int32_t end = found + __builtin_popcountll(m);
        for (; found < end; found += 8) {
            UNROLL for (int l = 0; l < 8; l++)
            {
                at[found + l] = (uint32_t)j + (uint32_t)__builtin_ctzll(m | (uint64_t)1 << 63);
                m &= m - 1;
            }
        }
        found = end;
    }
    return found;
}

void aisle_kernels_avx512(aisle_kernels *k)
{
    fill_simd(k, "avx512");
    fill_cut(k);
    k->above = above_avx512;
    k->marks = marks_avx512;
}
