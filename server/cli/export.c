/* aisle export: a model's numbers for NumPy or as CSV. */
#include <stdio.h>

#include "aisle/file.h"
#include "aisle/model.h"
#include "server/cli/command.h"
#include "server/cli/options.h"

static const aisle_usage usage = {
    .command = "export",
    .synopsis = "MODEL (--npy DIR | --csv DIR)",
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

int aisle_command_export(int argc, char **argv)
{
    const char *npy = NULL, *csv = NULL, *path;
    const aisle_option options[] = {
        {"npy", 0, "DIR", AISLE_OPT_TEXT, &npy, 0, 0, NULL, "folder for NumPy files (format 1.0)"},
        {"csv", 0, "DIR", AISLE_OPT_TEXT, &csv, 0, 0, NULL, "folder for CSV files"},
        {0}};
    int32_t n_args;
    aisle_error err = {0};
    int code = aisle_options_parse(&usage, options, argc, argv, &path, &n_args);
    if (code >= 0) return code;
    aisle_status st = npy || csv ? export(path, npy, csv, &err)
                                 : aisle_fail(&err, AISLE_EINVAL,
                                              "nothing to write; name a folder with --npy "
                                              "or --csv");
    return st == AISLE_OK ? 0 : aisle_complain("export", st, &err);
}
