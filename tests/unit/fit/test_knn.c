/* Neighbourhoods: every similarity by hand, both searches against each other, and scores against their sums. */
#include "cpu/fit/knn.h"

#include <math.h>
#include <string.h>

#include "tests/unit/train/small_shop.h"

/* gamma_n of n roundings to f32. */
static double gamma_n(double n)
{
    const double u = 0x1p-24;
    return n * u / (1 - n * u);
}

/* Five items of four users, squares of a = (1 2 0 0), b = (2 1 2 0), c = (0 0 3 0), d = (0 0 0 1), e = (0 1 0 0): 25 in 8
 * entries, so that products of x are SCALE times those of these roots. */
#define SCALE .32
enum { A, B, C, D, E, ITEMS, USERS = 4 };
static aisle_csr five_items(void)
{
    const int32_t item[] = {A, A, B, B, B, C, D, E}, user[] = {0, 1, 0, 1, 2, 2, 3, 1};
    const float value[] = {1, 4, 4, 1, 4, 9, 1, 1};
    aisle_csr m;
    cr_assert_eq(aisle_csr_from_coo(ITEMS, USERS, 8, item, user, value, &m, NULL), AISLE_OK);
    return m;
}

typedef aisle_status search(const knn_vectors *, const aisle_knn_params *, const aisle_trainer *, aisle_csr *,
                            aisle_error *);

static aisle_csr search_with(search *s, const aisle_csr *rows, const aisle_knn_params *p, int32_t threads)
{
    aisle_csr partners, lists;
    knn_vectors v;
    aisle_trainer t = cpu_trainer(threads);
    cr_assert_eq(aisle_csr_transpose(rows, &partners, NULL), AISLE_OK);
    cr_assert_eq(knn_vectors_init(rows, &partners, p, &v, NULL), AISLE_OK);
    cr_assert_eq(s(&v, p, &t, &lists, NULL), AISLE_OK);
    knn_vectors_deinit(&v);
    aisle_csr_deinit(&partners);
    t.ops->close(t.device);
    return lists;
}

/* The similarity of known a and target b, 0 when a is not in b's list. */
static double of(const aisle_csr *lists, int32_t a, int32_t b)
{
    for (int64_t e = lists->row_ptr[b]; e < lists->row_ptr[b + 1]; e++)
        if (lists->col[e] == a) return (double)lists->val[e];
    return 0;
}

typedef struct by_hand {
    aisle_knn_params p;
    int32_t known, target;
    double want;
} by_hand;

/* Both values rounded to f32, then the result, once more after a power: 4 roundings, the first three raised. */
static void check_by_hand(search *s, const by_hand *given, size_t n, double roundings)
{
    aisle_csr items = five_items();
    for (size_t i = 0; i < n; i++) {
        aisle_knn_params p = given[i].p;
        p.k = 10;
        if (p.power == 0) p.power = 1;
        aisle_csr lists = search_with(s, &items, &p, 1);
        double got = of(&lists, given[i].known, given[i].target);
        cr_assert_leq(fabs(got - given[i].want), gamma_n(roundings * p.power + 1) * given[i].want,
                      "row %zu: got %.9g, want %.9g", i, got, given[i].want);
        cr_assert_eq(of(&lists, A, C), 0, "nothing in common");
        cr_assert_eq(lists.row_ptr[D + 1] - lists.row_ptr[D], 0, "nothing in common with anyone");
        cr_assert_eq(of(&lists, A, A), 0, "not a neighbour of itself");
        aisle_csr_deinit(&lists);
    }
    aisle_csr_deinit(&items);
}

/* tf-idf of a value for a user with df items, of 5 items. */
static double tfidf(double value, double df)
{
    return (1 + log(value)) * (log(6 / (1 + df)) + 1);
}

/* BM25, likewise: items have 5, 9, 9, 1, 1, in the mean 5. */
static double bm25(double value, double df, double length)
{
    return value * 2.2 / (value + 1.2 * (.25 + .75 * length / 5)) * log(1 + (5 - df + .5) / (df + .5));
}

