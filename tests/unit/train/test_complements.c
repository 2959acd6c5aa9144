/* What is bought together, against a count of all pairs and the mutual information of their table. */
#include <math.h>

#include "small_shop.h"

enum { ITEMS = 40, BASKETS = 300 };

static uint8_t in_basket[BASKETS][ITEMS];

/* Pairs 2i, 2i + 1 go together; else by chance, the first items more often. */
static aisle_dataset *shop_of_baskets(void)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_rng rng;
    aisle_rng_init(&rng, 7, 0);
    memset(in_basket, 0, sizeof in_basket);
    for (int b = 0; b < BASKETS; b++) {
        for (int n = 0; n < 3; n++) {
            uint32_t at = (uint32_t)aisle_rng_below(&rng, ITEMS);
            at = (uint32_t)aisle_rng_below(&rng, at + 1);
            in_basket[b][at] = 1;
            if (aisle_rng_below(&rng, 3) == 0) in_basket[b][at ^ 1] = 1;
        }
        for (int i = 0; i < ITEMS; i++) {
            char user[16], item[16], order[16];
            snprintf(user, sizeof user, "u%d", b % 50);
            snprintf(item, sizeof item, "i%02d", i);
            snprintf(order, sizeof order, "o%d", b);
            aisle_event e = {.user = aisle_str_from(user),
                             .item = aisle_str_from(item),
                             .order = aisle_str_from(order),
                             .type = AISLE_EVENT_PURCHASE,
                             .value = 1,
                             .at_ms = SHOP_DAY_MS};
            if (in_basket[b][i]) cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
        }
    }
    return d;
}

/* G^2 = 2 N (H(row) + H(column) - H(table)), with the entropies in nats. */
static double entropy(const double *k, int n, double all)
{
    double h = 0;
    for (int i = 0; i < n; i++) h -= k[i] > 0 ? k[i] / all * log(k[i] / all) : 0;
    return h;
}

static double by_entropy(double both, double a, double b, double all)
{
    const double table[4] = {both, a - both, b - both, all - a - b + both}, row[2] = {a, all - a},
                 column[2] = {b, all - b};
    return 2 * all * (entropy(row, 2, all) + entropy(column, 2, all) - entropy(table, 4, all));
}

Test(complements, the_ratio_is_that_of_the_literature)
{
    /* Dunning 1993, table 3: "the swiss" in 31,777 words of text: 110, 2442, 111, 29114 gives 270.72 */
    cr_assert_float_eq(aisle_log_likelihood_ratio(110, 110 + 2442, 110 + 111, 31777), 270.72, 5e-3);
    cr_assert_eq(aisle_log_likelihood_ratio(1, 10, 10, 100), 0);
    cr_assert_float_eq(aisle_log_likelihood_ratio(5, 5, 5, 5), 0, 1e-12);
    cr_assert_float_eq(aisle_log_likelihood_ratio(3, 5, 4, 50), by_entropy(3, 5, 4, 50), 1e-9);
}

static double score_of(int i, int j)
{
    double both = 0, a = 0, b = 0;
    for (int k = 0; k < BASKETS; k++) {
        both += in_basket[k][i] && in_basket[k][j];
        a += in_basket[k][i];
        b += in_basket[k][j];
    }
    double score = both * BASKETS > a * b ? by_entropy(both, a, b, BASKETS) : 0;
    return score >= (double)AISLE_COMPLEMENT_LEAST ? score : 0;
}

static int number_of(const aisle_dataset *d, int32_t item)
{
    return atoi(aisle_idmap_get(aisle_dataset_items(d), item).ptr + 1);
}

/* Every listed pair scores as brute force says, no better one is left out, and lists are best first. */
static void check_list(const aisle_dataset *d, const aisle_csr *c, int32_t item, int32_t k)
{
    const int i = number_of(d, item);
    int64_t first = c->row_ptr[item], n = c->row_ptr[item + 1] - first;
    double listed[ITEMS] = {0}, last = INFINITY;
    int better = 0;
    for (int64_t e = first; e < first + n; e++) {
        const int j = number_of(d, c->col[e]);
        cr_assert_float_eq((double)c->val[e], score_of(i, j), 1e-4 * score_of(i, j));
        cr_assert_leq((double)c->val[e], last);
        last = (double)c->val[e];
        listed[j] = last;
    }
    for (int j = 0; j < ITEMS; j++)
        better += j != i && !(listed[j] > 0) && score_of(i, j) > last * (1 + 1e-6);
    cr_assert_eq(better, 0, "item %d", i);
    for (int j = 0; j < ITEMS && n < k; j++)
        cr_assert(j == i || listed[j] > 0 || !(score_of(i, j) > 0), "item %d misses %d", i, j);
}

/* The counts that are kept are what the scores come of. */
static void check_counts(const aisle_dataset *d, const aisle_trained *m)
{
    const aisle_csr *c = &m->complements;
    const int32_t *baskets = m->complement_baskets;
    cr_assert_eq(baskets[c->n_rows], BASKETS);
    for (int32_t i = 0; i < c->n_rows; i++) {
        int32_t of = 0;
        for (int k = 0; k < BASKETS; k++) of += in_basket[k][number_of(d, i)];
        cr_assert_eq(baskets[i], of);
        for (int64_t e = c->row_ptr[i]; e < c->row_ptr[i + 1]; e++)
            cr_assert_eq(c->val[e], (float)aisle_log_likelihood_ratio(m->complement_both[e], of,
                                                                      baskets[c->col[e]], BASKETS));
    }
}

Test(complements, lists_are_those_of_all_pairs_counted)
{
    aisle_dataset *d = shop_of_baskets();
    for (int32_t k = 3; k <= 50; k += 47) {
        aisle_train_params p = small_params();
        aisle_trainer t = cpu_trainer(3);
        aisle_trained m;
        p.factors = 0;
        p.k_complements = k;
        cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, NULL), AISLE_OK);
        cr_assert_geq(aisle_csr_nnz(&m.complements), ITEMS / 2);
        for (int32_t i = 0; i < m.complements.n_rows; i++) check_list(d, &m.complements, i, k);
        check_counts(d, &m);
        aisle_trained_deinit(&m);
        t.ops->close(t.device);
    }
    aisle_dataset_free(d);
}

Test(complements, there_are_none_without_baskets_or_when_none_are_wanted)
{
    aisle_dataset *d = shop_of_baskets();
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(1);
    aisle_trained m;
    p.factors = 0;
    p.k_complements = 0;
    cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, NULL), AISLE_OK);
    cr_assert_null(m.complements.row_ptr);
    cr_assert_null(m.complement_baskets);
    aisle_trained_deinit(&m);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}
