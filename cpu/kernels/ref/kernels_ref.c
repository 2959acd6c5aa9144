/* The kernels in plain C: the definition that every faster version is tested against. Not tuned. */
#include "cpu/kernels/kernels.h"

#include <math.h>
#include <string.h>

enum { MR = 4, NR = 8 };

static float dot_ref(int64_t n, const float *x, const float *y)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += (double)x[i] * y[i];
    return (float)s;
}

static void axpy_ref(int64_t n, float a, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

static void tile_ref(int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb,
                     aisle_tile_mode mode, float *c, int64_t ldc)
{
    float s[MR * NR] = {0};
    for (int64_t p = 0; p < k; p++)
        for (int i = 0; i < MR; i++)
            for (int j = 0; j < NR; j++) s[i * NR + j] += a[p * lda + i] * b[p * ldb + j];
    for (int i = 0; i < MR; i++)
        for (int j = 0; j < NR; j++) {
            float v = s[i * NR + j], *at = c + i * ldc + j;
            *at = mode == AISLE_TILE_SET ? v : mode == AISLE_TILE_ADD ? *at + v : *at - v;
        }
}

static void transpose_ref(int32_t n, int64_t k, const float *src, int64_t lds, float *dst, int64_t ldd)
{
    for (int32_t i = 0; i < n; i++)
        for (int64_t p = 0; p < k; p++) dst[p * ldd + i] = src[i * lds + p];
}

static void gather_ref(int64_t f, const aisle_rows *rows, const float *d, float *c, int64_t ldc)
{
    for (int64_t i = 0; i < rows->n; i++) {
        const float *y = rows->y + rows->col[i] * rows->ld;
        float w = rows->w ? rows->w[i] : 1.0F;
        for (int64_t p = 0; p < f; p++) c[i * ldc + p] = w * d[p] * y[p];
    }
    for (int64_t i = rows->n; i % 4; i++) memset(c + i * ldc, 0, (size_t)f * sizeof *c);
}

static void inner_ref(int32_t n, int64_t f, const float *c, int64_t ldc, const aisle_rows *next,
                      float *blocks)
{
    (void)next;
    for (int32_t i = 0; i < n; i += 4)
        for (int32_t j = i; j < n; j += 4, blocks += 16)
            for (int e = 0; e < 16; e++) blocks[e] = dot_ref(f, c + (i + e / 4) * ldc, c + (j + e % 4) * ldc);
}

static void combine_ref(int64_t n, int64_t f, const float *u, const float *c, int64_t ldc, float *z)
{
    for (int64_t i = 0; i < n; i++) axpy_ref(f, u[i], c + i * ldc, z);
}

static void residual_ref(int64_t f, const aisle_rows *rows, float target, const float *p, float *q)
{
    for (int64_t i = 0; i < rows->n; i++) {
        const float *y = rows->y + rows->col[i] * rows->ld;
        float w = rows->w ? rows->w[i] : 1.0F;
        axpy_ref(f, fabsf(w) * ((w > 0 ? target : 0) - dot_ref(f, y, p)), y, q);
    }
}

static float cg_advance_ref(int64_t f, float step, const aisle_cg *w)
{
    double sum = 0;
    axpy_ref(f, step, w->v, w->x);
    axpy_ref(f, step, w->q, w->r);
    for (int64_t p = 0; p < f; p++) sum += (double)w->r[p] * w->r[p] * w->inverse[p];
    return (float)sum;
}

static void cg_turn_ref(int64_t f, float beta, const aisle_cg *w)
{
    for (int64_t p = 0; p < f; p++) {
        w->v[p] = w->inverse[p] * w->r[p] + beta * w->v[p];
        w->q[p] = -w->d[p] * w->v[p];
    }
}

/* Entry (i, j), i <= j, of system `lane`, in blocks of 4 x 4. */
static float *entry(float *a, int32_t n, int32_t i, int32_t j, int lane)
{
    int32_t nb = n / 4, bi = i / 4, bj = j / 4;
    int64_t block = (int64_t)bi * nb - (int64_t)bi * (bi - 1) / 2 + (bj - bi);
    return a + (block * 16 + i % 4 * 4 + j % 4) * AISLE_LANES + lane;
}

static void solve_many_ref(int32_t n, float *a, float *b)
{
    for (int l = 0; l < AISLE_LANES; l++) {
        for (int32_t k = 0; k < n; k++) {
            float pivot = *entry(a, n, k, k, l), inverse = 1 / sqrtf(pivot) + (pivot - pivot); /* inf: NaN */
            for (int32_t j = k; j < n; j++) *entry(a, n, k, j, l) *= inverse;
            for (int32_t i = k + 1; i < n; i++)
                for (int32_t j = i; j < n; j++)
                    *entry(a, n, i, j, l) -= *entry(a, n, k, i, l) * *entry(a, n, k, j, l);
        }
        for (int32_t i = 0; i < n; i++) {
            for (int32_t k = 0; k < i; k++)
                b[i * AISLE_LANES + l] -= *entry(a, n, k, i, l) * b[k * AISLE_LANES + l];
            b[i * AISLE_LANES + l] /= *entry(a, n, i, i, l);
        }
        for (int32_t i = n - 1; i >= 0; i--) {
            for (int32_t k = i + 1; k < n; k++)
                b[i * AISLE_LANES + l] -= *entry(a, n, i, k, l) * b[k * AISLE_LANES + l];
            b[i * AISLE_LANES + l] /= *entry(a, n, i, i, l);
        }
    }
}

/* Golub and Van Loan 2013, algorithm 4.2.2 by rows: after row k is scaled, it is taken off the rows below. */
static bool cholesky_panel_ref(int32_t rows, int32_t n, float *a, int64_t lda)
{
    for (int32_t k = 0; k < rows; k++) {
        float *row = a + k * lda, pivot = row[k];
        if (!(pivot > 0) || !isfinite(pivot)) return false;
        float inverse = 1 / sqrtf(pivot);
        for (int32_t j = k; j < n; j++) row[j] *= inverse;
        for (int32_t i = k + 1; i < rows; i++) axpy_ref(n - i, -row[i], row + i, a + i * lda + i);
    }
    return true;
}

static void cholesky_solve_ref(int32_t n, const float *u, int64_t ldu, float *x)
{
    for (int32_t k = 0; k < n; k++) {
        x[k] /= u[k * ldu + k];
        axpy_ref(n - k - 1, -x[k], u + k * ldu + k + 1, x + k + 1);
    }
    for (int32_t k = n - 1; k >= 0; k--)
        x[k] = (x[k] - dot_ref(n - k - 1, u + k * ldu + k + 1, x + k + 1)) / u[k * ldu + k];
}

static int32_t above_ref(int32_t n, const float *s, float t, int32_t *at)
{
    int32_t found = 0;
    for (int32_t j = 0; j < n; j++)
        if (s[j] >= t) at[found++] = j;
    return found;
}

static int64_t beaten_ref(int32_t n, const float *s, float t)
{
    int64_t beaten = 0;
    for (int32_t j = 0; j < n; j++) beaten += (s[j] < t) + (s[j] <= t);
    return beaten;
}

static int32_t marks_ref(int32_t n, const char *text, char a, char b, uint32_t *at)
{
    int32_t found = 0;
    for (int32_t j = 0; j < n; j++)
        if (text[j] == a || text[j] == b) at[found++] = (uint32_t)j;
    return found;
}

void aisle_kernels_ref(aisle_kernels *k)
{
    *k = (aisle_kernels){
        .name = "ref",
        .mr = MR,
        .nr = NR,
        .dot = dot_ref,
        .axpy = axpy_ref,
        .tile = tile_ref,
        .transpose = transpose_ref,
        .gather = gather_ref,
        .inner = inner_ref,
        .combine = combine_ref,
        .residual = residual_ref,
        .cg_advance = cg_advance_ref,
        .cg_turn = cg_turn_ref,
        .solve_many = solve_many_ref,
        .cholesky_panel = cholesky_panel_ref,
        .cholesky_solve = cholesky_solve_ref,
        .above = above_ref,
        .beaten = beaten_ref,
        .marks = marks_ref,
    };
    aisle_kernels_ref_cut(k);
    aisle_kernels_ref_int8(k);
}
