/* What this machine can do at most, measured: copies, gathers of rows, matrix products. No data sheet, no guess. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/backend/cpu.h"

enum {
    TRIES = 5,
    ROW = 128,        /* floats of a gathered row: 512 bytes */
    AHEAD = 8,        /* rows fetched before their turn, as the solvers do */
    BLOCK_MIB = 512,  /* more than any last-level cache that one process gets to itself */
    SGEMM = 1024,     /* rows and columns of the product */
    SGEMM_LEAST = 64, /* the same where the memory limit is tight */
    TILE_DEPTH = 128, /* of our own register tile, out of the first cache */
    TILE_TIMES = 20000
};

static double now(void)
{
    return omp_get_wtime();
}

static void fill(const aisle_device *d, float *x, int64_t n)
{
    enum { EACH = 1 << 16 };
#pragma omp parallel for num_threads(d->threads) schedule(static)
    for (int64_t from = 0; from < n; from += EACH) {
        aisle_rng g;
        aisle_rng_init(&g, 1, (uint64_t)from);
        for (int64_t i = from; i < n && i < from + EACH; i++) x[i] = (float)aisle_rng_f64(&g) - .5F;
    }
}

/* The first half of x over the second, each thread its share. */
static double copy_rate(const aisle_device *d, float *x, int64_t n)
{
    int64_t half = n / 2, share = (half + d->threads - 1) / d->threads;
    double best = INFINITY;
    for (int t = 0; t <= TRIES; t++) {
        double from = now();
#pragma omp parallel for num_threads(d->threads) schedule(static)
        for (int i = 0; i < d->threads; i++) {
            int64_t at = i * share, end = at + share < half ? at + share : half;
            if (at < end) memcpy(x + half + at, x + at, (size_t)(end - at) * sizeof *x);
        }
        double took = now() - from;
        if (t && took < best) best = took;
    }
    return 2.0 * (double)half * sizeof *x / best;
}

static const float *random_row(const float *x, uint64_t rows, uint64_t i)
{
    return x + aisle_mix64(i) % rows * ROW;
}

/* Adds up `n` rows from random places, numbered from `first`; the sum keeps the reads alive. */
static float gather(const float *x, uint64_t rows, uint64_t first, int64_t n)
{
    float sum[ROW] = {0}, all = 0;
    for (int64_t i = 0; i < n; i++) {
        const float *next = random_row(x, rows, first + (uint64_t)i + AHEAD);
        const float *row = random_row(x, rows, first + (uint64_t)i);
        for (int j = 0; j < ROW; j += 16) __builtin_prefetch(next + j);
        for (int j = 0; j < ROW; j++) sum[j] += row[j];
    }
    for (int j = 0; j < ROW; j++) all += sum[j];
    return all;
}

static double gather_rate(const aisle_device *d, const float *x, int64_t n, float *sink)
{
    int64_t rows = n / ROW, share = (rows / 4 + d->threads - 1) / d->threads;
    double best = INFINITY;
    for (int t = 0; t <= TRIES; t++) {
        float sum = 0;
        double from = now();
#pragma omp parallel num_threads(d->threads) reduction(+ : sum)
        sum += gather(x, (uint64_t)rows, (uint64_t)(t * d->threads + aisle_cpu_thread()) << 32, share);
        double took = now() - from;
        *sink += sum;
        if (t && took < best) best = took;
    }
    return (double)(share * d->threads) * ROW * sizeof *x / best;
}

static double sgemm_rate(const aisle_device *d, float *x, int64_t n)
{
    int side = SGEMM;
    while (3LL * side * side > n) side /= 2;
    int64_t each = (int64_t)side * side;
    double best = INFINITY;
    openblas_set_num_threads(d->threads);
    for (int t = 0; t <= TRIES; t++) {
        double from = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, side, side, side, 1, x, side, x + each, side,
                    0, x + 2 * each, side);
        double took = now() - from;
        if (t && took < best) best = took;
    }
    openblas_set_num_threads(1); /* as everything else here wants it */
    return 2.0 * side * side * side / best;
}

/* Our own tile on every thread: OpenBLAS does not know every machine. */
static double tile_rate(const aisle_device *d, const float *x)
{
    const aisle_kernels *k = d->k;
    const float *a = x, *b = x + (int64_t)TILE_DEPTH * k->mr;
    double best = INFINITY;
    for (int t = 0; t <= TRIES; t++) {
        double from = now();
#pragma omp parallel num_threads(d->threads)
        {
            _Alignas(64) float c[AISLE_TILE_MAX];
            for (int i = 0; i < TILE_TIMES; i++)
                k->tile(TILE_DEPTH, a, k->mr, b, k->nr, AISLE_TILE_SET, c, k->nr);
        }
        double took = now() - from;
        if (t && took < best) best = took;
    }
    return 2.0 * TILE_DEPTH * k->mr * k->nr * TILE_TIMES * d->threads / best;
}

aisle_status aisle_cpu_peaks(aisle_device *d, aisle_peaks *out, aisle_error *err)
{
    int64_t floats = (int64_t)BLOCK_MIB << 18;
    int64_t left = d->memory_bytes ? (d->memory_bytes - d->used_bytes) / (int64_t)sizeof(float) / 2 : floats;
    int64_t least = 3 * SGEMM_LEAST * SGEMM_LEAST; /* holds the operands of a tile too */
    if (floats > left) floats = left;
    if (floats < least) floats = least;
    float *x = aisle_cpu_floats(d, floats, "measuring the machine", err);
    if (!x) return AISLE_ENOMEM;
    fill(d, x, floats);
    aisle_peaks p = {.copy_bytes_s = copy_rate(d, x, floats)};
    p.gather_bytes_s = gather_rate(d, x, floats, x);
    double blas = sgemm_rate(d, x, floats), own = tile_rate(d, x);
    p.f32_flops_s = p.low_flops_s = blas > own ? blas : own;
    aisle_cpu_release(d, x, floats);
    *out = p;
    return AISLE_OK;
}
