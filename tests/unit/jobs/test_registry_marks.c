/* What a models folder remembers: who has served, who is pinned, and which versions may go. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/jobs/marks.h"

static char folder[64];

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/aisle-marks-XXXXXX");
    cr_assert(mkdtemp(folder));
}

static void teardown(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/marks", folder);
    unlink(path);
    rmdir(folder);
}

TestSuite(marks, .init = setup, .fini = teardown);

static aisle_marks read_back(void)
{
    aisle_marks m;
    aisle_error err = {0};
    cr_assert_eq(aisle_marks_read(folder, &m, &err), AISLE_OK, "%s", err.message);
    return m;
}

Test(marks, are_none_at_first_and_come_back_as_written)
{
    aisle_marks m = read_back();
    cr_assert(m.n == 0 && m.pinned == 0);
    aisle_marks_serve(&m, 3);
    aisle_marks_serve(&m, 3);
    aisle_marks_serve(&m, 1);
    m.pinned = 1;
    cr_assert_eq(aisle_marks_write(folder, &m, NULL), AISLE_OK);
    m = read_back();
    cr_assert(m.n == 2 && m.served[0] == 3 && m.served[1] == 1 && m.pinned == 1);
    cr_assert(aisle_marks_has(&m, 3) && !aisle_marks_has(&m, 2));
}

Test(marks, forget_the_oldest_of_many)
{
    aisle_marks m = {0};
    for (int i = 1; i <= AISLE_SERVED_MAX + 5; i++) aisle_marks_serve(&m, i);
    cr_assert(m.n == AISLE_SERVED_MAX && m.served[0] == 6 && m.served[m.n - 1] == AISLE_SERVED_MAX + 5);
}

Test(marks, of_a_foreign_file_are_an_error_that_says_so)
{
    char path[128];
    aisle_marks m;
    aisle_error err = {0};
    snprintf(path, sizeof path, "%s/marks", folder);
    FILE *f = fopen(path, "w");
    fputs("pinned 2\n3\nx\n", f);
    fclose(f);
    cr_assert_eq(aisle_marks_read(folder, &m, &err), AISLE_EFORMAT);
    cr_assert(strstr(err.message, "marks"));
}
