/* aisle inspect: what is in a model file, after checking all of it. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "aisle/model.h"
#include "server/cli/command.h"
#include "server/cli/options.h"

static const aisle_usage usage = {
    .command = "inspect",
    .synopsis = "MODEL [--json]",
    .about = "Checks a model file and prints its counts, sections and meta.",
    .examples = "  aisle inspect shop/models/000001.aisle",
    .min_args = 1,
    .max_args = 1,
};

static void print_meta(const char *meta)
{
    json_t *o = json_loads(meta, 0, NULL);
    puts("meta:");
    if (o) json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(7));
    putchar('\n');
    json_decref(o);
}

static void print_table(const char *path, const aisle_model *m)
{
    aisle_section_info s;
    float a0, reg, nu;
    aisle_model_objective(m, &a0, &reg, &nu);
    printf("%s: %d users, %d items, %d factors, %lld bytes; a0 %g, reg %g, nu %g\n\n", path,
           aisle_model_n_users(m), aisle_model_n_items(m), aisle_model_n_factors(m),
           (long long)aisle_model_bytes(m), (double)a0, (double)reg, (double)nu);
    const aisle_compact *t = aisle_model_compact(m);
    if (t)
        printf("compact table of %d x %d: a user of length 1 is scored with an error of %.4g at most, of "
               "items up to %.4g long\n\n",
               t->n_rows, t->n_factors, (double)aisle_compact_error(t), (double)t->norm[0]);
    printf("%-18s %-7s %12s %8s %14s %14s  %s\n", "section", "type", "rows", "columns", "offset", "bytes",
           "crc-32");
    for (int32_t i = 0; aisle_model_section(m, i, &s); i++)
        printf("%-18s %-7s %12lld %8lld %14lld %14lld  %08x\n", s.name, s.type, (long long)s.rows,
               (long long)s.cols, (long long)s.offset, (long long)s.bytes, s.crc);
    putchar('\n');
    print_meta(aisle_model_meta(m));
}

static json_t *sections(const aisle_model *m)
{
    aisle_section_info s;
    json_t *list = json_array();
    for (int32_t i = 0; aisle_model_section(m, i, &s); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "name", s.name, "type",
                                              s.type, "rows", (json_int_t)s.rows, "columns",
                                              (json_int_t)s.cols, "offset", (json_int_t)s.offset, "bytes",
                                              (json_int_t)s.bytes, "crc32", (json_int_t)s.crc));
    return list;
}

static aisle_status print_json(const char *path, const aisle_model *m, aisle_error *err)
{
    float a0, reg, nu;
    aisle_model_objective(m, &a0, &reg, &nu);
    const aisle_compact *t = aisle_model_compact(m);
    json_t *o = json_pack("{s:s, s:i, s:i, s:i, s:I, s:f, s:f, s:f, s:o, s:o}", "file", path, "users",
                          aisle_model_n_users(m), "items", aisle_model_n_items(m), "factors",
                          aisle_model_n_factors(m), "bytes", (json_int_t)aisle_model_bytes(m), "a0",
                          (double)a0, "reg", (double)reg, "nu", (double)nu, "sections", sections(m), "meta",
                          json_loads(aisle_model_meta(m), 0, NULL));
    if (o && t)
        json_object_set_new(
            o, "compact",
            json_pack("{s:f, s:f}", "error", (double)aisle_compact_error(t), "length", (double)t->norm[0]));
    bool ok = o && (json_dumpf(o, stdout, JSON_INDENT(1)) == 0 || ferror(stdout));
    putchar('\n');
    json_decref(o);
    return ok ? AISLE_OK
              : aisle_fail(err, AISLE_EFORMAT, "%s: cannot be shown as JSON (is its path UTF-8?)", path);
}

int aisle_command_inspect(int argc, char **argv)
{
    bool json = false;
    const aisle_option options[] = {
        {"json", 0, NULL, AISLE_OPT_FLAG, &json, 0, 0, NULL, "one JSON object on stdout"}, {0}};
    const char *path;
    int32_t n_args;
    aisle_error err = {0};
    aisle_model *m = NULL;
    int code = aisle_options_parse(&usage, options, argc, argv, &path, &n_args);
    if (code >= 0) return code;
    aisle_status st = aisle_model_open(path, &m, &err);
    if (st == AISLE_OK && json) st = print_json(path, m, &err);
    if (st == AISLE_OK && !json) print_table(path, m);
    if (st == AISLE_OK && (fflush(stdout) || ferror(stdout)))
        st = aisle_fail_errno(&err, "write", "standard output");
    aisle_model_unref(m);
    return aisle_end("inspect", json, st, &err);
}
