/* First pass of top-N by AVX-512 VNNI: four products of 8 bits a lane and instruction. The other kernels are avx512's. */
#include <immintrin.h>
#include <string.h>

#include "cpu/kernels/kernels.h"

#ifdef __clang__
#    define UNROLL _Pragma("unroll")
#else
#    define UNROLL _Pragma("GCC unroll 16")
#endif

enum { VECTORS = AISLE_INT8_ITEMS / 16 };

/* sum += unsigned bytes of item times signed bytes of user. As assembly, because GCC 12 copies the sum around the
 * intrinsic and runs out of registers. */
static inline __m512i multiply_add(__m512i sum, __m512i item, __m512i user)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(item), "v"(user));
    return sum;
}

static inline __m512i broadcast4(const int8_t *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}

/* Scores are written only when one of them counts. */
static inline uint64_t judge(const __m512i *sum, const float *scale, float least, float *score)
{
    const __m512 bound = _mm512_set1_ps(least);
    __m512 s[VECTORS];
    uint64_t at = 0;
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        s[v] = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[v]), _mm512_loadu_ps(scale + 16 * v));
        at |= (uint64_t)_mm512_cmp_ps_mask(s[v], bound, _CMP_GE_OQ) << (16 * v);
    }
    if (at) {
        UNROLL for (int v = 0; v < VECTORS; v++) _mm512_storeu_ps(score + 16 * v, s[v]);
    }
    return at;
}

/* Of 8 users 8 x 3 sums, three vectors of items and a user's four codes: 28 of 32 registers, 11 loads for 24 products. */
static inline __attribute__((always_inline)) bool tile(const aisle_int8_tile *t, int users, aisle_int8_hits *hits)
{
    __m512i sum[AISLE_INT8_USERS][VECTORS];
    const uint8_t *item = t->item;
    const int8_t *user = t->user;
    UNROLL for (int u = 0; u < users; u++)
    {
        UNROLL for (int v = 0; v < VECTORS; v++) sum[u][v] = _mm512_set1_epi32(t->start[u]);
    }
    for (int32_t g = 0; g < t->groups; g++, item += 4 * AISLE_INT8_ITEMS, user += 4 * AISLE_INT8_USERS) {
        __m512i iv[VECTORS];
        UNROLL for (int v = 0; v < VECTORS; v++) iv[v] = _mm512_loadu_si512(item + 64 * v);
        UNROLL for (int u = 0; u < users; u++)
        {
            __m512i uv = broadcast4(user + 4 * u);
            UNROLL for (int v = 0; v < VECTORS; v++) sum[u][v] = multiply_add(sum[u][v], iv[v], uv);
        }
    }
    uint64_t any = 0;
    UNROLL for (int u = 0; u < users; u++)
    {
        if (u == t->users) break; /* nobody's */
        hits->at[u] = judge(sum[u], t->scale, t->floor[u], hits->score + u * AISLE_INT8_ITEMS);
        any |= hits->at[u];
    }
    return any != 0;
}

/* By twos: a place of nobody costs as much as one of somebody. */
static bool tile_vnni(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    switch ((t->users + 1) / 2) {
    case 1: return tile(t, 2, hits);
    case 2: return tile(t, 4, hits);
    case 3: return tile(t, 6, hits);
    default: return tile(t, 8, hits);
    }
}

/* Two chains a vector: an addition takes four cycles. */
static bool one_vnni(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    __m512i even[VECTORS], odd[VECTORS];
    const uint8_t *item = t->item;
    int32_t g = 0;
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        even[v] = _mm512_set1_epi32(t->start[0]);
        odd[v] = _mm512_setzero_si512();
    }
    for (; g + 2 <= t->groups; g += 2, item += 8 * AISLE_INT8_ITEMS) {
        __m512i u0 = broadcast4(t->user + 4 * g), u1 = broadcast4(t->user + 4 * g + 4);
        UNROLL for (int v = 0; v < VECTORS; v++)
        {
            even[v] = multiply_add(even[v], _mm512_loadu_si512(item + 64 * v), u0);
            odd[v] = multiply_add(odd[v], _mm512_loadu_si512(item + 4 * AISLE_INT8_ITEMS + 64 * v), u1);
        }
    }
    if (g < t->groups) {
        __m512i u0 = broadcast4(t->user + 4 * g);
        UNROLL for (int v = 0; v < VECTORS; v++) even[v] =
            multiply_add(even[v], _mm512_loadu_si512(item + 64 * v), u0);
    }
    UNROLL for (int v = 0; v < VECTORS; v++) even[v] = _mm512_add_epi32(even[v], odd[v]);
    hits->at[0] = judge(even, t->scale, t->floor[0], hits->score);
    return hits->at[0] != 0;
}

static bool coarse_vnni(const aisle_int8_tile *t, aisle_int8_hits *hits)
{
    const __m512i half = _mm512_set1_epi8(15);
    __m512i even[VECTORS], odd[VECTORS];
    const uint8_t *item = t->item;
    UNROLL for (int v = 0; v < VECTORS; v++) even[v] = odd[v] = _mm512_setzero_si512();
    for (int32_t g = 0; g < t->groups; g += 2, item += 4 * AISLE_INT8_ITEMS) {
        const __m512i u0 = broadcast4(t->user + 4 * g);
        const __m512i u1 = g + 1 < t->groups ? broadcast4(t->user + 4 * g + 4) : _mm512_setzero_si512();
        UNROLL for (int v = 0; v < VECTORS; v++)
        {
            const __m512i both = _mm512_loadu_si512(item + 64 * v);
            even[v] = multiply_add(even[v], _mm512_and_si512(both, half), u0);
            odd[v] = multiply_add(odd[v], _mm512_and_si512(_mm512_srli_epi16(both, 4), half), u1);
        }
    }
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        const __m512i sum = _mm512_slli_epi32(_mm512_add_epi32(even[v], odd[v]), 1);
        even[v] = _mm512_add_epi32(sum, _mm512_set1_epi32(t->start[0]));
    }
    hits->at[0] = judge(even, t->scale, t->floor[0], hits->score);
    return hits->at[0] != 0;
}

void aisle_kernels_vnni(aisle_kernels *k)
{
    k->name = "vnni";
    k->int8_tile = tile_vnni;
    k->int8_one = one_vnni;
    k->coarse_one = coarse_vnni;
    k->coarse_pays = true;
    k->int8_limit = 127;
}
