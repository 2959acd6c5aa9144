/* What the benchmarks share: options, a matrix to work on, timing, and one JSON line a result. */
#ifndef AISLE_BENCH_H
#define AISLE_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/backend.h"
#include "aisle/file.h"

enum { BENCH_MAX_LIST = 16, BENCH_MAX_RUNS = 1000 };

typedef struct bench_options {
    const char *matrix; /* binary CSR of matrix_file.h; NULL = synthetic */
    const char *backend, *backend_dir, *label;
    int32_t users, items, threads, runs, ordinal, devices, shards, n, batch, cg_steps;
    int64_t entries, memory_mib;
    double max_seconds; /* of the repetitions of one line */
    uint64_t seed;
    int32_t factors[BENCH_MAX_LIST], n_factors;
    aisle_als_solver solvers[BENCH_MAX_LIST];
    int32_t n_solvers;
} bench_options;

/* What every line says about where and on what it was measured. */
typedef struct bench_run {
    bench_options o;
    const aisle_backend_ops *ops;
    aisle_device *d;
    aisle_csr c, ct;   /* ct only where it was asked for */
    aisle_mapping map; /* c borrows from it when o.matrix */
    char device[200], machine[128];
    aisle_peaks peaks; /* measured now */
} bench_run;

/* In the order of aisle_als_solver. */
enum { BENCH_SOLVERS = 5 };
extern const char *const bench_solver_names[BENCH_SOLVERS];

/* common/bench_options.c. Exits with a message. */
void bench_options_parse(bench_options *o, int argc, char **argv);

/* Takes an option of one program, `name VALUE`, out of the command line; NULL when it is not there. */
const char *bench_take(int *argc, char **argv, const char *name);

/* Reads the command line, opens the back-end, measures its peaks and makes the matrix, and its transpose. Exits
 * with a message when it cannot. */
void bench_open(bench_run *b, bool transpose, int argc, char **argv);
void bench_close(bench_run *b);

double bench_seconds(void); /* monotonic */

/* Times of one thing. A warm-up comes first and is kept only where it alone took longer than --max-seconds. */
typedef struct bench_times {
    double t[BENCH_MAX_RUNS];
    int32_t n;
} bench_times;
void bench_time(const bench_run *b, void (*work)(void *), void *arg, bench_times *t);

/* What the work needs at least, however it is done; the README says how each program counts. */
typedef struct bench_counts {
    double gathered; /* bytes of rows read in random order */
    double streamed; /* bytes read and written in order */
    double flops;
} bench_counts;

/* {"bench":what,...}: extra is `,"key":value...` or "". Sorts t. */
void bench_print(const bench_run *b, const char *what, int32_t factors, bench_times *t,
                 const bench_counts *need, const char *extra);

/* common/synthetic.c: users x items, about `entries` of them, popular items and busy users by power laws; the same
 * for any number of threads. */
void bench_synthetic(const bench_options *o, aisle_csr *c);
/* common/neighbours.c: stops unless these are the k rows of m with the largest products with row r. */
void bench_verify_neighbours(const aisle_csr *m, int32_t r, int32_t k, const int32_t *ids,
                             const float *scores);
/* Multiply-adds of all pairs of rows: each feature's list (a row of `lists`) meets itself. Bytes: each time one entry,
 * its id and its value. */
bench_counts bench_count_pairs(const aisle_csr *lists);

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
