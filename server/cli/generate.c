/* aisle generate: a made-up shop as CSV files, or only its interaction matrix. */
#include "aisle/generate.h"

#include <stdio.h>
#include <unistd.h>

#include "aisle/str.h"
#include "server/cli/command.h"
#include "server/cli/options.h"

typedef struct generate_options {
    const char *out, *matrix, *currency;
    int64_t users, items, events, seed, days;
    bool json, force;
} generate_options;

static const aisle_usage usage = {
    .command = "generate",
    .synopsis = "--out DIR | --matrix FILE [options]",
    .about =
        "Makes a realistic shop: a catalogue, people with tastes, and what they did in a year. The same "
        "seed\n"
        "gives the same bytes on every machine. --out writes products.csv, users.csv and events.csv for\n"
        "`aisle import --preset generated`; --matrix writes the users x items matrix of exactly --events\n"
        "distinct pairs as one binary file, for benchmarks.",
    .examples = "  aisle generate --out shop\n"
                "  aisle generate --matrix big.csr --users 10000000 --items 1000000 --events 1000000000",
};

static aisle_status refuse_existing(const char *path, aisle_error *err)
{
    if (access(path, F_OK)) return AISLE_OK;
    return aisle_fail(err, AISLE_ECONFLICT, "%s: exists already; add --force to replace it", path);
}

static aisle_status check_targets(const generate_options *o, aisle_error *err)
{
    static const char *const names[] = {"products.csv", "users.csv", "events.csv"};
    if (!o->out && !o->matrix)
        return aisle_fail(err, AISLE_EINVAL,
                          "nothing to write; name a folder with --out or a file with --matrix");
    if (o->force) return AISLE_OK;
    for (size_t i = 0; o->out && i < sizeof names / sizeof *names; i++) {
        aisle_buf path = {0};
        aisle_status st = aisle_buf_printf(&path, "%s/%s", o->out, names[i])
                              ? refuse_existing(path.data, err)
                              : aisle_fail(err, AISLE_ENOMEM, "out of memory for a file name");
        aisle_buf_deinit(&path);
        AISLE_TRY(st);
    }
    return o->matrix ? refuse_existing(o->matrix, err) : AISLE_OK;
}

static void report(const generate_options *o, double seconds)
{
    const char *what = o->out ? o->out : o->matrix;
    if (o->json)
        printf("{\"event\":\"done\",\"users\":%lld,\"items\":%lld,\"events\":%lld,\"seed\":%lld,\"seconds\":%"
               ".3f}\n",
               (long long)o->users, (long long)o->items, (long long)o->events, (long long)o->seed, seconds);
    else
        fprintf(stderr, "wrote %s: %lld users, %lld items, %s %lld %s, seed %lld, in %.1f s\n", what,
                (long long)o->users, (long long)o->items, o->out ? "about" : "exactly", (long long)o->events,
                o->out ? "events" : "pairs", (long long)o->seed, seconds);
}

int aisle_command_generate(int argc, char **argv)
{
    generate_options o = {
        .users = 10000, .items = 2000, .events = 300000, .seed = 1, .days = 365, .currency = "EUR"};
    const aisle_option options[] = {
        {"out", 'o', "DIR", AISLE_OPT_TEXT, &o.out, 0, 0, NULL, "folder for the CSV files, made if missing"},
        {"matrix", 0, "FILE", AISLE_OPT_TEXT, &o.matrix, 0, 0, NULL, "binary matrix file"},
        {"users", 0, "N", AISLE_OPT_INT, &o.users, 1, 10000000, NULL, "people"},
        {"items", 0, "N", AISLE_OPT_INT, &o.items, 1, 1000000, NULL, "products"},
        {"events", 0, "N", AISLE_OPT_INT, &o.events, 1, 1000000000, NULL, "events, or pairs of the matrix"},
        {"seed", 0, "N", AISLE_OPT_INT, &o.seed, 0, 9007199254740992, NULL, "what the shop is drawn from"},
        {"days", 0, "N", AISLE_OPT_INT, &o.days, 1, 36500, NULL, "length of the period from 2025-01-01"},
        {"currency", 0, "CODE", AISLE_OPT_TEXT, &o.currency, 0, 0, NULL, "of the prices"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &o.json, 0, 0, NULL, "progress and result as JSON lines on stdout"},
        {"force", 0, NULL, AISLE_OPT_FLAG, &o.force, 0, 0, NULL, "replace files that exist"},
        {0}};
    aisle_error err = {0};
    aisle_meter meter;
    int32_t n_args;
    int code = aisle_options_parse(&usage, options, argc, argv, NULL, &n_args);
    if (code >= 0) return code;
    aisle_status st = check_targets(&o, &err);
    if (st != AISLE_OK) return aisle_end("generate", o.json, st, &err);

    int64_t started = aisle_time_monotonic_ns();
    aisle_meter_start(&meter, "generate", o.json);
    const aisle_generate_params p = {.users = (int32_t)o.users,
                                     .items = (int32_t)o.items,
                                     .events = o.events,
                                     .seed = (uint64_t)o.seed,
                                     .days = (int32_t)o.days,
                                     .currency = o.currency,
                                     .progress = &meter.progress};
    if (o.out) st = aisle_generate_files(&p, o.out, &err);
    if (o.matrix && st == AISLE_OK) st = aisle_generate_matrix(&p, o.matrix, &err);
    aisle_meter_finish(&meter);
    if (st != AISLE_OK) return aisle_end("generate", o.json, st, &err);
    report(&o, (double)(aisle_time_monotonic_ns() - started) * 1e-9);
    return 0;
}
