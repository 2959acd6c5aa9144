/* What a backup folder holds, told in its backup.json: FOLDER/aisle.db, FOLDER/models/NNNNNN.aisle, FOLDER/models/current. Such
 * a folder is a data folder, too. */
#ifndef AISLE_SERVER_BACKUP_MANIFEST_H
#define AISLE_SERVER_BACKUP_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>

#include "server/store/file_copy.h"

enum { AISLE_BACKUP_FORMAT = 1, AISLE_BACKUP_PATH = 4096 };

typedef struct aisle_backup_manifest {
    int64_t created_ms, schema;
    aisle_file_sum database, model;
    int64_t model_version; /* 0: the shop had no model */
} aisle_backup_manifest;

json_t *aisle_backup_json(const aisle_backup_manifest *m); /* NULL: out of memory */
/* Synced when it returns. */
aisle_status aisle_backup_manifest_write(const char *folder, const aisle_backup_manifest *m,
                                         aisle_error *err);
/* AISLE_EFORMAT names the file and what is wrong with it. */
aisle_status aisle_backup_manifest_read(const char *folder, aisle_backup_manifest *out, aisle_error *err);

/* "FOLDER/NAME", and the path of a model version. AISLE_EINVAL: too long. */
aisle_status aisle_backup_path(char out[AISLE_BACKUP_PATH], const char *folder, const char *name,
                               aisle_error *err);
aisle_status aisle_backup_model_path(char out[AISLE_BACKUP_PATH], const char *folder, int64_t version,
                                     aisle_error *err);

/* A folder that becomes `path` when it is whole: make PATH.tmp.PID/models, fill it, then publish or abort. begin refuses a
 * path that is there, unless it is an empty folder and may_be_empty. */
typedef struct aisle_new_folder {
    char path[AISLE_BACKUP_PATH], temp[AISLE_BACKUP_PATH];
} aisle_new_folder;
aisle_status aisle_new_folder_begin(const char *path, bool may_be_empty, aisle_new_folder *out,
                                    aisle_error *err);
/* Writes models/current. */
aisle_status aisle_new_folder_serve(const aisle_new_folder *f, int64_t model_version, aisle_error *err);
aisle_status aisle_new_folder_publish(aisle_new_folder *f, aisle_error *err);
void aisle_new_folder_abort(aisle_new_folder *f);

#endif
