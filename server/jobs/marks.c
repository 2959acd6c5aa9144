/* marks: "pinned N", then a line for each version that has served; watched: "N SHARE". */
#include "server/jobs/marks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aisle/file.h"

enum { PATH_BYTES = 4096 };

static void path_of(const char *folder, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
}

aisle_status aisle_marks_read(const char *folder, aisle_marks *out, aisle_error *err)
{
    char path[PATH_BYTES];
    aisle_marks m = {0};
    long long v;
    path_of(folder, "marks", path);
    FILE *f = fopen(path, "re");
    if (!f && errno != ENOENT) return aisle_fail_errno(err, "open", path);
    bool good = !f || (fscanf(f, "pinned %lld", &v) == 1 && v >= 0);
    if (f && good) m.pinned = v;
    while (f && good && fscanf(f, "%lld", &v) == 1) aisle_marks_serve(&m, v);
    good = good && (!f || feof(f));
    if (f) fclose(f);
    if (!good)
        return aisle_fail(err, AISLE_EFORMAT,
                          "%s: not a list of versions; remove it, and what it says is forgotten", path);
    *out = m;
    return AISLE_OK;
}

aisle_status aisle_marks_write(const char *folder, const aisle_marks *m, aisle_error *err)
{
    char path[PATH_BYTES];
    aisle_replace file;
    path_of(folder, "marks", path);
    AISLE_TRY(aisle_replace_open(path, &file, err));
    bool good = fprintf(file.stream, "pinned %lld\n", (long long)m->pinned) > 0;
    for (int32_t i = 0; i < m->n && good; i++)
        good = fprintf(file.stream, "%lld\n", (long long)m->served[i]) > 0;
    if (good) return aisle_replace_commit(&file, err);
    aisle_replace_abort(&file);
    return aisle_fail(err, AISLE_EIO, "write %s", path);
}

void aisle_marks_serve(aisle_marks *m, int64_t version)
{
    if (m->n && m->served[m->n - 1] == version) return;
    if (m->n == AISLE_SERVED_MAX) memmove(m->served, m->served + 1, (size_t)--m->n * sizeof *m->served);
    m->served[m->n++] = version;
}

bool aisle_marks_has(const aisle_marks *m, int64_t version)
{
    for (int32_t i = 0; i < m->n; i++)
        if (m->served[i] == version) return true;
    return m->pinned == version;
}

aisle_status aisle_watched_read(const char *folder, aisle_watched *out, aisle_error *err)
{
    char path[PATH_BYTES];
    long long v = 0;
    double share = 0;
    path_of(folder, "watched", path);
    *out = (aisle_watched){0};
    FILE *f = fopen(path, "re");
    if (!f) return errno == ENOENT ? AISLE_OK : aisle_fail_errno(err, "open", path);
    bool good = fscanf(f, "%lld %lf", &v, &share) == 2 && v >= 0 && share >= 0 && share <= 1;
    fclose(f);
    if (!good)
        return aisle_fail(err, AISLE_EFORMAT, "%s: not a version and a share; remove it, and none is watched",
                          path);
    *out = (aisle_watched){v, share};
    return AISLE_OK;
}

aisle_status aisle_watched_write(const char *folder, const aisle_watched *w, aisle_error *err)
{
    char path[PATH_BYTES];
    aisle_replace file;
    path_of(folder, "watched", path);
    AISLE_TRY(aisle_replace_open(path, &file, err));
    if (fprintf(file.stream, "%lld %.17g\n", (long long)w->version, w->share) > 0)
        return aisle_replace_commit(&file, err);
    aisle_replace_abort(&file);
    return aisle_fail(err, AISLE_EIO, "write %s", path);
}
