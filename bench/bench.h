/* What the benchmarks share: options, a matrix to work on, timing, and one JSON line a result. */
#ifndef AISLE_BENCH_H
#define AISLE_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/backend.h"
#include "aisle/file.h"

enum { BENCH_MAX_FACTORS = 16, BENCH_MAX_RUNS = 1000 };

typedef struct bench_options {
    const char *matrix; /* binary CSR of matrix_file.h; NULL = synthetic */
    const char *backend, *backend_dir;
    int32_t users, items, threads, runs;
    int64_t entries;
    uint64_t seed;
    int32_t factors[BENCH_MAX_FACTORS], n_factors;
} bench_options;

/* What every line says about where and on what it was measured. */
typedef struct bench_run {
    bench_options o;
    const aisle_backend_ops *ops;
    aisle_device *d;
    aisle_csr c, ct;
    aisle_mapping map; /* c borrows from it when o.matrix */
    char device[128], machine[128];
    double roof_gflops; /* measured now: the faster of OpenBLAS's sgemm and our own tile, all threads */
} bench_run;

/* Reads the command line, opens the back-end and makes the matrix. Exits with a message when it cannot. */
void bench_open(bench_run *b, int argc, char **argv);
void bench_close(bench_run *b);

double bench_seconds(void); /* monotonic */

/* Times of one thing; the first run is a warm-up and is not kept. */
typedef struct bench_times {
    double t[BENCH_MAX_RUNS];
    int32_t n;
} bench_times;

/* {"bench":what,...,"median_s":..,"min_s":..,"p99_s":.., extra}: extra is `,"key":value...` or "". Sorts t.
 */
void bench_print(const bench_run *b, const char *what, int32_t factors, bench_times *t, const char *extra);

/* Standard normal times `scale`, seeded. */
void bench_fill(aisle_mat *m, float scale, uint64_t seed);

/* Stops with the call's message when it fails. */
#define BENCH_MUST(call)                                                                                     \
    do {                                                                                                     \
        aisle_error error_ = {0}, *err = &error_;                                                            \
        if ((call) != AISLE_OK) bench_stop(#call, error_.message);                                           \
    } while (0)
_Noreturn void bench_stop(const char *what, const char *why);

#endif
