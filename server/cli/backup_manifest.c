/* The manifest of a backup, and folders that appear whole or not at all. */
#include "server/cli/backup_manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/file.h"
#include "aisle/str.h"

static const char manifest[] = "backup.json";

aisle_status aisle_backup_path(char out[AISLE_BACKUP_PATH], const char *folder, const char *name,
                               aisle_error *err)
{
    int n = snprintf(out, AISLE_BACKUP_PATH, "%s/%s", folder, name);
    if (n > 0 && n < AISLE_BACKUP_PATH) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "%.60s...: the path is too long", folder);
}

aisle_status aisle_backup_model_path(char out[AISLE_BACKUP_PATH], const char *folder, int64_t version,
                                     aisle_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "models/%06lld.aisle", (long long)version);
    return aisle_backup_path(out, folder, name, err);
}

/* ---- the manifest ---- */

static json_t *sum_json(const aisle_file_sum *s)
{
    return json_pack("{s:I, s:s}", "bytes", (json_int_t)s->bytes, "blake2b", s->hex);
}

json_t *aisle_backup_json(const aisle_backup_manifest *m)
{
    char created[32];
    aisle_time_format(m->created_ms, created);
    json_t *model = m->model_version ? sum_json(&m->model) : json_null();
    if (m->model_version && model) json_object_set_new(model, "version", json_integer(m->model_version));
    return json_pack("{s:i, s:s, s:I, s:o, s:o}", "format", AISLE_BACKUP_FORMAT, "created", created, "schema",
                     (json_int_t)m->schema, "database", sum_json(&m->database), "model", model);
}

aisle_status aisle_backup_manifest_write(const char *folder, const aisle_backup_manifest *m, aisle_error *err)
{
    char path[AISLE_BACKUP_PATH];
    aisle_replace file;
    AISLE_TRY(aisle_backup_path(path, folder, manifest, err));
    json_t *o = aisle_backup_json(m);
    if (!o) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %s", path);
    aisle_status st = aisle_replace_open(path, &file, err);
    if (st == AISLE_OK && (json_dumpf(o, file.stream, JSON_INDENT(1)) || fputc('\n', file.stream) == EOF)) {
        aisle_replace_abort(&file);
        st = aisle_fail(err, AISLE_EIO, "write %s", path);
    }
    if (st == AISLE_OK) st = aisle_replace_commit(&file, err);
    json_decref(o);
    return st;
}

static bool read_sum(const json_t *o, aisle_file_sum *out)
{
    const char *hex = json_string_value(json_object_get(o, "blake2b"));
    if (!json_is_integer(json_object_get(o, "bytes")) || !hex || strlen(hex) != sizeof out->hex - 1)
        return false;
    out->bytes = json_integer_value(json_object_get(o, "bytes"));
    memcpy(out->hex, hex, sizeof out->hex);
    return true;
}

static bool read_object(const json_t *o, aisle_backup_manifest *m)
{
    const json_t *model = json_object_get(o, "model"), *version = json_object_get(model, "version");
    const char *created = json_string_value(json_object_get(o, "created"));
    m->schema = json_integer_value(json_object_get(o, "schema"));
    m->model_version = json_integer_value(version);
    if (json_is_object(model) && (m->model_version < 1 || !read_sum(model, &m->model))) return false;
    return created && aisle_time_parse(aisle_str_from(created), &m->created_ms) && m->schema > 0 &&
           (json_is_object(model) || json_is_null(model)) &&
           read_sum(json_object_get(o, "database"), &m->database);
}

