/* Vocabulary, TF-IDF and BM25 against values worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/memory.h"
#include "aisle/text.h"

typedef struct text_case {
    const char *id, *title, *description, *category, *brand;
} text_case;

static aisle_dataset *dataset_of(const text_case *c, int n)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    for (int i = 0; i < n; i++) {
        aisle_product p = {.id = aisle_str_from(c[i].id),
                           .title = aisle_str_from(c[i].title),
                           .description = aisle_str_from(c[i].description),
                           .category = aisle_str_from(c[i].category),
                           .brand = aisle_str_from(c[i].brand),
                           .price_minor = -1,
                           .stock = -1};
        cr_assert_eq(sink.product(sink.ctx, &p, NULL), AISLE_OK);
    }
    return d;
}

/* df: hat 2, red 2, blue 1, shoe 1 */
static const text_case three[] = {
    {.id = "a", .title = "red shoe"}, {.id = "b", .title = "red red hat"}, {.id = "c", .title = "blue hat"}};
static const aisle_text_params plain = {
    .language = "none", .ngram = 1, .min_df = 1, .max_df = 1, .title_weight = 1};

static void expect_term(const aisle_vocabulary *v, int32_t i, const char *want)
{
    cr_assert(aisle_str_eq(aisle_vocabulary_term(v, i), aisle_str_from(want)), "term %d is %.*s, not %s", i,
              (int)aisle_vocabulary_term(v, i).len, aisle_vocabulary_term(v, i).ptr, want);
}

