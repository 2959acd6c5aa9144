/* Tokenizer: folding, stop words, stems, UTF-8 edge cases, short memory. */
#include <criterion/criterion.h>

#include "aisle/memory.h"
#include "aisle/text.h"
#include "cpu/text/stop_words.h"

static aisle_status join(void *ctx, aisle_str stem)
{
    aisle_buf *b = ctx;
    return aisle_buf_printf(b, "%s%.*s", b->len ? " " : "", (int)stem.len, stem.ptr) ? AISLE_OK
                                                                                     : AISLE_ENOMEM;
}

static void expect_n(const char *language, aisle_str text, const char *want)
{
    aisle_tokenizer *t;
    aisle_buf got = {0};
    cr_assert(aisle_buf_append(&got, "", 0));
    cr_assert_eq(aisle_tokenizer_new(language, &t, NULL), AISLE_OK);
    for (int again = 0; again < 2; again++) { /* the second pass is answered from the cache */
        got.len = 0;
        got.data[0] = '\0';
        cr_assert_eq(aisle_tokenizer_run(t, text, join, &got, NULL), AISLE_OK);
        cr_assert_str_eq(got.data, want);
    }
    aisle_buf_deinit(&got);
    aisle_tokenizer_free(t);
}

static void expect(const char *language, const char *text, const char *want)
{
    expect_n(language, aisle_str_from(text), want);
}

Test(tokenizer, stems_english_and_drops_stop_words)
{
    expect(NULL, "The Running shoes, for runners!", "run shoe runner");
    expect("english", "and the of", "");
    expect("english", "", "");
    expect("english", "a1b2-c3/d4", "a1b2 c3 d4");
}

Test(tokenizer, none_keeps_every_word_as_it_is)
{
    expect("none", "The Running shoes", "the running shoes");
}

Test(tokenizer, folds_case_width_ligatures_and_marks)
{
    expect("none", "CAF\xC3\x89 cafe\xCC\x81 caf\xC3\xA9", "cafe cafe cafe"); /* É; e + U+0301; é */
    expect("none",
           "Stra\xC3\x9F"
           "e",
           "strasse");                                             /* ß */
    expect("none", "\xEF\xBC\xA1\xEF\xBC\xA2\xEF\xBC\x93", "ab3"); /* full-width AB3 */
    expect("none", "\xEF\xAC\x81ne", "fine");                      /* the ligature fi */
    expect("none", "\xD0\x9C\xD0\x9E\xD0\xA0\xD0\x95", "\xD0\xBC\xD0\xBE\xD1\x80\xD0\xB5"); /* МОРЕ море */
    expect("none", "soft\xC2\xADhyphen", "softhyphen");                                     /* U+00AD */
    expect("none", "\xED\x95\x9C\xEA\xB5\xAD", "\xED\x95\x9C\xEA\xB5\xAD"); /* Hangul is composed again */
    expect("none",
           "a\xE2\x80\x94"
           "b\xE2\x80\x99s\xC2\xA0"
           "c",
           "a b s c"); /* dash, quote, no-break space */
}

Test(tokenizer, stems_other_languages_after_stripping_marks)
{
    expect("german",
           "\xC3\x9C"
           "ber die H\xC3\xA4user",
           "haus"); /* über is a stop word without its mark too */
    expect("french", "les voitures", "voitur");
}

Test(tokenizer, invalid_utf8_separates_words_and_is_never_read_past)
{
    expect("none",
           "ab\xFF"
           "cd",
           "ab cd");
    expect("none", "ab\xC3", "ab"); /* cut sequence at the end */
    expect("none", "\xE2\x82", ""); /* two bytes of three */
    expect("none",
           "\xC0\xAF"
           "x",
           "x"); /* overlong */
    expect("none",
           "a\xED\xA0\x80"
           "b",
           "a b");                                          /* a surrogate */
    expect_n("none", (aisle_str){"x\0y", 3}, "x y");        /* NUL */
    expect_n("none", (aisle_str){"caf\xC3\xA9", 4}, "caf"); /* the view ends inside é */
    expect("none", "\xCC\x81", "");                         /* a lone mark */
}

