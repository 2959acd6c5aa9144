/* Strict number and time parsing, and the buffer. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "aisle/str.h"

Test(str, numbers_are_strict)
{
    int64_t i = 7;
    double d = 7;
    uint64_t u = 7;
    cr_assert(aisle_str_to_i64(AISLE_STR("-9223372036854775808"), &i) && i == INT64_MIN);
    cr_assert(aisle_str_to_u64(AISLE_STR("18446744073709551615"), &u) && u == UINT64_MAX);
    cr_assert_not(aisle_str_to_i64(AISLE_STR("9223372036854775808"), &i));
    cr_assert_not(aisle_str_to_i64(AISLE_STR(" 1"), &i));
    cr_assert_not(aisle_str_to_i64(AISLE_STR(""), &i));
    cr_assert(aisle_str_to_f64(AISLE_STR("2.55"), &d) && d == 2.55);
    cr_assert(aisle_str_to_f64(AISLE_STR("-1e-3"), &d) && d == -1e-3);
    cr_assert(aisle_str_to_f64(AISLE_STR("0.1234567890123456789"), &d) && d == 0.1234567890123456789);
    static const char *const bad[] = {"nan", "inf", "0x10", "1.", ".", "1e", "1 ", "1e309", "--1", "1,5"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        bool ok = aisle_str_to_f64(aisle_str_from(bad[k]), &d);
        cr_assert(strcmp(bad[k], "1.") == 0 ? ok && d == 1 : !ok, "%s", bad[k]);
    }
}

/* Where rounding to double first and to float then goes wrong: half-way points, their neighbours, subnormals. */
Test(str, floats_are_the_nearest_ones)
{
    static const char *const texts[] = {"1.000000178813934326171875",
                                        "1.0000001788139343261718751",
                                        "16777217",
                                        "16777217.0000000000001",
                                        "1.00000017881393432617187",
                                        "1e-45",
                                        "7.006492321624085e-46",
                                        "7.1e-46",
                                        "1.1754943e-38",
                                        "340282346638528859811704183484516925440",
                                        "3.4028235e38",
                                        "-0.1",
                                        "0"};
    float v;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        cr_assert(aisle_str_to_f32(aisle_str_from(texts[k]), &v) && v == strtof(texts[k], NULL), "%s",
                  texts[k]);
    cr_assert_not(aisle_str_to_f32(AISLE_STR("3.4028236e38"), &v));
    cr_assert_not(aisle_str_to_f32(AISLE_STR("1 "), &v));
}

Test(str, times_round_trip)
{
    int64_t ms;
    char text[32];
    cr_assert(aisle_time_parse(AISLE_STR("2010-12-01 08:26:00"), &ms) && ms == 1291191960000);
    aisle_time_format(ms, text);
    cr_assert_str_eq(text, "2010-12-01T08:26:00.000Z");
    cr_assert(aisle_time_parse(AISLE_STR("2000-02-29T23:59:59.5+01:00"), &ms));
    aisle_time_format(ms, text);
    cr_assert_str_eq(text, "2000-02-29T22:59:59.500Z");
    static const char *const bad[] = {"2001-02-29",  "2010-13-01", "2010-12-01T24:00:00",
                                      "2010-12-01Z", "today",      ""};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        cr_assert_not(aisle_time_parse(aisle_str_from(bad[k]), &ms), "%s", bad[k]);
}

Test(str, buffer_keeps_its_terminator)
{
    aisle_buf b = {0};
    for (int i = 0; i < 100; i++) cr_assert(aisle_buf_printf(&b, "%d,", i));
    cr_assert_eq((size_t)b.len, strlen(b.data));
    aisle_buf_deinit(&b);
}
