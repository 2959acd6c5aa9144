/* Options, synthetic matrices, the roof and the JSON line. */
#include "bench/bench.h"

#include <cblas.h>
#include <getopt.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aisle/matrix_file.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/kernels/kernels.h"

_Noreturn void bench_stop(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

double bench_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void bench_fill(aisle_mat *m, float scale, uint64_t seed)
{
    for (int32_t r = 0; r < m->n_rows; r++) {
        aisle_rng g;
        aisle_rng_init(&g, seed, (uint64_t)r);
        for (int32_t j = 0; j < m->n_cols; j++) aisle_mat_row(m, r)[j] = scale * (float)aisle_rng_normal(&g);
    }
}

/* Users and items drawn by a power law (rank = n u^2: the density of popularity falls as rank^-1/2), pairs
 * collapsed: a shop's shape without a shop. */
static void synthetic(const bench_options *o, aisle_csr *c)
{
    int32_t *row = aisle_array(o->entries, sizeof *row), *col = aisle_array(o->entries, sizeof *col);
    if (!row || !col) bench_stop("synthetic matrix", "out of memory");
    aisle_rng g;
    aisle_rng_init(&g, o->seed, 0);
    for (int64_t e = 0; e < o->entries; e++) {
        double u = aisle_rng_f64(&g), i = aisle_rng_f64(&g);
        row[e] = (int32_t)(o->users * u * sqrt(u));
        col[e] = (int32_t)(o->items * i * i);
    }
    BENCH_MUST(aisle_csr_from_coo(o->users, o->items, o->entries, row, col, NULL, c, err));
    aisle_free(row);
    aisle_free(col);
}

static int64_t number(const char *name, const char *text, int64_t low, int64_t high)
{
    char *end;
    long long v = strtoll(text, &end, 10);
    if (*end || v < low || v > high) bench_stop(name, "out of range or not a number");
    return v;
}

static void parse_factors(bench_options *o, char *list)
{
    o->n_factors = 0;
    char *rest = NULL;
    for (char *p = strtok_r(list, ",", &rest); p; p = strtok_r(NULL, ",", &rest)) {
        if (o->n_factors == BENCH_MAX_FACTORS) bench_stop("--factors", "too many");
        o->factors[o->n_factors++] = (int32_t)number("--factors", p, 1, AISLE_MAX_FACTORS);
    }
}

static void parse(bench_options *o, int argc, char **argv)
{
    static const struct option names[] = {{"matrix", 1, 0, 'm'},
                                          {"backend", 1, 0, 'b'},
                                          {"backend-dir", 1, 0, 'd'},
                                          {"users", 1, 0, 'u'},
                                          {"items", 1, 0, 'i'},
                                          {"entries", 1, 0, 'e'},
                                          {"threads", 1, 0, 't'},
                                          {"runs", 1, 0, 'r'},
                                          {"factors", 1, 0, 'f'},
                                          {"seed", 1, 0, 's'},
                                          {0}};
    *o = (bench_options){.backend = "cpu",
                         .users = 30000,
                         .items = 40000,
                         .entries = 1000000,
                         .runs = 20,
                         .seed = 1,
                         .factors = {64, 128},
                         .n_factors = 2};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (c) {
        case 'm': o->matrix = optarg; break;
        case 'b': o->backend = optarg; break;
        case 'd': o->backend_dir = optarg; break;
        case 'u': o->users = (int32_t)number("--users", optarg, 1, INT32_MAX - 1); break;
        case 'i': o->items = (int32_t)number("--items", optarg, 1, INT32_MAX - 1); break;
        case 'e': o->entries = number("--entries", optarg, 1, INT64_MAX / 64); break;
        case 't': o->threads = (int32_t)number("--threads", optarg, 0, 1024); break;
        case 'r': o->runs = (int32_t)number("--runs", optarg, 1, BENCH_MAX_RUNS); break;
        case 's': o->seed = (uint64_t)number("--seed", optarg, 0, INT64_MAX); break;
        case 'f': parse_factors(o, optarg); break;
        default: exit(2);
        }
}

static double sgemm_gflops(int32_t n)
{
    aisle_mat m[3];
    double best = INFINITY;
    for (int i = 0; i < 3; i++) {
        BENCH_MUST(aisle_mat_init(&m[i], n, n, err));
        bench_fill(&m[i], 1, (uint64_t)i);
    }
    for (int r = 0; r < 8; r++) {
        double t = bench_seconds();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, m[0].data, n, m[1].data, n, 0,
                    m[2].data, n);
        t = bench_seconds() - t;
        if (t < best) best = t;
    }
    for (int i = 0; i < 3; i++) aisle_mat_deinit(&m[i]);
    return 2e-9 * n * n * n / best;
}