Test(knn, every_similarity_is_what_its_formula_says)
{
    /* user 0 has 2 items, user 1 has 3, user 2 has 2 */
    double t_ab = tfidf(1, 2) * tfidf(4, 2) + tfidf(4, 3) * tfidf(1, 3);
    double t_a = sqrt(pow(tfidf(1, 2), 2) + pow(tfidf(4, 3), 2));
    double t_b = sqrt(pow(tfidf(4, 2), 2) + pow(tfidf(1, 3), 2) + pow(tfidf(4, 2), 2));
    double bm_ab = bm25(1, 2, 5) * bm25(4, 2, 9) + bm25(4, 3, 5) * bm25(1, 3, 9);
    const by_hand product[] = {
        {{.similarity = AISLE_SIMILARITY_COSINE}, A, B, 4 / sqrt(45)},
        {{.similarity = AISLE_SIMILARITY_COSINE}, C, B, 2. / 3},
        {{.similarity = AISLE_SIMILARITY_COSINE, .power = 2}, A, B, 16. / 45},
        {{.similarity = AISLE_SIMILARITY_COSINE, .damping = 1}, A, B, (2. / 2 + 2. / 3) / sqrt(45)},
        {{.similarity = AISLE_SIMILARITY_ASYMMETRIC, .alpha = .5}, B, A, 4 / sqrt(45)},
        {{.similarity = AISLE_SIMILARITY_TFIDF}, A, B, t_ab / t_a / t_b},
        {{.similarity = AISLE_SIMILARITY_BM25}, A, B, bm_ab},
        {{.similarity = AISLE_SIMILARITY_BM25}, B, A, bm_ab},
    };
    const by_hand other[] = {
        {{.similarity = AISLE_SIMILARITY_COSINE, .shrink = 3}, A, B, 4 / (sqrt(45) + 3 / SCALE)},
        {{.similarity = AISLE_SIMILARITY_COSINE, .shrink = 3}, B, C, 6 / (9 + 3 / SCALE)},
        {{.similarity = AISLE_SIMILARITY_TFIDF, .shrink = 2}, A, B, t_ab / (t_a * t_b + 2)},
        {{.similarity = AISLE_SIMILARITY_JACCARD}, A, B, 2. / 3},
        {{.similarity = AISLE_SIMILARITY_JACCARD}, B, C, 1. / 3},
        {{.similarity = AISLE_SIMILARITY_JACCARD, .shrink = 1}, B, A, .5},
        {{.similarity = AISLE_SIMILARITY_JACCARD, .damping = 1}, B, A, (1. / 2 + 1. / 3) / 3},
        {{.similarity = AISLE_SIMILARITY_ASYMMETRIC, .alpha = .3}, A, B, 4 / pow(5, .3) / pow(9, .7)},
        {{.similarity = AISLE_SIMILARITY_ASYMMETRIC, .alpha = .3}, B, A, 4 / pow(9, .3) / pow(5, .7)},
        {{.similarity = AISLE_SIMILARITY_ASYMMETRIC, .alpha = 1, .shrink = 1, .power = .5},
         B,
         A,
         sqrt(4 / (9 + 1 / SCALE))},
    };
    enum { PRODUCTS = sizeof product / sizeof *product, OTHERS = sizeof other / sizeof *other };
    for (int i = 0; i < PRODUCTS; i++) cr_assert(knn_is_product(&product[i].p), "%d", i);
    for (int i = 0; i < OTHERS; i++) cr_assert(!knn_is_product(&other[i].p), "%d", i);
    check_by_hand(knn_lists_sparse, product, PRODUCTS, 3);
    check_by_hand(knn_lists_sparse, other, OTHERS, 3);
    /* scaled rows are rounded once more each, and two products are added in f32 */
    check_by_hand(knn_lists_product, product, PRODUCTS, 3 + 2 + 2);
}

