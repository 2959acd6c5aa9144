/* `aisle restore`: a data folder out of a backup, checked before it appears. */
#include <stdio.h>
#include <string.h>

#include "server/cli/backup_manifest.h"
#include "server/cli/command.h"
#include "server/cli/options.h"
#include "server/jobs/registry.h"
#include "server/store/store_backup.h"

static const aisle_usage usage = {
    .command = "restore",
    .synopsis = "--from FOLDER [--data DIR]",
    .about = "Makes a data folder of a backup: every file is compared with what backup.json says of it, the\n"
             "database is checked page by page and brought up to this program's schema. Nothing is\n"
             "overwritten: DIR must not be there yet, or be empty.",
    .examples = "  aisle restore --from backups/2026-11-26 --data shop",
};

static aisle_status copy(const char *from, const char *to, const aisle_file_sum *want, aisle_error *err)
{
    aisle_file_sum got;
    AISLE_TRY(aisle_file_copy(from, to, &got, err));
    if (got.bytes == want->bytes && strcmp(got.hex, want->hex) == 0) return AISLE_OK;
    return aisle_fail(err, AISLE_EFORMAT,
                      "%s: %lld bytes, %lld were backed up, or not the same ones; take another backup", from,
                      (long long)got.bytes, (long long)want->bytes);
}

/* Opening the copy as a shop migrates it, so that what is published is sure to open. */
static aisle_status open_once(const char *folder, aisle_error *err)
{
    aisle_store *s = NULL;
    AISLE_TRY(aisle_store_open(folder, false, &s, err));
    aisle_store_close(s);
    return AISLE_OK;
}

static aisle_status fill(const char *from, const aisle_new_folder *f, const aisle_backup_manifest *m,
                         aisle_error *err)
{
    char source[AISLE_BACKUP_PATH], to[AISLE_BACKUP_PATH];
    int64_t schema;
    aisle_model *model = NULL;
    AISLE_TRY(aisle_backup_path(source, from, "aisle.db", err));
    AISLE_TRY(aisle_backup_path(to, f->temp, "aisle.db", err));
    AISLE_TRY(copy(source, to, &m->database, err));
    AISLE_TRY(aisle_store_check(to, &schema, err));
    AISLE_TRY(open_once(f->temp, err));
    AISLE_TRY(aisle_path_sync(to, err));
    if (!m->model_version) return AISLE_OK;
    AISLE_TRY(aisle_backup_model_path(source, from, m->model_version, err));
    AISLE_TRY(aisle_backup_model_path(to, f->temp, m->model_version, err));
    AISLE_TRY(copy(source, to, &m->model, err));
    AISLE_TRY(aisle_model_open(to, &model, err));
    aisle_model_unref(model);
    return aisle_new_folder_serve(f, m->model_version, err);
}

static aisle_status print(const char *data, const aisle_backup_manifest *m, bool json, aisle_error *err)
{
    char created[32];
    aisle_time_format(m->created_ms, created);
    if (!json) {
        printf("%s: the shop as of %s, ", data, created);
        if (m->model_version)
            printf("model %lld\n", (long long)m->model_version);
        else
            puts("no model");
        return AISLE_OK;
    }
    return aisle_say(json_pack("{s:s, s:s, s:I}", "data", data, "created", created, "model_version",
                               (json_int_t)m->model_version),
                     err);
}

int aisle_command_restore(int argc, char **argv)
{
    const char *data = "data", *from = NULL, *args[1];
    bool json = false;
    int32_t n_args;
    const aisle_option options[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &data, 0, 0, NULL, "the new data folder"},
        {"from", 'f', "FOLDER", AISLE_OPT_TEXT, &from, 0, 0, NULL, "folder that `aisle backup` has made"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &json, 0, 0, NULL, "one JSON object on standard output"},
        {0},
    };
    aisle_error err = {0};
    aisle_new_folder f;
    aisle_backup_manifest m;
    int code = aisle_options_parse(&usage, options, argc, argv, args, &n_args);
    if (code >= 0) return code;
    if (!from) {
        aisle_fail(&err, AISLE_EINVAL, "--from FOLDER is wanted");
        return aisle_end("restore", json, AISLE_EINVAL, &err);
    }
    aisle_status st = aisle_backup_manifest_read(from, &m, &err);
    if (st == AISLE_OK) st = aisle_new_folder_begin(data, true, &f, &err);
    if (st == AISLE_OK) {
        st = fill(from, &f, &m, &err);
        if (st == AISLE_OK) st = aisle_new_folder_publish(&f, &err);
        if (st != AISLE_OK) aisle_new_folder_abort(&f);
    }
    if (st == AISLE_OK) st = print(data, &m, json, &err);
    return aisle_end("restore", json, st, &err);
}
