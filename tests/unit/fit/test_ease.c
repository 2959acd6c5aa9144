/* EASE^R by hand, against its normal equations, dense against sparse. */
#include "cpu/fit/ease.h"

#include <math.h>
#include <string.h>

#include "tests/unit/train/small_shop.h"

static const double u32 = 0x1p-24; /* unit roundoff of f32 */

static aisle_csr random_pairs(int32_t n_users, int32_t n_items, int64_t n)
{
    int32_t *user = aisle_array(n, sizeof *user), *item = aisle_array(n, sizeof *item);
    aisle_csr m;
    aisle_rng rng;
    aisle_rng_init(&rng, 11, 0);
    for (int64_t e = 0; e < n; e++) {
        user[e] = (int32_t)aisle_rng_below(&rng, (uint64_t)n_users);
        item[e] = (int32_t)(pow(aisle_rng_f64(&rng), 1.5) * n_items);
    }
    cr_assert_eq(aisle_csr_from_coo(n_users, n_items, n, user, item, NULL, &m, NULL), AISLE_OK);
    m.val = aisle_array(aisle_csr_nnz(&m), sizeof *m.val);
    for (int64_t e = 0; e < aisle_csr_nnz(&m); e++) m.val[e] = .5F + (float)aisle_rng_below(&rng, 3) / 2;
    aisle_free(user);
    aisle_free(item);
    return m;
}

static float *dense_model_of(const aisle_csr *x, double reg, int32_t threads)
{
    aisle_csr by_item;
    aisle_trainer t = {.threads = threads};
    float *b = aisle_array((int64_t)x->n_cols * x->n_cols, sizeof *b);
    cr_assert_eq(aisle_csr_transpose(x, &by_item, NULL), AISLE_OK);
    cr_assert_eq(ease_dense(x, &by_item, reg, &t, b, NULL), AISLE_OK);
    aisle_csr_deinit(&by_item);
    return b;
}

/* Two items: column 1 is the ridge regression of item 1 on item 0 alone, G_01 / (G_00 + reg). */
Test(ease, two_items_predict_each_other_by_ridge_regression)
{
    const int32_t user[] = {0, 0, 1, 1, 2}, item[] = {0, 1, 0, 1, 0};
    const float value[] = {1, 2, 1, 1, 3};
    aisle_csr x;
    cr_assert_eq(aisle_csr_from_coo(3, 2, 5, user, item, value, &x, NULL), AISLE_OK);
    float *b = dense_model_of(&x, .5, 1);
    cr_assert(b[0] == 0 && b[3] == 0, "no item predicts itself");
    cr_assert_float_eq((double)b[1], 3 / 11.5,
                       100 * u32); /* condition 2: 2 * 2^2 u for each of a few roundings */
    cr_assert_float_eq((double)b[2], 3 / 5.5, 100 * u32);
    aisle_free(b);
    aisle_csr_deinit(&x);
}

/* G = X'X in double, and the largest sum of a row, which bounds its norm. */
static double *gram_of(const aisle_csr *x, double *norm)
{
    int64_t n = x->n_cols;
    double *g = aisle_calloc((size_t)(n * n), sizeof *g);
    for (int32_t u = 0; u < x->n_rows; u++)
        for (int64_t e = x->row_ptr[u]; e < x->row_ptr[u + 1]; e++)
            for (int64_t f = x->row_ptr[u]; f < x->row_ptr[u + 1]; f++)
                g[x->col[e] * n + x->col[f]] += (double)x->val[e] * (double)x->val[f];
    *norm = 0;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < n; j++) sum += g[i * n + j];
        *norm = fmax(*norm, sum);
    }
    return g;
}

/* With A = G + reg I, condition k <= (norm + reg) / reg and a computed inverse P + E, |E| <= n u k |P| (Higham 2002, 14.1,
 * with the constant that practice shows, 1): b = -P_i / P_ii is off by e, |e| <= n u k |P| (1 + |b|) / P_ii
 * <= n u k^2 (1 + |b|), and A b by |A| times as much. Several tiles and blocks of pivots, the last ones cut. */
Test(ease, every_column_solves_its_normal_equations)
{
    enum { USERS = 900, ITEMS = 1100 };
    const double reg = 40;
    aisle_csr x = random_pairs(USERS, ITEMS, 9000);
    double norm, *g = gram_of(&x, &norm), k = (norm + reg) / reg;
    float *b = dense_model_of(&x, reg, 2);
    for (int64_t i = 0; i < ITEMS; i += 13) {
        double length = 0, residual = 0;
        for (int64_t j = 0; j < ITEMS; j++) length += (double)b[j * ITEMS + i] * (double)b[j * ITEMS + i];
        for (int64_t j = 0; j < ITEMS; j++) {
            if (j == i) continue; /* the multiplier of the zero on the diagonal */
            double r = reg * (double)b[j * ITEMS + i] - g[j * ITEMS + i];
            for (int64_t l = 0; l < ITEMS; l++) r += g[j * ITEMS + l] * (double)b[l * ITEMS + i];
            residual += r * r;
        }
        cr_assert_eq(b[i * ITEMS + i], 0);
        cr_assert_leq(sqrt(residual), ITEMS * u32 * k * k * (norm + reg) * (1 + sqrt(length)));
    }
    aisle_free(b);
    aisle_free(g);
    aisle_csr_deinit(&x);
}

