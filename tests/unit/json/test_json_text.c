/* Text that is written piece by piece against jansson's. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "server/json/json.h"
#include "server/json/json_text.h"

static void assert_real(double value)
{
    aisle_buf b = {0};
    char *wanted = json_dumps(json_real(value), AISLE_JSON_STYLE | JSON_ENCODE_ANY);
    cr_assert(aisle_text_real(&b, value));
    cr_assert_eq((size_t)b.len, strlen(wanted), "%.17g: %.*s, wanted %s", value, (int)b.len, b.data, wanted);
    cr_assert_arr_eq(b.data, wanted, (size_t)b.len, "%.17g: %.*s, wanted %s", value, (int)b.len, b.data,
                     wanted);
    free(wanted);
    aisle_buf_deinit(&b);
}

Test(json_text, reals_are_jansson_s)
{
    static const double known[] = {
        0,      1,      -1,      10,          100.5,       0.1,           0.5,
        1e-4,   9.9e-5, 1e9,     999999999.5, 999999999.4, 99999999.95,   0.000123456789,
        1e8,    1e7,    123456,  1.0000001,   1.00000001,  0.999999999,   0.9999999999,
        1e-300, 1e300,  12345.6, 9.99999999,  9.999999999, 99.9999999995, 0.00010000000049,
        2.5e-9, 3.25,   1e12};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_real(known[i]);
        assert_real(-known[i]);
    }
}

Test(json_text, random_floats_of_every_size_are_jansson_s)
{
    aisle_rng rng;
    aisle_rng_init(&rng, 5, 0);
    for (int i = 0; i < 200000; i++) {
        double exponent = aisle_rng_f64(&rng) * 16 - 6, value = pow(10, exponent);
        assert_real((double)(float)value);
        assert_real(-value);
        assert_real(round(value * 1000) / 1000); /* few digits, and ties */
        assert_real(floor(value) + 0.5);
    }
}

Test(json_text, integers_of_every_length)
{
    static const int64_t known[] = {0, 7, -7, 10, 1234567890, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        aisle_buf b = {0};
        char wanted[32];
        snprintf(wanted, sizeof wanted, "%lld", (long long)known[i]);
        cr_assert(aisle_text_int(&b, known[i]));
        cr_assert_eq((size_t)b.len, strlen(wanted));
        cr_assert_arr_eq(b.data, wanted, strlen(wanted));
        aisle_buf_deinit(&b);
    }
}

Test(json_text, trees_are_written_whole_and_released)
{
    aisle_buf b = {0};
    cr_assert(aisle_text_tree(&b, json_pack("[{s:s, s:f}]", "part", "als", "share", 0.25)));
    cr_assert(!aisle_text_tree(&b, NULL));
    static const char wanted[] = "[{\"part\":\"als\",\"share\":0.25}]";
    cr_assert_eq((size_t)b.len, sizeof wanted - 1);
    cr_assert_arr_eq(b.data, wanted, sizeof wanted - 1);
    aisle_buf_deinit(&b);
}
