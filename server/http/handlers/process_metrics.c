/* What Prometheus expects of every process, and the depth of our queues. */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/http/handlers/handlers.h"

static int64_t resident_bytes(void)
{
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) return 0;
    if (fscanf(f, "%*d %lld", &pages) != 1) pages = 0;
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static int64_t open_files(void)
{
    int64_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) return 0;
    while (readdir(dir)) n++;
    closedir(dir);
    return n - 3; /* ".", ".." and its own */
}

static double cpu_seconds(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u)) return 0;
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static bool add_one(aisle_buf *b, const char *name, const char *type, const char *help, double value)
{
    return aisle_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name, value);
}

static bool add_queues(aisle_app *app, aisle_buf *b)
{
    aisle_store_stats s;
    int64_t scoring = 0;
    aisle_store_stats_get(app->store, &s);
    for (int32_t i = 0; i < app->n_loops; i++) scoring += aisle_worker_waiting(app->loops[i].scoring);
    return add_one(b, "aisle_store_queue", "gauge", "Writes that wait for the writer.", (double)s.waiting) &&
           aisle_buf_printf(b,
                            "# HELP aisle_store_writes_total Writes, by how they ended.\n"
                            "# TYPE aisle_store_writes_total counter\n"
                            "aisle_store_writes_total{outcome=\"stored\"} %lld\n"
                            "aisle_store_writes_total{outcome=\"failed\"} %lld\n",
                            (long long)s.written, (long long)s.failed) &&
           add_one(b, "aisle_store_transactions_total", "counter",
                   "Transactions of the writer; each has many writes.", (double)s.transactions) &&
           add_one(b, "aisle_store_busy_seconds_total", "counter", "Time in transactions, commits included.",
                   (double)s.busy_ns / 1e9) &&
           aisle_buf_printf(
               b,
               "# HELP aisle_worker_queue Tasks that wait for a thread beside the loops.\n"
               "# TYPE aisle_worker_queue gauge\n"
               "aisle_worker_queue{worker=\"background\"} %d\naisle_worker_queue{worker=\"scoring\"} %lld\n",
               aisle_worker_waiting(app->worker), (long long)scoring);
}

bool aisle_process_metrics(aisle_app *app, aisle_buf *b)
{
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    return add_queues(app, b) &&
           aisle_buf_printf(b,
                            "# HELP aisle_build_info The program's version.\n# TYPE aisle_build_info gauge\n"
                            "aisle_build_info{version=\"" AISLE_VERSION "\"} 1\n") &&
           add_one(b, "process_start_time_seconds", "gauge", "When the server started.",
                   (double)app->started_ms / 1000) &&
           add_one(b, "process_cpu_seconds_total", "counter", "User and system time.", cpu_seconds()) &&
           add_one(b, "process_resident_memory_bytes", "gauge", "Memory in use.", (double)resident_bytes()) &&
           add_one(b, "process_open_fds", "gauge", "Open descriptors.", (double)open_files()) &&
           add_one(b, "process_max_fds", "gauge", "Descriptors allowed.", (double)files.rlim_cur);
}
