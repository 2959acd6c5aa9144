/* The kernels over vectors of VW floats, written once for every width: a source file defines VW, MR, NV and
 * SIMD_SQRT(v) and includes this. Vectors are the compiler's own (GCC, clang), so the same text becomes
 * AVX-512, AVX2 or NEON by the flags of its folder; products and sums contract to fused multiply-add there.
 * MR x NV accumulators, NV columns of b and a broadcast fill the register file: 8 x 3 of 32 registers, 4 x 3
 * of
 * 16. Not a general vector library. */
#include <math.h>
#include <string.h>

#include "cpu/kernels/kernels.h"

#ifdef __clang__
#    define UNROLL _Pragma("unroll")
#else
#    define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vf __attribute__((vector_size(VW * 4)));
typedef float vf_memory __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef float v4 __attribute__((vector_size(16)));
typedef float v4_memory __attribute__((vector_size(16), aligned(4), may_alias));

static inline vf load(const float *p)
{
    return *(const vf_memory *)p;
}

static inline void store(float *p, vf v)
{
    *(vf_memory *)p = v;
}

/* Folds halves onto each other until four lanes are left. */
static inline v4 fold(vf v)
{
#if VW == 16
    typedef float v8 __attribute__((vector_size(32)));
    v8 h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
           __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#elif VW == 8
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
    return v;
#endif
}

static inline float sum4(v4 s)
{
    return (s[0] + s[2]) + (s[1] + s[3]);
}

/* Rows become columns. */
static inline void transpose4(v4 r[4])
{
    v4 a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5),
       b = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    v4 c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5),
       d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

/* Four chains: enough to hide the latency of an addition, and each lane adds n / (4 VW) terms. */
static float dot_simd(int64_t n, const float *x, const float *y)
{
    vf s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    int64_t i = 0;
    for (; i + 4 * VW <= n; i += 4 * VW) {
        s0 += load(x + i) * load(y + i);
        s1 += load(x + i + VW) * load(y + i + VW);
        s2 += load(x + i + 2 * VW) * load(y + i + 2 * VW);
        s3 += load(x + i + 3 * VW) * load(y + i + 3 * VW);
    }
    for (; i + VW <= n; i += VW) s0 += load(x + i) * load(y + i);
    float s = sum4(fold((s0 + s1) + (s2 + s3)));
    for (; i < n; i++) s += x[i] * y[i];
    return s;
}

static void axpy_simd(int64_t n, float a, const float *x, float *y)
{
    int64_t i = 0;
    for (; i + VW <= n; i += VW) store(y + i, load(y + i) + load(x + i) * a);
    for (; i < n; i++) y[i] += a * x[i];
}

static void tile_simd(int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb,
                      aisle_tile_mode mode, float *c, int64_t ldc)
{
    vf s[MR][NV] = {0};
    for (int64_t p = 0; p < k; p++, a += lda, b += ldb) {
        vf bv[NV];
        UNROLL for (int v = 0; v < NV; v++) bv[v] = load(b + v * VW);
        UNROLL for (int i = 0; i < MR; i++)
        {
            UNROLL for (int v = 0; v < NV; v++) s[i][v] += bv[v] * a[i];
        }
    }
    UNROLL for (int i = 0; i < MR; i++)
    {
        UNROLL for (int v = 0; v < NV; v++)
        {
            float *at = c + i * ldc + v * VW;
            store(at, mode == AISLE_TILE_SET   ? s[i][v]
                      : mode == AISLE_TILE_ADD ? load(at) + s[i][v]
                                               : load(at) - s[i][v]);
        }
    }
}

static void transpose_simd(int32_t n, int64_t k, const float *src, int64_t lds, float *dst, int64_t ldd)
{
    int32_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float *s = src + i * lds;
        int64_t p = 0;
        for (; p + 4 <= k; p += 4) {
            v4 r[4];
            UNROLL for (int l = 0; l < 4; l++) r[l] = *(const v4_memory *)(s + l * lds + p);
            transpose4(r);
            UNROLL for (int l = 0; l < 4; l++) * (v4_memory *)(dst + (p + l) * ldd + i) = r[l];
        }
        for (; p < k; p++)
            for (int l = 0; l < 4; l++) dst[p * ldd + i + l] = s[l * lds + p];
    }
    for (; i < n; i++)
        for (int64_t p = 0; p < k; p++) dst[p * ldd + i] = src[i * lds + p];
}

/* Asks for row i of those wanted next. */
static inline void fetch_row(int64_t f, const aisle_rows *rows, int64_t i)
{
    const float *y = rows->y + rows->ahead[i] * rows->ld;
    for (int64_t p = 0; p < f; p += 16)
        __builtin_prefetch(y + p, 0, 2); /* the second level: the first is in use */
}

