/* Strict JSON; members and their errors are tested over HTTP (tests/http/test_rules.py). */
#include <criterion/criterion.h>

#include "aisle/memory.h"
#include "server/json/json.h"

static aisle_status parse(aisle_str text, aisle_error *err)
{
    json_t *v;
    aisle_json_setup();
    aisle_status st = aisle_json_parse(text, &v, err);
    cr_assert((v != NULL) == (st == AISLE_OK));
    json_decref(v);
    return st;
}

Test(json_parse, depth_32_is_the_last_that_is_read)
{
    aisle_buf deep = {0};
    for (int i = 0; i < 32; i++) aisle_buf_append(&deep, "[", 1);
    for (int i = 0; i < 32; i++) aisle_buf_append(&deep, "]", 1);
    cr_assert_eq(parse((aisle_str){deep.data, (size_t)deep.len}, NULL), AISLE_OK);
    cr_assert_eq(parse(AISLE_STR("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"]"), NULL),
                 AISLE_OK);
    deep.len = 0;
    for (int i = 0; i < 33; i++) aisle_buf_append(&deep, "[", 1);
    for (int i = 0; i < 33; i++) aisle_buf_append(&deep, "]", 1);
    cr_assert_eq(parse((aisle_str){deep.data, (size_t)deep.len}, NULL), AISLE_EFORMAT);
    aisle_buf_deinit(&deep);
}

Test(json_parse, errors_name_line_column_and_reason)
{
    aisle_error err;
    cr_assert_eq(parse(AISLE_STR("{\"a\": 1,\n \"a\": 2}"), &err), AISLE_EFORMAT);
    cr_assert(strstr(err.message, "line 2") && strstr(err.message, "duplicate"), "%s", err.message);
    cr_assert_eq(parse(AISLE_STR("{} x"), &err), AISLE_EFORMAT);
    cr_assert_eq(parse(AISLE_STR(""), &err), AISLE_EFORMAT);
    cr_assert_eq(parse((aisle_str){"{}\0", 3}, &err), AISLE_EFORMAT);
    cr_assert_eq(parse((aisle_str){"{\"a\0b\":1}", 9}, &err), AISLE_EFORMAT);
}

Test(json_parse, short_memory_is_told_from_bad_text)
{
    aisle_status st = AISLE_ENOMEM;
    aisle_json_setup();
    for (int64_t n = 1; st != AISLE_OK && n < 200; n++) {
        aisle_alloc_fail_after(n);
        st = parse(AISLE_STR("{\"a\":[1,2.5,\"x\",{\"b\":null}]}"), NULL);
        aisle_alloc_fail_after(0);
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "allocation %lld: %d", (long long)n, st);
    }
    cr_assert_eq(st, AISLE_OK);
}