Test(tokenizer, cuts_words_at_64_bytes_between_characters)
{
    char text[201], want[65];
    memset(text, 'x', 200);
    text[200] = '\0';
    memset(want, 'x', 64);
    want[64] = '\0';
    expect("none", text, want);
    text[63] = '\xC3'; /* é would end at byte 65, folded e ends at 64 */
    text[64] = '\xA9';
    want[63] = 'e';
    expect("none", text, want);
    for (int i = 0; i < 100; i++) memcpy(text + 2 * i, "\xD0\xB6", 2); /* 32 letters of two bytes fit */
    for (int i = 0; i < 32; i++) memcpy(want + 2 * i, "\xD0\xB6", 2);
    expect("none", text, want);
    text[0] = 'x'; /* then 31: a letter is not halved */
    memmove(text + 1, text + 2, 199);
    want[0] = 'x';
    for (int i = 0; i < 31; i++) memcpy(want + 1 + 2 * i, "\xD0\xB6", 2);
    want[63] = '\0';
    expect("none", text, want);
}

Test(tokenizer, refuses_an_unknown_language)
{
    aisle_tokenizer *t = (aisle_tokenizer *)&t;
    aisle_error err = {0};
    cr_assert_eq(aisle_tokenizer_new("klingon", &t, &err), AISLE_EINVAL);
    cr_assert_null(t);
    cr_assert(strstr(err.message, "klingon"));
}

static aisle_status refuse(void *ctx, aisle_str stem)
{
    (void)ctx, (void)stem;
    return AISLE_EBUSY;
}

Test(tokenizer, passes_on_what_the_callback_returns)
{
    aisle_tokenizer *t;
    cr_assert_eq(aisle_tokenizer_new(NULL, &t, NULL), AISLE_OK);
    cr_assert_eq(aisle_tokenizer_run(t, AISLE_STR("shoe"), refuse, NULL, NULL), AISLE_EBUSY);
    cr_assert_eq(aisle_tokenizer_run(t, AISLE_STR("the"), refuse, NULL, NULL), AISLE_OK);
    aisle_tokenizer_free(t);
}

Test(tokenizer, every_allocation_may_fail)
{
    for (int n = 1; n < 20; n++) {
        aisle_tokenizer *t;
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_tokenizer_new(NULL, &t, NULL);
        aisle_buf b = {0};
        if (st == AISLE_OK) st = aisle_tokenizer_run(t, AISLE_STR("caf\xC3\xA9 shoe"), join, &b, NULL);
        aisle_alloc_fail_after(0);
        aisle_buf_deinit(&b);
        aisle_tokenizer_free(t);
        if (st == AISLE_OK) {
            cr_assert_gt(n, 3);
            return;
        }
        cr_assert_eq(st, AISLE_ENOMEM);
    }
    cr_assert_fail("the tokenizer never came to its end");
}

Test(stop_words, each_listed_word_is_found_and_no_other)
{
    static const char *const languages[] = {"english", "german",     "french", "spanish",
                                            "italian", "portuguese", "dutch"};
    for (size_t l = 0; l < sizeof languages / sizeof *languages; l++) {
        const aisle_stop_words *list = aisle_stop_words_of(languages[l]);
        cr_assert_not_null(list);
        for (int i = 0; i < list->n; i++)
            cr_assert(aisle_stop_words_have(list, aisle_str_from(list->words[i])), "%s", list->words[i]);
        cr_assert_not(aisle_stop_words_have(list, AISLE_STR("xyz")));
        cr_assert_not(aisle_stop_words_have(list, AISLE_STR("")));
    }
    cr_assert_null(aisle_stop_words_of("finnish"));
    cr_assert(aisle_stop_words_have(aisle_stop_words_of("english"), AISLE_STR("the")));
    cr_assert_not(aisle_stop_words_have(aisle_stop_words_of("english"), AISLE_STR("th")));
    cr_assert_not(aisle_stop_words_have(aisle_stop_words_of("english"), AISLE_STR("thee")));
}
