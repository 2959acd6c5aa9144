/* Temporary files for the data tests: written into a fresh folder, removed by remove_folder. */
#ifndef AISLE_TESTS_DATA_FILES_H
#define AISLE_TESTS_DATA_FILES_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct folder {
    char path[64];
} folder;

static inline folder make_folder(void)
{
    folder f = {"/tmp/aisle-test-XXXXXX"};
    cr_assert_not_null(mkdtemp(f.path));
    return f;
}

static inline void remove_folder(const folder *f)
{
    DIR *d = opendir(f->path);
    char path[400];
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", f->path, e->d_name);
        if (e->d_name[0] != '.') unlink(path);
    }
    if (d) closedir(d);
    rmdir(f->path);
}

/* Storage for a path, good for the next 63 calls: no test holds more at once. */
static inline char *new_path(void)
{
    static char paths[64][1000];
    static unsigned next;
    return paths[next++ % 64];
}

/* Returns the path. */
static inline const char *write_file(const folder *f, const char *name, const void *bytes, size_t n)
{
    char *path = new_path();
    snprintf(path, 1000, "%s/%s", f->path, name);
    FILE *out = fopen(path, "wb");
    cr_assert(out && fwrite(bytes, 1, n, out) == n && fclose(out) == 0);
    return path;
}

static inline const char *write_text(const folder *f, const char *name, const char *text)
{
    return write_file(f, name, text, strlen(text));
}

/* The path of a real data file, or NULL when this machine does not have it. */
static inline const char *real_file(const char *name)
{
    const char *root = getenv("AISLE_DATA");
    char *path = new_path();
    for (int up = 0; up < (root ? 1 : 4); up++) {
        static const char *const near[] = {"../shared/data", "../../shared/data", "shared/data",
                                           "../../../shared/data"};
        if (root)
            snprintf(path, 1000, "%s/%s", root, name);
        else
            snprintf(path, 1000, "%s/%s/%s", AISLE_SOURCE_DIR, near[up], name);
        if (access(path, R_OK) == 0) return path;
    }
    return NULL;
}

#endif