/* A random matrix with rows of very different length, some of them empty. */
static aisle_csr random_rows(int32_t n_rows, int32_t n_cols, int64_t n)
{
    int32_t *row = aisle_array(n, sizeof *row), *col = aisle_array(n, sizeof *col);
    float *value = aisle_array(n, sizeof *value);
    aisle_csr m;
    aisle_rng rng;
    aisle_rng_init(&rng, 7, 0);
    for (int64_t e = 0; e < n; e++) {
        row[e] = (int32_t)(pow(aisle_rng_f64(&rng), 2) * n_rows);
        col[e] = (int32_t)(pow(aisle_rng_f64(&rng), 1.5) * n_cols);
        value[e] = .5F + (float)aisle_rng_below(&rng, 4);
    }
    cr_assert_eq(aisle_csr_from_coo(n_rows, n_cols, n, row, col, value, &m, NULL), AISLE_OK);
    aisle_free(row);
    aisle_free(col);
    aisle_free(value);
    return m;
}

Test(knn, both_searches_find_the_same)
{
    enum { ROWS = 300, COLS = 120 };
    aisle_csr m = random_rows(ROWS, COLS, 4000);
    const aisle_knn_params given[] = {
        {.similarity = AISLE_SIMILARITY_COSINE, .k = ROWS, .power = 1},
        {.similarity = AISLE_SIMILARITY_COSINE, .k = ROWS, .power = 1, .damping = .7},
        {.similarity = AISLE_SIMILARITY_TFIDF, .k = ROWS, .power = 3},
        {.similarity = AISLE_SIMILARITY_BM25, .k = ROWS, .power = 1},
        {.similarity = AISLE_SIMILARITY_ASYMMETRIC, .k = ROWS, .power = 1, .alpha = .5}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        aisle_csr x = search_with(knn_lists_sparse, &m, &given[i], 2);
        aisle_csr y = search_with(knn_lists_product, &m, &given[i], 2);
        cr_assert_eq(aisle_csr_nnz(&x), aisle_csr_nnz(&y));
        for (int32_t b = 0; b < ROWS; b++)
            for (int64_t e = y.row_ptr[b]; e < y.row_ptr[b + 1]; e++) {
                double want = of(&x, y.col[e], b);
                /* 3 roundings here; 5 and a sum of at most COLS products there */
                cr_assert_leq(fabs((double)y.val[e] - want),
                              gamma_n((3 + 5 + COLS) * given[i].power + 2) * want);
            }
        aisle_csr_deinit(&x);
        aisle_csr_deinit(&y);
    }
    aisle_csr_deinit(&m);
}

Test(knn, keeps_the_k_best_with_ties_to_the_smaller_id)
{
    enum { ROWS = 300, K = 7 };
    aisle_csr m = random_rows(ROWS, 40, 1500);
    aisle_knn_params p = {.similarity = AISLE_SIMILARITY_JACCARD, .k = ROWS, .power = 1}; /* has many ties */
    aisle_csr all = search_with(knn_lists_sparse, &m, &p, 1);
    p.k = K;
    aisle_csr some = search_with(knn_lists_sparse, &m, &p, 1);
    for (int32_t b = 0; b < ROWS; b++) {
        int64_t n = all.row_ptr[b + 1] - all.row_ptr[b], kept = some.row_ptr[b + 1] - some.row_ptr[b];
        cr_assert_eq(kept, n < K ? n : K);
        for (int64_t e = all.row_ptr[b]; e < all.row_ptr[b + 1]; e++) {
            int64_t better = 0;
            for (int64_t f = all.row_ptr[b]; f < all.row_ptr[b + 1]; f++)
                better += all.val[f] > all.val[e] || (all.val[f] == all.val[e] && all.col[f] < all.col[e]);
            cr_assert_eq(of(&some, all.col[e], b), better < K ? (double)all.val[e] : 0);
        }
    }
    aisle_csr_deinit(&all);
    aisle_csr_deinit(&some);
    aisle_csr_deinit(&m);
}

