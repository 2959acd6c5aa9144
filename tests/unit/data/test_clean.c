/* Cell parsers: money, moments, entities, Python lists, UTF-8 repair. */
#include <criterion/criterion.h>

#include "cpu/data/clean.h"
#include "cpu/data/entities.h"
#include "cpu/data/utf8.h"

static int64_t money(const char *s, int exponent)
{
    int64_t minor = -999;
    return money_parse(aisle_str_from(s), exponent, &minor) ? minor : -999;
}

Test(clean, money_is_exact_and_rounds_half_away_from_zero)
{
    cr_expect_eq(money("2.55", 2), 255);
    cr_expect_eq(money("2.675", 2), 268, "binary fractions would give 267");
    cr_expect_eq(money("-2.675", 2), -268);
    cr_expect_eq(money("2.6749999", 2), 267);
    cr_expect_eq(money("18.0", 2), 1800);
    cr_expect_eq(money("7", 2), 700);
    cr_expect_eq(money(".5", 2), 50);
    cr_expect_eq(money("1200.5", 0), 1201);
    cr_expect_eq(money("1.2345", 3), 1235);
    cr_expect_eq(money("10000000000000.00", 2), 1000000000000000);
    static const char *const bad[] = {
        "", ".", "-", "1,5", "1.2.3", "1e3", "nan", "12 ", "10000000000000.01", "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) cr_expect_eq(money(bad[i], 2), -999, "%s", bad[i]);
}

Test(clean, currencies_have_their_number_of_minor_digits)
{
    cr_expect_eq(currency_exponent(AISLE_STR("EUR")), 2);
    cr_expect_eq(currency_exponent(AISLE_STR("JPY")), 0);
    cr_expect_eq(currency_exponent(AISLE_STR("KWD")), 3);
    cr_expect_eq(currency_exponent(AISLE_STR("F C")), 2);
    cr_expect_eq(currency_exponent((aisle_str){0}), 2);
}

Test(clean, moments_are_rfc_3339_or_seconds_or_milliseconds)
{
    int64_t ms;
    cr_expect(moment_parse(AISLE_STR("1260759144"), &ms) && ms == 1260759144000);
    cr_expect(moment_parse(AISLE_STR("1260759144123"), &ms) && ms == 1260759144123);
    cr_expect(moment_parse(AISLE_STR("2010-12-01 08:26:00"), &ms) && ms == 1291191960000);
    cr_expect_not(moment_parse(AISLE_STR("-5"), &ms));
    cr_expect_not(moment_parse(AISLE_STR("999999999999999"), &ms));
    cr_expect_not(moment_parse(AISLE_STR("1/12/2010"), &ms));
}

Test(clean, a_float_id_loses_only_a_zero_fraction)
{
    cr_expect(aisle_str_eq(without_zero_fraction(AISLE_STR("17850.0")), AISLE_STR("17850")));
    cr_expect(aisle_str_eq(without_zero_fraction(AISLE_STR("17850.5")), AISLE_STR("17850.5")));
    cr_expect(aisle_str_eq(without_zero_fraction(AISLE_STR("v1.0")), AISLE_STR("v1.0")));
    cr_expect(aisle_str_eq(without_zero_fraction(AISLE_STR(".0")), AISLE_STR(".0")));
}

#define EXPECT_ENTITIES(in, out, does_change)                                                                \
    do {                                                                                                     \
        aisle_buf b_ = {0};                                                                                  \
        bool changed_;                                                                                       \
        cr_expect(entities_decode(AISLE_STR(in), &b_, &changed_));                                           \
        cr_expect_str_eq(b_.data, out);                                                                      \
        cr_expect_eq(changed_, does_change);                                                                 \
        aisle_buf_deinit(&b_);                                                                               \
    } while (0)

Test(clean, entities_are_decoded_once_and_bare_ampersands_stay)
{
    EXPECT_ENTITIES("Gintama&#039; &amp; &eacute;&Eacute;&#x20AC;", "Gintama' & \u00e9\u00c9\u20ac", true);
    EXPECT_ENTITIES("&amp;lt;", "&lt;", true);
    EXPECT_ENTITIES("B&B & co &; &nosuch; &amp &#; &#x; &#1a;", "B&B & co &; &nosuch; &amp &#; &#x; &#1a;",
                    false);
    EXPECT_ENTITIES("&#146;&#0;&#xD800;&#99999999999999999999;", "\u2019\ufffd\ufffd&#99999999999999999999;",
                    true);
    EXPECT_ENTITIES("&#x110000;", "\ufffd", true);
    EXPECT_ENTITIES("&AElig;&zwnj;&thetasym;", "\u00c6\u200c\u03d1", true);
    EXPECT_ENTITIES("x&", "x&", false);
}

#define EXPECT_LIST(in, out)                                                                                 \
    do {                                                                                                     \
        aisle_buf b_ = {0};                                                                                  \
        bool is_list_;                                                                                       \
        const char *out_ = out;                                                                              \
        cr_expect(aisle_buf_append(&b_, "", 0) && python_list_join(AISLE_STR(in), " > ", &b_, &is_list_));   \
        cr_expect_eq(is_list_, out_ != NULL, "%s", in);                                                      \
        cr_expect_str_eq(b_.data ? b_.data : "", out_ ? out_ : b_.data);                                     \
        aisle_buf_deinit(&b_);                                                                               \
    } while (0)

Test(clean, python_lists_are_joined_and_other_texts_left_alone)
{
    EXPECT_LIST("['a', \"it's\", 'b\\'c\\n']", "a > it's > b'c ");
    EXPECT_LIST("['', 'x', '']", "x");
    EXPECT_LIST("[]", "");
    EXPECT_LIST("['open]", NULL);
    EXPECT_LIST("[1, 2]", NULL);
    EXPECT_LIST("['a'] b", NULL);
    EXPECT_LIST("[", NULL);
}

Test(clean, invalid_bytes_become_one_replacement_character_a_sequence)
{
    static const struct {
        const char *in, *out;
    } cases[] = {{"caf\xe9!", "caf\ufffd!"},
                 {"\xf0\x9f\x98", "\ufffd"},
                 {"a\xff\xfe z", "a\ufffd\ufffd z"},
                 {"\xed\xa0\x80", "\ufffd"},
                 {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 fine and longer than eight", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        aisle_buf b = {0};
        aisle_str in = aisle_str_from(cases[i].in);
        cr_expect_eq(utf8_valid(in), cases[i].out == NULL);
        cr_expect(utf8_repair(in, &b));
        cr_expect_str_eq(b.data, cases[i].out ? cases[i].out : cases[i].in);
        cr_expect(utf8_valid((aisle_str){b.data, (size_t)b.len}));
        aisle_buf_deinit(&b);
    }
}
