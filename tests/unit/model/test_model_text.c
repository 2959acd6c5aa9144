/* Texts in the model file: a product becomes the row that training gave it; what no vocabulary is is refused. */
#include <criterion/criterion.h>

#include "cpu/text/vocabulary.h"
#include "tests/unit/model/small_model.h"

static aisle_model *opened(const aisle_model_parts *p)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    const char *path = temp_path("text.aisle");
    cr_assert_eq(aisle_model_write(path, p, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    return m;
}

static void assert_row(const aisle_csr *got, int32_t r, const aisle_csr *want, int32_t w)
{
    int64_t n = want->row_ptr[w + 1] - want->row_ptr[w], g = got->row_ptr[r], at = want->row_ptr[w];
    cr_assert_eq(got->row_ptr[r + 1] - g, n, "row %d", w);
    if (n) cr_assert_arr_eq(got->col + g, want->col + at, (size_t)n * sizeof *got->col, "row %d", w);
    if (n) cr_assert_arr_eq(got->val + g, want->val + at, (size_t)n * sizeof *got->val, "row %d", w);
}

static void assert_products_give_their_rows(const small_model *s)
{
    aisle_model *m = opened(&s->parts);
    const aisle_csr text = aisle_model_text(m);
    aisle_text_rows *rows = NULL;
    cr_assert_eq(aisle_text_rows_new(aisle_model_vocabulary(m), &rows, NULL), AISLE_OK);
    for (int32_t i = 0; i < SMALL_ITEMS; i++) {
        aisle_product p = small_product(i);
        cr_assert_eq(aisle_text_rows_add(rows, &p, NULL), AISLE_OK);
        assert_row(&text, i, &s->text, i);
        assert_row(aisle_text_rows_get(rows), i, &s->text, i);
    }
    aisle_text_rows_free(rows);
    aisle_model_unref(m);
}

Test(model_text, a_product_becomes_the_row_of_training_to_the_bit)
{
    static small_model s;
    small_model_init(&s);
    cr_assert(s.vocabulary->grams.n > s.vocabulary->n_terms, "no inner node that is no term");
    assert_products_give_their_rows(&s);
}

Test(model_text, and_with_other_settings)
{
    static small_model s;
    small_model_init(&s);
    aisle_vocabulary *v = s.vocabulary;
    v->scheme = AISLE_TEXT_BM25;
    v->k1 = 1.23456789; /* no float, and more than six digits */
    v->b = 1. / 3;
    v->weight[AISLE_TEXT_TITLE] = .30001F;
    aisle_vocabulary_weigh(v);
    aisle_text_rows *rows = NULL;
    cr_assert_eq(aisle_text_rows_new(v, &rows, NULL), AISLE_OK);
    for (int32_t i = 0; i < SMALL_ITEMS; i++) {
        aisle_product p = small_product(i);
        cr_assert_eq(aisle_text_rows_add(rows, &p, NULL), AISLE_OK);
    }
    s.parts.text = s.text = aisle_text_rows_take(rows);
    aisle_text_rows_free(rows);
    assert_products_give_their_rows(&s);
    aisle_csr_deinit(&s.text);
}

Test(model_text, a_product_of_today_has_the_terms_that_the_vocabulary_knows)
{
    static small_model s;
    small_model_init(&s);
    aisle_model *m = opened(&s.parts);
    const aisle_vocabulary *v = aisle_model_vocabulary(m);
    aisle_text_rows *rows = NULL;
    cr_assert_eq(aisle_text_rows_new(v, &rows, NULL), AISLE_OK);
    const aisle_product p = {.title = AISLE_STR("green kettle, wool"), .price_minor = -1},
                        nothing = {.title = AISLE_STR("something else"), .price_minor = -1};
    cr_assert_eq(aisle_text_rows_add(rows, &p, NULL), AISLE_OK);
    cr_assert_eq(aisle_text_rows_add(rows, &nothing, NULL), AISLE_OK);
    const aisle_csr *got = aisle_text_rows_get(rows);
    cr_assert(got->row_ptr[1] == 2 && got->row_ptr[2] == 2);
    cr_assert(aisle_str_eq(aisle_vocabulary_term(v, got->col[0]), AISLE_STR("kettle")));
    cr_assert(aisle_str_eq(aisle_vocabulary_term(v, got->col[1]), AISLE_STR("wool")));
    aisle_text_rows_free(rows);
    aisle_model_unref(m);
}

Test(model_text, terms_are_spelled_as_before)
{
    static small_model s;
    small_model_init(&s);
    aisle_model *m = opened(&s.parts);
    const aisle_vocabulary *v = aisle_model_vocabulary(m);
    bool pair = false;
    cr_assert_eq(aisle_vocabulary_count(v), aisle_vocabulary_count(s.vocabulary));
    for (int32_t t = 0; t < aisle_vocabulary_count(v); t++) {
        aisle_str a = aisle_vocabulary_term(v, t);
        cr_assert(aisle_str_eq(a, aisle_vocabulary_term(s.vocabulary, t)), "%.*s", (int)a.len, a.ptr);
        pair = pair || aisle_str_eq(a, AISLE_STR("wool scarf"));
    }
    cr_assert(pair);
    aisle_model_unref(m);
}

/* ---- what no vocabulary is ---- */

static void assert_refused(const aisle_flat_vocabulary *f, const char *word)
{
    aisle_vocabulary *v = NULL;
    aisle_error err = {0};
    cr_assert_eq(aisle_vocabulary_restore(f, &v, &err), AISLE_EINVAL, "%s", word);
    cr_assert(strstr(err.message, word), "\"%s\" lacks \"%s\"", err.message, word);
    cr_assert_null(v);
}

static aisle_str twice(const void *ctx, int32_t i)
{
    (void)ctx, (void)i;
    return AISLE_STR("same");
}

Test(model_text, what_no_vocabulary_is_is_refused)
{
    static small_model s;
    small_model_init(&s);
    aisle_buf room = {0};
    aisle_flat_vocabulary good, f;
    static int32_t node[512], df[256];
    cr_assert_eq(aisle_vocabulary_flatten(s.vocabulary, &room, &good, NULL), AISLE_OK);
    size_t bytes = (size_t)good.n_nodes * 2 * sizeof *node;
    cr_assert(bytes <= sizeof node && (size_t)good.n_terms <= sizeof df / sizeof *df);
#define LIE(change, word)                                                                                    \
    do {                                                                                                     \
        f = good;                                                                                            \
        memcpy(node, good.node, bytes);                                                                      \
        memcpy(df, good.df, (size_t)good.n_terms * sizeof *df);                                              \
        f.node = node;                                                                                       \
        f.df = df;                                                                                           \
        change;                                                                                              \
        assert_refused(&f, word);                                                                            \
    } while (0)
    LIE(f.n_terms = f.n_nodes + 1, "nodes");
    LIE(node[0] = f.n_stems, "stem");
    LIE(node[0] = -1, "stem");
    LIE(node[1] = f.n_nodes + 1, "parent");
    LIE(node[1] = -1, "parent");
    LIE(node[1] = 1, "more than 2 stems"); /* its own parent */
    LIE((node[2] = node[0], node[3] = node[1]), "twice");
    LIE(f.stem = twice, "stem 1 is there twice");
    LIE(df[0] = 0, "products");
    LIE(df[0] = 24, "products");
    LIE(df[1] = df[0] + 1, "products");
    LIE(f.settings = AISLE_STR("{}"), "settings");
    LIE(f.settings = AISLE_STR("[]"), "settings");
    LIE(f.settings = AISLE_STR("{\"language\":\"english\",\"language\":\"english\"}"), "settings");
    char text[512], *at;
    static const char *const changes[][2] = {{"\"none\"", "\"nine\""},
                                             {"\"ngram\":2", "\"ngram\":4"},
                                             {"\"tfidf\"", "\"tfidg\""},
                                             {"\"title\":3", "\"title\":-"},
                                             {"\"title\":3", "\"title\":t"},
                                             {"\"k1\":1", "\"k1\":-1"},
                                             {"\"products\":23", "\"products\":0."},
                                             {"\"mean_length\":", "\"mean_weight\":"}};
    for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
        snprintf(text, sizeof text, "%s", room.data);
        at = strstr(text, changes[c][0]);
        cr_assert_not_null(at, "%s lacks %s", text, changes[c][0]);
        memcpy(at, changes[c][1], strlen(changes[c][1]));
        LIE(f.settings = aisle_str_from(text), c ? "settings" : "nine");
    }
    aisle_buf_deinit(&room);
}