aisle_status aisle_backup_manifest_read(const char *folder, aisle_backup_manifest *out, aisle_error *err)
{
    char path[AISLE_BACKUP_PATH];
    aisle_mapping map;
    *out = (aisle_backup_manifest){0};
    AISLE_TRY(aisle_backup_path(path, folder, manifest, err));
    if (access(path, F_OK) && errno == ENOENT)
        return aisle_fail(err, AISLE_ENOTFOUND, "%s: no backup there; `aisle backup` makes one", path);
    AISLE_TRY(aisle_file_map(path, &map, err));
    json_t *o =
        map.size && map.size < 65536 ? json_loadb((const char *)map.data, (size_t)map.size, 0, NULL) : NULL;
    aisle_file_unmap(&map);
    int64_t format = json_integer_value(json_object_get(o, "format"));
    aisle_status st = AISLE_OK;
    if (format > AISLE_BACKUP_FORMAT)
        st = aisle_fail(err, AISLE_EUNSUPPORTED,
                        "%s: format %lld; this program knows %d, run the newer aisle that wrote it", path,
                        (long long)format, AISLE_BACKUP_FORMAT);
    else if (format != AISLE_BACKUP_FORMAT || !read_object(o, out))
        st = aisle_fail(err, AISLE_EFORMAT, "%s: not the description of a backup", path);
    json_decref(o);
    return st;
}

/* ---- folders that appear whole ---- */

static bool is_empty_folder(const char *path)
{
    int n = 0;
    DIR *dir = opendir(path);
    while (dir && readdir(dir) && n < 3) n++;
    if (dir) closedir(dir);
    return dir && n == 2; /* "." and ".." */
}

aisle_status aisle_new_folder_begin(const char *path, bool may_be_empty, aisle_new_folder *f,
                                    aisle_error *err)
{
    char models[AISLE_BACKUP_PATH];
    struct stat info;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    int len = snprintf(f->path, sizeof f->path, "%.*s", (int)(n < sizeof f->path ? n : sizeof f->path), path);
    if (n == 0 || len >= (int)sizeof f->path - 64)
        return aisle_fail(err, AISLE_EINVAL, "%.60s: no path, or too long", path);
    snprintf(f->temp, sizeof f->temp, "%.*s.tmp.%ld", len, f->path, (long)getpid());
    if (lstat(f->path, &info) == 0 && !(may_be_empty && is_empty_folder(f->path)))
        return aisle_fail(err, AISLE_ECONFLICT,
                          "%s: is there already; nothing is overwritten: name another place", f->path);
    if (mkdir(f->temp, 0777)) return aisle_fail_errno(err, "make folder", f->temp);
    aisle_status st = aisle_backup_path(models, f->temp, "models", err);
    if (st == AISLE_OK) st = aisle_folder_make(models, err);
    if (st != AISLE_OK) aisle_new_folder_abort(f);
    return st;
}

aisle_status aisle_new_folder_serve(const aisle_new_folder *f, int64_t model_version, aisle_error *err)
{
    char path[AISLE_BACKUP_PATH];
    aisle_replace file;
    AISLE_TRY(aisle_backup_path(path, f->temp, "models/current", err));
    AISLE_TRY(aisle_replace_open(path, &file, err));
    if (fprintf(file.stream, "%06lld\n", (long long)model_version) > 0)
        return aisle_replace_commit(&file, err);
    aisle_replace_abort(&file);
    return aisle_fail(err, AISLE_EIO, "write %s", path);
}

/* rename replaces an empty folder, and fails for any other that has come meanwhile. */
aisle_status aisle_new_folder_publish(aisle_new_folder *f, aisle_error *err)
{
    char above[AISLE_BACKUP_PATH], models[AISLE_BACKUP_PATH];
    AISLE_TRY(aisle_backup_path(models, f->temp, "models", err));
    AISLE_TRY(aisle_path_sync(models, err));
    AISLE_TRY(aisle_path_sync(f->temp, err));
    if (rename(f->temp, f->path)) {
        if (errno == ENOTEMPTY || errno == EEXIST)
            return aisle_fail(err, AISLE_ECONFLICT, "%s: has appeared meanwhile; nothing is overwritten",
                              f->path);
        return aisle_fail_errno(err, "rename to", f->path);
    }
    const char *slash = strrchr(f->path, '/');
    snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - f->path) + 1 : 1, slash ? f->path : ".");
    return aisle_path_sync(above, err);
}

static void remove_files(const char *folder)
{
    char path[AISLE_BACKUP_PATH];
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            aisle_backup_path(path, folder, e->d_name, NULL) == AISLE_OK && unlink(path) && errno == EISDIR) {
            remove_files(path);
            rmdir(path);
        }
    closedir(dir);
    rmdir(folder);
}

void aisle_new_folder_abort(aisle_new_folder *f)
{
    remove_files(f->temp);
}
