/* Pages: whatever comes from data is escaped, and a failed page leaves no file. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "aisle/file.h"
#include "server/cli/page.h"

static const char *scratch(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/aisle-test-page-%d.html", (int)getpid());
    return path;
}

Test(page, text_from_outside_never_becomes_markup)
{
    static const char bad[] = "<script>&\"'\x01 </td>";
    static char text[20000];
    const char *path = scratch();
    aisle_page p;
    aisle_mapping map;
    aisle_bar bar = {.name = bad, .value = 1};
    aisle_point point = {1, 2, false, true, 3};
    const char *const words[] = {bad, bad, NULL};
    aisle_plot plot = {bad, bad, bad, words, false, &point, 1};
    cr_assert_eq(aisle_page_open(path, bad, &p, NULL), AISLE_OK);
    aisle_page_element(&p, "p", bad);
    aisle_page_pair(&p, bad, bad);
    aisle_page_bars(&p, bad, &bar, 1);
    aisle_page_points(&p, &plot);
    cr_assert_eq(aisle_page_close(&p, AISLE_OK, NULL), AISLE_OK);
    cr_assert_eq(aisle_file_map(path, &map, NULL), AISLE_OK);
    cr_assert_lt(map.size, (int64_t)sizeof text);
    memcpy(text, map.data, (size_t)map.size);
    aisle_file_unmap(&map);
    unlink(path);
    cr_assert_null(strstr(text, "<script"));
    cr_assert_null(strstr(text, "&\""));
    cr_assert_null(strchr(text, '\x01'));
    cr_assert_not_null(strstr(text, "&lt;script&gt;&amp;&quot;&#39;  &lt;/td&gt;"));
}

Test(page, a_failure_leaves_no_file)
{
    aisle_page p;
    cr_assert_eq(aisle_page_open(scratch(), "x", &p, NULL), AISLE_OK);
    cr_assert_eq(aisle_page_close(&p, AISLE_EIO, NULL), AISLE_EIO);
    cr_assert_neq(access(scratch(), F_OK), 0);
}
