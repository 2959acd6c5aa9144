/* The command line of every benchmark. Each reads the options that mean something to it. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

static int64_t number(const char *name, const char *text, int64_t low, int64_t high)
{
    char *end;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || v < low || v > high) bench_stop(name, "out of range or not a number");
    return v;
}

static double seconds(const char *name, const char *text)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v > 0 && v < 1e6)) bench_stop(name, "must be a number of seconds above 0");
    return v;
}

static void parse_factors(bench_options *o, char *list)
{
    o->n_factors = 0;
    char *rest = NULL;
    for (char *p = strtok_r(list, ",", &rest); p; p = strtok_r(NULL, ",", &rest)) {
        if (o->n_factors == BENCH_MAX_LIST) bench_stop("--factors", "too many");
        o->factors[o->n_factors++] = (int32_t)number("--factors", p, 1, AISLE_MAX_FACTORS);
    }
}

const char *const bench_solver_names[BENCH_SOLVERS] = {"auto", "pcg", "exact", "cg", "cholesky"};

static void parse_solvers(bench_options *o, char *list)
{
    o->n_solvers = 0;
    char *rest = NULL;
    for (char *p = strtok_r(list, ",", &rest); p; p = strtok_r(NULL, ",", &rest)) {
        int s = 0;
        while (s < BENCH_SOLVERS && strcmp(p, bench_solver_names[s]) != 0) s++;
        if (s == BENCH_SOLVERS || o->n_solvers == BENCH_MAX_LIST)
            bench_stop("--solvers", "must be of auto, pcg, exact, cg, cholesky");
        o->solvers[o->n_solvers++] = (aisle_als_solver)s;
    }
}

static void parse_one(bench_options *o, int c, char *text)
{
    switch (c) {
    case 'm': o->matrix = text; break;
    case 'b': o->backend = text; break;
    case 'd': o->backend_dir = text; break;
    case 'l': o->label = text; break;
    case 'u': o->users = (int32_t)number("--users", text, 1, INT32_MAX - 1); break;
    case 'i': o->items = (int32_t)number("--items", text, 1, INT32_MAX - 1); break;
    case 'e': o->entries = number("--entries", text, 1, INT64_MAX / 64); break;
    case 't': o->threads = (int32_t)number("--threads", text, 0, 1024); break;
    case 'o': o->ordinal = (int32_t)number("--ordinal", text, 0, 1024); break;
    case 'D': o->devices = (int32_t)number("--devices", text, 1, 1024); break;
    case 'P': o->shards = (int32_t)number("--shards", text, 1, 1024); break;
    case 'M': o->memory_mib = number("--memory-mib", text, 0, INT64_MAX >> 20); break;
    case 'r': o->runs = (int32_t)number("--runs", text, 1, BENCH_MAX_RUNS); break;
    case 'x': o->max_seconds = seconds("--max-seconds", text); break;
    case 's': o->seed = (uint64_t)number("--seed", text, 0, INT64_MAX); break;
    case 'n': o->n = (int32_t)number("--n", text, 1, 1024); break;
    case 'B': o->batch = (int32_t)number("--batch", text, 1, INT32_MAX - 1); break;
    case 'g': o->cg_steps = (int32_t)number("--cg-steps", text, 0, 100); break;
    case 'f': parse_factors(o, text); break;
    case 'S': parse_solvers(o, text); break;
    default: exit(2);
    }
}

const char *bench_take(int *argc, char **argv, const char *name)
{
    const char *value = NULL;
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], name) != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (++i == *argc) bench_stop(name, "wants a value");
        value = argv[i];
    }
    *argc = kept;
    argv[kept] = NULL;
    return value;
}

void bench_options_parse(bench_options *o, int argc, char **argv)
{
    static const struct option names[] = {{"matrix", 1, 0, 'm'},      {"backend", 1, 0, 'b'},
                                          {"backend-dir", 1, 0, 'd'}, {"users", 1, 0, 'u'},
                                          {"items", 1, 0, 'i'},       {"entries", 1, 0, 'e'},
                                          {"threads", 1, 0, 't'},     {"ordinal", 1, 0, 'o'},
                                          {"memory-mib", 1, 0, 'M'},  {"runs", 1, 0, 'r'},
                                          {"iterations", 1, 0, 'r'},  {"factors", 1, 0, 'f'},
                                          {"max-seconds", 1, 0, 'x'}, {"solvers", 1, 0, 'S'},
                                          {"cg-steps", 1, 0, 'g'},    {"n", 1, 0, 'n'},
                                          {"batch", 1, 0, 'B'},       {"seed", 1, 0, 's'},
                                          {"label", 1, 0, 'l'},       {"devices", 1, 0, 'D'},
                                          {"shards", 1, 0, 'P'},      {0}};
    *o = (bench_options){.backend = "cpu",
                         .label = "",
                         .users = 30000,
                         .items = 40000,
                         .entries = 1000000,
                         .runs = 20,
                         .max_seconds = 60,
                         .seed = 1,
                         .factors = {64, 128},
                         .n_factors = 2,
                         .batch = 1000,
                         .solvers = {AISLE_SOLVER_EXACT, AISLE_SOLVER_PCG},
                         .n_solvers = 2};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) parse_one(o, c, optarg);
    if (optind < argc) bench_stop(argv[optind], "not an option");
}
