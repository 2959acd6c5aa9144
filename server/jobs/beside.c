/* Writing and reading what stands beside a version. */
#include "server/jobs/beside.h"

#include <errno.h>
#include <unistd.h>

#include "aisle/file.h"

enum { MOST = 1 << 20 };

aisle_status aisle_beside_write(aisle_registry *r, int64_t version, const char *ending, const json_t *json,
                                aisle_error *err)
{
    char path[4096];
    aisle_replace file;
    if (!json) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a version's %s", ending);
    aisle_registry_path(r, version, ending, path);
    AISLE_TRY(aisle_replace_open(path, &file, err));
    if (json_dumpf(json, file.stream, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0)
        return aisle_replace_commit(&file, err);
    aisle_replace_abort(&file);
    return aisle_fail(err, AISLE_EIO, "write %s", path);
}

aisle_status aisle_beside_remove(const aisle_registry *r, int64_t version, const char *ending,
                                 aisle_error *err)
{
    char path[4096];
    aisle_registry_path(r, version, ending, path);
    return unlink(path) && errno != ENOENT ? aisle_fail_errno(err, "remove", path) : AISLE_OK;
}

const char *aisle_beside_read(aisle_registry *r, int64_t version, const char *ending, aisle_arena *a)
{
    char path[4096];
    aisle_mapping map;
    aisle_registry_path(r, version, ending, path);
    if (aisle_file_map(path, &map, NULL) != AISLE_OK) return NULL;
    const char *text = map.size <= MOST ? aisle_arena_strndup(a, (const char *)map.data, map.size) : NULL;
    aisle_file_unmap(&map);
    return text;
}
