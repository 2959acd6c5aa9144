/* How many MB/s of a file of user,item,value become a sparse matrix? Checked against a naive reader and two counting
 * sorts. Takes a file with --csv, else writes one, its lines in random order. */
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/ratings.h"
#include "aisle/rng.h"
#include "bench/bench.h"

typedef struct work {
    const char *path;
    aisle_ratings r;
    aisle_ratings_params p;
} work;

/* Takes `--csv FILE` out of the arguments that the other benchmarks know. */
static const char *take_csv(int *argc, char **argv)
{
    const char *path = NULL;
    for (int i = 1; i + 1 < *argc; i++)
        if (strcmp(argv[i], "--csv") == 0) {
            path = argv[i + 1];
            memmove(argv + i, argv + i + 2, (size_t)(*argc - i - 1) * sizeof *argv);
            *argc -= 2;
            break;
        }
    return path;
}

/* Ids as large shops have them: users from 100001 on; values in halves, as people give stars. */
static void write_csv(const bench_run *b, const char *path)
{
    int64_t n = aisle_csr_nnz(&b->c);
    uint32_t *order = aisle_array(n, sizeof *order);
    int32_t *row = aisle_array(n, sizeof *row);
    FILE *f = fopen(path, "w");
    aisle_rng g;
    if (!order || !row || !f || n > UINT32_MAX) bench_stop(path, "cannot be written");
    aisle_rng_init(&g, b->o.seed, UINT64_MAX);
    for (int32_t r = 0; r < b->c.n_rows; r++)
        for (int64_t e = b->c.row_ptr[r]; e < b->c.row_ptr[r + 1]; e++) row[e] = r;
    for (int64_t e = 0; e < n; e++) {
        int64_t other = (int64_t)aisle_rng_below(&g, (uint64_t)e + 1);
        order[e] = order[other];
        order[other] = (uint32_t)e;
    }
    fputs("user,item,value\n", f);
    for (int64_t i = 0; i < n; i++) {
        int64_t e = order[i];
        int halves = 1 + (int)((e * 7 + row[e]) % 10);
        fprintf(f, "%d,%d,%d.%d\n", 100001 + row[e], 1 + b->c.col[e], halves / 2, halves % 2 * 5);
    }
    if (fclose(f)) bench_stop(path, "cannot be written");
    aisle_free(order);
    aisle_free(row);
}

static void read_it(void *arg)
{
    work *w = arg;
    aisle_ratings_deinit(&w->r);
    BENCH_MUST(aisle_ratings_read(w->path, &w->p, &w->r, err));
}

static int32_t index_of(const aisle_rating_ids *ids, long long id)
{
    int32_t low = 0, high = ids->n;
    while (low < high) {
        int32_t mid = low + (high - low) / 2;
        if (ids->number[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < ids->n && ids->number[low] == id ? low : -1;
}

/* stdio, strtod and aisle_csr_from_coo, for numbers separated by commas. */
static void verify(const work *w)
{
    char line[256];
    int64_t n = 0, cap = w->r.lines;
    int32_t *row = aisle_array(cap, sizeof *row), *col = aisle_array(cap, sizeof *col);
    float *val = aisle_array(cap, sizeof *val);
    FILE *f = fopen(w->path, "r");
    if (!row || !col || !val || !f) bench_stop("verify", "out of memory, or no file");
    while (fgets(line, sizeof line, f)) {
        long long user, item;
        char *value;
        int used = 0;
        if (sscanf(line, "%lld,%lld,%n", &user, &item, &used) < 2 || !used) continue;
        value = line + used;
        if (n == cap) bench_stop("verify", "a line was lost");
        row[n] = index_of(&w->r.users, user);
        col[n] = index_of(&w->r.items, item);
        val[n++] = strtof(value, NULL);
    }
    fclose(f);
    aisle_csr want;
    BENCH_MUST(aisle_csr_from_coo(w->r.users.n, w->r.items.n, n, row, col, val, &want, err));
    int64_t entries = aisle_csr_nnz(&want);
    bool good = n == cap && aisle_csr_nnz(&w->r.m) == entries;
    for (int32_t r = 0; good && r <= want.n_rows; r++) good = want.row_ptr[r] == w->r.m.row_ptr[r];
    for (int64_t e = 0; good && e < entries; e++)
        good = want.col[e] == w->r.m.col[e] && fabsf(want.val[e] - w->r.m.val[e]) <= 1e-6F * want.val[e];
    if (!good) bench_stop("verify", "not the matrix that a naive reader makes");
    aisle_csr_deinit(&want);
    aisle_free(row);
    aisle_free(col);
    aisle_free(val);
}

/* The kernel's high-water mark of this process, which writing to clear_refs takes down to what is resident now. */
static int64_t high_water(bool reset)
{
    char line[128];
    long long kib = 0;
    if (reset) {
        FILE *f = fopen("/proc/self/clear_refs", "w");
        if (f) {
            fputs("5", f);
            fclose(f);
        }
    }
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) (void)sscanf(line, "VmHWM: %lld", &kib);
    if (f) fclose(f);
    return kib * 1024;
}

/* What the result takes: 8 bytes an entry, offsets, ids. */
static double result_bytes(const aisle_ratings *r)
{
    return 8.0 * (double)aisle_csr_nnz(&r->m) + 8.0 * (r->m.n_rows + 1.0) +
           8.0 * ((double)r->users.n + r->items.n);
}

int main(int argc, char **argv)
{
    bench_run b;
    static bench_times t;
    static work w;
    char made[64] = "/tmp/aisle-bench-XXXXXX";
    struct stat info;
    w.path = take_csv(&argc, argv);
    bench_open(&b, false, argc, argv);
    bool own = !w.path;
    if (own) {
        int fd = mkstemp(made);
        if (fd < 0) bench_stop(made, "cannot be written");
        close(fd);
        write_csv(&b, made);
        w.path = made;
    }
    if (stat(w.path, &info)) bench_stop(w.path, "cannot be read");
    aisle_csr_deinit(&b.c);
    w.p = (aisle_ratings_params){.threads = b.o.threads};
    int32_t threads = b.o.threads ? b.o.threads : omp_get_max_threads();
    int64_t before = high_water(true);
    read_it(&w);
    double peak = (double)(high_water(false) - before);
    if (w.r.users.number && w.r.items.number) verify(&w);
    bench_time(&b, read_it, &w, &t);
    if (own) unlink(made);
    double best = INFINITY, bytes = (double)w.r.bytes, result = result_bytes(&w.r);
    for (int32_t i = 0; i < t.n; i++) best = t.t[i] < best ? t.t[i] : best;
    char extra[400];
    snprintf(
        extra, sizeof extra,
        ",\"csv_bytes\":%.0f,\"lines\":%lld,\"threads\":%d,\"mb_s\":%.1f,\"mb_s_core\":%.1f,\"peak_mib\":%.1f"
        ",\"result_mib\":%.1f,\"peak_of_result\":%.3f",
        bytes, (long long)w.r.lines, threads, 1e-6 * bytes / best, 1e-6 * bytes / best / threads,
        peak / 0x1p20, result / 0x1p20, peak / result);
    b.c = w.r.m;
    /* the text is read once, the result is written once; that it is read twice is our doing */
    const bench_counts need = {.streamed = bytes + result};
    bench_print(&b, "csv", 0, &t, &need, extra);
    b.c = (aisle_csr){0};
    aisle_ratings_deinit(&w.r);
    bench_close(&b);
    return 0;
}