#include "cpu/kernels/simd_als.h"

/* Takes the scaled rows k..k+3 off the rows below, four at a time. Columns start at a multiple of VW at or
 * before the diagonal: what that spoils in the lower triangle is never read. */
static void cholesky_update4(int32_t k, int32_t rows, int32_t n, float *a, int64_t lda)
{
    const float *u[4] = {a + k * lda, a + (k + 1) * lda, a + (k + 2) * lda, a + (k + 3) * lda};
    int32_t i = k + 4;
    for (; i + 4 <= rows; i += 4) {
        float *r = a + i * lda;
        for (int32_t j = i / VW * VW; j < n; j += VW) {
            vf uv[4];
            UNROLL for (int l = 0; l < 4; l++) uv[l] = load(u[l] + j);
            UNROLL for (int m = 0; m < 4; m++)
            {
                vf s = load(r + m * lda + j);
                UNROLL for (int l = 0; l < 4; l++) s -= uv[l] * u[l][i + m];
                store(r + m * lda + j, s);
            }
        }
    }
    for (; i < rows; i++)
        for (int32_t j = i / VW * VW; j < n; j += VW) {
            vf s = load(a + i * lda + j);
            UNROLL for (int l = 0; l < 4; l++) s -= load(u[l] + j) * u[l][i];
            store(a + i * lda + j, s);
        }
}

/* Rows of a have room up to a multiple of VW (lda is one): the last vector may spill into the padding. */
static bool cholesky_panel_simd(int32_t rows, int32_t n, float *a, int64_t lda)
{
    for (int32_t k = 0; k < rows; k += 4) {
        int32_t end = k + 4 < rows ? k + 4 : rows;
        for (int32_t r = k; r < end; r++) {
            float *row = a + r * lda, pivot = row[r];
            if (!(pivot > 0) || !isfinite(pivot)) return false;
            float inverse = 1 / sqrtf(pivot);
            for (int32_t j = r / VW * VW; j < n; j += VW) store(row + j, load(row + j) * inverse);
            for (int32_t i = r + 1; i < end; i++)
                for (int32_t j = i / VW * VW; j < n; j += VW)
                    store(a + i * lda + j, load(a + i * lda + j) - load(row + j) * row[i]);
        }
        if (end == k + 4) cholesky_update4(k, rows, n, a, lda);
    }
    return true;
}

static void cholesky_solve_simd(int32_t n, const float *u, int64_t ldu, float *x)
{
    for (int32_t k = 0; k < n; k++) {
        x[k] /= u[k * ldu + k];
        axpy_simd(n - k - 1, -x[k], u + k * ldu + k + 1, x + k + 1);
    }
    for (int32_t k = n - 1; k >= 0; k--)
        x[k] = (x[k] - dot_simd(n - k - 1, u + k * ldu + k + 1, x + k + 1)) / u[k * ldu + k];
}

/* A comparison is -1 in every lane where it holds: taking it off counts. */
static int64_t beaten_simd(int32_t n, const float *s, float t)
{
    typedef int32_t vi __attribute__((vector_size(VW * 4)));
    vi below0 = {0}, below1 = {0};
    int32_t j = 0;
    for (; j + 2 * VW <= n; j += 2 * VW) {
        vf a = load(s + j), b = load(s + j + VW);
        below0 -= (a < t) + (a <= t);
        below1 -= (b < t) + (b <= t);
    }
    int64_t beaten = 0;
    for (int l = 0; l < VW; l++) beaten += (int64_t)below0[l] + below1[l];
    for (; j < n; j++) beaten += (s[j] < t) + (s[j] <= t);
    return beaten;
}

static void fill_simd(aisle_kernels *k, const char *name)
{
    const aisle_kernels slower = *k;
    *k = (aisle_kernels){
        .name = name,
        .mr = MR,
        .nr = NV * VW,
        .dot = dot_simd,
        .axpy = axpy_simd,
        .tile = tile_simd,
        .transpose = transpose_simd,
        .gather = gather_simd,
        .inner = inner_simd,
        .combine = combine_simd,
        .residual = residual_simd,
        .cg_advance = cg_advance_simd,
        .cg_turn = cg_turn_simd,
        .solve_many = solve_many_simd,
        .cholesky_panel = cholesky_panel_simd,
        .cholesky_solve = cholesky_solve_simd,
        .beaten = beaten_simd,
        .above = slower.above,
        .marks = slower.marks,
        .int8_tile = slower.int8_tile,
        .int8_one = slower.int8_one,
        .coarse_one = slower.coarse_one,
        .coarse_pays = slower.coarse_pays,
        .int8_limit = slower.int8_limit,
    };
}
