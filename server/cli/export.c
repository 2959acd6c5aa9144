/* aisle export: a model's numbers for NumPy or as CSV. */
#include <jansson.h>
#include <stdio.h>

#include "aisle/file.h"
#include "aisle/model.h"
#include "server/cli/command.h"
#include "server/cli/options.h"

static const aisle_usage usage = {
    .command = "export",
    .synopsis = "MODEL (--npy DIR | --csv DIR) [--json]",
    .about =
        "Writes every numeric section of a model as one file, with the ids as user-ids.csv and item-ids.csv\n"
        "(line i is row i) and the meta as meta.json. The folder is made if missing; files of the same "
        "name\nare replaced.",
    .examples = "  aisle export model.aisle --npy out    then: numpy.load('out/item-factors.npy')",
    .min_args = 1,
    .max_args = 1,
};

static aisle_status export(const char *path, const char *npy, const char *csv, aisle_error *err)
{
    aisle_model *m = NULL;
    aisle_status st = aisle_model_open(path, &m, err);
    if (st == AISLE_OK && npy) st = aisle_folder_make(npy, err);
    if (st == AISLE_OK && npy) st = aisle_model_export_npy(m, npy, err);
    if (st == AISLE_OK && csv) st = aisle_folder_make(csv, err);
    if (st == AISLE_OK && csv) st = aisle_model_export_csv(m, csv, err);
    aisle_model_unref(m);
    return st;
}

static aisle_status report(const char *npy, const char *csv, bool json, aisle_error *err)
{
    if (!json) {
        fprintf(stderr, "wrote %s%s%s\n", npy ? npy : "", npy && csv ? " and " : "", csv ? csv : "");
        return AISLE_OK;
    }
    json_t *o = json_pack("{s:s, s:s?, s:s?}", "event", "done", "npy", npy, "csv", csv);
    bool ok = o && json_dumpf(o, stdout, JSON_COMPACT) == 0;
    putchar('\n');
    json_decref(o);
    return ok ? AISLE_OK
              : aisle_fail(err, AISLE_EFORMAT, "the folder's name is not UTF-8: no JSON can hold it");
}

int aisle_command_export(int argc, char **argv)
{
    const char *npy = NULL, *csv = NULL, *path;
    bool json = false;
    const aisle_option options[] = {
        {"npy", 0, "DIR", AISLE_OPT_TEXT, &npy, 0, 0, NULL, "folder for NumPy files (format 1.0)"},
        {"csv", 0, "DIR", AISLE_OPT_TEXT, &csv, 0, 0, NULL, "folder for CSV files"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &json, 0, 0, NULL, "result as one JSON object on stdout"},
        {0}};
    int32_t n_args;
    aisle_error err = {0};
    int code = aisle_options_parse(&usage, options, argc, argv, &path, &n_args);
    if (code >= 0) return code;
    aisle_status st = npy || csv ? export(path, npy, csv, &err)
                                 : aisle_fail(&err, AISLE_EINVAL,
                                              "nothing to write; name a folder with --npy "
                                              "or --csv");
    if (st == AISLE_OK) st = report(npy, csv, json, &err);
    return aisle_end("export", json, st, &err);
}
