/* Opening a back-end and a matrix to work on, timing, and the JSON line. */
#include "bench/bench.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aisle/matrix_file.h"
#include "aisle/memory.h"

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

static void machine_name(char *out, size_t bytes)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, bytes, "unknown");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(out, bytes, "%.90s, %d cores", strchr(line, ':') + 2, omp_get_num_procs());
            break;
        }
    if (f) fclose(f);
}

void bench_open(bench_run *b, bool transpose, int argc, char **argv)
{
    *b = (bench_run){0};
    bench_options_parse(&b->o, argc, argv);
    const aisle_device_params p = {.threads = b->o.threads,
                                   .ordinal = b->o.ordinal,
                                   .memory_bytes = b->o.memory_mib << 20,
                                   .devices = b->o.devices,
                                   .shards = b->o.shards};
    BENCH_MUST(aisle_backend_find(b->o.backend, b->o.backend_dir, &b->ops, NULL, 0, err));
    BENCH_MUST(b->ops->open(&p, &b->d, err));
    b->ops->describe(b->d, b->device, sizeof b->device);
    machine_name(b->machine, sizeof b->machine);
    double from = bench_seconds();
    BENCH_MUST(b->ops->peaks(b->d, &b->peaks, err));
    double peaks = bench_seconds() - from;
    from = bench_seconds();
    if (b->o.matrix) {
        BENCH_MUST(aisle_matrix_file_open(b->o.matrix, &b->map, &b->c, err));
    } else {
        bench_synthetic(&b->o, &b->c);
    }
    if (transpose) BENCH_MUST(aisle_csr_transpose(&b->c, &b->ct, err));
    fprintf(stderr, "%s: peaks measured in %.1f s; %d x %d, %lld entries made in %.1f s\n", b->device, peaks,
            b->c.n_rows, b->c.n_cols, (long long)aisle_csr_nnz(&b->c), bench_seconds() - from);
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

void bench_time(const bench_run *b, void (*work)(void *), void *arg, bench_times *t)
{
    double begin = bench_seconds(), from = begin, last = 0;
    for (t->n = 0; t->n == 0 || (t->n < b->o.runs && from + last - begin < b->o.max_seconds);) {
        bool warm_up = from == begin;
        work(arg);
        double now = bench_seconds();
        last = now - from;
        from = now;
        if (!warm_up || last > b->o.max_seconds) t->t[t->n++] = last;
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The name alone: where a file lies is no part of what was measured. */
static const char *matrix_name(const bench_run *b)
{
    const char *slash = b->o.matrix ? strrchr(b->o.matrix, '/') : NULL;
    return slash ? slash + 1 : b->o.matrix ? b->o.matrix : "synthetic";
}

static void print_roof(const aisle_peaks *p, const bench_counts *need, double s)
{
    double bytes = need->gathered / p->gather_bytes_s + need->streamed / p->copy_bytes_s;
    double f32 = need->flops / p->f32_flops_s, low = need->flops / p->low_flops_s;
    printf(",\"copy_gb_s\":%.1f,\"gather_gb_s\":%.1f,\"f32_gflops\":%.1f,\"low_gflops\":%.1f"
           ",\"gathered_bytes\":%.4g,\"streamed_bytes\":%.4g,\"flops\":%.4g,\"floor_bytes_s\":%.4g"
           ",\"floor_f32_s\":%.4g,\"floor_low_s\":%.4g,\"gb_s\":%.1f,\"gflops\":%.1f,\"of_roof\":%.3f"
           ",\"of_low_roof\":%.3f",
           1e-9 * p->copy_bytes_s, 1e-9 * p->gather_bytes_s, 1e-9 * p->f32_flops_s, 1e-9 * p->low_flops_s,
           need->gathered, need->streamed, need->flops, bytes, f32, low,
           1e-9 * (need->gathered + need->streamed) / s, 1e-9 * need->flops / s, larger(bytes, f32) / s,
           larger(bytes, low) / s);
}

static void print_place(const bench_run *b)
{
    char date[16];
    time_t now = time(NULL);
    struct tm day;
    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &day));
    printf(",\"date\":\"%s\",\"commit\":\"%s\",\"machine\":\"%s\",\"device\":\"%s\",\"backend\":\"%s\"", date,
           BENCH_COMMIT, b->machine, b->device, b->ops->name);
    printf(",\"devices\":%d,\"shards\":%d,\"memory_mib\":%lld", b->o.devices, b->o.shards,
           (long long)b->o.memory_mib);
}

void bench_print(const bench_run *b, const char *what, int32_t factors, bench_times *t,
                 const bench_counts *need, const char *extra)
{
    qsort(t->t, (size_t)t->n, sizeof *t->t, ascending);
    double median = (t->t[t->n / 2] + t->t[(t->n - 1) / 2]) / 2;
    printf("{\"bench\":\"%s\",\"label\":\"%s\"", what, b->o.label);
    print_place(b);
    printf(",\"matrix\":\"%s\",\"seed\":%llu,\"users\":%d,\"items\":%d,\"entries\":%lld,\"factors\":%d%s",
           matrix_name(b), (unsigned long long)b->o.seed, b->c.n_rows, b->c.n_cols,
           (long long)aisle_csr_nnz(&b->c), factors, extra);
    printf(",\"runs\":%d,\"median_s\":%.6f,\"min_s\":%.6f,\"p99_s\":%.6f", t->n, median, t->t[0],
           t->t[(t->n * 99 - 1) / 100]);
    print_roof(&b->peaks, need, median);
    printf(",\"host_peak_mib\":%lld}\n", (long long)(aisle_peak_rss_bytes() >> 20));
    fflush(stdout);
}
