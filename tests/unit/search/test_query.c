/* From what is typed to a question to the index: typing errors by length, phrases, exclusions, nothing passed through. */
#include "../store/shop_fixture.h"

#include "server/search/query.h"

static shop_fixture f;
static aisle_words *words;
static aisle_terms *terms;

static const char *const titles[] = {"Lemonade", "Refrigerator", "Umbrellas", "Ice cream",
                                     "Shampoo",  "Café crème",   "Sofa grey", "12oz cup",
                                     "The Who",  "Lemonade",     "Pans"};

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        char id[8];
        snprintf(id, sizeof id, "id%zu", i);
        const aisle_product p = {.id = STR(id), .title = STR(titles[i]), .price_minor = -1, .stock = -1};
        cr_assert_ok(put_product(&f, &p), f);
    }
    cr_assert_ok(aisle_words_build(f.view, &words, &f.err), f);
    cr_assert_ok(aisle_terms_new(&terms, &f.err), f);
}

static void teardown(void)
{
    aisle_terms_free(terms);
    aisle_words_unref(words);
    fixture_end(&f);
}

TestSuite(search_query, .init = setup, .fini = teardown);

/* The nearest word, or "". */
static const char *nearest(const char *typed)
{
    aisle_near near[AISLE_NEAR_MAX];
    int32_t n = aisle_words_near(words, STR(typed), near);
    if (n == 0) return "";
    aisle_str s = words->word[near[0].word].text;
    return aisle_arena_strndup(&f.arena, s.ptr, s.len);
}

Test(search_query, one_error_is_forgiven_from_five_letters_and_two_from_nine)
{
    static const struct {
        const char *typed, *want;
    } rows[] = {{"lemonadd", "lemonade"},         /* wrong */
                {"lemonde", "lemonade"},          /* missing */
                {"lemonaade", "lemonade"},        /* too many: nine letters */
                {"elmonade", "lemonade"},         /* swapped */
                {"elmonaed", ""},                 /* two errors, eight letters */
                {"refirgeratro", "refrigerator"}, /* two swaps, twelve letters */
                {"efrigerato", "refrigerator"},   /* two missing, ten left */
                {"xxfrigeratoy", ""},             /* three */
                {"umbrela", "umbrellas"},         /* one from the stem */
                {"sofo", ""},                     /* four letters */
                {"15oz", ""},                     /* no word but a measure */
                {"cremme", "creme"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_str_eq(nearest(rows[i].typed), rows[i].want, "%s", rows[i].typed);
    }
}

static const char *ask(const char *typed, bool some)
{
    aisle_search_query *q;
    aisle_rank rank;
    aisle_str expression;
    cr_assert_ok(aisle_query_read(terms, words, STR(typed), &f.arena, &q, &f.err), f);
    cr_assert(aisle_query_ask(q, words, some, &f.arena, &expression, &rank));
    return aisle_arena_strndup(&f.arena, expression.ptr, expression.len);
}

Test(search_query, words_phrases_and_exclusions_become_an_expression)
{
    cr_assert_str_eq(ask("sofa grey ", false), "((\"sofa\") AND (\"grey\"))");
    cr_assert_str_eq(ask("sofa grey ", true), "((\"sofa\") OR (\"grey\"))");
    cr_assert_str_eq(ask("\"Ice Creams\" -sofa", false), "((\"ice cream\")) NOT (\"sofa\")");
    cr_assert_str_eq(ask("grey -\"ice cream\"", false), "((\"grey\")) NOT (\"ice cream\")");
    cr_assert_str_eq(ask("the sofa ", false), "((\"sofa\"))");
    cr_assert_str_eq(ask("the ", false), "((\"the\"))");
    cr_assert_str_eq(ask("-sofa", false), "");
    cr_assert_str_eq(ask("", false), "");
    cr_assert_str_eq(ask("lemon", false), "((\"lemon\" OR \"lemonad\"))");
}

/* Outside quotes an expression has parentheses, stars and the operators; within, letters, digits and spaces. */
static bool is_ours(const char *s)
{
    bool quoted = false;
    for (; *s; s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (quoted ? strchr("()*:^+-{}'", *s) != NULL : strchr("() *ADNORT", *s) == NULL)
            return false;
    }
    return !quoted;
}

Test(search_query, nothing_that_was_typed_reaches_the_index_but_words)
{
    static const char *const typed[] = {
        "\"",  "a\"b", "sofa NEAR(grey, 2)", "title:sofa", "{title}:x", "^sofa", "sofa*", "(sofa", "a+b", "-",
        "--x", "'",    "sofa AND NOT OR",    "x:y:z -(a",  "\"a\" \"b"};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        const char *expression = ask(typed[i], false);
        aisle_rank rank = {0};
        aisle_search_hit *hits = NULL;
        int64_t n;
        cr_assert(is_ours(expression), "%s: %s", typed[i], expression);
        if (!*expression) continue;
        cr_assert_ok(aisle_view_search(f.view, STR(expression), &rank, INT64_MAX, &hits, &n, &f.err), f);
        aisle_free(hits);
    }
}

Test(search_query, a_long_query_stays_within_the_phrases_of_a_rank)
{
    aisle_search_query *q;
    aisle_rank rank;
    aisle_str expression;
    char text[AISLE_QUERY_BYTES + 1] = "";
    for (int i = 0; i < 73; i++) strcat(text, "a 1 -b ");
    text[AISLE_QUERY_BYTES] = '\0';
    cr_assert_ok(aisle_query_read(terms, words, STR(text), &f.arena, &q, &f.err), f);
    cr_assert_leq(q->n_wanted + q->n_unwanted, AISLE_QUERY_WORDS);
    cr_assert(aisle_query_ask(q, words, false, &f.arena, &expression, &rank));
    cr_assert_leq(rank.n_phrases, AISLE_RANK_PHRASES);
}