static void expect_terms(const aisle_vocabulary *v, const char *const *want, int32_t n)
{
    cr_assert_eq(aisle_vocabulary_count(v), n, "%d terms", aisle_vocabulary_count(v));
    for (int32_t i = 0; i < n; i++) expect_term(v, i, want[i]);
}
#define EXPECT_TERMS(v, ...)                                                                                 \
    expect_terms(v, (const char *const[]){__VA_ARGS__},                                                      \
                 (int32_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

static aisle_vocabulary *learn(const aisle_dataset *d, const uint8_t *in, const aisle_text_params *p)
{
    aisle_vocabulary *v;
    aisle_error err = {0};
    cr_assert_eq(aisle_vocabulary_learn(d, in, p, &v, &err), AISLE_OK, "%s", err.message);
    return v;
}

static aisle_csr matrix(const aisle_dataset *d, const aisle_vocabulary *v)
{
    aisle_csr m;
    cr_assert_eq(aisle_text_matrix(d, v, NULL, &m, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_OK);
    cr_assert_eq(m.n_cols, aisle_vocabulary_count(v));
    return m;
}

static double at(const aisle_csr *m, int32_t r, int32_t c)
{
    for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++)
        if (m->col[e] == c) return (double)m->val[e];
    return 0;
}

static void near(double got, double want)
{
    cr_assert(fabs(got - want) < 1e-6, "%.8f, not %.8f", got,
              want); /* one rounding to float of a value <= 1 */
}

Test(vocabulary, terms_come_by_falling_frequency_then_by_bytes)
{
    aisle_dataset *d = dataset_of(three, 3);
    aisle_vocabulary *v = learn(d, NULL, &plain);
    EXPECT_TERMS(v, "hat", "red", "blue", "shoe");
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, tfidf_is_the_textbooks)
{
    aisle_dataset *d = dataset_of(three, 3);
    aisle_vocabulary *v = learn(d, NULL, &plain);
    aisle_csr m = matrix(d, v);
    /* idf of df 2: ln(4/3) + 1; of df 1: ln(4/2) + 1 */
    double two = log(4. / 3) + 1, one = log(2) + 1;
    /* a: red 1, shoe 1 */
    near(at(&m, 0, 1), two / hypot(two, one));
    near(at(&m, 0, 3), one / hypot(two, one));
    /* b: red (1 + ln 2) two, hat two; two cancels */
    near(at(&m, 1, 1), (1 + log(2)) / hypot(1 + log(2), 1));
    near(at(&m, 1, 0), 1 / hypot(1 + log(2), 1));
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, bm25_is_the_papers)
{
    aisle_dataset *d = dataset_of(three, 3);
    aisle_text_params p = plain;
    p.scheme = AISLE_TEXT_BM25;
    aisle_vocabulary *v = learn(d, NULL, &p);
    aisle_csr m = matrix(d, v);
    /* lengths 2, 3, 2: mean 7/3. b: red tf 2, hat tf 1, both df 2, so that idf cancels */
    double k = 1.2 * (.25 + .75 * 3 / (7. / 3)), red = 2 * 2.2 / (2 + k), hat = 2.2 / (1 + k);
    near(at(&m, 1, 1), red / hypot(red, hat));
    near(at(&m, 1, 0), hat / hypot(red, hat));
    /* a: both tf 1, so that only idf differs: df 2 ln(1 + 1.5/2.5), df 1 ln(1 + 2.5/1.5) */
    double two = log(1 + 1.5 / 2.5), one = log(1 + 2.5 / 1.5);
    near(at(&m, 0, 1), two / hypot(two, one));
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, fields_weigh_3_1_2_2_1_half_unless_told)
{
    const text_case c[] = {{"a", "t", "d", "c", "b"}, {"b", "t", "d", "c", "b"}};
    aisle_dataset *d = dataset_of(c, 2);
    aisle_text_params p = plain;
    p.title_weight = 0; /* all 0 */
    aisle_vocabulary *v = learn(d, NULL, &p);
    EXPECT_TERMS(v, "b", "c", "category:c", "d", "t");
    aisle_csr m = matrix(d, v);
    double c2 = 1 + log(2), t3 = 1 + log(3), length = sqrt(3 * c2 * c2 + 1 + t3 * t3); /* idf is the same */
    near(at(&m, 0, 0), c2 / length);
    near(at(&m, 0, 1), c2 / length);
    near(at(&m, 0, 2), c2 / length);
    near(at(&m, 0, 3), 1 / length);
    near(at(&m, 0, 4), t3 / length);
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_sink sink = aisle_dataset_sink(d);
    for (int i = 0; i < 2; i++) {
        aisle_product more = {
            .id = aisle_str_from(c[i].id), .attributes = AISLE_STR("{\"k\":1}"), .price_minor = 100};
        cr_assert_eq(sink.product(sink.ctx, &more, NULL), AISLE_OK);
    }
    v = learn(d, NULL, &p);
    EXPECT_TERMS(v, "k=1", "price::12+", "price::13", "price::13+");
    m = matrix(d, v);
    near(at(&m, 0, 0), 1 / sqrt(1 + 3 * .25)); /* attributes 1, each of three price terms .5 */
    near(at(&m, 0, 1), .5 / sqrt(1 + 3 * .25));
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
    d = dataset_of(c, 2);
    p.title_weight = .5F; /* a field of weight 0 has no terms; tf .5 weighs .5, not 1 + ln .5 */
    p.brand_weight = 1;
    v = learn(d, NULL, &p);
    EXPECT_TERMS(v, "b", "t");
    m = matrix(d, v);
    near(at(&m, 0, 1), .5 / hypot(1, .5));
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, ngrams_stay_inside_a_field_and_span_dropped_stop_words)
{
    const text_case c[] = {{.id = "a", .title = "Shoes for the trail", .brand = "Run"},
                           {.id = "b", .title = "Shoe, trail", .brand = "Run"}};
    aisle_dataset *d = dataset_of(c, 2);
    aisle_text_params p = {.ngram = 3, .max_df = 1};
    aisle_vocabulary *v = learn(d, NULL, &p);
    EXPECT_TERMS(v, "run", "shoe", "shoe trail", "trail");
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, a_term_too_common_goes_but_its_ngrams_stay)
{
    const text_case c[] = {{.id = "a", .title = "new red coat"},
                           {.id = "b", .title = "new red coat"},
                           {.id = "c", .title = "new"},
                           {.id = "d", .title = "new lamp"}};
    aisle_dataset *d = dataset_of(c, 4);
    aisle_text_params p = {.language = "none", .ngram = 3}; /* min_df 2, max_df .5: 2 of 4 is the most */
    aisle_vocabulary *v = learn(d, NULL, &p);
    EXPECT_TERMS(v, "coat", "new red", "new red coat", "red", "red coat");
    aisle_csr m = matrix(d, v);
    near(at(&m, 0, 2), 1 / sqrt(5)); /* all five terms of "new red coat" have the same tf and df */
    cr_assert_eq(m.row_ptr[3] - m.row_ptr[2], 0);
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, the_mask_says_who_teaches_but_every_product_gets_a_row)
{
    aisle_dataset *d = dataset_of(three, 3);
    const uint8_t in[] = {1, 0, 1};
    aisle_vocabulary *v = learn(d, in, &plain);
    EXPECT_TERMS(v, "blue", "hat", "red", "shoe");
    aisle_csr m = matrix(d, v);
    cr_assert_eq(m.n_rows, 3);
    near(at(&m, 1, 2), (1 + log(2)) / hypot(1 + log(2), 1)); /* b: red 2, hat 1; every df is 1 */
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, the_order_of_products_changes_nothing)
{
    const text_case c[] = {{"a", "Red trail shoe", "light shoe for trails", "Shoes > Trail", "Oak"},
                           {"b", "Blue trail shoe", "warm shoe", "Shoes > Trail", "Elm"},
                           {"c", "Red coat", "warm coat for trails", "Coats", "Oak"},
                           {"d", "Blue coat", "light coat", "Coats", "Elm"}};
    text_case back[4];
    for (int i = 0; i < 4; i++) back[i] = c[3 - i];
    aisle_dataset *d1 = dataset_of(c, 4), *d2 = dataset_of(back, 4);
    aisle_text_params p = {.ngram = 3,
                           .max_df = .9,
                           .scheme = AISLE_TEXT_BM25,
                           .title_weight = .3F,
                           .description_weight = .7F,
                           .brand_weight = .1F};
    aisle_vocabulary *v1 = learn(d1, NULL, &p), *v2 = learn(d2, NULL, &p);
    cr_assert_gt(aisle_vocabulary_count(v1), 5);
    cr_assert_eq(aisle_vocabulary_count(v1), aisle_vocabulary_count(v2));
    for (int32_t i = 0; i < aisle_vocabulary_count(v1); i++)
        cr_assert(aisle_str_eq(aisle_vocabulary_term(v1, i), aisle_vocabulary_term(v2, i)));
    aisle_csr m1 = matrix(d1, v1), m2 = matrix(d2, v2);
    for (int i = 0; i < 4; i++) {
        int64_t a = m1.row_ptr[i], b = m2.row_ptr[3 - i], n = m1.row_ptr[i + 1] - a;
        cr_assert_eq(m2.row_ptr[4 - i] - b, n);
        cr_assert_arr_eq(m1.col + a, m2.col + b, (size_t)n * sizeof *m1.col);
        cr_assert_arr_eq(m1.val + a, m2.val + b, (size_t)n * sizeof *m1.val);
    }
    aisle_csr_deinit(&m1);
    aisle_csr_deinit(&m2);
    aisle_vocabulary_free(v1);
    aisle_vocabulary_free(v2);
    aisle_dataset_free(d1);
    aisle_dataset_free(d2);
}

Test(vocabulary, nothing_to_learn_from_gives_empty_rows)
{
    const text_case c[] = {{.id = "a"}, {.id = "b", .title = "... !"}};
    aisle_dataset *d = dataset_of(c, 2);
    aisle_vocabulary *v = learn(d, NULL, &(aisle_text_params){0});
    cr_assert_eq(aisle_vocabulary_count(v), 0);
    aisle_csr m = matrix(d, v);
    cr_assert_eq(m.n_rows, 2);
    cr_assert_eq(aisle_csr_nnz(&m), 0);
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, bad_parameters_are_named)
{
    const struct {
        aisle_text_params p;
        const char *says;
    } bad[] = {{{.ngram = 4}, "4"},
               {{.ngram = -1}, "-1"},
               {{.min_df = -2}, "-2"},
               {{.max_df = 1.5}, "1.5"},
               {{.max_df = NAN}, "max_df"},
               {{.scheme = (aisle_text_scheme)7}, "7"},
               {{.b = 2}, "b 2"},
               {{.k1 = -1}, "k1 -1"},
               {{.title_weight = -1}, "-1"},
               {{.brand_weight = INFINITY}, "weight"},
               {{.language = "xx"}, "\"none\""}};
    aisle_dataset *d = dataset_of(three, 3);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        aisle_vocabulary *v;
        aisle_error err = {0};
        cr_assert_eq(aisle_vocabulary_learn(d, NULL, &bad[i].p, &v, &err), AISLE_EINVAL, "case %zu", i);
        cr_assert_null(v);
        cr_assert(strstr(err.message, bad[i].says), "%s", err.message);
    }
    aisle_dataset_free(d);
}

Test(vocabulary, a_raised_cancel_flag_ends_learning_and_weighing)
{
    int stop = 1;
    const aisle_progress progress = {.cancel = &stop};
    aisle_text_params p = plain;
    aisle_dataset *d = dataset_of(three, 3);
    aisle_vocabulary *v;
    aisle_csr m;
    p.progress = &progress;
    cr_assert_eq(aisle_vocabulary_learn(d, NULL, &p, &v, NULL), AISLE_ECANCELED);
    cr_assert_null(v);
    cr_assert_eq(aisle_vocabulary_learn(d, NULL, &plain, &v, NULL), AISLE_OK);
    cr_assert_eq(aisle_text_matrix(d, v, &progress, &m, NULL), AISLE_ECANCELED);
    cr_assert_null(m.row_ptr);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}

Test(vocabulary, every_allocation_may_fail)
{
    aisle_dataset *d = dataset_of(three, 3);
    bool learned = false, made = false;
    for (int n = 1; n < 500 && !made; n++) {
        aisle_vocabulary *v;
        aisle_csr m = {0};
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_vocabulary_learn(d, NULL, &plain, &v, NULL);
        if (st == AISLE_OK) {
            learned = true;
            st = aisle_text_matrix(d, v, NULL, &m, NULL);
        }
        aisle_alloc_fail_after(0);
        made = st == AISLE_OK;
        cr_assert(made || st == AISLE_ENOMEM, "allocation %d: %d", n, st);
        aisle_csr_deinit(&m);
        aisle_vocabulary_free(v);
    }
    cr_assert(learned && made);
    aisle_dataset_free(d);
}

static bool has_term(const aisle_vocabulary *v, const char *term)
{
    for (int32_t i = 0; i < aisle_vocabulary_count(v); i++)
        if (aisle_str_eq(aisle_vocabulary_term(v, i), aisle_str_from(term))) return true;
    return false;
}

static aisle_vocabulary *learn_whole(const aisle_product *p, const aisle_text_params *params)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    cr_assert_eq(sink.product(sink.ctx, p, NULL), AISLE_OK);
    aisle_vocabulary *v = learn(d, NULL, params);
    aisle_dataset_free(d);
    return v;
}