Test(knn, gives_the_same_bytes_for_any_number_of_threads)
{
    aisle_csr m = random_rows(2000, 300, 20000);
    aisle_knn_params p = {.similarity = AISLE_SIMILARITY_COSINE, .k = 30, .shrink = 5, .power = 1.5};
    aisle_csr one = search_with(knn_lists_sparse, &m, &p, 1), two = search_with(knn_lists_sparse, &m, &p, 2);
    size_t n = (size_t)aisle_csr_nnz(&one);
    cr_assert_eq(aisle_csr_nnz(&two), (int64_t)n);
    cr_assert_eq(memcmp(one.row_ptr, two.row_ptr, 2001 * sizeof *one.row_ptr), 0);
    cr_assert_eq(memcmp(one.col, two.col, n * sizeof *one.col), 0);
    cr_assert_eq(memcmp(one.val, two.val, n * sizeof *one.val), 0);
    aisle_csr_deinit(&one);
    aisle_csr_deinit(&two);
    aisle_csr_deinit(&m);
}

Test(knn, an_overflowing_power_is_an_error_and_no_infinity)
{
    aisle_csr items = five_items(), users, lists;
    /* what a votes for b with is not divided by the length of a: some thousands to the power of 100 */
    aisle_knn_params p = {.similarity = AISLE_SIMILARITY_ASYMMETRIC, .alpha = 0, .k = 3, .power = 100};
    aisle_trainer t = cpu_trainer(1);
    aisle_error err;
    knn_vectors v;
    items.val[0] = items.val[1] = 1e10F;
    cr_assert_eq(aisle_csr_transpose(&items, &users, NULL), AISLE_OK);
    cr_assert_eq(knn_vectors_init(&items, &users, &p, &v, NULL), AISLE_OK);
    cr_assert_eq(knn_lists_sparse(&v, &p, &t, &lists, &err), AISLE_ENUMERIC);
    cr_assert(strstr(err.message, "lower the power"), "%s", err.message);
    cr_assert_null(lists.col);
    knn_vectors_deinit(&v);
    aisle_csr_deinit(&items);
    aisle_csr_deinit(&users);
    t.ops->close(t.device);
}

/* The shop's part, and scores of all its users by a kind. */
typedef struct scored {
    aisle_dataset *d;
    aisle_part *p;
    aisle_trainer t;
    float *scores;
} scored;

static scored score_shop(const char *kind, const aisle_train_params *params)
{
    scored s = {.d = small_shop(), .t = cpu_trainer(2)};
    aisle_weights w = aisle_weights_default();
    aisle_eval_source source;
    int32_t users[SHOP_USERS];
    cr_assert_eq(aisle_part_new(s.d, NULL, &w, 2, &s.p, NULL), AISLE_OK);
    aisle_fit_input in = {s.p, params, &s.t};
    cr_assert_eq(aisle_fit_kind_find(aisle_str_from(kind))->fit(&in, &source, NULL), AISLE_OK);
    s.scores = aisle_array((int64_t)SHOP_USERS * SHOP_ITEMS, sizeof *s.scores);
    for (int32_t u = 0; u < SHOP_USERS; u++) users[u] = u;
    cr_assert_eq(source.scores(source.ctx, 1, users, SHOP_USERS, s.scores, NULL), AISLE_OK);
    cr_assert_neq(source.scores(source.ctx, 2, users, 1, s.scores, NULL), AISLE_OK, "of threads 0 and 1");
    aisle_eval_source_free(&source);
    return s;
}

static void scored_free(scored *s)
{
    aisle_free(s->scores);
    aisle_part_free(s->p);
    s->t.ops->close(s->t.device);
    aisle_dataset_free(s->d);
}

/* Row r of m as a dense vector. */
static void dense_row(const aisle_csr *m, int32_t r, double *out)
{
    memset(out, 0, (size_t)m->n_cols * sizeof *out);
    for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) out[m->col[e]] = (double)m->val[e];
}

static double mean_of(const aisle_csr *m)
{
    double sum = 0;
    for (int64_t e = 0; e < aisle_csr_nnz(m); e++) sum += (double)m->val[e];
    return sum / (double)aisle_csr_nnz(m);
}

/* Scores of user u against sums of positive terms: one rounding of each x, one of the sum. */
static void check_scores(const float *got, const double *want)
{
    for (int32_t i = 0; i < SHOP_ITEMS; i++)
        if (want[i] > 0)
            cr_assert_leq(fabs((double)got[i] - want[i]), gamma_n(2) * want[i]);
        else
            cr_assert_eq(got[i], -(float)INFINITY);
}