Test(ease, gives_the_same_bytes_for_any_number_of_threads)
{
    aisle_csr x = random_pairs(900, 1100, 9000);
    float *one = dense_model_of(&x, 10, 1), *two = dense_model_of(&x, 10, 2);
    cr_assert_eq(memcmp(one, two, (size_t)1100 * 1100 * sizeof *one), 0);
    aisle_free(one);
    aisle_free(two);
    aisle_csr_deinit(&x);
}

Test(ease, an_indefinite_matrix_is_an_error)
{
    float a[] = {1, 2, 2, 1};
    aisle_error err;
    cr_assert_eq(ease_negative_inverse(2, a, 1, NULL, &err), AISLE_ENUMERIC);
    cr_assert(strstr(err.message, "raise the regularization"), "%s", err.message);
}

/* The shop's scores with these settings; every weight times `unit`. One more user took everything, so that every item
 * is every other's neighbour. Item 60 has a title and no event. */
static float *score_shop(const aisle_ease_params *ease, float unit, int32_t threads)
{
    aisle_dataset *d = small_shop();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_product p = {.id = aisle_str_from("new"), .price_minor = -1, .stock = -1};
    cr_assert_eq(sink.product(sink.ctx, &p, NULL), AISLE_OK);
    for (int32_t i = 0; i < SHOP_ITEMS; i++) small_shop_event(&sink, SHOP_USERS, i, SHOP_DAY_MS);
    aisle_event seen = {.user = aisle_str_from("idle"),
                        .item = aisle_str_from("i000"),
                        .type = AISLE_EVENT_IMPRESSION,
                        .price_minor = -1};
    cr_assert_eq(sink.event(sink.ctx, &seen, NULL), AISLE_OK);
    const int32_t idle = SHOP_USERS + 1;
    aisle_weights w = aisle_weights_default();
    aisle_train_params params = aisle_train_params_default();
    aisle_trainer t = cpu_trainer(threads);
    aisle_part *part;
    aisle_eval_source source;
    int32_t users[SHOP_USERS];
    for (int i = 0; i < AISLE_EVENT_TYPES; i++) w.weight[i] *= unit;
    params.ease = *ease;
    cr_assert_eq(aisle_part_new(d, NULL, &w, threads, &part, NULL), AISLE_OK);
    aisle_fit_input in = {part, &params, &t};
    cr_assert_eq(aisle_fit_kind_find(aisle_str_from("ease"))->fit(&in, &source, NULL), AISLE_OK);
    float *scores = aisle_array((int64_t)SHOP_USERS * (SHOP_ITEMS + 1), sizeof *scores);
    cr_assert_eq(source.scores(source.ctx, 0, &idle, 1, scores, NULL), AISLE_OK);
    for (int32_t i = 0; i <= SHOP_ITEMS; i++) cr_assert_eq(scores[i], -(float)INFINITY, "nothing is known");
    for (int32_t u = 0; u < SHOP_USERS; u++) users[u] = u;
    cr_assert_eq(source.scores(source.ctx, 0, users, SHOP_USERS, scores, NULL), AISLE_OK);
    aisle_eval_source_free(&source);
    aisle_part_free(part);
    t.ops->close(t.device);
    aisle_dataset_free(d);
    return scores;
}

/* n u k^2 (1 + |b|) |x| as above: reg 250 makes the condition of 120 users' pairs below 3, |b| < 1 and |x| < 4. */
static void check_same(const float *a, const float *b)
{
    const double bound = SHOP_ITEMS * u32 * 9 * 2 * 4;
    for (int32_t e = 0; e < SHOP_USERS * (SHOP_ITEMS + 1); e++)
        if (e % (SHOP_ITEMS + 1) == SHOP_ITEMS)
            cr_assert(a[e] == -(float)INFINITY && b[e] == a[e], "nothing is known of an item without events");
        else
            cr_assert_leq(fabs((double)a[e] - (double)b[e]), bound);
}

Test(ease, is_dense_when_every_item_is_a_neighbour)
{
    const aisle_ease_params dense = {.reg = 250, .max_dense = 1000, .block = 1};
    const aisle_ease_params sparse = {.reg = 250, .max_dense = 0, .block = 1000};
    const aisle_ease_params few = {.reg = 250, .max_dense = SHOP_ITEMS, .block = 3};
    float *a = score_shop(&dense, 1, 2), *b = score_shop(&sparse, 1, 2), *c = score_shop(&few, 1, 2);
    double most = 0;
    check_same(a, b);
    for (int32_t e = 0; e < SHOP_ITEMS; e++) most = fmax(most, fabs((double)a[e] - (double)c[e]));
    cr_assert_gt(most, 1e-2, "with three neighbours it is another model");
    aisle_free(a);
    aisle_free(b);
    aisle_free(c);
}

