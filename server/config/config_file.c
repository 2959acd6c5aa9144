/* Reading the lines of a configuration file into the rows of an option table. */
#include "server/config/config_file.h"

#include <string.h>

#include "aisle/file.h"
#include "aisle/str.h"
#include "server/cli/command.h"

int aisle_config_complain(const char *command, const char *where, const aisle_error *err)
{
    aisle_error both;
    aisle_fail(&both, err->status, "%s%s", where, err->message);
    return aisle_complain(command, err->status, &both);
}

static aisle_status set_line(const char *command, const aisle_option *rows, aisle_str line,
                             aisle_arena *texts, aisle_error *err)
{
    const char *equals = memchr(line.ptr, '=', line.len);
    if (!equals) return aisle_fail(err, AISLE_EINVAL, "no `name = value`");
    aisle_str name = aisle_str_trim((aisle_str){line.ptr, (size_t)(equals - line.ptr)});
    aisle_str value = aisle_str_trim((aisle_str){equals + 1, line.len - (size_t)(equals + 1 - line.ptr)});
    for (const aisle_option *o = rows; o->name; o++) {
        if (!aisle_str_eq(name, aisle_str_from(o->name))) continue;
        char *text = aisle_arena_strndup(texts, value.ptr, value.len);
        if (!text) return aisle_fail(err, AISLE_ENOMEM, "out of memory");
        return aisle_option_set(o, text, err);
    }
    return aisle_fail(err, AISLE_EINVAL, "no setting is called %.*s; see `aisle %s --help`",
                      (int)(name.len > 60 ? 60 : name.len), name.ptr, command);
}

int aisle_config_file_read(const char *command, const char *path, const aisle_option *rows,
                           aisle_arena *texts)
{
    aisle_mapping map;
    aisle_error err = {0};
    if (aisle_file_map(path, &map, &err) != AISLE_OK) {
        aisle_config_complain(command, "", &err);
        return 1;
    }
    int code = -1;
    int64_t number = 0;
    const char *at = (const char *)map.data, *end = at + map.size;
    while (at < end && code < 0) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        aisle_str line = aisle_str_trim((aisle_str){at, (size_t)(stop - at)});
        number++;
        at = stop + 1;
        if (!line.len || line.ptr[0] == '#') continue;
        char where[300];
        snprintf(where, sizeof where, "%.255s, line %lld: ", path, (long long)number);
        if (set_line(command, rows, line, texts, &err) != AISLE_OK)
            code = aisle_config_complain(command, where, &err);
    }
    aisle_file_unmap(&map);
    return code;
}
