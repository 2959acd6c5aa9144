/* Mapping and replacing files: bad places, failed writes, nothing half-written. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/file.h"

static char folder[64], path[128];

static void setup(void)
{
    strcpy(folder, "/tmp/aisle-file-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/f", folder);
}

static int entries(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static void teardown(void)
{
    unlink(path);
    rmdir(path);
    rmdir(folder);
}

TestSuite(file, .init = setup, .fini = teardown);

static void put(const char *text)
{
    aisle_replace r;
    cr_assert_eq(aisle_replace_open(path, &r, NULL), AISLE_OK);
    fputs(text, r.stream);
    cr_assert_eq(aisle_replace_commit(&r, NULL), AISLE_OK);
}

Test(file, a_replaced_file_is_wholly_new_or_wholly_old)
{
    aisle_replace r;
    aisle_mapping m;
    put("old");
    cr_assert_eq(aisle_replace_open(path, &r, NULL), AISLE_OK);
    fputs("half", r.stream);
    aisle_replace_abort(&r);
    cr_assert_eq(aisle_file_map(path, &m, NULL), AISLE_OK);
    cr_assert(m.size == 3 && memcmp(m.data, "old", 3) == 0);
    aisle_file_unmap(&m);
    cr_assert_eq(entries(), 1, "no temporary file is left");
    put("newer");
    cr_assert_eq(aisle_file_map(path, &m, NULL), AISLE_OK);
    cr_assert(m.size == 5 && memcmp(m.data, "newer", 5) == 0);
    aisle_file_unmap(&m);
}

Test(file, a_full_disk_leaves_the_old_file_and_no_litter)
{
    aisle_replace r;
    aisle_error err;
    aisle_mapping m;
    put("old");
    signal(SIGXFSZ, SIG_IGN); /* a file size limit behaves like a full disk */
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
    cr_assert_eq(aisle_replace_open(path, &r, &err), AISLE_OK);
    for (int i = 0; i < 10000; i++) fputs("0123456789", r.stream);
    cr_assert_eq(aisle_replace_commit(&r, &err), AISLE_ENOSPC);
    cr_assert(strstr(err.message, path) != NULL, "the message names the file: %s", err.message);
    cr_assert_eq(aisle_file_map(path, &m, NULL), AISLE_OK);
    cr_assert(m.size == 3 && memcmp(m.data, "old", 3) == 0);
    aisle_file_unmap(&m);
    cr_assert_eq(entries(), 1);
}

Test(file, folders_fifos_and_missing_files_are_named)
{
    aisle_mapping m;
    aisle_error err;
    cr_assert_eq(aisle_file_map(path, &m, &err), AISLE_ENOTFOUND);
    cr_assert(strstr(err.message, path) != NULL);
    cr_assert_eq(aisle_file_map(folder, &m, &err), AISLE_ECONFLICT);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(aisle_file_map(path, &m, &err), AISLE_ECONFLICT);
    cr_assert_eq(aisle_folder_make(path, &err), AISLE_ECONFLICT);
}
