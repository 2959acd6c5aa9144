/* aisle export: a model's numbers for NumPy or as CSV, or the model once more with its factors kept otherwise. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "aisle/file.h"
#include "aisle/memory.h"
#include "aisle/model.h"
#include "aisle/quantize.h"
#include "server/cli/command.h"
#include "server/cli/options.h"

static const aisle_usage usage = {
    .command = "export",
    .synopsis = "MODEL (--npy DIR | --csv DIR | --model FILE) [--quantize NAME] [--json]",
    .about =
        "Writes every numeric section of a model as one file, with the ids as user-ids.csv and item-ids.csv\n"
        "(line i is row i) and the meta as meta.json. The folder is made if missing; files of the same "
        "name\nare replaced. --model writes the same model with its factors kept as --quantize says.",
    .examples = "  aisle export model.aisle --npy out    then: numpy.load('out/item-factors.npy')\n"
                "  aisle export model.aisle --model small.aisle --quantize int8",
    .min_args = 1,
    .max_args = 1,
};

typedef struct export_options {
    const char *npy, *csv, *model, *quantize;
    bool json;
} export_options;

static const char *const choices[] = {"auto", "f32", "f16", "int8", NULL};

static aisle_quantize_choice choice_of(const char *name)
{
    int i = 0;
    while (strcmp(choices[i], name) != 0) i++; /* the options are checked */
    return (aisle_quantize_choice)i;
}

/* Users that are in 16 bits already are measured against what they are now. */
static aisle_status write_model(const aisle_model *m, const export_options *o, aisle_error *err)
{
    aisle_model_parts p = aisle_model_parts_of(m);
    aisle_quantized q = {0};
    aisle_mat users = {0};
    char *meta = NULL, text[160];
    if (p.half_users) {
        AISLE_TRY(aisle_model_users_dup(m, &users, err));
        p.users = users;
    }
    const aisle_quantize_input in = {&p.users, &p.items, &p.seen, p.hybrid != NULL, 0};
    aisle_status st = aisle_quantize(&in, choice_of(o->quantize), &q, err);
    if (st == AISLE_OK && !(meta = aisle_quantized_meta(&q, p.meta)))
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the meta of %s", o->model);
    p.meta = meta;
    p.compact = &q.table;
    p.half_users = q.half_users;
    if (st == AISLE_OK) st = aisle_model_write(o->model, &p, err);
    if (st == AISLE_OK && !o->json && aisle_quantized_text(&q, text)) fprintf(stderr, "%s\n", text);
    aisle_free(meta);
    aisle_mat_deinit(&users);
    aisle_quantized_deinit(&q);
    return st;
}

static aisle_status export(const char *path, const export_options *o, aisle_error *err)
{
    aisle_model *m = NULL;
    aisle_status st = aisle_model_open(path, &m, err);
    if (st == AISLE_OK && o->npy) st = aisle_folder_make(o->npy, err);
    if (st == AISLE_OK && o->npy) st = aisle_model_export_npy(m, o->npy, err);
    if (st == AISLE_OK && o->csv) st = aisle_folder_make(o->csv, err);
    if (st == AISLE_OK && o->csv) st = aisle_model_export_csv(m, o->csv, err);
    if (st == AISLE_OK && o->model) st = write_model(m, o, err);
    aisle_model_unref(m);
    return st;
}

static aisle_status report(const export_options *o, aisle_error *err)
{
    const char *const written[] = {o->npy, o->csv, o->model};
    if (!o->json) {
        const char *before = "wrote ";
        for (int i = 0; i < 3; i++)
            if (written[i]) {
                fprintf(stderr, "%s%s", before, written[i]);
                before = " and ";
            }
        fputc('\n', stderr);
        return AISLE_OK;
    }
    json_t *line = json_pack("{s:s, s:s?, s:s?, s:s?}", "event", "done", "npy", o->npy, "csv", o->csv,
                             "model", o->model);
    return line ? aisle_say(line, err)
                : aisle_fail(err, AISLE_EFORMAT, "the folder's name is not UTF-8: no JSON can hold it");
}

int aisle_command_export(int argc, char **argv)
{
    static const char unsaid[] = "auto"; /* told from "auto" that was said by where it is */
    export_options o = {.quantize = unsaid};
    const char *path;
    const aisle_option options[] = {
        {"npy", 0, "DIR", AISLE_OPT_TEXT, &o.npy, 0, 0, NULL, "folder for NumPy files (format 1.0)"},
        {"csv", 0, "DIR", AISLE_OPT_TEXT, &o.csv, 0, 0, NULL, "folder for CSV files"},
        {"model", 'm', "FILE", AISLE_OPT_TEXT, &o.model, 0, 0, NULL, "model file to write, or to replace"},
        {"quantize", 0, "NAME", AISLE_OPT_CHOICE, &o.quantize, 0, 0, choices,
         "of --model; int8: also codes of the items, for faster answers, the same; f16: users' factors "
         "halved, "
         "rounded; auto: by size"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &o.json, 0, 0, NULL, "result as one JSON object on stdout"},
        {0}};
    int32_t n_args;
    aisle_error err = {0};
    int code = aisle_options_parse(&usage, options, argc, argv, &path, &n_args);
    if (code >= 0) return code;
    bool ignored = o.quantize != unsaid && !o.model;
    aisle_status st =
        ignored ? aisle_fail(&err, AISLE_EINVAL,
                             "--quantize %s: it is of the file of --model, which is not there", o.quantize)
        : o.npy || o.csv || o.model
            ? export(path, &o, &err)
            : aisle_fail(&err, AISLE_EINVAL,
                         "nothing to write; name a folder with --npy or --csv, or a file with --model");
    if (st == AISLE_OK) st = report(&o, &err);
    return aisle_end("export", o.json, st, &err);
}
