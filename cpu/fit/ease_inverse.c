/* The inverse of a symmetric matrix in place by blocks of pivots: the sweep operator (Goodnight 1979), whose bulk are
 * matrix products of tiles that threads share out. A threaded LAPACK adds in an order that depends on its threads. No
 * pivoting: every remainder of a positive definite matrix is positive definite. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/ease.h"

/* LAPACK, by way of OpenBLAS: Cholesky, and the inverse from it. */
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t uplo_len);
extern void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t uplo_len);

enum { PIVOTS = 256, TILE = 512 }; /* TILE: a multiple of PIVOTS, so that a tile has whole blocks of pivots */

typedef struct sweep {
    int32_t n, first, width; /* pivots first .. first + width - 1 */
    float *a;
    float *strip, *solved; /* [PIVOTS x n] rows of the pivots, before and after */
    float *block;          /* [PIVOTS x PIVOTS] inverse of the pivots' block */
    double *wide;          /* likewise */
} sweep;

static int32_t at_most(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The pivots' rows from the upper triangle: above the block they stand as columns. */
static void take_strip(const sweep *s, int32_t threads)
{
    size_t n = (size_t)s->n;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int32_t j = 0; j < s->n; j++)
        for (int32_t p = 0; p < s->width; p++) {
            size_t row = (size_t)(s->first + p), col = (size_t)j;
            s->strip[(size_t)p * n + col] = row <= col ? s->a[row * n + col] : s->a[col * n + row];
        }
}

static bool invert_block(const sweep *s)
{
    int w = s->width, info = 0;
    for (int p = 0; p < w; p++)
        for (int q = 0; q < w; q++) s->wide[p * w + q] = (double)s->strip[(int64_t)p * s->n + s->first + q];
    dpotrf_("L", &w, s->wide, &w, &info, 1);
    if (info == 0) dpotri_("L", &w, s->wide, &w, &info, 1);
    if (info != 0) return false;
    for (int p = 0; p < w; p++)
        for (int q = 0; q <= p; q++) /* column-major "L" is row-major upper */
            s->block[p * w + q] = s->block[q * w + p] = (float)s->wide[q * w + p];
    return isfinite(s->block[0]);
}

/* solved = inverse of the block times strip. */
static void solve_strip(const sweep *s, int32_t threads)
{
    int32_t w = s->width, n = s->n;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int32_t j = 0; j < n; j += TILE)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, w, at_most(TILE, n - j), w, 1, s->block, w,
                    s->strip + j, n, 0, s->solved + j, n);
}

/* Tiles of the upper triangle less strip' solved. Those of the pivots' own rows and columns are written over later. */
static void update_tiles(const sweep *s, int32_t threads)
{
    int32_t n = s->n, side = (n + TILE - 1) / TILE;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int32_t t = 0; t < side * side; t++) {
        int32_t i = t / side * TILE, j = t % side * TILE;
        if (j < i) continue;
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, at_most(TILE, n - i), at_most(TILE, n - j),
                    s->width, -1, s->strip + i, n, s->solved + j, n, 1, s->a + (int64_t)i * n + j, n);
    }
}

static void put_strip(const sweep *s, int32_t threads)
{
    size_t n = (size_t)s->n;
    int32_t w = s->width;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int32_t j = 0; j < s->n; j++)
        for (int32_t p = 0; p < w; p++) {
            size_t row = (size_t)(s->first + p), col = (size_t)j;
            float v = s->solved[(size_t)p * n + col];
            if (j >= s->first && j < s->first + w) {
                if (row > col) continue; /* the same place as another thread's */
                v = -s->block[p * w + j - s->first];
            }
            s->a[row <= col ? row * n + col : col * n + row] = v;
        }
}

aisle_status ease_negative_inverse(int32_t n, float *a, int32_t threads, const aisle_progress *progress,
                                   aisle_error *err)
{
    int64_t strip = (int64_t)PIVOTS * n, square = (int64_t)PIVOTS * PIVOTS;
    float *floats = aisle_array(2 * strip + square, sizeof *floats);
    double *wide = aisle_array(square, sizeof *wide);
    aisle_status st = floats && wide ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "ease: out of memory");
    sweep s = {.n = n, .a = a, .wide = wide};
    if (st == AISLE_OK) {
        s.strip = floats;
        s.solved = floats + strip;
        s.block = floats + 2 * strip;
        openblas_set_num_threads(1); /* here threads call it, each for its own tile */
    }
    for (s.first = 0; st == AISLE_OK && s.first < n; s.first += PIVOTS) {
        s.width = at_most(PIVOTS, n - s.first);
        if (aisle_canceled(progress)) {
            st = aisle_fail(err, AISLE_ECANCELED, "ease canceled");
            break;
        }
        aisle_progress_report(progress, "ease", s.first, n, "");
        take_strip(&s, threads);
        if (!invert_block(&s)) {
            st = aisle_fail(err, AISLE_ENUMERIC,
                            "ease: the matrix of %d items is not positive definite at item %d; raise the "
                            "regularization",
                            n, s.first);
            break;
        }
        solve_strip(&s, threads);
        update_tiles(&s, threads);
        put_strip(&s, threads);
    }
    aisle_free(floats);
    aisle_free(wide);
    return st;
}
