/* How much memory there is left to take. Reads what the kernel says; guesses nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"

/* The number that follows `name` at the start of a line, or that the file begins with where name is empty. */
static bool read_number(const char *path, const char *name, int64_t *out)
{
    char line[256];
    size_t n = strlen(name);
    bool found = false;
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(line, sizeof line, f))
        found = strncmp(line, name, n) == 0 && sscanf(line + n, "%" SCNd64, out) == 1;
    if (f) fclose(f);
    return found;
}

/* The working set of a control group is what it has less the file pages that it could drop (version 2; the paths are
 * those that a container sees). */
static int64_t left_in_group(void)
{
    static const char *const folder = "/sys/fs/cgroup/memory.";
    int64_t most, now, droppable = 0;
    char path[64];
    snprintf(path, sizeof path, "%smax", folder);
    if (!read_number(path, "", &most)) return INT64_MAX; /* "max", or no such file */
    snprintf(path, sizeof path, "%scurrent", folder);
    if (!read_number(path, "", &now)) return INT64_MAX;
    snprintf(path, sizeof path, "%sstat", folder);
    (void)read_number(path, "inactive_file ", &droppable);
    int64_t left = most - (now - droppable);
    return left > 0 ? left : 0;
}

int64_t aisle_available_bytes(void)
{
    int64_t kib, group = left_in_group();
    if (!read_number("/proc/meminfo", "MemAvailable:", &kib) || kib > INT64_MAX / 1024) return group;
    return kib * 1024 < group ? kib * 1024 : group;
}