Test(vocabulary, every_prefix_of_a_category_is_a_term)
{
    aisle_text_params params = {
        .language = "none", .ngram = 2, .min_df = 1, .max_df = 1, .category_weight = 1};
    aisle_product p = {
        .id = AISLE_STR("a"), .category = AISLE_STR("Home > Tea & Co > Pots"), .price_minor = -1};
    aisle_vocabulary *v = learn_whole(&p, &params);
    cr_assert(has_term(v, "category:Home") && has_term(v, "category:Home > Tea & Co"));
    cr_assert(has_term(v, "category:Home > Tea & Co > Pots") && has_term(v, "pots") && has_term(v, "tea co"));
    cr_assert_eq(aisle_vocabulary_count(v), 3 + 4 + 3, "and no n-gram with them");
    aisle_vocabulary_free(v);
}

Test(vocabulary, attributes_are_key_and_value)
{
    aisle_text_params params = {
        .language = "none", .ngram = 1, .min_df = 1, .max_df = 1, .attributes_weight = 1};
    aisle_product p = {
        .id = AISLE_STR("a"),
        .attributes = AISLE_STR(
            "{\"colour\":\"dark red\",\"size\":[4,5.5],\"new\":true,\"none\":null,\"deep\":{\"a\":1}}"),
        .price_minor = -1};
    aisle_vocabulary *v = learn_whole(&p, &params);
    cr_assert(has_term(v, "colour=dark red") && has_term(v, "size=4") && has_term(v, "size=5.5") &&
              has_term(v, "new=true"));
    cr_assert_eq(aisle_vocabulary_count(v), 4);
    aisle_vocabulary_free(v);
}