Test(ease, keeps_the_largest_weights_of_each_item)
{
    enum { N = 40, KEEP = 7 };
    float b[N * N];
    aisle_rng rng;
    aisle_rng_init(&rng, 3, 0);
    /* few values, so that there are ties; an item without pairs has zeros alone */
    for (int e = 0; e < N * N; e++)
        b[e] = e % N == 5 || e % N == e / N ? 0 : (float)((int32_t)aisle_rng_below(&rng, 15) - 7) / 8;
    for (int32_t threads = 1; threads <= 2; threads++)
        for (int32_t keep = 0; keep <= KEEP; keep += KEEP) {
            aisle_trainer t = {.threads = threads};
            aisle_csr lists;
            cr_assert_eq(ease_cut(N, b, keep, &t, &lists, NULL), AISLE_OK);
            for (int32_t i = 0; i < N; i++) {
                int32_t wanted = 0, n = (int32_t)(lists.row_ptr[i + 1] - lists.row_ptr[i]);
                for (int32_t j = 0; j < N; j++) {
                    float size = fabsf(b[j * N + i]);
                    int32_t before = 0;
                    bool there = false;
                    for (int32_t k = 0; k < N; k++)
                        before += fabsf(b[k * N + i]) > size || (fabsf(b[k * N + i]) == size && k < j);
                    for (int64_t e = lists.row_ptr[i]; e < lists.row_ptr[i + 1]; e++)
                        if (lists.col[e] == j) there = lists.val[e] == b[j * N + i];
                    bool kept = size > 0 && (keep == 0 || before < keep);
                    cr_assert_eq(there, kept, "item %d, weight of %d", i, j);
                    wanted += kept;
                }
                cr_assert_eq(n, wanted);
            }
            aisle_csr_deinit(&lists);
        }
}

Test(ease, scores_by_kept_weights_as_by_all)
{
    const aisle_ease_params all = {.reg = 250, .max_dense = 1000, .block = 1};
    const aisle_ease_params kept = {.reg = 250, .max_dense = 1000, .block = 1, .keep = 1000};
    const aisle_ease_params few = {.reg = 250, .max_dense = 1000, .block = 1, .keep = 2};
    float *a = score_shop(&all, 1, 2), *b = score_shop(&kept, 1, 2), *c = score_shop(&few, 1, 2);
    double most = 0;
    cr_assert_eq(memcmp(a, b, (size_t)SHOP_USERS * (SHOP_ITEMS + 1) * sizeof *a), 0,
                 "sums of the same order");
    for (int32_t e = 0; e < SHOP_ITEMS; e++) most = fmax(most, fabs((double)a[e] - (double)c[e]));
    cr_assert_gt(most, 1e-2, "two weights an item are another model");
    aisle_free(a);
    aisle_free(b);
    aisle_free(c);
}

Test(ease, does_not_depend_on_the_unit_of_weights)
{
    const aisle_ease_params dense = {.reg = 250, .max_dense = 1000, .block = 1};
    float *a = score_shop(&dense, 1, 1), *b = score_shop(&dense, 10, 1);
    check_same(a, b);
    aisle_free(a);
    aisle_free(b);
}

Test(ease, sparse_scores_are_the_same_bytes_for_any_number_of_threads)
{
    const aisle_ease_params sparse = {.reg = 20, .max_dense = 0, .block = 10};
    float *a = score_shop(&sparse, 1, 1), *b = score_shop(&sparse, 1, 2);
    cr_assert_eq(memcmp(a, b, (size_t)SHOP_USERS * (SHOP_ITEMS + 1) * sizeof *a), 0);
    aisle_free(a);
    aisle_free(b);
}

/* Neighbourhood models too: their storage is made in the same ways. */
Test(ease, every_allocation_that_fails_is_reported)
{
    aisle_dataset *d = small_shop();
    aisle_weights w = aisle_weights_default();
    aisle_train_params dense = aisle_train_params_default(), sparse = dense;
    aisle_trainer t = cpu_trainer(2);
    aisle_part *part;
    sparse.ease.max_dense = 0;
    sparse.item_knn.similarity = sparse.user_knn.similarity = AISLE_SIMILARITY_JACCARD;
    cr_assert_eq(aisle_part_new(d, NULL, &w, 2, &part, NULL), AISLE_OK);
    const char *const kinds[] = {"ease", "item-knn", "user-knn", "popular", "trending"};
    for (int i = 0; i < 10; i++) {
        aisle_fit_input in = {part, i < 5 ? &dense : &sparse, &t};
        const aisle_fit_kind *kind = aisle_fit_kind_find(aisle_str_from(kinds[i % 5]));
        aisle_eval_source s = {0};
        aisle_status st = AISLE_ENOMEM;
        for (int64_t n = 1; st != AISLE_OK; n++) {
            cr_assert_lt(n, 1000);
            aisle_alloc_fail_after(n);
            st = kind->fit(&in, &s, NULL);
            aisle_alloc_fail_after(0);
            cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "%s, allocation %d", kind->name, (int)n);
        }
        aisle_eval_source_free(&s);
    }
    aisle_part_free(part);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}
