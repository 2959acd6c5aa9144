/* `aisle backup`: the shop's database and its serving model into a new folder, while it is served. */
#include <stdio.h>
#include <string.h>

#include "server/cli/backup_manifest.h"
#include "server/cli/command.h"
#include "server/cli/options.h"
#include "server/jobs/registry.h"
#include "server/store/store_backup.h"

static const aisle_usage usage = {
    .command = "backup",
    .synopsis = "--out FOLDER [--data DIR]",
    .about = "Copies a shop into a new folder: its database as of one moment, also while it is served and\n"
             "written to, and the model that serves. The copy is checked page by page; backup.json tells\n"
             "what is in it. `aisle restore` makes a data folder of it.",
    .examples = "  aisle backup --data shop --out backups/2026-11-26",
};

static aisle_status copy_model(const char *data, const aisle_new_folder *f, aisle_backup_manifest *m,
                               aisle_error *err)
{
    char from[AISLE_BACKUP_PATH], to[AISLE_BACKUP_PATH];
    aisle_registry *registry = NULL;
    aisle_model *copy = NULL;
    AISLE_TRY(aisle_registry_open(data, &registry, err));
    aisle_model *model = aisle_registry_current(registry, &m->model_version);
    aisle_registry_close(registry);
    aisle_model_unref(model);
    if (!model) {
        m->model_version = 0;
        return AISLE_OK;
    }
    AISLE_TRY(aisle_backup_model_path(from, data, m->model_version, err));
    AISLE_TRY(aisle_backup_model_path(to, f->temp, m->model_version, err));
    AISLE_TRY(aisle_file_copy(from, to, &m->model, err));
    AISLE_TRY(aisle_model_open(to, &copy, err));
    aisle_model_unref(copy);
    return aisle_new_folder_serve(f, m->model_version, err);
}

static aisle_status fill(const char *data, const aisle_new_folder *f, const aisle_progress *progress,
                         aisle_backup_manifest *m, aisle_error *err)
{
    char database[AISLE_BACKUP_PATH];
    m->created_ms = aisle_time_now_ms();
    AISLE_TRY(aisle_backup_path(database, f->temp, "aisle.db", err));
    AISLE_TRY(aisle_store_backup(data, database, progress, &m->schema, err));
    AISLE_TRY(aisle_file_sum_of(database, &m->database, err));
    AISLE_TRY(copy_model(data, f, m, err));
    return aisle_backup_manifest_write(f->temp, m, err);
}

static aisle_status print(const char *out, const aisle_backup_manifest *m, bool json, aisle_error *err)
{
    if (!json) {
        printf("%s: database of %.1f MB (schema %lld), ", out, (double)m->database.bytes / 1e6,
               (long long)m->schema);
        if (m->model_version)
            printf("model %lld of %.1f MB\n", (long long)m->model_version, (double)m->model.bytes / 1e6);
        else
            puts("no model");
        return AISLE_OK;
    }
    json_t *o = aisle_backup_json(m);
    if (o) json_object_set_new(o, "folder", json_string(out));
    return aisle_say(o, err);
}

int aisle_command_backup(int argc, char **argv)
{
    const char *data = "data", *out = NULL, *args[1];
    bool json = false;
    int32_t n_args;
    const aisle_option options[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &data, 0, 0, NULL, "data folder of the shop"},
        {"out", 'o', "FOLDER", AISLE_OPT_TEXT, &out, 0, 0, NULL, "the new folder; it must not be there yet"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &json, 0, 0, NULL, "one JSON object on standard output"},
        {0},
    };
    aisle_error err = {0};
    aisle_meter meter;
    aisle_new_folder f;
    aisle_backup_manifest m = {0};
    int code = aisle_options_parse(&usage, options, argc, argv, args, &n_args);
    if (code >= 0) return code;
    if (!out) {
        aisle_fail(&err, AISLE_EINVAL, "--out FOLDER is wanted");
        return aisle_end("backup", json, AISLE_EINVAL, &err);
    }
    aisle_meter_start(&meter, "backup", json);
    meter.progress.cancel = aisle_interrupt_flag();
    aisle_status st = aisle_new_folder_begin(out, false, &f, &err);
    if (st == AISLE_OK) {
        st = fill(data, &f, &meter.progress, &m, &err);
        if (st == AISLE_OK) st = aisle_new_folder_publish(&f, &err);
        if (st != AISLE_OK) aisle_new_folder_abort(&f);
    }
    aisle_meter_finish(&meter);
    if (st == AISLE_OK) st = print(out, &m, json, &err);
    return aisle_end("backup", json, st, &err);
}