Test(knn, items_vote_for_the_items_that_have_them_in_their_list)
{
    aisle_train_params params = aisle_train_params_default();
    params.item_knn = (aisle_knn_params){.similarity = AISLE_SIMILARITY_JACCARD, .k = 4, .power = 1};
    scored s = score_shop("item-knn", &params);
    const aisle_csr *pairs = aisle_part_pairs(s.p);
    double mean = mean_of(pairs);
    aisle_csr lists = search_with(knn_lists_sparse, aisle_part_by_item(s.p), &params.item_knn, 1);
    for (int32_t u = 0; u < SHOP_USERS; u++) {
        double r[SHOP_ITEMS], want[SHOP_ITEMS] = {0};
        dense_row(pairs, u, r);
        for (int32_t j = 0; j < SHOP_ITEMS; j++) r[j] = sqrt(r[j] / mean);
        for (int32_t i = 0; i < SHOP_ITEMS; i++)
            for (int32_t j = 0; j < SHOP_ITEMS; j++) want[i] += r[j] * of(&lists, j, i);
        check_scores(s.scores + (int64_t)u * SHOP_ITEMS, want);
    }
    aisle_csr_deinit(&lists);
    scored_free(&s);
}

Test(knn, users_vote_for_the_items_they_took)
{
    aisle_train_params params = aisle_train_params_default();
    params.user_knn = (aisle_knn_params){.similarity = AISLE_SIMILARITY_COSINE, .k = 4, .power = 1};
    scored s = score_shop("user-knn", &params);
    const aisle_csr *pairs = aisle_part_pairs(s.p);
    double mean = mean_of(pairs);
    aisle_csr lists = search_with(knn_lists_product, pairs, &params.user_knn, 1);
    for (int32_t u = 0; u < SHOP_USERS; u++) {
        double r[SHOP_ITEMS], want[SHOP_ITEMS] = {0};
        for (int32_t v = 0; v < SHOP_USERS; v++) {
            dense_row(pairs, v, r);
            for (int32_t i = 0; i < SHOP_ITEMS; i++) want[i] += of(&lists, v, u) * sqrt(r[i] / mean);
        }
        check_scores(s.scores + (int64_t)u * SHOP_ITEMS, want);
    }
    aisle_csr_deinit(&lists);
    scored_free(&s);
}

/* Binary R, all neighbours, damping 1: R D_i^-.4 (R' D_u^-1 R) D_i^-.6, a graph filter without its self-loops. */
Test(knn, a_linear_graph_filter_is_a_neighbourhood_of_everything)
{
    aisle_csr items = random_rows(80, 50, 900), users;
    for (int64_t e = 0; e < aisle_csr_nnz(&items); e++) items.val[e] = 1;
    cr_assert_eq(aisle_csr_transpose(&items, &users, NULL), AISLE_OK);
    aisle_knn_params p = {
        .similarity = AISLE_SIMILARITY_ASYMMETRIC, .k = 10000, .alpha = .4, .damping = 1, .power = 1};
    aisle_csr lists = search_with(knn_lists_sparse, &items, &p, 2);
    for (int32_t i = 0; i < 80; i++)
        for (int32_t j = 0; j < 80; j++) {
            double x[50], y[50], dot = 0, n_i = 0, n_j = 0;
            dense_row(&items, i, x);
            dense_row(&items, j, y);
            for (int32_t u = 0; u < 50; u++) {
                dot += x[u] * y[u] / (double)(users.row_ptr[u + 1] - users.row_ptr[u]);
                n_i += x[u];
                n_j += y[u];
            }
            double want = i == j || dot == 0 ? 0 : dot / pow(n_j, .4) / pow(n_i, .6);
            cr_assert_leq(fabs(of(&lists, j, i) - want), gamma_n(4) * want);
        }
    aisle_csr_deinit(&lists);
    aisle_csr_deinit(&items);
    aisle_csr_deinit(&users);
}