/* 100 and 110 lie in band 13, 130 in 14, 400 in 17: floor(2 log2 price). */
Test(vocabulary, prices_are_bands_and_neighbours_are_alike)
{
    static const int64_t price[] = {100, 110, 130, 400};
    aisle_text_params params = {.language = "none", .ngram = 1, .min_df = 1, .max_df = 1, .price_weight = 1};
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    for (int i = 0; i < 4; i++) {
        char id[2] = {(char)('a' + i), 0};
        aisle_product p = {.id = aisle_str_from(id), .currency = AISLE_STR("GBP"), .price_minor = price[i]};
        cr_assert_eq(sink.product(sink.ctx, &p, NULL), AISLE_OK);
    }
    aisle_vocabulary *v = learn(d, NULL, &params);
    aisle_csr m = matrix(d, v);
    double likeness[4] = {0};
    for (int32_t i = 0; i < 4; i++)
        for (int32_t t = 0; t < m.n_cols; t++) likeness[i] += at(&m, 0, t) * at(&m, i, t);
    cr_assert(has_term(v, "price:GBP:13") && has_term(v, "price:GBP:12+") && has_term(v, "price:GBP:13+"));
    near(likeness[1], 1);
    cr_assert(likeness[2] > .1 && likeness[2] < .9 && likeness[3] == 0);
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_dataset_free(d);
}
