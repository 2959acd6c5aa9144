/* Exported files, byte by byte. */
#include <criterion/criterion.h>
#include <sys/stat.h>

#include "tests/unit/model/small_model.h"

static small_model s;
static aisle_model *m;
static char folder[160];

static aisle_str odd_id(const void *ctx, int32_t i)
{
    return i == 2 ? AISLE_STR("a \"b\",c") : small_id(ctx, i);
}

static void set_up(void)
{
    small_model_init(&s);
    s.parts.item_id = odd_id;
    const char *path = temp_path("export.aisle");
    if (aisle_model_write(path, &s.parts, NULL) || aisle_model_open(path, &m, NULL)) abort();
    snprintf(folder, sizeof folder, "%s", temp_path("out"));
    mkdir(folder, 0700);
}

static void tear_down(void)
{
    aisle_model_unref(m);
}

TestSuite(model_export, .init = set_up, .fini = tear_down);

static char *exported(const char *name, long *n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = (char *)read_all(path, n);
    cr_assert(text, "%s", path);
    text[*n] = '\0';
    return text;
}

Test(model_export, npy_files_are_format_1_0)
{
    aisle_error err = {0};
    long n;
    cr_assert_eq(aisle_model_export_npy(m, folder, &err), AISLE_OK, "%s", err.message);
    char *p = exported("item-factors.npy", &n);
    cr_assert_arr_eq(p, "\x93NUMPY\x01\x00", 8);
    long head = 10 + (unsigned char)p[8] + 256 * (unsigned char)p[9];
    cr_assert_eq(head % 64, 0);
    cr_assert_eq(p[head - 1], '\n');
    const char *want = "{'descr': '<f4', 'fortran_order': False, 'shape': (23, 5), }";
    cr_assert_eq(strncmp(p + 10, want, strlen(want)), 0, "%.60s", p + 10);
    cr_assert_eq(n, head + (long)sizeof s.items);
    cr_assert_arr_eq(p + head, s.items, sizeof s.items);
    free(p);
    p = exported("seen-rows.npy", &n);
    cr_assert(strstr(p + 10, "'<i8'") && strstr(p + 10, "'shape': (8,), }"), "%.60s", p + 10);
    free(p);
}

Test(model_export, csv_numbers_give_every_float_back)
{
    aisle_error err = {0};
    long n;
    cr_assert_eq(aisle_model_export_csv(m, folder, &err), AISLE_OK, "%s", err.message);
    char *p = exported("similar-scores.csv", &n), *at = p;
    for (int i = 0; i < SMALL_ITEMS * SMALL_K; i++) {
        cr_assert_eq(strtof(at, &at), s.similar_scores[i]);
        cr_assert_eq(*at++, i % SMALL_K == SMALL_K - 1 ? '\n' : ',');
    }
    cr_assert_eq(*at, '\0');
    free(p);
    p = exported("similar-items.csv", &n);
    cr_assert_eq(strncmp(p, "1,2,-1,-1\n", 10), 0);
    free(p);
}

Test(model_export, ids_are_quoted_where_needed_and_meta_is_json)
{
    long n;
    cr_assert_eq(aisle_model_export_csv(m, folder, NULL), AISLE_OK);
    char *p = exported("item-ids.csv", &n);
    cr_assert_eq(strncmp(p, "i-1\ni-8\n\"a \"\"b\"\",c\"\ni-22\n", 25), 0, "%s", p);
    free(p);
    p = exported("meta.json", &n);
    cr_assert(strncmp(p, s.parts.meta, strlen(s.parts.meta)) == 0);
    free(p);
}

Test(model_export, a_missing_folder_is_named)
{
    aisle_error err = {0};
    cr_assert_eq(aisle_model_export_npy(m, "/tmp/aisle-no-such-folder", &err), AISLE_ENOTFOUND);
    cr_assert(strstr(err.message, "/tmp/aisle-no-such-folder"), "%s", err.message);
}
