/* Neighbours by interactions against the formula of train.h, pair by pair; and that how much somebody did says nothing. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "small_shop.h"

static bool taken(const aisle_csr *seen, int32_t u, int32_t i)
{
    for (int64_t e = seen->row_ptr[u]; e < seen->row_ptr[u + 1]; e++)
        if (seen->col[e] == i) return seen->val[e] > 0;
    return false;
}

static double likeness(const aisle_csr *seen, int32_t i, int32_t j)
{
    double sum = 0, of_i = 0, of_j = 0;
    for (int32_t u = 0; u < seen->n_rows; u++) {
        double n = 0;
        for (int64_t e = seen->row_ptr[u]; e < seen->row_ptr[u + 1]; e++) n += seen->val[e] > 0;
        of_i += taken(seen, u, i);
        of_j += taken(seen, u, j);
        if (taken(seen, u, i) && taken(seen, u, j)) sum += 1 / sqrt(n);
    }
    return sum / sqrt((of_i + 2) * (of_j + 2));
}

static aisle_trained train_similar(const aisle_dataset *d, int32_t k)
{
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(2);
    aisle_trained m;
    aisle_error err = {0};
    p.factors = p.k_content = p.k_complements = 0;
    p.k_similar = k;
    cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, &err), AISLE_OK, "%s", err.message);
    t.ops->close(t.device);
    return m;
}

Test(similar, lists_are_those_of_the_formula)
{
    enum { K = 7 };
    aisle_dataset *d = small_shop();
    const aisle_sink sink = aisle_dataset_sink(d);
    const aisle_event dislike = {
        .user = AISLE_STR("u003"), .item = AISLE_STR("i005"), .type = AISLE_EVENT_DISLIKE};
    cr_assert_eq(sink.event(sink.ctx, &dislike, NULL), AISLE_OK);
    aisle_trained m = train_similar(d, K);
    /* two roots, a division and a rounding to float an entry, as many products as users in f32 */
    const double bound = (SHOP_USERS + 8) * ldexp(1, -23);
    for (int32_t i = 0; i < m.seen.n_cols; i++) {
        bool listed[SHOP_ITEMS + 1] = {0};
        double last = INFINITY;
        for (int32_t n = 0; n < K; n++) {
            const int32_t j = m.similar_ids[i * K + n];
            const double score = (double)m.similar_scores[i * K + n];
            if (j < 0) {
                last = 0;
                continue;
            }
            const double want = likeness(&m.seen, i, j);
            cr_assert_leq(fabs(score - want), bound * want, "%d and %d: %g for %g", i, j, score, want);
            cr_assert(score <= last);
            listed[j] = true;
            last = score;
        }
        for (int32_t j = 0; j < m.seen.n_cols; j++)
            cr_assert(j == i || listed[j] || likeness(&m.seen, i, j) <= last * (1 + bound), "%d misses %d", i,
                      j);
    }
    aisle_trained_deinit(&m);
    aisle_dataset_free(d);
}

Test(similar, one_good_customer_changes_nothing_by_buying_more_of_the_same)
{
    enum { K = 7 };
    aisle_dataset *once = small_shop(), *often = small_shop();
    const aisle_sink sink = aisle_dataset_sink(often);
    const aisle_events e = aisle_dataset_events(once);
    int32_t two[2] = {-1, -1};
    for (int64_t v = 0; v < e.n; v++)
        if (e.user[v] == 0 && e.item[v] != two[0]) two[two[0] >= 0] = e.item[v];
    for (int n = 0; n < 50; n++) {
        const aisle_event more = {.user = aisle_idmap_get(aisle_dataset_users(once), 0),
                                  .item = aisle_idmap_get(aisle_dataset_items(once), two[n % 2]),
                                  .type = AISLE_EVENT_PURCHASE,
                                  .at_ms = SHOP_DAY_MS,
                                  .value = 1};
        cr_assert_eq(sink.event(sink.ctx, &more, NULL), AISLE_OK);
    }
    aisle_trained a = train_similar(once, K), b = train_similar(often, K);
    cr_assert_arr_eq(a.similar_ids, b.similar_ids, SHOP_ITEMS * K * sizeof(int32_t));
    cr_assert_arr_eq(a.similar_scores, b.similar_scores, SHOP_ITEMS * K * sizeof(float));
    aisle_trained_deinit(&a);
    aisle_trained_deinit(&b);
    aisle_dataset_free(once);
    aisle_dataset_free(often);
}
