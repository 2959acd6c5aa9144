/* First pass of top-N by AVX2. Pairs of products are added in 16 bits: with users' codes up to 63 that never saturates,
 * 2 * 255 * 63 < 2^15. */
#include <immintrin.h>
#include <string.h>

#include "cpu/kernels/kernels.h"

#ifdef __clang__
#    define UNROLL _Pragma("unroll")
#else
#    define UNROLL _Pragma("GCC unroll 16")
#endif

enum { LIMIT = 63, ROWS = 4, VECTORS = 2, ITEMS = 8 * VECTORS };

static inline __m256i broadcast4(const int8_t *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}

static inline __m256i multiply_add(__m256i sum, __m256i item, __m256i user)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(item, user), _mm256_set1_epi16(1)));
}

static inline uint32_t judge(__m256i sum, const float *scale, float least, float *score)
{
    __m256 s = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(scale));
    _mm256_storeu_ps(score, s);
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(s, _mm256_set1_ps(least), _CMP_GE_OQ));
}

/* rows users from the u-th of `users` against 16 items from the i-th on: 8 sums of 16 registers. */
static inline __attribute__((always_inline)) void block(const aisle_int8_tile *t, int32_t users, int32_t rows,
                                                        int32_t u, int32_t i, aisle_int8_hits *hits)
{
    __m256i sum[ROWS][VECTORS];
    const uint8_t *item = t->item + (int64_t)i * 4;
    const int8_t *user = t->user + (int64_t)u * 4;
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int v = 0; v < VECTORS; v++) sum[r][v] = _mm256_set1_epi32(t->start[u + r]);
    }
    for (int32_t g = 0; g < t->groups; g++, item += 4 * AISLE_INT8_ITEMS, user += (int64_t)4 * users) {
        __m256i iv[VECTORS];
        UNROLL for (int v = 0; v < VECTORS; v++) iv[v] =
            _mm256_loadu_si256((const __m256i_u *)(const void *)(item + 32 * v));
        UNROLL for (int r = 0; r < rows; r++)
        {
            __m256i uv = broadcast4(user + 4 * r);
            UNROLL for (int v = 0; v < VECTORS; v++) sum[r][v] = multiply_add(sum[r][v], iv[v], uv);
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int v = 0; v < VECTORS; v++) hits->at[u + r] |=
            (uint64_t)judge(sum[r][v], t->scale + i + 8 * v, t->floor[u + r],
                            hits->score + (u + r) * AISLE_INT8_ITEMS + i + 8 * v)
            << (i + 8 * v);
    }
}

#include "cpu/kernels/int8_blocks.h"

/* All 48 items at once, so that what is read is read in order: six sums. */
static bool coarse_avx2(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    enum { ALL = AISLE_INT8_ITEMS / 8 };
    const __m256i half = _mm256_set1_epi8(15);
    __m256i sum[ALL];
    const uint8_t *item = t->item;
    hits->at[0] = 0;
    UNROLL for (int v = 0; v < ALL; v++) sum[v] = _mm256_setzero_si256();
    for (int32_t g = 0; g < t->groups; g += 2, item += 4 * AISLE_INT8_ITEMS) {
        const __m256i u0 = broadcast4(t->user + 4 * g);
        const __m256i u1 = g + 1 < t->groups ? broadcast4(t->user + 4 * g + 4) : _mm256_setzero_si256();
        UNROLL for (int v = 0; v < ALL; v++)
        {
            const __m256i both = _mm256_loadu_si256((const __m256i_u *)(const void *)(item + 32 * v));
            sum[v] = multiply_add(sum[v], _mm256_and_si256(both, half), u0);
            sum[v] = multiply_add(sum[v], _mm256_and_si256(_mm256_srli_epi16(both, 4), half), u1);
        }
    }
    UNROLL for (int v = 0; v < ALL; v++)
    {
        const __m256i twice = _mm256_add_epi32(_mm256_slli_epi32(sum[v], 1), _mm256_set1_epi32(t->start[0]));
        hits->at[0] |= (uint64_t)judge(twice, t->scale + 8 * v, t->floor[0], hits->score + 8 * v) << (8 * v);
    }
    return hits->at[0] != 0;
}

void aisle_kernels_avx2_int8(aisle_kernels *k)
{
    k->coarse_one = coarse_avx2;
    k->coarse_pays = true;
    k->int8_tile = tile_of_blocks;
    k->int8_one = one_of_blocks;
    k->int8_limit = LIMIT;
}