/* Our tile from the first cache, on every thread. */
static double tile_gflops(int threads)
{
    enum { DEPTH = 128, TIMES = 40000 };
    const aisle_kernels *k = aisle_kernels_get();
    double best = INFINITY;
    for (int r = 0; r < 5; r++) {
        double t = bench_seconds();
#pragma omp parallel num_threads(threads)
        {
            static _Alignas(64) const float a[DEPTH * 8 + 64], b[DEPTH * 48 + 64];
            _Alignas(64) float c[AISLE_TILE_MAX];
            for (int i = 0; i < TIMES; i++) k->tile(DEPTH, a, k->mr, b, k->nr, AISLE_TILE_SET, c, k->nr);
        }
        t = bench_seconds() - t;
        if (t < best) best = t;
    }
    return 2e-9 * DEPTH * k->mr * k->nr * TIMES * threads / best;
}

static void machine_name(char *out, size_t bytes)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, bytes, "unknown");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(out, bytes, "%.100s", strchr(line, ':') + 2);
            break;
        }
    if (f) fclose(f);
}

void bench_open(bench_run *b, int argc, char **argv)
{
    *b = (bench_run){0};
    parse(&b->o, argc, argv);
    int threads = b->o.threads ? b->o.threads : omp_get_num_procs();
    const aisle_device_params p = {.threads = b->o.threads};
    BENCH_MUST(aisle_backend_find(b->o.backend, b->o.backend_dir, &b->ops, NULL, 0, err));
    BENCH_MUST(b->ops->open(&p, &b->d, err));
    b->ops->describe(b->d, b->device, sizeof b->device);
    machine_name(b->machine, sizeof b->machine);
    openblas_set_num_threads(threads);
    double blas = sgemm_gflops(1024), own = tile_gflops(threads);
    openblas_set_num_threads(1);
    b->roof_gflops = blas > own ? blas : own;
    fprintf(stderr, "%s, %s: sgemm %.0f GFLOP/s, tile %.0f GFLOP/s\n", b->machine, b->device, blas, own);
    if (b->o.matrix)
        BENCH_MUST(aisle_matrix_file_open(b->o.matrix, &b->map, &b->c, err));
    else
        synthetic(&b->o, &b->c);
    BENCH_MUST(aisle_csr_transpose(&b->c, &b->ct, err));
}

void bench_close(bench_run *b)
{
    if (b->o.matrix)
        aisle_file_unmap(&b->map);
    else
        aisle_csr_deinit(&b->c);
    aisle_csr_deinit(&b->ct);
    b->ops->close(b->d);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_print(const bench_run *b, const char *what, int32_t factors, bench_times *t, const char *extra)
{
    qsort(t->t, (size_t)t->n, sizeof *t->t, ascending);
    printf("{\"bench\":\"%s\",\"commit\":\"%s\",\"machine\":\"%s\",\"device\":\"%s\",\"matrix\":\"%s\","
           "\"seed\":%llu,"
           "\"users\":%d,\"items\":%d,\"entries\":%lld,\"factors\":%d,\"runs\":%d,"
           "\"median_s\":%.6f,\"min_s\":%.6f,\"p99_s\":%.6f,\"roof_gflops\":%.1f%s}\n",
           what, BENCH_COMMIT, b->machine, b->device, b->o.matrix ? b->o.matrix : "synthetic",
           (unsigned long long)b->o.seed, b->c.n_rows, b->c.n_cols, (long long)aisle_csr_nnz(&b->c), factors,
           t->n, t->t[t->n / 2], t->t[0], t->t[(t->n * 99 - 1) / 100], b->roof_gflops, extra);
    fflush(stdout);
}
